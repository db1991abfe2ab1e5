package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/cmd/holdfast/pause"
	"holdfast/storage"
)

// The second event: a small hall behind a waiting room, to be tried by hand. Its guests hold seats and give them back,
// so that the hall never sells out to them.
const (
	roomName     = "Holdfast waiting room: Small Hall Session" // without the word by which scripts look for the stadium
	roomSeats    = 600
	roomCap      = 4
	roomRate     = 500 // calls in 1000 seconds
	roomSession  = 5 * time.Minute
	roomTurn     = time.Minute
	roomGrace    = 30 * time.Second
	roomPause    = 5 * time.Second  // after the lobby
	guestJoins   = 20 * time.Second // a guest stays away so long at most
	guestLooks   = 500 * time.Millisecond
	guestInside  = 8 * time.Second
	guestsMissed = 8 // of so many called guests one does not come
)

// RoomOptions say how the waiting room is shown.
type RoomOptions struct {
	Guests int           // simulated people who wait, go in, leave, and come again
	Lobby  time.Duration // open from the start on
}

// Room is the guests of a waiting room that is open. A nil Room has none.
type Room struct {
	engine *actors.Engine
	event  storage.EventID
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// OpenRoom makes the event behind a waiting room, and lets the guests in. Its lobby opens now: the event of an earlier
// start, whose lobby has closed, is deleted, or closed where somebody has bought in it.
func OpenRoom(ctx context.Context, engine *actors.Engine, o RoomOptions, log *slog.Logger) (*Room, error) {
	if err := WaitReady(ctx, engine); err != nil {
		return nil, nil //nolint:nilerr // stopped before it began
	}
	event, err := roomEvent(ctx, engine, o.Lobby)
	if err != nil {
		return nil, fmt.Errorf("demonstration of the waiting room: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Room{engine: engine, event: event.ID, log: log, cancel: cancel}
	log.Info("waiting room open", "event", event.ID.String(), "name", event.Name, "lobby", o.Lobby.String(),
		"simulated_guests", o.Guests)
	r.done.Go(func() { r.draw(ctx) })
	for i := range o.Guests {
		chance := mathrand.New(mathrand.NewPCG(uint64(i), uint64(time.Now().UnixNano())))
		r.done.Go(func() {
			for n := 0; pause.For(ctx, think(chance, guestJoins)); n++ {
				r.visit(
					ctx,
					section.BuyerID(digest(fmt.Sprintf("simulated guest %d %d %d", i, n, chance.Uint64()))),
					chance,
				)
			}
		})
	}
	return r, nil
}

// Stop waits until the guests have left. A nil room has none.
func (r *Room) Stop() {
	if r == nil {
		return
	}
	r.cancel()
	r.done.Wait()
}

// Event is the event behind the waiting room.
func (r *Room) Event() storage.EventID { return r.event }

func roomEvent(ctx context.Context, engine *actors.Engine, lobby time.Duration) (*storage.Event, error) {
	opens := time.Now()
	closes := section.Instant(opens.Add(lobby).UnixMilli())
	for n := 1; ; n++ {
		event, err := makeRoomEvent(ctx, engine, n, opens, lobby)
		switch {
		case errors.Is(err, actors.ErrEventDeleted):
			continue
		case err != nil:
			return nil, err
		case event.WaitingRoom.ClosesAt == closes, event.WaitingRoom.ClosesAt > section.Instant(opens.UnixMilli()):
			return event, nil // made now, or by an earlier start, and open
		}
		who := actors.Caller{Operator: true, Request: section.RequestID(digest(fmt.Sprint("waiting room, end of ", n)))}
		if _, err := engine.DeleteEvent(ctx, event.ID, who); err == nil {
			continue
		}
		if _, err := engine.SetSale(ctx, event.ID, storage.SaleClosed); err != nil {
			return nil, err
		}
	}
}

func makeRoomEvent(ctx context.Context, engine *actors.Engine, n int, now time.Time, lobby time.Duration) (
	*storage.Event, error) {
	plan := venue.Stadium(roomSeats)
	prices := make(map[string]int64, len(plan.Categories))
	for i, category := range plan.Categories {
		prices[category.Label] = int64(max(1200, 6000-1200*i))
	}
	at := func(d time.Duration) section.Instant { return section.Instant(now.Add(d).UnixMilli()) }
	return engine.CreateEvent(ctx, &storage.Event{
		Name: roomName, Currency: "EUR", Sale: storage.SaleOpen, Prices: prices, Components: componentsOf(prices),
		TimeZone:   "UTC",
		StartsAt:   section.Instant(now.AddDate(0, 2, 0).UnixMilli()),
		SaleEndsAt: section.Instant(now.AddDate(100, 0, 0).UnixMilli()),
		Rules: section.Rules{
			HoldTTL:            section.Millis(demoHoldTTL.Milliseconds()),
			HoldCeiling:        section.Millis(2 * demoHoldTTL.Milliseconds()),
			SeatsPerBookingMax: 8, SeatsPerBuyerMax: 16, DedupeWindow: section.DefaultDedupeWindow,
			DedupeCountMin: section.DefaultDedupeCountMin,
		},
		WaitingRoom: &storage.WaitingRoom{OpensAt: at(0), ClosesAt: at(lobby), DoorsAt: at(lobby + roomPause),
			Cap: roomCap, Rate: roomRate, SessionMillis: section.Millis(roomSession.Milliseconds()),
			TurnMillis:  section.Millis(roomTurn.Milliseconds()),
			GraceMillis: section.Millis(roomGrace.Milliseconds())},
		Create: section.RequestID(digest(fmt.Sprint("demonstration waiting room ", n))), CreateFingerprint: 1,
	}, plan)
}

// draw hands a value in once the lobby has closed: here the demonstration is the operator who is trusted.
func (r *Room) draw(ctx context.Context) {
	value := make([]byte, 32)
	_, _ = rand.Read(value) // never fails: the runtime aborts instead
	for pause.For(ctx, guestLooks) {
		frame, err := r.engine.QueueFrame(r.event)
		switch {
		case err != nil:
			r.failed("frame", err)
		case frame.Public.Phase > gate.Closed:
			return
		case frame.Public.Phase == gate.Closed:
			r.failed("draw", r.engine.HandInDraw(r.event, 0, nil, value, demoTimeout))
		}
	}
}

// visit is one guest's evening: join, wait, go in when called, hold, give back, leave.
func (r *Room) visit(ctx context.Context, who section.BuyerID, chance *mathrand.Rand) {
	var p actors.QueuePlace
	if err := r.engine.JoinQueue(r.event, who, uint8(1+chance.IntN(4)), 0, demoTimeout, &p); err != nil {
		r.failed("join", err)
		return
	}
	if !r.goIn(ctx, who, chance.IntN(guestsMissed) != 0, &p) || !pause.For(ctx, think(chance, guestInside)) {
		return
	}
	admission := &place.Admission{Session: p.Session, Until: p.Until, Seq: p.Seq, Place: place.Place{
		Event: r.event, Generation: p.Generation, Number: p.Number, Buyer: gate.Buyer(who)}}
	caller := actors.Caller{Buyer: who, Request: section.RequestID(digest(fmt.Sprintf("hold %x", who)))}
	var hold, out actors.BookingView
	err := r.engine.Book(&actors.BookCall{Event: r.event, Caller: caller, Admission: admission,
		Best: actors.BestAvailable{Quantity: 1 + uint32(chance.IntN(4))}}, demoTimeout, &hold)
	if r.failed("hold", err); err == nil && pause.For(ctx, think(chance, guestInside)) {
		caller.Request = section.RequestID(digest(fmt.Sprintf("release %x", who)))
		r.failed("release", r.engine.Release(hold.ID, caller, demoTimeout, &out))
	}
	r.failed("leave", r.engine.LeaveQueue(r.event, who, demoTimeout, &p))
}

// goIn waits for the guest's turn and takes it; a guest who does not come lets it lapse.
func (r *Room) goIn(ctx context.Context, who section.BuyerID, comes bool, p *actors.QueuePlace) bool {
	for pause.For(ctx, guestLooks) {
		if err := r.engine.QueuePlace(r.event, who, demoTimeout, p); err != nil {
			r.failed("look", err)
			continue
		}
		switch p.State {
		case gate.Called, gate.Offered, gate.Present, gate.Late:
			if comes {
				r.failed("turn", r.engine.TakeTurn(r.event, who, demoTimeout, p))
			}
		case gate.Left, gate.Lapsed, gate.Finished:
			return false
		}
		if p.State == gate.Inside {
			return true
		}
	}
	return false
}

// failed logs what a guest would be surprised by: refusals are part of the game.
func (r *Room) failed(what string, err error) {
	var refusal *actors.QueueRefusal
	var sold *actors.Refusal
	if err == nil || errors.As(err, &refusal) || errors.As(err, &sold) {
		return
	}
	r.log.Debug("simulated guest", "call", what, "error", err)
}
