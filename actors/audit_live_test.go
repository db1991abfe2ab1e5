package actors_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/audit/processorlist"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// openBooks is a processor whose books can be read while it works, payment by payment.
type openBooks struct {
	*sandbox.Sandbox
}

// sale is an engine that sells, with everything that may happen to a booking going on at once.
type sale struct {
	t      *testing.T
	store  *memstore.Store
	engine *actors.Engine
	books  *openBooks
	event  storage.EventID
	ended  [section.BookingRefunded + 1]atomic.Int64 // bookings brought to that state
}

const livePlan = `{"sections":[{"id":"A","category":"Stalls","rows":[{"label":"1","seats":40},{"label":"2","seats":40}]},` +
	`{"id":"B","category":"Stalls","rows":[{"label":"1","seats":40}]},{"id":"C","category":"Stalls","rows":[{"label":"1","seats":40}]}]}`

func newSale(t *testing.T) *sale {
	t.Helper()
	inMemory, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	s := &sale{t: t, store: memstore.New(), books: &openBooks{Sandbox: inMemory}}
	if s.engine, err = actors.Open(t.Context(), actors.Config{Store: s.store, Processor: s.books}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	plan, err := venue.Parse([]byte(livePlan), venue.Options{Name: "Hall"})
	if err != nil {
		t.Fatal(err)
	}
	quick := section.Rules{HoldTTL: 100, HoldCeiling: 200, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 8,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
	header, err := s.engine.CreateEvent(t.Context(), &storage.Event{
		Name: "Night", Currency: "EUR", Sale: storage.SaleOpen, Rules: quick, Prices: map[string]int64{"Stalls": 4500}}, plan)
	if err != nil {
		t.Fatal(err)
	}
	s.event = header.ID
	return s
}

const answerTimeout = 20 * time.Second

// buyer shops until ctx ends: pays, is declined, loses the processor's answer, gives back, changes its mind, or falls
// asleep.
func (s *sale) buyer(ctx context.Context, lot *rand.Rand, no byte) {
	tokens := []string{"tok_ok", "tok_ok", "tok_ok", "tok_unknown", "tok_declined", "tok_lost"}
	for round := byte(0); ctx.Err() == nil; round++ {
		who := actors.Caller{Buyer: section.BuyerID{no, round, byte(lot.Uint32())}}
		var view actors.BookingView
		call := &actors.BookCall{Event: s.event, Caller: who, Best: actors.BestAvailable{Quantity: 1 + lot.Uint32N(3)}}
		if err := s.engine.Book(call, answerTimeout, &view); err != nil {
			s.refused(err)
			continue
		}
		switch lot.IntN(8) {
		case 0: // falls asleep: the hold expires
			continue
		case 1:
			s.refused(s.engine.Release(view.ID, who, answerTimeout, &view))
		default:
			s.refused(s.engine.Confirm(view.ID, who, tokens[lot.IntN(len(tokens))], answerTimeout, &view))
			if view.State == section.BookingConfirmed && lot.IntN(8) > 0 { // else soon nothing is left to sell
				s.refused(
					s.engine.Refund(view.ID, actors.Caller{Operator: true}, actors.RefundCall{}, answerTimeout, &view),
				)
			}
		}
		s.ended[view.State].Add(1)
	}
}

// refused lets pass what a buyer may be told, and fails the test of anything else.
func (s *sale) refused(err error) {
	var no *actors.Refusal
	var apart *actors.NotTogetherError
	if err != nil && !errors.As(err, &no) && !errors.As(err, &apart) && !errors.Is(err, actors.ErrDeclined) &&
		!errors.Is(err, actors.ErrUnavailable) && !errors.Is(err, actors.ErrOverloaded) { // others are quicker
		s.t.Errorf("a buyer was told: %v", err)
	}
}

func (s *sale) audit() *audit.Report {
	s.t.Helper()
	report, err := audit.Run(s.t.Context(), s.store, audit.Options{Patience: 5 * time.Second,
		Payments: processorlist.Of(s.books)})
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// during sells from several goroutines while look is called back to back, and answers how often that was.
func (s *sale) during(timeMin time.Duration, looksMin int, look func()) (looks int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var buyers sync.WaitGroup
	for no := range byte(6) {
		lot := rand.New(rand.NewPCG(uint64(no), 7))
		buyers.Go(func() { s.buyer(ctx, lot, no) })
	}
	for begun := time.Now(); looks < looksMin || time.Since(begun) < timeMin; looks++ {
		look()
	}
	cancel()
	buyers.Wait()
	return looks
}

func noFinding(t *testing.T, report *audit.Report) {
	t.Helper()
	for _, finding := range report.Findings {
		t.Error(finding)
	}
}

func (s *sale) charge(key storage.SectionKey, no section.BookingNo) {
	s.t.Helper()
	// The pen's payments have no attempts: the processor has them by the booking's id.
	a := processor.AttemptID(actors.BookingID{Section: key, No: no}.String())
	ref, err := s.books.Open(s.t.Context(), processor.Opening{Attempt: a, Amount: 4500, Currency: "EUR"})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.books.Charge(s.t.Context(), processor.Charge{Attempt: a, Reference: ref, Token: "tok_ok"}); err != nil {
		s.t.Fatal(err)
	}
}

// pen writes a log by hand, in an event that no engine has heard of: the chain is right, what the records say is up to
// the test.
type pen struct {
	t     *testing.T
	store storage.Store
	key   storage.SectionKey
	tail  storage.Tail
	now   section.Instant
}

func newPen(t *testing.T, store storage.Store) *pen {
	t.Helper()
	plan, err := venue.Parse(
		[]byte(`{"sections":[{"id":"Z","category":"Stalls","rows":[{"label":"1","seats":20}]}]}`),
		venue.Options{Name: "By hand"},
	)
	if err != nil {
		t.Fatal(err)
	}
	p := &pen{t: t, store: store, key: storage.SectionKey{Event: storage.NewEventID()}}
	header := &storage.Event{
		ID: p.key.Event, Currency: "EUR", Sale: storage.SaleClosed, Prices: map[string]int64{"Stalls": 4500},
		Rules: section.Rules{
			HoldTTL: 1_000_000, HoldCeiling: 1_000_000,
		},
		Sections: []storage.SectionInfo{{ID: "Z", Seats: 20}},
	}
	if err := store.CreateEvent(t.Context(), header, plan.Encode()); err != nil {
		t.Fatal(err)
	}
	p.append(&storage.Append{Entry: storage.Entry{Kind: storage.EntryClaim}})
	return p
}

func (p *pen) append(a *storage.Append) {
	p.t.Helper()
	a.Section = p.key
	a.Entry.Seq, a.Entry.Epoch, a.Entry.Batch, a.Entry.Prev = p.tail.Seq+1, 1, storage.NewBatchID(), p.tail.Hash
	if err := p.store.Commit(p.t.Context(), []storage.Append{*a})[0]; err != nil {
		p.t.Fatal(err)
	}
	p.tail = a.Entry.After(storage.HashEntry(&a.Entry))
}

func (p *pen) record(sell []section.Ticket, refund []section.SeatIndex, changes ...section.Change) {
	p.t.Helper()
	p.now++
	var body []byte
	for i := range changes {
		changes[i].At = p.now
		body = section.AppendChange(body, p.now, &changes[i])
	}
	p.append(
		&storage.Append{
			Entry: storage.Entry{Kind: storage.EntryChanges, At: p.now, Body: body}, Sell: sell, Refund: refund,
		},
	)
}

func hold(no section.BookingNo, seat section.SeatIndex) section.Change {
	return section.Change{
		Kind: section.HoldPlaced, Booking: no, Buyer: section.BuyerID{byte(no)}, ExpiresAt: 1_000_000,
		Seats: []section.SeatIndex{seat},
	}
}

func step(kind section.ChangeKind, no section.BookingNo) section.Change {
	return section.Change{Kind: kind, Booking: no}
}

// TestAuditsWhileAnEngineSells (P1, P6, P10): back to back, never a finding, and the last one of the whole evening is
// clean too.
func TestAuditsWhileAnEngineSells(t *testing.T) {
	s := newSale(t)
	before := uint64(0)
	audits := s.during(2*time.Second, 20, func() {
		report := s.audit()
		noFinding(t, report)
		if records := report.Events[0].Records; records < before {
			t.Errorf("%d records, fewer than the %d seen before", records, before)
		} else {
			before = records
		}
	})
	report := s.audit()
	noFinding(t, report)
	b := report.Events[0].Bookings
	t.Logf("%d audits, the last of %d records: %+v, payments %+v", audits, report.Events[0].Records, b, report.Payments)
	if b.Confirmed == 0 || b.Refunded == 0 || b.Released == 0 || b.Expired == 0 || report.Payments.Declined == 0 {
		t.Errorf("too little happened for the audits to mean anything: %+v, payments %+v", b, report.Payments)
	}
}

// TestDamageIsFoundWhileAnEngineSells (P1, P6, P10): each kind planted once beside the sale, and every audit from then
// on finds every one.
func TestDamageIsFoundWhileAnEngineSells(t *testing.T) {
	s := newSale(t)
	hand := newPen(t, s.store)
	hand.record(
		nil, nil, hold(1, 0), hold(2, 1), hold(3, 2), step(section.PaymentBegun, 1), step(section.PaymentBegun, 2),
	)
	hand.record(
		[]section.Ticket{{Seat: 0, Booking: 1}, {Seat: 1, Booking: 2}}, nil, step(section.BookingSold, 1),
		step(section.BookingSold, 2),
	)
	s.charge(hand.key, 1)
	s.charge(hand.key, 2)
	noFinding(t, s.audit())

	hand.record(nil, []section.SeatIndex{0}, hold(4, 7))                  // a ticket that goes without a refund
	hand.record([]section.Ticket{{Seat: 9, Booking: 3}}, nil, hold(5, 8)) // a ticket that nobody sold
	hand.record(nil, nil, hold(6, 1))                                     // a seat that is sold already
	hand.record(nil, nil, step(section.PaymentBegun, 3))
	hand.record(
		[]section.Ticket{{Seat: 2, Booking: 3}}, nil, step(section.BookingSold, 3),
	) // a sale without a charge
	s.charge(
		hand.key, 4,
	) // money of a hold that nobody asked to pay
	s.charge(
		storage.SectionKey{Event: s.event, Section: 1}, 1_000_000_000,
	) // money without a booking, in a section that sells
	s.charge(storage.SectionKey{Event: storage.NewEventID(), Section: 1}, 1) // money without an event
	s.during(time.Second, 10, func() {
		report := s.audit()
		for says, code := range map[string]audit.Code{
			"seat 0 is sold to booking 1, but has no ticket":   audit.TicketMissing,
			"seat 9 of booking 3":                              audit.TicketStray,
			"seat 1 given to booking 6 while booking 2 has it": audit.Overlap,
			"booking 3 was sold in seats [2], but nobody":      audit.PaymentMissing,
			"but booking 4 is held":                            audit.PaymentStray,
			"booking 1000000000 that the log does not have":    audit.PaymentStray,
			"for a booking of no section of any event":         audit.PaymentStray,
		} {
			if !slices.ContainsFunc(
				report.Findings,
				func(f audit.Finding) bool { return f.Code == code && strings.Contains(f.Detail, says) },
			) {
				t.Errorf("no finding %s %q among %v", code, says, report.Findings)
			}
		}
		for _, finding := range report.Findings {
			if finding.Event == s.event.String() && finding.Code != audit.PaymentStray {
				t.Errorf("the sale itself is at fault: %v", finding)
			}
		}
	})
}
