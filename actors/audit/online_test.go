package audit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// meanwhile is a store on which somebody sells at chosen moments of an audit.
type meanwhile struct {
	*memstore.Store
	beforeInstant []func() // the first before the first instant, and so on
	inInstant     []func()
	lists         func() // before and after each list
}

func take(steps *[]func()) {
	if len(*steps) > 0 {
		step := (*steps)[0]
		*steps = (*steps)[1:]
		step()
	}
}

func (m *meanwhile) Freeze(ctx context.Context) (storage.Frozen, error) {
	take(&m.beforeInstant)
	at, err := m.Store.Freeze(ctx)
	take(&m.inInstant)
	return at, err
}

func (m *meanwhile) Sections(ctx context.Context) ([]storage.SectionKey, error) {
	m.lists()
	defer m.lists()
	return m.Store.Sections(ctx)
}

func (m *meanwhile) Events(ctx context.Context) ([]*storage.Event, error) {
	m.lists()
	defer m.lists()
	return m.Store.Events(ctx)
}

// play is a scene whose booking 1 is held and never paid, 2 is confirmed and charged, 3 and 4 are held, 3 after a
// payment that failed.
type play struct {
	*scene
	books
}

func newPlay(t *testing.T) *play {
	p := &play{newScene(t), books{}}
	p.record(
		nil, nil, p.hold(1, 0), p.hold(2, 1), p.hold(3, 2), p.hold(4, 3), change(section.PaymentBegun, 2),
		change(section.PaymentBegun, 3),
	)
	p.charge(2)
	p.sell(2, 1)
	p.record(nil, nil, change(section.PaymentFailed, 3))
	return p
}

func (p *play) charge(no section.BookingNo) { p.set(p.scene, no, audit.PaymentCharged, 4500) }
func (p *play) giveBack(no section.BookingNo) {
	p.set(p.scene, no, audit.PaymentRefunded, 4500)
}
func (p *play) begin(no section.BookingNo) { p.record(nil, nil, change(section.PaymentBegun, no)) }
func (p *play) sell(no section.BookingNo, seat section.SeatIndex) {
	p.record([]section.Ticket{{Seat: seat, Booking: no}}, nil, change(section.BookingSold, no))
}
func (p *play) refund(no section.BookingNo, seat section.SeatIndex) {
	p.record(nil, []section.SeatIndex{seat}, change(section.BookingRefundedChange, no))
}

// begun is an attempt as builds with attempts write it.
func (p *play) begun(no section.BookingNo, attempt uint8) section.Change {
	return section.Change{Kind: section.PaymentBegun, Booking: no, Pay: account.Payment{
		Attempt: attempt, Amount: 4500, Reference: "ref"}}
}

// try begins an attempt of booking 4.
func (p *play) try() { p.record(nil, nil, p.begun(4, 1)) }

// opened is how the processor has that attempt.
func (p *play) opened(status audit.PaymentStatus, back int64) {
	p.books[4] = audit.Payment{ID: "pay-1", Section: p.key, Booking: 4, Attempt: 1, Reference: "ref", Status: status,
		Amount: 4500, Refunded: back, Currency: "EUR"}
}

// log writes a change of booking 4 with what it says of money.
func (p *play) log(kind section.ChangeKind, pay account.Payment) {
	c := section.Change{Kind: kind, Booking: 4, Pay: pay}
	var sell []section.Ticket
	var back []section.SeatIndex
	switch seats := []section.SeatIndex{3}; {
	case kind == section.BookingSold:
		sell = []section.Ticket{{Seat: 3, Booking: 4}}
	case kind == section.RefundDone:
		c.Seats, back = seats, seats
	case kind == section.RefundDue && pay.Reason == account.Requested:
		c.Seats = seats
	}
	p.record(sell, back, c)
}

func (p *play) bought() {
	p.try()
	p.opened(audit.PaymentCharged, 0)
	p.log(section.BookingSold, account.Payment{Attempt: 1})
}

func (p *play) gaveUp() {
	p.try()
	p.log(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Cancelled})
}

