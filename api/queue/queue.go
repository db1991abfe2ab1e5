package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/captcha"
	"holdfast/api/limit"
	"holdfast/api/live/fanout"
	"holdfast/api/queue/entry"
	"holdfast/storage"
)

// Frame is the public counters of a waiting room, the same for everybody. It never changes; the engine replaces it
// about once a second, and when something changes.
type Frame struct {
	gate.Public
	Pool, Generation uint32
	Pace             uint32 // ranks called in 1000 seconds; 0: not known
	Signature        []byte // that seeded the draw; nil before it
	Previous         []byte // of the round before, of a chained beacon
}

// Place is one buyer's place, as the gate itself knows it.
type Place struct {
	gate.Place
	Pool, Generation uint32
	Seq              gate.Seq // the record of the gate's log that the answer rests on
}

// Operation is an operator's command.
type Operation struct {
	Action       gate.Action
	Value        uint32
	Text, Reason string
	Request      section.RequestID // zero: nothing is remembered
	Fingerprint  uint64
}

// Engine is what this room asks of the engine. Calls with a timeout may write, and answer actors.ErrTimeout (outcome
// unknown) after it. Errors: actors.ErrEventUnknown, actors.ErrNoWaitingRoom, *actors.QueueRefusal, and those of every
// call.
type Engine interface {
	// JoinQueue gives a place; code is the presale code that a new one uses, its signature checked, or 0.
	JoinQueue(id storage.EventID, buyer section.BuyerID, party uint8, code codebook.No, timeout time.Duration,
		out *Place) error
	LeaveQueue(id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *Place) error
	// TakeTurn begins the buyer's session, or tells the one that was begun.
	TakeTurn(id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *Place) error
	// QueuePlace is exact: it asks the gate's owner.
	QueuePlace(id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *Place) error
	// QueueFrame is quick, and gives the same pointer as long as nothing changes.
	QueueFrame(id storage.EventID) (*Frame, error)
	OperateQueue(id storage.EventID, op Operation, timeout time.Duration) error
	HandInDraw(id storage.EventID, round uint64, previous, signature []byte, timeout time.Duration) error
	// MintCodes makes presale codes, and tells their numbers; a repeat tells the same.
	MintCodes(id storage.EventID, codes codebook.Codes, op Operation, timeout time.Duration) (codebook.Codes, error)
	RevokeCodes(id storage.EventID, codes codebook.Codes, op Operation, timeout time.Duration) error
	// DrawProof is an entrant's salt, and the path from the leaf to the root; gate.NotClosed before the lobby's end.
	DrawProof(id storage.EventID, number gate.Number, timeout time.Duration) (draw.Salt, []draw.Hash, error)
}

// Catalog is what this room reads of events and their seats.
type Catalog interface {
	call.Pseudonyms
	Event(id storage.EventID) (*storage.Event, error)
	Live(ctx context.Context, id storage.EventID) (actors.LiveMap, error)
	Venue(ctx context.Context, id storage.EventID) (*venue.Venue, error)
}

// Config says how the room behaves. No field has a default.
type Config struct {
	Timeout      time.Duration // of an engine call
	WriteTimeout time.Duration // of one write to a stream's client
	StreamsMax   int           // open streams, a live map's too
	Heartbeat    time.Duration // longest silence of a stream
	// PollsPerSecond bounds all polls of one event together, over all nodes: the more wait, the later each is told to
	// ask again.
	PollsPerSecond float64
	Keys           Keys
	Captcha        *captcha.Service // nil: events cannot ask for captchas
	Now            func() time.Time
	Logger         *slog.Logger
}

// Handlers answers whoever waits, and operators. Its methods are safe for concurrent use.
type Handlers struct {
	engine   Engine
	catalog  Catalog
	cfg      Config
	limits   *limit.Limiters
	entry    *entry.Checks
	boards   boards
	streams  *fanout.Keeper[storage.EventID, *stream]
	meter    *meter
	stopping atomic.Bool
}

// New makes the handlers and registers their metrics. engine nil: no event has a waiting room here.
func New(engine Engine, catalog Catalog, cfg Config, limits *limit.Limiters,
	registry prometheus.Registerer) *Handlers {
	h := &Handlers{engine: engine, catalog: catalog, cfg: cfg, limits: limits}
	h.streams = fanout.NewKeeper[storage.EventID, *stream](fanout.New(cfg.WriteTimeout))
	h.entry = entry.New(cfg.Keys.Proofs, cfg.Keys.Codes, cfg.Captcha, cfg.Now, registry)
	h.meter = newMeter(h, registry)
	return h
}

// Stop refuses new streams from now on.
func (h *Handlers) Stop() { h.stopping.Store(true) }

// Close ends every stream and waits for its writers, as long as ctx lasts.
func (h *Handlers) Close(ctx context.Context) error {
	if err := h.streams.Close(ctx); err != nil {
		return fmt.Errorf("queue: streams still open: %w", err)
	}
	return nil
}

// room is the event's waiting room; actors.ErrNoWaitingRoom.
func (h *Handlers) room(id storage.EventID) (*storage.Event, error) {
	event, err := h.catalog.Event(id)
	switch {
	case err != nil:
		return nil, err
	case h.engine == nil || event.WaitingRoom == nil:
		return nil, actors.ErrNoWaitingRoom
	}
	return event, nil
}

// now is the moment by the node's clock.
func (h *Handlers) now() gate.Instant { return gate.Instant(h.cfg.Now().UnixMilli()) }

// refusedWith says whether the gate said so.
func refusedWith(err error, code gate.Rejection) bool {
	var refusal *actors.QueueRefusal
	return errors.As(err, &refusal) && refusal.Code == code
}
