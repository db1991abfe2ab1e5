package actors

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// The tour: 52 shows in a stadium of 60 sections of 22 rows of 35 seats, 46,200 a night, 2,402,400 tickets. For each
// booking that is sold, one request is refused.
const (
	tourShows    = 52
	tourSections = 60
	tourRows     = 22
	tourRowSeats = 35
	tourSeats    = tourRows * tourRowSeats // of a section
	tourPrice    = 12_500
	tourSeed     = 20_221_115
	// tourDoors serve one buyer after the other, over all the shows: what a node has in flight while the whole country
	// tries.
	tourDoors = 4160
	// tourWave shows go on sale at once: that sale, too, opened one time zone after the other, of four.
	tourWave = 13
)

// partyMix is how many of a thousand bookings are of one, two … eight seats. It is how 251 real resale listings of two
// stadium concerts may be split, each listing counting once; parties of more than eight left out. The mean is 2.44
// seats.
var partyMix = [8]int{147, 572, 82, 149, 15, 21, 6, 8}

func drawParty(rng *rand.Rand) int {
	lot := rng.IntN(1000)
	for i, share := range partyMix {
		if lot -= share; lot < 0 {
			return i + 1
		}
	}
	return len(partyMix)
}

// tourWish is what one buyer of the tour wants: seats of one section that follow each other, or with best so many of
// the engine's choice.
type tourWish struct {
	section, first uint16
	seats          uint8
	best           bool
}

// tourWishes are a show's, in the order in which its buyers come: the best sections first, as buyers choose. The wishes
// for a section come to just its seats. Every second section is sold by named seats, each request coming twice, so that
// two buyers race for it and one is refused; in the others the engine chooses.
func tourWishes(order []storage.SectionNo, rng *rand.Rand) (wishes []tourWish) {
	for _, no := range order {
		for first := 0; first < tourSeats; {
			n := min(drawParty(rng), tourSeats-first)
			w := tourWish{section: uint16(no), first: uint16(first), seats: uint8(n), best: no%2 == 0}
			if wishes = append(wishes, w); !w.best {
				wishes = append(wishes, w)
			}
			first += n
		}
	}
	return wishes
}

// instantGateway takes every charge at once and keeps the sum: what the engine costs is measured, not a processor.
type instantGateway struct {
	processor.Processor // nil: nothing but charges is expected
	charges, amount     atomic.Int64
}

func (g *instantGateway) Open(_ context.Context, o processor.Opening) (processor.Reference, error) {
	g.amount.Add(o.Amount)
	return "instant", nil
}

func (g *instantGateway) Charge(context.Context, processor.Charge) (processor.Answer, error) {
	g.charges.Add(1)
	return processor.Answer{Status: processor.Captured}, nil
}

// tour is the whole sale, and what became of it.
type tour struct {
	e       *Engine
	gateway *instantGateway
	shows   []*tourShow

	bookings, tickets, losers atomic.Int64
	failed                    atomic.Pointer[error]
}

type tourShow struct {
	no     uint64
	id     storage.EventID
	o      *openEvent
	wishes []tourWish
	next   atomic.Int64
}

func openTour(b *testing.B, store storage.Store, shows int) *tour {
	b.Helper()
	t := &tour{gateway: &instantGateway{}}
	var err error
	if t.e, err = Open(context.Background(), Config{Store: store, Processor: t.gateway}); err != nil {
		b.Fatal(err)
	}
	var plan strings.Builder
	for i := range tourSections {
		fmt.Fprintf(&plan, `,{"id":"S%02d","rows":[`, i)
		for row := range tourRows {
			fmt.Fprintf(&plan, `%s{"label":"%d","seats":%d}`, comma(row), row+1, tourRowSeats)
		}
		plan.WriteString("]}")
	}
	v, err := venue.Parse([]byte(`{"sections":[`+plan.String()[1:]+`]}`), venue.Options{Name: "stadium"})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(tourSeed, uint64(shows)))
	for i := range shows {
		t.shows = append(t.shows, t.openShow(b, v, i, rng))
	}
	return t
}