func (p *play) owe() {
	p.log(section.RefundDue, account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 4500})
}

func (p *play) oweNobodys() {
	p.log(section.RefundDue, account.Payment{Refund: 1, Attempt: 1, Reason: account.Anomaly, Amount: 4500,
		Reference: "ref"})
}

func (p *play) done() { p.log(section.RefundDone, account.Payment{Refund: 1}) }

// interleavings are what goes on around an audit, first as it should, then with a step left out or done wrong.
var interleavings = []struct {
	name      string
	already   func(p *play) // before the audit
	meanwhile func(p *play) // between the section's instant and the processor's list
	again     func(p *play) // between the list and the suspects' second instant
	last      func(p *play) // between that and the list read again
	want      audit.Code    // "": clean
	says      string
	underWay  int
}{
	{name: "bought after the instant", meanwhile: func(p *play) { p.begin(1); p.charge(1); p.sell(1, 0) }},
	{name: "begun and charged after the instant", meanwhile: func(p *play) { p.begin(1); p.charge(1) }, underWay: 1},
	{name: "charged after the instant", already: func(p *play) { p.begin(1) },
		meanwhile: func(p *play) { p.charge(1) }, again: func(p *play) { p.sell(1, 0) }, underWay: 1},
	{name: "held, begun, charged and sold after the instant", meanwhile: func(p *play) {
		p.record(nil, nil, p.hold(5, 9))
		p.begin(5)
		p.charge(5)
		p.sell(5, 9)
	}},
	{name: "sold, and never charged", already: func(p *play) { p.begin(1); p.sell(1, 0) }, want: audit.PaymentMissing,
		says: "booking 1"},
	{
		name:    "sold, though declined",
		already: func(p *play) { p.begin(1); p.set(p.scene, 1, audit.PaymentDeclined, 4500); p.sell(1, 0) },
		want:    audit.PaymentMissing, says: "booking 1",
	},
	{
		name:    "charged another amount",
		already: func(p *play) { p.begin(1); p.set(p.scene, 1, audit.PaymentCharged, 1); p.sell(1, 0) },
		want:    audit.PaymentDiffers, says: "1 EUR",
	},
	{name: "charged another amount after the instant",
		meanwhile: func(p *play) { p.begin(1); p.set(p.scene, 1, audit.PaymentCharged, 1); p.sell(1, 0) },
		want:      audit.PaymentDiffers, says: "1 EUR"},
	{
		name:    "charged, in a word nobody knows",
		already: func(p *play) { p.begin(1); p.set(p.scene, 1, audit.PaymentUnknown, 4500); p.sell(1, 0) },
		want:    audit.Unreadable, says: "booking 1",
	},
	{name: "bought and given back after the instant, without attempts",
		meanwhile: func(p *play) { p.begin(1); p.charge(1); p.sell(1, 0); p.giveBack(1); p.refund(1, 0) }},
	{
		name:      "refunded after the instant, without attempts",
		meanwhile: func(p *play) { p.giveBack(2); p.refund(2, 1) }, underWay: 1,
	},
	{name: "refunded, and the money kept", already: func(p *play) { p.refund(2, 1) }, want: audit.PaymentStray,
		says: "booking 2 is refunded"},

	{name: "charged without a booking", already: func(p *play) { p.charge(5) }, want: audit.PaymentStray,
		says: "booking 5 that the log does not have"},
	{name: "refunded without a booking", already: func(p *play) { p.giveBack(5) }, want: audit.PaymentStray,
		says: "booking 5 that the log does not have"},
	{name: "charged, and no payment begun", already: func(p *play) { p.charge(1) }, want: audit.PaymentStray,
		says: "booking 1 is held"},
	{name: "charged, no payment begun, released", already: func(p *play) { p.charge(1) },
		meanwhile: func(p *play) { p.record(nil, nil, change(section.HoldReleased, 1)) }, want: audit.PaymentStray,
		says: "booking 1 is released"},
	{name: "charged, no payment begun, sold after the second instant", already: func(p *play) { p.charge(1) },
		last: func(p *play) { p.begin(1); p.sell(1, 0) }, want: audit.PaymentStray, says: "booking 1 is held"},

	{name: "late money, sold afterwards", already: func(p *play) { p.charge(3) },
		again: func(p *play) { p.begin(3); p.sell(3, 2) }},
	{name: "late money, begun again afterwards", already: func(p *play) { p.charge(3) },
		again: func(p *play) { p.begin(3) }, underWay: 1},
	{name: "late money, never settled", already: func(p *play) { p.charge(3) }, want: audit.PaymentStray,
		says: "booking 3 is held"},
	{name: "late money of a hold that ended, kept", already: func(p *play) { p.charge(3) },
		meanwhile: func(p *play) { p.record(nil, nil, change(section.HoldReleased, 3)) }, want: audit.PaymentStray,
		says: "booking 3 is released"},
	{name: "late money of another amount", already: func(p *play) { p.set(p.scene, 3, audit.PaymentCharged, 1) },
		again: func(p *play) { p.begin(3); p.sell(3, 2) }, want: audit.PaymentDiffers, says: "1 EUR"},

	{name: "an attempt bought after the instant", meanwhile: (*play).bought},
	{
		name:      "an attempt begun and charged after the instant",
		meanwhile: func(p *play) { p.try(); p.opened(audit.PaymentCharged, 0) }, underWay: 1,
	},
	{name: "an attempt given up after the instant", already: func(p *play) { p.try(); p.opened(audit.PaymentOpen, 0) },
		meanwhile: func(p *play) {
			p.opened(audit.PaymentDeclined, 0)
			p.log(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Declined})
		}},
	{
		name:    "an attempt given up and not decided (I3)",
		already: func(p *play) { p.gaveUp(); p.opened(audit.PaymentOpen, 0) }, want: audit.AttemptUnended, says: "I3",
	},
	{name: "owed and given after the instant", already: (*play).bought,
		meanwhile: func(p *play) { p.owe(); p.opened(audit.PaymentCharged, 4500) }, underWay: 1},
	{name: "owed, given and done after the instant", already: (*play).bought,
		meanwhile: func(p *play) { p.owe(); p.opened(audit.PaymentCharged, 4500); p.done() }},
	{name: "given after the instant, done after the list", already: func(p *play) { p.bought(); p.owe() },
		meanwhile: func(p *play) { p.opened(audit.PaymentCharged, 4500) }, again: (*play).done, underWay: 1},
	{name: "done, and not given", already: func(p *play) { p.bought(); p.owe(); p.done() }, want: audit.PaymentStray,
		says: "booking 4 is refunded"},
	{name: "given, and not owed (I6)", already: func(p *play) { p.bought(); p.opened(audit.PaymentCharged, 1) },
		last: (*play).owe, want: audit.RefundStray, says: "I6"},
	{name: "late money, owed back afterwards", already: func(p *play) { p.gaveUp(); p.opened(audit.PaymentCharged, 0) },
		again: (*play).oweNobodys, underWay: 1},
	{
		name:    "late money, owed back and given meanwhile",
		already: func(p *play) { p.gaveUp(); p.opened(audit.PaymentCharged, 0) }, meanwhile: (*play).oweNobodys,
		again: func(p *play) { p.opened(audit.PaymentCharged, 4500) }, underWay: 1,
	},
	{
		name:    "late money of an attempt, never owed",
		already: func(p *play) { p.gaveUp(); p.opened(audit.PaymentCharged, 0) }, want: audit.PaymentStray,
		says: "booking 4 is held",
	},
}

