package processorlist_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/audit/processorlist"
	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/actors/checkout/stripe"
	"holdfast/actors/checkout/stripe/stripetest"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// bank is a processor with what its tokens are called.
type bank struct {
	processor.Processor
	ok, declined, challenge, refundFails, refundPending, dispute string
}

func banks(t *testing.T) map[string]func() *bank {
	t.Helper()
	pretended := func() *sandbox.Sandbox {
		s, err := sandbox.Open("")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	tokens := bank{ok: "tok_ok", declined: "tok_declined", challenge: "tok_challenge", refundFails: "tok_refund_fails",
		refundPending: "tok_refund_pending", dispute: "tok_dispute"}
	return map[string]func() *bank{
		"sandbox": func() *bank {
			b := tokens
			b.Processor = pretended()
			return &b
		},
		"sandbox elsewhere": func() *bank {
			b := tokens
			server := httptest.NewServer(remote.Handler(pretended()))
			t.Cleanup(server.Close)
			client, err := remote.New(server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			b.Processor = client
			return &b
		},
		"stripe": func() *bank {
			server := httptest.NewServer(stripetest.New())
			t.Cleanup(server.Close)
			adapter, err := stripe.New(stripe.Config{Key: stripetest.Key, URL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			return &bank{adapter, stripetest.Visa, stripetest.Declined, stripetest.Challenge, stripetest.RefundFails,
				stripetest.RefundPending, stripetest.Dispute}
		},
	}
}

const seatCost = 4500

// world is a store with a section's log, written by hand, and a processor. Booking 1 has seats 0 and 1, and is held.
type world struct {
	*bank
	t     *testing.T
	store *memstore.Store
	key   storage.SectionKey
	tail  storage.Tail
	now   section.Instant
}

func newWorld(t *testing.T, b *bank) *world {
	t.Helper()
	plan, err := venue.Parse(
		[]byte(`{"sections":[{"id":"A","category":"Stalls","rows":[{"label":"1","seats":12}]}]}`),
		venue.Options{Name: "Hall"},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{bank: b, t: t, store: memstore.New(), now: 1_800_000_000_000}
	header := &storage.Event{
		ID: storage.NewEventID(), Name: "Night", Currency: "EUR", Sale: storage.SaleOpen,
		Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 8,
			DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
		Prices: map[string]int64{"Stalls": seatCost}, Sections: []storage.SectionInfo{{ID: "A", Name: "A", Seats: 12}},
	}
	if err := w.store.CreateEvent(t.Context(), header, plan.Encode()); err != nil {
		t.Fatal(err)
	}
	w.key = storage.SectionKey{Event: header.ID}
	w.append(storage.EntryClaim, nil, nil, nil)
	w.log(section.Change{Kind: section.HoldPlaced, Buyer: section.BuyerID{1}, ExpiresAt: w.now + 600_000,
		Seats: []section.SeatIndex{0, 1}})
	return w
}

func (w *world) append(kind storage.EntryKind, body []byte, sell []section.Ticket, back []section.SeatIndex) {
	w.t.Helper()
	epoch := w.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	e := storage.Entry{Kind: kind, Seq: w.tail.Seq + 1, Epoch: epoch, Batch: storage.NewBatchID(), At: w.now,
		Prev: w.tail.Hash, Body: body}
	all := []storage.Append{{Section: w.key, Entry: e, Sell: sell, Refund: back}}
	if err := w.store.Commit(w.t.Context(), all)[0]; err != nil {
		w.t.Fatal(err)
	}
	w.tail = e.After(storage.HashEntry(&e))
}

// log writes a change of booking 1.
func (w *world) log(c section.Change) {
	w.t.Helper()
	w.now += 1000
	c.Booking, c.At = 1, w.now
	var sell []section.Ticket
	var back []section.SeatIndex
	switch c.Kind {
	case section.BookingSold:
		sell = []section.Ticket{{Seat: 0, Booking: 1}, {Seat: 1, Booking: 1}}
	case section.RefundPending, section.RefundDone:
		back = c.Seats
	default:
	}
	w.append(storage.EntryChanges, section.AppendChange(nil, w.now, &c), sell, back)
}

func (w *world) pay(kind section.ChangeKind, p account.Payment, seats ...section.SeatIndex) {
	w.t.Helper()
	w.log(section.Change{Kind: kind, Pay: p, Seats: seats})
}

func (w *world) attempt(no section.BookingNo, number uint8) processor.AttemptID {
	return till.AttemptID(&till.Booking{ID: booking.ID{Section: w.key, No: no}}, number)
}

// open opens an attempt at the processor.
func (w *world) open(no section.BookingNo, number uint8, amount int64, currency string) processor.Reference {
	w.t.Helper()
	ref, err := w.Open(w.t.Context(), processor.Opening{Attempt: w.attempt(no, number), Amount: amount,
		Currency: currency})
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

// charge takes the money of one.
func (w *world) charge(no section.BookingNo, number uint8, ref processor.Reference, token string) {
	w.t.Helper()
	a := w.attempt(no, number)
	c := processor.Charge{Attempt: a, Reference: ref, Token: token, Return: "https://shop.example/"}
	if _, err := w.Charge(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

// give gives money of booking 1's first attempt back.
func (w *world) give(ref processor.Reference, refund uint32, amount int64) {
	w.t.Helper()
	id := booking.ID{Section: w.key, No: 1}
	if _, err := w.Refund(w.t.Context(), processor.Refund{ID: till.RefundID(id, refund), Attempt: w.attempt(1, 1),
		Reference: ref, Amount: amount, Currency: "EUR"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) begin(number uint8, ref processor.Reference) {
	w.t.Helper()
	w.pay(section.PaymentBegun, account.Payment{Attempt: number, Amount: 2 * seatCost, Reference: string(ref)})
}

// buy is a booking as it should be bought.
func (w *world) buy(token string) processor.Reference {
	w.t.Helper()
	ref := w.open(1, 1, 2*seatCost, "EUR")
	w.begin(1, ref)
	w.charge(1, 1, ref, token)
	w.pay(section.BookingSold, account.Payment{Attempt: 1})
	return ref
}

// owe owes the second seat.
func (w *world) owe() {
	w.t.Helper()
	w.pay(section.RefundDue, account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: seatCost}, 1)
}

// plants are discrepancies of each kind, planted alone, and what is no damage.
var plants = []struct {
	name     string
	plant    func(w *world)
	want     audit.Code // "": clean
	says     string
	underWay audit.Code
}{
	{name: "bought", plant: func(w *world) { w.buy(w.ok) }},
	{name: "declined, then bought", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "EUR")
		w.begin(1, ref)
		w.charge(1, 1, ref, w.declined)
		w.pay(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Declined})
		ref = w.open(1, 2, 2*seatCost, "EUR")
		w.begin(2, ref)
		w.charge(1, 2, ref, w.ok)
		w.pay(section.BookingSold, account.Payment{Attempt: 2})
	}},
	{name: "a seat given back", plant: func(w *world) {
		ref := w.buy(w.ok)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
	}},
	{name: "a refund that failed, and the next that did not", plant: func(w *world) {
		ref := w.buy(w.refundFails)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundFailed, account.Payment{Refund: 1, Next: 2})
		w.give(ref, 2, seatCost)
		w.pay(section.RefundDone, account.Payment{Refund: 2}, 1)
	}},
	{name: "opened and left by its buyer", plant: func(w *world) { w.open(1, 1, 2*seatCost, "EUR") }},
	{name: "charged, not sold yet", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "EUR")
		w.begin(1, ref)
		w.charge(1, 1, ref, w.ok)
	}, underWay: audit.ChargeUnderWay},
	{name: "owed, not given yet", plant: func(w *world) { w.buy(w.ok); w.owe() }, underWay: audit.RefundUnderWay},
	{name: "a refund that is pending", plant: func(w *world) {
		ref := w.buy(w.refundPending)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundPending, account.Payment{Refund: 1}, 1)
	}, underWay: audit.RefundUnderWay},
	{name: "a refund that failed for good", plant: func(w *world) {
		ref := w.buy(w.refundFails)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundFailed, account.Payment{Refund: 1})
	}, underWay: audit.RefundFailed},

	{name: "money of a booking that no log has", plant: func(w *world) {
		w.charge(7, 1, w.open(7, 1, seatCost, "EUR"), w.ok)
	}, want: audit.PaymentStray, says: "booking 7 that the log does not have"},
	{name: "charged and never begun (I2)", plant: func(w *world) {
		w.charge(1, 1, w.open(1, 1, 2*seatCost, "EUR"), w.ok)
	}, want: audit.PaymentStray, says: "booking 1 is held"},
	{name: "charged twice (I4)", plant: func(w *world) {
		w.buy(w.ok)
		w.charge(1, 2, w.open(1, 2, 2*seatCost, "EUR"), w.ok)
	}, want: audit.PaymentStray, says: "no such attempt"},
	{name: "sold, and the processor has cancelled it (I4)", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "EUR")
		w.begin(1, ref)
		if _, err := w.Cancel(w.t.Context(), w.attempt(1, 1), ref); err != nil {
			w.t.Fatal(err)
		}
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PaymentMissing, says: "booking 1 was sold"},
	{name: "sold, and the processor knows nothing (I4)", plant: func(w *world) {
		w.begin(1, "pi_nobody")
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PaymentMissing, says: "booking 1 was sold"},
	{name: "another amount (I12)", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost-1, "EUR")
		w.begin(1, ref)
		w.charge(1, 1, ref, w.ok)
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PaymentDiffers, says: "89.99 EUR, booking 1 costs 90.00 EUR"},
	{name: "another currency (I12)", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "USD")
		w.begin(1, ref)
		w.charge(1, 1, ref, w.ok)
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PaymentDiffers, says: "90.00 USD"},
	{name: "an attempt of another amount in the log (I12)", plant: func(w *world) {
		ref := w.open(1, 1, seatCost, "EUR")
		w.pay(section.PaymentBegun, account.Payment{Attempt: 1, Amount: seatCost, Reference: string(ref)})
		w.charge(1, 1, ref, w.ok)
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PriceDiffers, says: "I12: attempt 1 of booking 1 is of 45.00 EUR"},
	{name: "another reference (I2)", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "EUR")
		w.begin(1, ref+"x")
		w.charge(1, 1, ref, w.ok)
		w.pay(section.BookingSold, account.Payment{Attempt: 1})
	}, want: audit.PaymentDiffers, says: "I2"},
	{name: "begun without a reference (I2)", plant: func(w *world) { w.begin(1, "") }, want: audit.WrongChange,
		says: "I2: attempt 1"},
	{name: "two live attempts (I1)", plant: func(w *world) {
		w.begin(1, w.open(1, 1, 2*seatCost, "EUR"))
		w.open(1, 2, 2*seatCost, "EUR")
	}, want: audit.AttemptsLive, says: "2 payments that are not decided"},
	{name: "an attempt begun beside an open one (I1)", plant: func(w *world) { w.begin(1, "a"); w.begin(2, "b") },
		want: audit.WrongChange, says: "I1: attempt 2 begun while attempt 1 is open"},
	{name: "a late word on another attempt (I1)", plant: func(w *world) {
		w.begin(1, "a")
		w.pay(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Declined})
		w.begin(2, "b")
		w.pay(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Declined})
	}, want: audit.WrongChange, says: "I1: a word on attempt 1 while attempt 2 is open"},
	{name: "given up, and not decided (I3)", plant: func(w *world) {
		w.begin(1, w.open(1, 1, 2*seatCost, "EUR"))
		w.pay(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Cancelled})
	}, want: audit.AttemptUnended, says: "I3"},
	{name: "late money that nobody owes back (I5)", plant: func(w *world) {
		ref := w.open(1, 1, 2*seatCost, "EUR")
		w.begin(1, ref)
		w.pay(section.PaymentFailed, account.Payment{Attempt: 1, Reason: account.Cancelled})
		w.charge(1, 1, ref, w.ok)
	}, want: audit.PaymentStray, says: "booking 1 is held"},
	{name: "given back by hand (I6)", plant: func(w *world) { w.give(w.buy(w.ok), 9, 1) }, want: audit.RefundStray,
		says: "0.01 EUR given back"},
	{name: "given back twice under two ids (I6)", plant: func(w *world) {
		ref := w.buy(w.ok)
		w.owe()
		w.give(ref, 1, seatCost)
		w.give(ref, 2, seatCost)
		w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
	}, want: audit.RefundStray, says: "I6"},
	{name: "given back, by the log only", plant: func(w *world) {
		w.buy(w.ok)
		w.owe()
		w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
	}, want: audit.RefundMissing, says: "0.00 EUR given back, the log of booking 1 says 45.00 EUR"},
	{name: "given back by the log, and the bank said no", plant: func(w *world) {
		ref := w.buy(w.refundFails)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
	}, want: audit.RefundMissing, says: "45.00 EUR"},
	{name: "more owed than taken (I6)", plant: func(w *world) {
		w.buy(w.ok)
		w.pay(
			section.RefundDue,
			account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 2*seatCost + 1}, 0, 1,
		)
	}, want: audit.WrongChange, says: "I6: refunds of attempt 1 are 9001, and 9000 was taken"},
	{name: "one refund's id twice (I6)", plant: func(w *world) {
		w.buy(w.ok)
		w.owe()
		w.pay(section.RefundDue, account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 1}, 0)
	}, want: audit.WrongChange, says: "I6: refund 1 owed where refund 2 is next"},
	{name: "one refund done twice (I6)", plant: func(w *world) {
		ref := w.buy(w.ok)
		w.owe()
		w.give(ref, 1, seatCost)
		w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
		w.pay(section.RefundDone, account.Payment{Refund: 1})
	}, want: audit.WrongChange, says: "I6: refund 1 becomes refunded after refunded"},
}