func (t *tour) openShow(b *testing.B, v *venue.Venue, i int, rng *rand.Rand) *tourShow {
	b.Helper()
	prices := map[string]int64{}
	for _, c := range v.Categories {
		prices[c.Label] = tourPrice
	}
	header, err := t.e.CreateEvent(
		context.Background(),
		&storage.Event{Name: fmt.Sprintf("night %d", i+1), Currency: "USD",
			Sale: storage.SaleOpen, Prices: prices, Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8,
				SeatsPerBuyerMax: 8, DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}},
		v,
	)
	if err != nil {
		b.Fatal(err)
	}
	_, o, err := t.e.openEvent(header.ID, deadlineSoon())
	if err != nil {
		b.Fatal(err)
	}
	return &tourShow{no: uint64(i), id: header.ID, o: o, wishes: tourWishes(o.order, rng)}
}

// sell opens so many shows at once, wave after wave, and returns when the last buyer has gone. All doors are at the
// shows of the wave.
func (t *tour) sell(atOnce int) {
	for wave := range slices.Chunk(t.shows, atOnce) {
		var all sync.WaitGroup
		for _, show := range wave {
			for range tourDoors / len(wave) {
				all.Go((&tourDoor{t: t, show: show}).run)
			}
		}
		all.Wait()
	}
}

func (t *tour) fail(err error) { t.failed.CompareAndSwap(nil, &err) }

// tourDoor serves one buyer after the other, as a connection of the server does: each calls the engine exactly as the
// handlers do, under a key of its own, with the buffers of the one before.
type tourDoor struct {
	t     *tour
	show  *tourShow
	call  BookCall
	view  BookingView
	seats []string
}

const tourPatience = time.Minute

func (d *tourDoor) run() {
	for d.t.failed.Load() == nil {
		n := d.show.next.Add(1) - 1
		if n >= int64(len(d.show.wishes)) {
			return
		}
		if err := d.serve(uint64(n), d.show.wishes[n]); err != nil {
			d.t.fail(fmt.Errorf("show %d wish %d: %w", d.show.no, n, err))
		}
	}
}

func (d *tourDoor) serve(n uint64, w tourWish) error {
	d.ask(n<<2, w)
	switch err := d.t.e.Book(&d.call, tourPatience, &d.view); {
	case refusedAsTaken(err) && !w.best:
		d.t.losers.Add(1) // the other of the two was faster
		return nil
	case err != nil:
		return err
	}
	d.seats = append(d.seats[:0], d.view.Seats...)
	who := d.call.Caller
	who.Request, who.Fingerprint = tourKey(d.show.no, n<<2|1), n
	if err := d.t.e.Confirm(d.view.ID, who, "tok_ok", tourPatience, &d.view); err != nil {
		return err
	}
	if len(d.view.Tickets) != int(w.seats) {
		return fmt.Errorf("%d tickets for %d seats", len(d.view.Tickets), w.seats)
	}
	d.t.bookings.Add(1)
	d.t.tickets.Add(int64(w.seats))
	if w.best {
		return d.lose(n)
	}
	return nil
}

// ask makes the call of a request.
func (d *tourDoor) ask(n uint64, w tourWish) {
	d.call = BookCall{Event: d.show.id, Caller: tourCaller(d.show.no, n), Seats: d.seats[:0]}
	if w.best {
		d.call.Seats, d.call.Best = nil, BestAvailable{
			Quantity: uint32(w.seats), Section: d.show.o.venue.Sections[w.section].ID,
		}
		return
	}
	d.call.Seats = append(d.call.Seats, d.show.o.ids[w.section][w.first:int(w.first)+int(w.seats)]...)
	d.seats = d.call.Seats
}

// lose is a buyer who saw the seats free a moment ago.
func (d *tourDoor) lose(n uint64) error {
	d.call = BookCall{Event: d.show.id, Caller: tourCaller(d.show.no, n<<2|2), Seats: d.seats}
	if err := d.t.e.Book(&d.call, tourPatience, &d.view); !refusedAsTaken(err) {
		return fmt.Errorf("seats %v sold twice: %w", d.seats, err)
	}
	d.t.losers.Add(1)
	return nil
}

func refusedAsTaken(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == section.SeatTaken
}

