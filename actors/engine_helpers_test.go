package actors

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// patience bounds every wait of these tests; none of them is meant to last.
const patience = 20 * time.Second

// box is an engine over a store in memory, with a clock that only the test moves and a processor that counts.
type box struct {
	t      *testing.T
	inner  *memstore.Store
	store  *faultstore.Store
	bank   *countingBank
	config Config
	e      *Engine
	event  storage.EventID
	now    atomic.Int64
}

// countingBank counts the charges asked for, and holds each until gate is closed when there is one.
type countingBank struct {
	*sandbox.Sandbox
	charges     atomic.Int64
	refundsLost atomic.Int64 // refunds that are to be lost on the way
	refundsFail atomic.Int64 // refunds that are to be refused
	gate        chan struct{}
	asked       chan struct{}
	before      func() // is called before a charge, if there is one
}

func (g *countingBank) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	g.charges.Add(1)
	if g.before != nil {
		g.before()
	}
	if g.gate != nil {
		g.asked <- struct{}{}
		<-g.gate
	}
	return g.Sandbox.Charge(ctx, c)
}

func (g *countingBank) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	if g.refundsLost.Add(-1) >= 0 {
		return processor.RefundUnknown, sandbox.ErrLost
	}
	if g.refundsFail.Add(-1) >= 0 {
		return processor.RefundFailed, nil
	}
	return g.Sandbox.Refund(ctx, r)
}

// total is what the bank says of all attempts of a booking: captured, less what went back or is on its way.
func (g *countingBank) total(t testing.TB, id BookingID) (captured, refunded int64, status processor.Status) {
	t.Helper()
	err := g.Payments(context.Background(), time.Time{}, func(p processor.Payment) error {
		if of, _, ok := till.ParseAttempt(p.Attempt); !ok || of != id {
			return nil
		}
		status = p.Status
		if p.Status == processor.Captured {
			captured, refunded = captured+p.Amount, refunded+p.Refunded
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return captured, refunded, status
}

func deadlineSoon() time.Time { return time.Now().Add(patience) }

const smallPlan = `{"sections":[{"id":"A","rows":[{"label":"1","seats":6},{"label":"2","seats":4}]},{"id":"B","rows":[{"label":"1","seats":6}]}]}`

func boxRules() section.Rules {
	return section.Rules{HoldTTL: 600_000, HoldCeiling: 900_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 6,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
}

func newBox(t *testing.T, rules section.Rules, config Config) *box {
	t.Helper()
	return newBoxOf(t, smallPlan, rules, config)
}

// newBoxOf is newBox with another plan.
func newBoxOf(t *testing.T, plan string, rules section.Rules, config Config) *box {
	t.Helper()
	v, err := venue.Parse([]byte(plan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	return newBoxIn(t, v, rules, config)
}

// newBoxIn is newBox in another venue.
func newBoxIn(t *testing.T, v *venue.Venue, rules section.Rules, config Config) *box {
	t.Helper()
	ledger, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, inner: memstore.New(), bank: &countingBank{Sandbox: ledger}, config: config}
	b.now.Store(1_000_000)
	b.store = faultstore.Wrap(b.inner, 1)
	b.config.Store = b.store
	if changing, ok := config.Processor.(*changingProcessor); ok {
		changing.set(b.bank)
	} else {
		b.config.Processor = b.bank
	}
	if b.config.Clock == nil {
		b.config.Clock = func() section.Instant { return section.Instant(b.now.Load()) }
	}
	b.open()
	header, err := b.e.CreateEvent(
		context.Background(),
		&storage.Event{Name: "small", Currency: "EUR", Sale: storage.SaleOpen, Rules: rules,
			Prices: map[string]int64{"standard": 4500}},
		v,
	)
	if err != nil {
		t.Fatal(err)
	}
	b.event = header.ID
	t.Cleanup(func() { b.close() })
	return b
}

func (b *box) open() {
	b.t.Helper()
	e, err := Open(context.Background(), b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.e = e
}

func (b *box) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.e.Close(ctx); err != nil {
		b.t.Errorf("close: %v", err)
	}
}

// restart is a node that stops and comes back on the same store.
func (b *box) restart() {
	b.t.Helper()
	b.close()
	b.open()
}

func caller(buyer byte, key uint64) Caller {
	c := Caller{Buyer: section.BuyerID{buyer}, Fingerprint: 1}
	if key != 0 {
		binary.BigEndian.PutUint64(c.Request[:], key)
		c.Request[15] = buyer
	}
	return c
}

func (b *box) hold(who Caller, seats ...string) (BookingView, error) {
	var out BookingView
	err := b.e.Book(&BookCall{Event: b.event, Caller: who, Seats: seats}, patience, &out)
	return out, err
}

func (b *box) best(who Caller, best BestAvailable) (BookingView, error) {
	var out BookingView
	err := b.e.Book(&BookCall{Event: b.event, Caller: who, Best: best}, patience, &out)
	return out, err
}

func (b *box) mustHold(who Caller, seats ...string) BookingView {
	b.t.Helper()
	out, err := b.hold(who, seats...)
	if err != nil {
		b.t.Fatalf("hold %v: %v", seats, err)
	}
	return out
}

func (b *box) confirm(id BookingID, who Caller, token string) (BookingView, error) {
	var out BookingView
	err := b.e.Confirm(id, who, token, patience, &out)
	return out, err
}

func (b *box) booking(id BookingID) BookingView {
	b.t.Helper()
	var out BookingView
	if err := b.e.Booking(id, Caller{Operator: true}, patience, &out); err != nil {
		b.t.Fatalf("booking: %v", err)
	}
	return out
}

// seatsOf is a buyer's count in the event's ledger.
func (b *box) seatsOf(buyer byte) uint32 {
	ev, _, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		b.t.Fatal(err)
	}
	return ev.buyers.Seats(section.BuyerID{buyer})
}

func (b *box) live() LiveMap {
	b.t.Helper()
	l, err := b.e.Live(context.Background(), b.event)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// letters is the map's view of one section.
func (b *box) letters(no storage.SectionNo) (letters string) {
	b.live().Read(func(at storage.SectionNo, s SectionStatus) {
		if at == no {
			letters = string(s.Letters)
		}
	})
	return letters
}

// until waits for the map to satisfy a condition, woken by its own changes.
func (b *box) until(what string, ok func() bool) {
	b.t.Helper()
	timeout := time.After(patience)
	l := b.live()
	for {
		changed := l.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			b.t.Fatalf("never came: %s", what)
		}
	}
}

func (b *box) key(no storage.SectionNo) storage.SectionKey {
	return storage.SectionKey{Event: b.event, Section: no}
}

func (b *box) section(no storage.SectionNo) *Section {
	b.t.Helper()
	_, o, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		b.t.Fatal(err)
	}
	return o.sections[no]
}

// retry repeats a call with the same key while the engine says that it may be repeated.
func (b *box) retry(call func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := call()
		if err != ErrUnavailable || time.Now().After(deadline) {
			return err
		}
		var wait time.Duration
		b.section(0).shard.Inspect(func(life *writer.Lifecycle) { wait = time.Until(life.NotUntil()) })
		<-time.After(max(wait, time.Millisecond)) // the section says itself when it may be asked again
	}
}

// together runs n calls at once and gives their errors.
func together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = call(i) })
	}
	all.Wait()
	return errs
}

func code(err error) string {
	if r, ok := err.(*Refusal); ok {
		return r.Code.String()
	}
	if err == nil {
		return "accepted"
	}
	return err.Error()
}