// TestPlantedDiscrepanciesAreFoundAtEveryProcessor (P6, P10; I1 to I6, I12): each kind, planted alone in the log or at
// the processor, is found through the processor's own list; and what is in order, or under way, is no finding.
func TestPlantedDiscrepanciesAreFoundAtEveryProcessor(t *testing.T) {
	for name, open := range banks(t) {
		for _, c := range plants {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				w := newWorld(t, open())
				c.plant(w)
				report := w.audit()
				found := false
				for _, f := range report.Findings {
					found = found || f.Code == c.want && strings.Contains(f.Detail, c.says)
				}
				if found != (c.want != "") || c.want == "" && !report.Clean() {
					t.Errorf("want %q %q, findings %v", c.want, c.says, report.Findings)
				}
				if got := len(report.UnderWay); c.want == "" && (got > 0) != (c.underWay != "") ||
					c.underWay != "" && (got != 1 || report.UnderWay[0].Code != c.underWay) {
					t.Errorf("want %q under way, got %v", c.underWay, report.UnderWay)
				}
			})
		}
	}
}

func (w *world) audit() *audit.Report {
	w.t.Helper()
	report, err := audit.Run(w.t.Context(), quiet{w.store}, audit.Options{Payments: processorlist.Of(w.Processor)})
	if err != nil || !report.Payments.Checked {
		w.t.Fatalf("%v, %+v", err, report)
	}
	return report
}

