package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/cmd/holdfast/pause"
	"holdfast/storage"
)

// The demonstration: one event, and buyers that are simulated in this process. They go the way of every buyer, through
// the engine; only HTTP is left out. Their names begin with "simulated", and the log line at the start says so.
const (
	demoSeats   = 40_000
	demoName    = "Holdfast demonstration: Stadium Night"
	demoTimeout = 5 * time.Second
	// Sold beyond demoSoldHigh of all seats, simulated buyers stop paying and old tickets of theirs are refunded, so
	// that a visitor always finds seats, however long the demonstration runs.
	demoSoldHigh = 0.80
	// demoThinkMax is the longest that a simulated buyer looks at a hold before paying, leaving, or letting it lapse.
	demoThinkMax        = 6 * time.Second
	demoHoldTTL         = 60 * time.Second
	demoRefundsWhenFull = 25 // a second
	demoRefundEvery     = 5  // seconds, otherwise
	// demoOwnMax bounds the simulated buyers' own tickets that are remembered for refunding.
	demoOwnMax = 50_000
)

// Demo is the buyers of a demonstration that is open. A nil Demo has none.
type Demo struct {
	engine *actors.Engine
	event  storage.EventID
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
	full   atomic.Bool // sold is above demoSoldHigh
	serial atomic.Uint64

	mu  sync.Mutex
	own []actors.BookingID // confirmed by simulated buyers of this process, oldest first
}

// Start creates the event (once: a restart finds it again) and lets the buyers in.
func Start(ctx context.Context, engine *actors.Engine, buyers int, log *slog.Logger) (*Demo, error) {
	if err := WaitReady(ctx, engine); err != nil {
		return nil, nil //nolint:nilerr // stopped before it began
	}
	event, err := Event(ctx, engine)
	if err != nil {
		return nil, fmt.Errorf("demonstration: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	d := &Demo{engine: engine, event: event.ID, log: log, cancel: cancel}
	log.Info("demonstration open", "event", event.ID.String(), "name", event.Name, "simulated_buyers", buyers)
	d.done.Go(func() { d.watchSales(ctx) })
	for i := range buyers {
		d.done.Go(func() { d.shop(ctx, rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano())))) })
	}
	return d, nil
}

// Stop waits until the simulated buyers have left. A nil demo has none.
func (d *Demo) Stop() {
	if d == nil {
		return
	}
	d.cancel()
	d.done.Wait()
}

// Event makes the demonstration's event, or finds the one of an earlier start. One that was deleted has a successor.
func Event(ctx context.Context, engine *actors.Engine) (*storage.Event, error) {
	for n := 1; ; n++ {
		event, err := makeEvent(ctx, engine, n)
		if !errors.Is(err, actors.ErrEventDeleted) {
			return event, err
		}
	}
}

// demoFee is a part of every price that is more than it.
const demoFee = 250

// componentsOf says what the demonstrations' prices are made of: a fee, and a tax that is included.
func componentsOf(prices map[string]int64) map[string]price.Price {
	components := make(map[string]price.Price, len(prices))
	for category, total := range prices {
		p := price.Price{
			Face:  total - demoFee,
			Fees:  []price.Fee{{Code: "service", Name: "Service fee", Amount: demoFee}},
			Taxes: []price.Tax{{Code: "vat", Name: "VAT", Rate: "19", Included: true}},
		}
		if defects := p.Settle(func(string) string { return "" }); len(defects) > 0 {
			continue // of a total below the fee: it is a face
		}
		components[category] = p
	}
	return components
}

func makeEvent(ctx context.Context, engine *actors.Engine, n int) (*storage.Event, error) {
	plan := venue.Stadium(demoSeats)
	prices := make(map[string]int64, len(plan.Categories))
	for i, category := range plan.Categories {
		prices[category.Label] = int64(max(1500, 9500-2000*i))
	}
	return engine.CreateEvent(ctx, &storage.Event{
		Name: demoName, Currency: "EUR", Sale: storage.SaleOpen, Prices: prices, Components: componentsOf(prices),
		StartsAt: section.Instant(time.Now().AddDate(0, 1, 0).UnixMilli()), TimeZone: "UTC",
		// a demonstration may run for longer than a month
		SaleEndsAt: section.Instant(time.Now().AddDate(100, 0, 0).UnixMilli()),
		Rules: section.Rules{
			HoldTTL:            section.Millis(demoHoldTTL.Milliseconds()),
			HoldCeiling:        section.Millis(2 * demoHoldTTL.Milliseconds()),
			SeatsPerBookingMax: 8, SeatsPerBuyerMax: 16, DedupeWindow: section.DefaultDedupeWindow,
			DedupeCountMin: section.DefaultDedupeCountMin,
		},
		Create: section.RequestID(digest(fmt.Sprint("demonstration event ", n))), CreateFingerprint: 1,
	}, plan)
}