func tourCaller(show, n uint64) Caller {
	c := Caller{Request: tourKey(show, n), Fingerprint: n}
	binary.LittleEndian.PutUint64(c.Buyer[:], (show<<40|n)*0x9E3779B97F4A7C15)
	c.Buyer[15] = 1
	return c
}

func tourKey(show, n uint64) (r section.RequestID) {
	binary.LittleEndian.PutUint64(r[:], (show<<40|n)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(r[8:], show<<40|n)
	return r
}

// prove holds the engine's answers, its gateway and the log against each other.
func (t *tour) prove(b *testing.B, store storage.Store) {
	b.Helper()
	if err := t.failed.Load(); err != nil {
		b.Fatal(*err)
	}
	want := int64(len(t.shows) * tourSections * tourSeats)
	if t.tickets.Load() != want || t.gateway.charges.Load() != t.bookings.Load() ||
		t.gateway.amount.Load() != want*tourPrice ||
		t.losers.Load() != t.bookings.Load() {
		b.Fatalf(
			"%d of %d tickets in %d bookings, %d charges of %d in all, %d losers", t.tickets.Load(), want,
			t.bookings.Load(), t.gateway.charges.Load(), t.gateway.amount.Load(), t.losers.Load(),
		)
	}
	report, err := audit.Run(context.Background(), store, audit.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if !report.Clean() {
		b.Fatalf("%d findings, the first: %v", len(report.Findings), report.Findings[0])
	}
	var sold, confirmed uint64
	for i := range report.Events {
		sold += report.Events[i].Sold
		confirmed += report.Events[i].Bookings.Confirmed
	}
	if sold != uint64(want) || confirmed != uint64(t.bookings.Load()) {
		b.Fatalf(
			"the log has %d seats sold in %d bookings, told were %d in %d", sold, confirmed, want, t.bookings.Load(),
		)
	}
}

// BenchmarkEras sells the tour through the calls that the HTTP handlers make: a hold, its confirmation with a processor
// that answers at once, and a refused wish, each durable before its answer. Then, off the clock, the offline verifier
// has to find every seat sold once. One op is the whole tour. The whole of it is sold only for who asks by name, for it
// wants 2.5 GB of memory and 1 GB of disk:
//
//	go test ./actors -run '^$' -bench 'Eras/shows=52$' -benchtime 1x -count 3
//
// shows=52-at-once opens all shows together, for which the same machine has a larger memory to reach into. The
// collector is set as in the server.
func BenchmarkEras(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for _, size := range []struct {
		name          string
		shows, atOnce int
	}{{"shows=4", 4, tourWave}, {"shows=52", tourShows, tourWave}, {"shows=52-at-once", tourShows, tourShows}} {
		b.Run(size.name, func(b *testing.B) {
			onlyByName(b, size.shows == tourShows)
			for range b.N {
				b.StopTimer()
				sellTour(b, size.shows, size.atOnce)
			}
		})
	}
}

func sellTour(b *testing.B, shows, atOnce int) {
	dir := b.TempDir()
	store, err := pebblestore.Open(dir, pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	t := openTour(b, store, shows)
	runtime.GC()
	before := processorTime()
	start := time.Now()
	b.StartTimer()
	t.sell(atOnce)
	b.StopTimer()
	took, used := time.Since(start).Seconds(), processorTime()-before
	stats := t.e.Stats()
	b.ReportMetric(float64(t.tickets.Load())/took, "tickets/s")
	b.ReportMetric(float64(stats.Changes.Load())/took, "transitions/s")
	b.ReportMetric(float64(t.losers.Load())/took, "losers/s")
	b.ReportMetric(took, "seconds")
	b.ReportMetric(used.Seconds(), "cpu-seconds")
	b.ReportMetric(float64(stats.Changes.Load())/float64(stats.Merged.Load()), "changes/sync")
	b.ReportMetric(float64(diskBytes(b, dir))/1e6, "disk-MB")
	b.ReportMetric(peakMegabytes(b), "peak-MB")
	if err := t.e.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	t.prove(b, store)
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

// peakMegabytes is the most memory that this process has had.
func peakMegabytes(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Maxrss) / 1000 // kilobytes on Linux
}
