package queue

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/position"
	"holdfast/api/limit"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// board is what everybody is told of one event's waiting room at one moment: encoded once, and shared. Immutable.
type board struct {
	event    *storage.Event
	frame    *Frame
	made     time.Time
	position position.Frame
	phase    string
	retry    int         // seconds until a poll is welcome again
	room     *limit.Room // of one buyer; nil: none but the server's
	stock    stock
	public   []byte // the JSON of waitingroom.Room
	shared   []byte // message, price range and what is sold out, as members after another one
}

// boardAge is how old prices and tiers may become while the frame stays as it is.
const boardAge = time.Second

// boardsMax bounds the waiting rooms that are kept here; those of a sale are few.
const boardsMax = 1024

// boards keeps the newest board of each event that is asked for. The map is replaced and never changed, so that a
// million polls share it without a lock.
type boards struct {
	mu      sync.Mutex
	byEvent atomic.Pointer[map[storage.EventID]*easel]
}

// easel holds an event's newest board.
type easel struct {
	board    atomic.Pointer[board]
	building sync.Mutex
	seats    seats             // under building
	forecast position.Forecast // under building
}

func (b *boards) of(id storage.EventID) *easel {
	if all := b.byEvent.Load(); all != nil {
		if e := (*all)[id]; e != nil {
			return e
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[storage.EventID]*easel{}
	if now := b.byEvent.Load(); now != nil && len(*now) < boardsMax { // a full one begins anew: boards cost a look each
		if e := (*now)[id]; e != nil {
			return e
		}
		maps.Copy(all, *now)
	}
	e := &easel{}
	all[id] = e
	b.byEvent.Store(&all)
	return e
}

// board is the event's newest board. While somebody makes a newer one, everybody else is told the one before.
func (h *Handlers) board(id storage.EventID) (*board, error) {
	if h.engine == nil {
		_, err := h.room(id)
		return nil, err
	}
	frame, err := h.engine.QueueFrame(id)
	if err != nil {
		return nil, err
	}
	e, now := h.boards.of(id), h.cfg.Now()
	b := e.board.Load()
	switch {
	case b != nil && b.frame == frame && now.Sub(b.made) < boardAge:
		return b, nil
	case b == nil:
		e.building.Lock()
	case !e.building.TryLock():
		return b, nil
	}
	defer e.building.Unlock()
	if newer := e.board.Load(); newer != b {
		return newer, nil
	}
	if b, err = h.newBoard(id, frame, e, now); err == nil {
		e.board.Store(b)
	}
	return b, err
}

func (h *Handlers) newBoard(id storage.EventID, frame *Frame, e *easel, now time.Time) (*board, error) {
	event, err := h.room(id)
	if err != nil {
		return nil, err
	}
	b := &board{event: event, frame: frame, made: now, position: position.Of(&frame.Public, frame.Pace),
		phase: phaseOf(&frame.Public), room: roomOf(&frame.Limits)}
	e.forecast.Saw(gate.Instant(now.UnixMilli()), &b.position, h.meter.observeETA)
	b.retry = jittered(pollAfter(&b.position, b.queued(), h.cfg.PollsPerSecond, &position.Standing{}), 0,
		frame.Seq)
	b.stock = h.stock(event, e)
	answer := b.queue()
	if b.public, err = json.Marshal(answer); err != nil {
		return nil, err
	}
	b.shared, err = json.Marshal(struct {
		Message    string                  `json:"message,omitempty"`
		PriceRange *waitingroom.PriceRange `json:"price_range,omitempty"`
		SoldOut    []string                `json:"sold_out,omitempty"`
	}{answer.Message, answer.PriceRange, answer.SoldOut})
	if err != nil {
		return nil, err
	}
	if b.shared = b.shared[1 : len(b.shared)-1]; len(b.shared) > 0 {
		b.shared = append([]byte{','}, b.shared...)
	}
	return b, nil
}

// crowd is how many wait, and so poll.
func (b *board) queued() uint32 { return b.frame.Waiting + b.frame.Present }

func (b *board) queue() *waitingroom.Room {
	f := b.frame
	answer := &waitingroom.Room{Phase: b.phase, Seq: uint64(f.Seq), Joined: f.Joined, Called: uint32(f.Called),
		Entrants: f.Entrants, Waiting: f.Waiting, Present: f.Present, Inside: f.Inside, ActiveMax: f.Cap,
		Pace: f.Pace, ShowRate: float64(f.ShowRate) / 1000, Left: f.Left, Lapsed: f.Lapsed, Finished: f.Finished,
		Message: f.Message, PriceRange: b.stock.prices, SoldOut: b.stock.soldOut, RetryAfter: b.retry,
		Limits: limitsAnswer(&f.Limits)}
	if f.Rate > 0 {
		rate := float64(f.Rate) / 1000
		answer.AdmitPerSecond = &rate
	}
	if f.Root != (draw.Hash{}) { // told to everybody who waits: each of them can witness that it stays (P8)
		answer.Root = hex.EncodeToString(f.Root[:])
	}
	if f.Seed != (draw.Hash{}) {
		answer.Seed = hex.EncodeToString(f.Seed[:])
	}
	return answer
}

// The phases as the wire has them.
const (
	phaseBefore  = "before"
	phaseLobby   = "lobby"
	phaseClosed  = "closed" // the draw's round is awaited
	phaseDrawn   = "drawn"
	phaseOpen    = "open"
	phasePaused  = "paused"
	phaseSoldOut = "sold_out"
)

// phaseOf tells what matters most to whoever waits: that nothing is left, then that nobody is called.
func phaseOf(p *gate.Public) string {
	switch {
	case p.Phase == gate.Unfounded:
		return phaseBefore
	case p.SoldOut:
		return phaseSoldOut
	case p.Paused:
		return phasePaused
	case p.Phase == gate.Lobby:
		return phaseLobby
	case p.Phase == gate.Closed:
		return phaseClosed
	case p.Phase == gate.Drawn:
		return phaseDrawn
	}
	return phaseOpen
}
