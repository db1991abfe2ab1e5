package operate

import (
	"context"
	"net/http"
	"time"

	"holdfast/actors"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Engine is what this room asks of the engine.
type Engine interface {
	// Done says whether an operator's call about the nodes was acknowledged under who's key; MarkDone makes it so.
	Done(ctx context.Context, who actors.Caller) (bool, error)
	MarkDone(ctx context.Context, who actors.Caller) error
	Event(id storage.EventID) (*storage.Event, error)
	Block(event storage.EventID, who actors.Caller, seats []string, unblock bool, timeout time.Duration) error
}

// Handlers answers operators about nodes and blocked seats. Its methods are safe for concurrent use.
type Handlers struct {
	engine  Engine
	cluster Cluster       // nil: this server shares its sections with nobody
	clock   TestClock     // nil: the store is not for tests
	timeout time.Duration // of an engine call
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, cluster Cluster, clock TestClock, timeout time.Duration) *Handlers {
	return &Handlers{engine: engine, cluster: cluster, clock: clock, timeout: timeout}
}

// Block takes seats off sale.
func (h *Handlers) Block(r *call.Call) error { return h.setBlocked(r, false) }

// Unblock puts blocked seats on sale again.
func (h *Handlers) Unblock(r *call.Call) error { return h.setBlocked(r, true) }

// setBlocked takes seats off sale or gives them back.
func (h *Handlers) setBlocked(r *call.Call, unblock bool) error {
	event, err := r.Event()
	if err != nil {
		return err
	}
	var body wire.Seats
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if len(body.Seats) == 0 {
		return &problem.Problem{Kind: problem.NoSeats, Field: "seats"}
	}
	r.Detailf("seats=%d", len(body.Seats))
	print := r.Fingerprint()
	for _, seat := range body.Seats {
		print.Text(seat)
	}
	if err := h.engine.Block(event, r.OperatorCaller(), body.Seats, unblock, h.timeout); err != nil {
		return err
	}
	return r.Encode(http.StatusOK, &body)
}