// TestEveryInterleavingOfMoney (P6): a sale that goes on is clean, and what is wrong in it is found all the same.
func TestEveryInterleavingOfMoney(t *testing.T) {
	for _, c := range interleavings {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(t)
			step := func(do func(*play)) func() {
				return func() {
					if do != nil {
						do(p)
					}
				}
			}
			step(c.already)()
			report := p.audit(t, &meanwhile{p.store.(*memstore.Store), []func(){func() {}, step(c.again)},
				[]func(){step(c.meanwhile), step(c.last)}, func() {}})
			if !report.Online {
				t.Error("a store that can be frozen was not audited online")
			}
			if c.want == "" {
				expectNot(t, report)
			} else if expect(t, report, c.want, c.says); len(report.Findings) != 1 {
				t.Errorf("%d findings: %v", len(report.Findings), report.Findings)
			}
			if len(report.UnderWay) != c.underWay {
				t.Errorf("under way: %v, want %d", report.UnderWay, c.underWay)
			}
			// The next audit, of the same store left alone, must say the same of damage.
			if again := p.audit(t, p.store); c.last == nil && again.Clean() != (c.want == "") {
				t.Errorf("the audit after it: %v", again.Findings)
			}
		})
	}
}

// TestEachSectionIsOneInstant (P1, P10): log, tickets and snapshot are of one moment, whatever is written between their
// readings.
func TestEachSectionIsOneInstant(t *testing.T) {
	p := newPlay(t)
	report := run(t, &meanwhile{p.store.(*memstore.Store), nil, []func(){func() {
		p.begin(1)
		p.sell(1, 0)
		p.refund(2, 1)
		p.snapshot(func(*storage.Snapshot) {})
	}}, func() {}})
	expectNot(t, report)
	if report.Events[0].Records != 4 || report.Events[0].Sold != 1 {
		t.Errorf("totals %+v, want those of the instant", report.Events[0].Totals)
	}
	if report.From.IsZero() || report.To.Before(report.From) {
		t.Errorf("instants from %v to %v", report.From, report.To)
	}
	expectNot(t, run(t, p.store))
}

