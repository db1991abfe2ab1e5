package actors_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/audit/processorlist"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/ticketing"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// exchangesVariable says how many exchanges the race makes.
const exchangesVariable = "HOLDFAST_EXCHANGES"

// callTimeout is how long one call waits for a house that may be dead by then.
const callTimeout = time.Second

// swapPlan has cheap and dear seats side by side, as many as all buyers have and two more.
const swapPlan = `{"sections":[{"id":"A","rows":[{"label":"1","category":"dear","seats":9},` +
	`{"label":"2","category":"cheap","seats":9}]}]}`

// swap is an event that is sold out, whose buyers exchange their seats while its nodes die.
type swap struct {
	t       *testing.T
	store   *memstore.Store
	bank    *sandbox.Sandbox
	event   storage.EventID
	engine  atomic.Pointer[actors.Engine]
	left    atomic.Int64 // exchanges to be done
	keys    atomic.Uint64
	crashes atomic.Int64

	mu    sync.Mutex
	codes map[string]bool // all that were ever shown
}

func newSwap(t *testing.T, exchanges int64) *swap {
	t.Helper()
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	s := &swap{t: t, store: memstore.New(), bank: bank, codes: map[string]bool{}}
	s.left.Store(exchanges)
	s.open()
	plan, err := venue.Parse([]byte(swapPlan), venue.Options{Name: "Hall"})
	if err != nil {
		t.Fatal(err)
	}
	rules := section.Rules{HoldTTL: 60_000, HoldCeiling: 90_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 2,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
	header, err := s.engine.Load().CreateEvent(t.Context(), &storage.Event{Name: "Night", Currency: "EUR",
		Sale: storage.SaleOpen, Rules: rules, Prices: map[string]int64{"dear": 6000, "cheap": 2500}}, plan)
	if err != nil {
		t.Fatal(err)
	}
	s.event = header.ID
	return s
}

// open begins a life of the house on the store. The one before it goes on until its first append: it is dead, and does
// not know yet.
func (s *swap) open() {
	e, err := actors.Open(context.Background(), actors.Config{Store: s.store, Processor: s.bank,
		ChargeTimeout: 200 * time.Millisecond})
	if err != nil {
		s.t.Error(err)
		return
	}
	s.engine.Store(e)
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_ = e.Close(ctx) // one that was taken over has nothing to hand over, and waits for what it cannot have
	})
}

// who is a buyer's call under a new key.
func (s *swap) who(buyer byte) actors.Caller {
	c := actors.Caller{Buyer: section.BuyerID{buyer, 1}, Fingerprint: 1}
	binary.BigEndian.PutUint64(c.Request[:], s.keys.Add(1))
	return c
}

// again calls until somebody answers, under the same key, at whichever life is the newest (P5).
func (s *swap) again(call func(e *actors.Engine) error) error {
	for end := time.Now().Add(answerTimeout); ; {
		err := call(s.engine.Load())
		gone := errors.Is(err, actors.ErrUnavailable) || errors.Is(err, actors.ErrTimeout) ||
			errors.Is(err, actors.ErrMoved) || errors.Is(err, actors.ErrOverloaded)
		if !gone || time.Now().After(end) {
			return err
		}
	}
}

func (s *swap) buy(buyer byte, seats ...string) (id actors.BookingID) {
	var view actors.BookingView
	who := s.who(buyer)
	if err := s.engine.Load().Book(&actors.BookCall{Event: s.event, Caller: who, Seats: seats}, answerTimeout,
		&view); err != nil {
		s.t.Fatal(err)
	}
	if err := s.engine.Load().Confirm(view.ID, s.who(buyer), "tok_ok", answerTimeout, &view); err != nil {
		s.t.Fatal(err)
	}
	return view.ID
}

// shown keeps the codes that a buyer can have printed by now.
func (s *swap) shown(id actors.BookingID) {
	var all *ticketing.Tickets
	err := s.again(func(e *actors.Engine) (err error) {
		all, err = e.Tickets(id, ticketing.Caller{Operator: true}, callTimeout)
		return err
	})
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all.Tickets {
		s.codes[all.Tickets[i].Code] = true
	}
}