// quiet is a store that nobody writes.
type quiet struct{ audit.Source }

// TestSumsOfMoney (P6): charged = sold + refunded + owed back + in transit, and disputes stand apart.
func TestSumsOfMoney(t *testing.T) {
	for name, open := range banks(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open())
			ref := w.buy(w.dispute)
			w.owe()
			w.give(ref, 1, seatCost)
			w.pay(section.RefundDone, account.Payment{Refund: 1}, 1)
			report := w.audit()
			sums := report.Payments.Money
			if !report.Clean() || len(report.Disputes) != 1 || len(sums) != 1 {
				t.Fatalf("findings %v, disputes %v, sums %+v", report.Findings, report.Disputes, sums)
			}
			if s := sums[0]; s.Charged != 9000 || s.Sold != 4500 || s.Refunded != 4500 || s.Owed != 0 ||
				s.InTransit != 0 || s.Disputed != 9000 || s.Currency != "EUR" {
				t.Errorf("sums %+v", s)
			}
		})
	}
}

// Kind: an account shared with others, whose payments are taken for money that the logs lost.
func TestOthersPaymentsAreCountedAndNoMore(t *testing.T) {
	w := newWorld(t, banks(t)["stripe"]())
	w.buy(w.ok)
	ref, err := w.Open(t.Context(), processor.Opening{Amount: 100, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Charge(t.Context(), processor.Charge{Reference: ref, Token: w.ok}); err != nil {
		t.Fatal(err)
	}
	if report := w.audit(); !report.Clean() || report.Payments.Foreign != 1 || report.Payments.Charged != 1 {
		t.Errorf("findings %v, payments %+v", report.Findings, report.Payments)
	}
}