func digest(text string) (id [16]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(id[:], sum[:])
	return id
}

// shop is one simulated buyer's evening: look, hold, think, then pay, leave, or let the hold lapse.
func (d *Demo) shop(ctx context.Context, chance *rand.Rand) {
	for pause.For(ctx, think(chance, demoThinkMax)) {
		who := d.newBuyer()
		var hold actors.BookingView
		err := d.engine.Book(&actors.BookCall{
			Event: d.event, Caller: who,
			Best: actors.BestAvailable{Quantity: 1 + uint32(chance.IntN(4)), Section: d.anySection(chance)},
		}, demoTimeout, &hold)
		if err != nil {
			d.logFailure("hold", err)
			continue
		}
		if !pause.For(ctx, think(chance, demoThinkMax)) {
			return
		}
		d.decide(who, &hold, chance)
	}
}

func (d *Demo) decide(who actors.Caller, hold *actors.BookingView, chance *rand.Rand) {
	who.Request = d.request()
	var out actors.BookingView
	switch roll := chance.IntN(100); {
	case roll < 55 && !d.full.Load():
		err := d.engine.Confirm(hold.ID, who, "tok_ok", demoTimeout, &out)
		d.logFailure("confirm", err)
		if err == nil && out.State == section.BookingConfirmed {
			d.remember(hold.ID)
		}
	case roll < 60:
		d.logFailure("confirm", d.engine.Confirm(hold.ID, who, "tok_declined", demoTimeout, &out))
	case roll < 85:
		d.logFailure("release", d.engine.Release(hold.ID, who, demoTimeout, &out))
	default: // the hold lapses by itself
	}
}

// newBuyer is a new simulated buyer: nobody's limits stand in anybody's way.
func (d *Demo) newBuyer() actors.Caller {
	request := d.request()
	return actors.Caller{Buyer: section.BuyerID(digest(fmt.Sprintf("simulated buyer %x", request))), Request: request}
}

func (d *Demo) request() section.RequestID {
	return section.RequestID(digest(fmt.Sprintf("simulated request %d %d", time.Now().UnixNano(), d.serial.Add(1))))
}

// anySection prefers a section by its place, so that the map fills unevenly, as it does in life; now and then the
// engine chooses.
func (d *Demo) anySection(chance *rand.Rand) string {
	event, err := d.engine.Event(d.event)
	if err != nil || chance.IntN(3) == 0 {
		return ""
	}
	n := len(event.Sections)
	return event.Sections[min(int(chance.ExpFloat64()*float64(n)/3), n-1)].ID
}

// logFailure logs what a buyer would be surprised by: refusals are part of the game.
func (d *Demo) logFailure(what string, err error) {
	var refusal *actors.Refusal
	if err == nil || errors.As(err, &refusal) || errors.Is(err, actors.ErrDeclined) ||
		errors.Is(err, actors.ErrSaleNotOpen) {
		return
	}
	d.log.Debug("simulated buyer", "call", what, "error", err)
}

func (d *Demo) remember(booking actors.BookingID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.own) < demoOwnMax {
		d.own = append(d.own, booking)
	}
}

// watchSales looks at the map once a second: while too much is sold, simulated buyers' oldest tickets
// go back; and now and then one does anyhow.
func (d *Demo) watchSales(ctx context.Context) {
	for second := 0; pause.For(ctx, time.Second); second++ {
		live, err := d.engine.Live(ctx, d.event)
		if err != nil {
			d.logFailure("map", err)
			continue
		}
		sold, all := 0, 0
		live.Read(func(_ storage.SectionNo, s actors.SectionStatus) {
			all += len(s.Letters)
			for _, letter := range s.Letters {
				if section.SeatStatus(letter) == section.Sold {
					sold++
				}
			}
		})
		d.full.Store(float64(sold) > demoSoldHigh*float64(all))
		if d.full.Load() {
			d.refund(demoRefundsWhenFull)
		} else if second%demoRefundEvery == 0 {
			d.refund(1)
		}
	}
}

func (d *Demo) refund(n int) {
	d.mu.Lock()
	n = min(n, len(d.own))
	oldest := append([]actors.BookingID(nil), d.own[:n]...)
	d.own = append(d.own[:0], d.own[n:]...)
	d.mu.Unlock()
	for _, booking := range oldest {
		var out actors.BookingView
		d.logFailure("refund", d.engine.Refund(booking, actors.Caller{Operator: true, Request: d.request()},
			actors.RefundCall{}, demoTimeout, &out))
	}
}

func think(chance *rand.Rand, longest time.Duration) time.Duration {
	return 200*time.Millisecond + time.Duration(chance.Int64N(int64(longest)))
}

// WaitReady returns nil once requests can be served.
func WaitReady(ctx context.Context, e *actors.Engine) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for e.Ready() != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
