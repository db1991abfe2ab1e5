package actors

import (
	"context"
	"encoding/binary"
	"strconv"
	"testing"
	"time"

	"holdfast/actors/budget"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// TestBudgets holds every hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets) }

var budgets = []budget.Path{
	budget.Exact("500 holds of one record: submit, ready, advance", 10, 146, recordPath(500)),
	budget.Exact("hold alone in its record", 1000, 17, recordPath(1)),
	budget.Exact("refusal with nothing in flight", 1000, 0, refusalPath),
	budget.About("hold and release through the engine, in memory", 1000, 10430, 50, enginePath(holdAndRelease)),
	budget.About(
		"hold of the best two and its sale through the engine, in memory", 300, 6529, 50, enginePath(bestAndSale),
	),
	budget.Exact("refused hold through the engine", 1000, 0, enginePath(tooLate)),
}

// recordPath fills one record after the other with holds and, the next time, their releases.
func recordPath(commands int) func(testing.TB) func() {
	return func(t testing.TB) func() {
		w := newTestWriter(max(commands, 50))
		requests, bookings := make([]*request.Request, commands), make([]section.BookingNo, commands)
		for i := range requests {
			requests[i] = holdRequest(i, section.SeatIndex(i))
		}
		round := uint64(0)
		return func() {
			round++
			for i, r := range requests {
				binary.LittleEndian.PutUint64(r.Command.Request[:], (round<<20|uint64(i))*0x9E3779B97F4A7C15+1)
				r.At = section.Instant(round * 100)
				r.Command.Kind, r.Command.Booking = section.PlaceHold, 0
				if bookings[i] != 0 {
					r.Command.Kind, r.Command.Booking = section.ReleaseHold, bookings[i]
				}
				w.Submit(&r.Request)
			}
			p := w.Ready()
			w.Recycle(w.Advance(p.Append.Entry.Batch, nil))
			for i, answered := range w.Answers() {
				r := request.In(answered)
				if r.Err != nil || r.Decision.Outcome.Rejection != section.Accepted {
					t.Fatalf("%v %+v", r.Err, r.Decision.Outcome)
				}
				if bookings[i] = r.Decision.Outcome.Booking; r.Command.Kind == section.ReleaseHold {
					bookings[i] = 0
				}
			}
			w.Machine().(*section.Machine).Shares()
		}
	}
}

func refusalPath(t testing.TB) func() {
	w := newTestWriter(50)
	w.Submit(&holdRequest(0, 7).Request)
	p := w.Ready()
	w.Recycle(w.Advance(p.Append.Entry.Batch, nil))
	w.Answers()
	r := holdRequest(1, 7)
	return func() {
		w.Submit(&r.Request)
		if answered := w.Answers(); len(answered) != 1 ||
			request.In(answered[0]).Decision.Outcome.Rejection != section.SeatTaken {
			t.Fatalf("%d answers", len(answered))
		}
	}
}

// counter is a buyer's view of an engine over memory, with one section.
type counter struct {
	t    testing.TB
	e    *Engine
	o    *openEvent
	call BookCall
	view BookingView
	n    uint64
	seat [1]string // of the request; a list made for each would be counted as the engine's
}

func enginePath(step func(*counter)) func(testing.TB) func() {
	return func(t testing.TB) func() {
		c := &counter{t: t}
		var err error
		c.e, err = Open(context.Background(), Config{Store: memstore.New(), Processor: &instantGateway{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.e.Close(context.Background()) }) // in memory: nothing can be lost
		v, err := venue.Parse(
			[]byte(`{"sections":[{"id":"A","rows":[`+rowsOf(40)+`]}]}`),
			venue.Options{Name: "budget"},
		)
		if err != nil {
			t.Fatal(err)
		}
		rules := boxRules()
		rules.SeatsPerBuyerMax = 1 << 30
		header, err := c.e.CreateEvent(
			context.Background(), &storage.Event{Name: "budget", Currency: "EUR", Sale: storage.SaleOpen, Rules: rules},
			v,
		)
		if err != nil {
			t.Fatal(err)
		}
		if _, c.o, err = c.e.openEvent(header.ID, deadlineSoon()); err != nil {
			t.Fatal(err)
		}
		c.call.Event, c.call.Buyer = header.ID, section.BuyerID{1}
		return func() { c.n++; step(c) }
	}
}

func rowsOf(n int) (rows string) {
	for i := range n {
		rows += comma(i) + `{"label":"` + strconv.Itoa(i+1) + `","seats":50}`
	}
	return rows
}

func (c *counter) key() section.RequestID { c.n++; return tourKey(1, c.n) }

// book asks for seats by name, or without a name for the best two.
func (c *counter) book(seats []string) error {
	c.call.Buyer = tiredBuyer(1, c.n/2)
	c.call.Request, c.call.Fingerprint, c.call.Seats, c.call.Best = c.key(), c.n, seats, BestAvailable{}
	if len(seats) == 0 {
		c.call.Best = BestAvailable{Quantity: 2, Section: "A"}
	}
	return c.e.Book(&c.call, time.Minute, &c.view)
}

func (c *counter) must(err error) {
	if err != nil {
		c.t.Fatal(err)
	}
}

func holdAndRelease(c *counter) {
	c.seat[0] = c.o.ids[0][c.n%2000]
	c.must(c.book(c.seat[:]))
	c.must(
		c.e.Release(c.view.ID, Caller{Buyer: c.call.Buyer, Request: c.key(), Fingerprint: c.n}, time.Minute, &c.view),
	)
}

func bestAndSale(c *counter) {
	c.must(c.book(nil))
	c.must(
		c.e.Confirm(
			c.view.ID, Caller{Buyer: c.call.Buyer, Request: c.key(), Fingerprint: c.n}, "tok_ok", time.Minute, &c.view,
		),
	)
}

// tooLate wants a seat that the map shows taken; the first time, it takes it.
func tooLate(c *counter) {
	c.seat[0] = c.o.ids[0][7]
	if err := c.book(c.seat[:]); err != nil && code(err) != section.SeatTaken.String() {
		c.t.Fatal(err)
	}
}