// TestEventsMadeMeanwhileAreNoOrphans (P10), nor are their charges strays (P6); a log without an event still is one.
func TestEventsMadeMeanwhileAreNoOrphans(t *testing.T) {
	p := newPlay(t)
	orphan := storage.SectionKey{Event: storage.NewEventID()}
	e := storage.Entry{Kind: storage.EntryClaim, Seq: 1, Epoch: 1, Batch: storage.NewBatchID()}
	if err := p.store.Commit(t.Context(), []storage.Append{{Section: orphan, Entry: e}})[0]; err != nil {
		t.Fatal(err)
	}
	plan, err := p.store.Venue(t.Context(), p.event.ID)
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	source := &meanwhile{Store: p.store.(*memstore.Store), lists: func() {
		made++
		another := p.event.Clone()
		another.ID = storage.NewEventID()
		if err := p.store.CreateEvent(t.Context(), another, plan); err != nil {
			t.Fatal(err)
		}
		q := &play{
			&scene{t: t, store: p.store, event: another, key: storage.SectionKey{Event: another.ID}, now: day}, books{},
		}
		q.append(storage.EntryClaim, nil, nil, nil)
		q.record(nil, nil, q.hold(1, 0))
		q.begin(1)
		q.charge(1)
		p.books[section.BookingNo(100+made)] = q.books[1]
		q.sell(1, 0)
	}}
	report := p.audit(t, source)
	expect(t, report, audit.Orphan, "no section")
	if len(report.Findings) != 1 || made != 6 || report.Payments.Unchecked != 1 {
		t.Errorf("%d events made, findings %v, payments %+v", made, report.Findings, report.Payments)
	}
	for _, e := range report.Events {
		if e.Logs != 1 {
			t.Errorf("event %s: %d logs, want 1", e.Event, e.Logs)
		}
	}
}