// buyer exchanges one seat after the other for any that are free, until enough were exchanged.
func (s *swap) buyer(no byte, id actors.BookingID, lot *rand.Rand) {
	tokens := []string{"tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_unknown", "tok_lost"}
	for s.left.Load() > 0 {
		var view actors.BookingView
		if err := s.again(func(e *actors.Engine) error {
			return e.Booking(id, actors.Caller{Operator: true}, callTimeout, &view)
		}); err != nil || len(view.Seats) != 2 {
			s.t.Errorf("booking of buyer %d: %+v %v", no, view, err)
			return
		}
		who, out := s.who(no), actors.BookingView{}
		gives := []string{view.Seats[lot.IntN(2)]}
		call := &actors.BookCall{Event: s.event, Caller: who, Best: actors.BestAvailable{Quantity: 1}}
		if lot.IntN(2) == 0 {
			call.Best = actors.BestAvailable{}
			call.Seats = []string{"A-" + strconv.Itoa(1+lot.IntN(2)) + "-" + strconv.Itoa(1+lot.IntN(9))}
		}
		if err := s.again(func(e *actors.Engine) error {
			return e.Exchange(id, gives, call, callTimeout, &out)
		}); s.refused(err) {
			continue
		}
		if lot.IntN(10) == 0 {
			s.refused(s.again(func(e *actors.Engine) error {
				return e.Release(out.ID, s.who(no), callTimeout, &out)
			}))
			continue
		}
		pay, token := s.who(no), tokens[lot.IntN(len(tokens))]
		err := s.again(func(e *actors.Engine) error { return e.Confirm(out.ID, pay, token, callTimeout, &out) })
		s.refused(err)
		if s.left.Add(-1); lot.IntN(4) == 0 {
			s.shown(id)
		}
	}
}

// refused says that a call was, and fails the test where a buyer may not be told that.
func (s *swap) refused(err error) bool {
	var no *actors.Refusal
	var apart *actors.NotTogetherError
	if err != nil && !errors.As(err, &no) && !errors.As(err, &apart) && !errors.Is(err, actors.ErrDeclined) &&
		!errors.Is(err, actors.ErrProcessor) {
		s.t.Errorf("a buyer was told: %v", err)
	}
	return err != nil
}

// rest waits until the newest life has settled all money.
func (s *swap) rest() {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(3 * answerTimeout); ; <-look.C {
		open, _ := s.engine.Load().PaymentsWaiting()
		if open == 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("P6: the money of %d bookings is open", open)
		}
	}
}

// TestExchangesRacedOnASoldOutEvent: seats, tickets and money add up however many buyers exchange seats at once and
// however often their house dies meanwhile (P1, P5, P6, P10, P13); each seat has one code that opens a door, and of all
// codes that were ever shown no other does.
func TestExchangesRacedOnASoldOutEvent(t *testing.T) {
	exchanges := int64(24)
	if text := os.Getenv(exchangesVariable); text != "" {
		exchanges, _ = strconv.ParseInt(text, 10, 64)
	}
	s := newSwap(t, exchanges)
	var ids []actors.BookingID
	for no := range byte(8) {
		seat := strconv.Itoa(int(no) + 1)
		ids = append(ids, s.buy(no+1, "A-1-"+seat, "A-2-"+seat))
		s.shown(ids[no])
	}
	back := s.buy(9, "A-1-9", "A-2-9") // sold out; then somebody gives two seats back
	var view actors.BookingView
	if err := s.engine.Load().Refund(back, actors.Caller{Operator: true}, actors.RefundCall{}, answerTimeout,
		&view); err != nil {
		t.Fatal(err)
	}
	var buyers sync.WaitGroup
	for i, id := range ids {
		lot := rand.New(rand.NewPCG(uint64(i), 11))
		buyers.Go(func() { s.buyer(byte(i)+1, id, lot) })
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for next := exchanges - exchanges/4; s.left.Load() > 0; <-look.C {
		if s.left.Load() <= next {
			next -= max(1, exchanges/4)
			s.crashes.Add(1)
			s.open()
		}
	}
	buyers.Wait()
	s.rest()
	s.judge(ids)
}

func (s *swap) judge(ids []actors.BookingID) {
	report, err := audit.Run(s.t.Context(), s.store.Clone(), audit.Options{Payments: processorlist.Of(s.bank)})
	if err != nil {
		s.t.Fatal(err)
	}
	noFinding(s.t, report)
	if report.Events[0].Sold != 16 {
		s.t.Errorf("P1: %d seats are sold to 8 buyers of two", report.Events[0].Sold)
	}
	valid := map[string]bool{}
	for _, id := range ids {
		all, err := s.engine.Load().Tickets(id, ticketing.Caller{Operator: true}, answerTimeout)
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range all.Tickets {
			if one := &all.Tickets[i]; one.State != ticketing.Void {
				valid[one.Code], s.codes[one.Code] = true, true
			}
		}
	}
	if len(valid) != 16 {
		s.t.Errorf("%d codes are valid", len(valid))
	}
	for code := range s.codes {
		scanned := ticketing.Scanned{Code: code, Scanner: "north"}
		_, err := s.engine.Load().Scan(scanned, ticketing.Caller{Operator: true}, answerTimeout)
		if (err == nil) != valid[code] {
			s.t.Errorf("a code opens a door: %v, and is valid: %v", err, valid[code])
		}
	}
	s.t.Logf("%d crashes, %d codes shown, money %+v", s.crashes.Load(), len(s.codes), report.Payments.Money)
}
