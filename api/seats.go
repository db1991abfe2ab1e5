package api

import (
	"context"
	"net/http"
	"time"

	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/storage"
)

// operateEngine is what this room asks of the engine.
type operateEngine interface {
	// Done says whether an operator's call about the nodes was acknowledged under who's key; MarkDone makes it so.
	Done(ctx context.Context, who actors.Caller) (bool, error)
	MarkDone(ctx context.Context, who actors.Caller) error
	Event(id storage.EventID) (*storage.Event, error)
	Block(event storage.EventID, who actors.Caller, seats []string, unblock bool, timeout time.Duration) error
}

// operate answers operators about nodes and blocked seats. Its methods are safe for concurrent use.
type operate struct {
	engine  operateEngine
	cluster Cluster       // nil: this server shares its sections with nobody
	timeout time.Duration // of an engine call
}

// newOperate makes the handlers. timeout bounds an engine call.
func newOperate(engine operateEngine, cluster Cluster, timeout time.Duration) *operate {
	return &operate{engine: engine, cluster: cluster, timeout: timeout}
}

func (h *operate) blockSeats(r *request) error { return h.setBlocked(r, false) }

func (h *operate) unblockSeats(r *request) error { return h.setBlocked(r, true) }

// setBlocked takes seats off sale or gives them back.
func (h *operate) setBlocked(r *request, unblock bool) error {
	event, err := r.event()
	if err != nil {
		return err
	}
	var body wire.Seats
	if err := wire.Decode(r.body(), &body); err != nil {
		return err
	}
	if len(body.Seats) == 0 {
		return &problem{kind: kindNoSeats, field: "seats"}
	}
	r.detailf("seats=%d", len(body.Seats))
	print := r.asks()
	for _, seat := range body.Seats {
		print.text(seat)
	}
	if err := h.engine.Block(event, r.operator(), body.Seats, unblock, h.timeout); err != nil {
		return err
	}
	return r.encode(http.StatusOK, &body)
}