// TestBooksAreReadAgainOnlyForASuspect: reading them may be dear. What they cannot tell is said, and is no silence.
func TestBooksAreReadAgainOnlyForASuspect(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(p *play)
		broken    bool
		reads     int
	}{
		{"quiet", func(*play) {}, false, 1},
		{"bought meanwhile", func(p *play) { p.begin(1); p.charge(1); p.sell(1, 0) }, false, 2},
		{"bought meanwhile, the books gone", func(p *play) { p.begin(1); p.charge(1); p.sell(1, 0) }, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(t)
			reads := 0
			source := &meanwhile{p.store.(*memstore.Store), nil, []func(){func() { c.meanwhile(p) }}, func() {}}
			report, err := audit.Run(
				t.Context(), source,
				audit.Options{Payments: func(_ context.Context, _ time.Time, visit func(audit.Payment)) error {
					if reads++; reads == 2 && c.broken {
						return errors.New("the books are gone")
					}
					for _, one := range p.books {
						visit(one)
					}
					return nil
				}},
			)
			if err != nil || reads != c.reads {
				t.Errorf("%d readings (%v), want %d", reads, err, c.reads)
			}
			if !c.broken {
				expectNot(t, report)
			} else if expect(t, report, audit.Unreadable, "the books are gone"); report.Payments.Unchecked != 1 {
				t.Errorf("payments %+v, want 1 unchecked", report.Payments)
			}
		})
	}
}

// TestPatienceIsForLateMoneyOnly (P6): it is waited out once, and a purchase under way waits for nothing.
func TestPatienceIsForLateMoneyOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(p *play)
		want  time.Duration
	}{
		{"nothing", func(*play) {}, 0},
		{"a charge without a payment begun", func(p *play) { p.charge(1) }, 0},
		{"late money", func(p *play) { p.charge(3) }, time.Minute},
		{"late money twice", func(p *play) {
			p.begin(4)
			p.record(nil, nil, change(section.PaymentFailed, 4))
			p.charge(3)
			p.charge(4)
		}, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				c.plant(p)
				begun := time.Now()
				read := func(_ context.Context, _ time.Time, visit func(audit.Payment)) error {
					for _, one := range p.books {
						visit(one)
					}
					return nil
				}
				if _, err := audit.Run(t.Context(), p.store, audit.Options{Patience: time.Minute, Payments: read}); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// A wait that nobody wants any longer ends, and is no audit.
func TestPatienceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.charge(3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := audit.Run(
			ctx, p.store,
			audit.Options{
				Patience: time.Hour,
				Payments: func(_ context.Context, _ time.Time, visit func(audit.Payment)) error {
					visit(p.books[3])
					return nil
				},
			},
		)
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// TestLagLiesBetweenListAndSecondLook (P6): an instant that lies in the past is still no older than the list.
func TestLagLiesBetweenListAndSecondLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.charge(1)
		var read, frozen time.Time
		source := &meanwhile{
			p.store.(*memstore.Store), []func(){func() {}, func() { frozen = time.Now() }}, nil, func() {},
		}
		_, err := audit.Run(
			t.Context(), source,
			audit.Options{
				Lag: time.Second,
				Payments: func(_ context.Context, _ time.Time, visit func(audit.Payment)) error {
					if read.IsZero() {
						read = time.Now()
					}
					visit(p.books[1])
					return nil
				},
			},
		)
		if lag := frozen.Sub(read); err != nil || lag != time.Second {
			t.Errorf("the second instant is %v after the list (%v), want 1s", lag, err)
		}
		begun := time.Now()
		if _, err := audit.Run(t.Context(), tampered{p.store, func(*storage.Entry, *storage.Hash) error { return nil }}, audit.Options{Lag: time.Second}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("a quiet source was waited for, %v", took)
		}
	})
}

// TestAnInstantIsShortAndServesSeveralSections: a transaction as long as the audit would hurt the server, one for each
// section the audit.
func TestAnInstantIsShortAndServesSeveralSections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, instants := memstore.New(), 0
		for range 5 {
			newSceneIn(t, store).story()
		}
		count := func() { instants++ }
		source := &meanwhile{store, []func(){count, count, count, count, count}, nil, func() {}}
		report, err := audit.Run(
			t.Context(), source, audit.Options{Progress: func(int, int) { <-time.After(600 * time.Millisecond) }},
		)
		if err != nil || instants != 3 {
			t.Errorf("%d instants (%v), want one for every two sections of 0.6 s", instants, err)
		}
		expectNot(t, report)
	})
}
