package section

import (
	"bytes"
	"testing"
)

// begunAndFailed has one hold on which so many payments were tried and declined.
func begunAndFailed(attempts int) *desk {
	k := newDesk(rowsLayout(6), testRules)
	held(k)
	for range attempts {
		k.do(on(BeginPayment))
		k.do(on(FailPayment))
	}
	return k
}

// TestExtendsOfNothingAreNotRecorded guards P5 and the log: asking again and again moves nothing, and writes and
// remembers nothing.
func TestExtendsOfNothingAreNotRecorded(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	held(k)
	before := len(k.log)
	for i := range 999 {
		c := on(ExtendHold)
		c.At, c.Request = Instant(i), requestOf(uint64(i))
		if out := k.do(c); out.Rejection != Accepted || !out.Repeat || out.ExpiresAt != 600_000 || out.Booking != 1 {
			t.Fatalf("extended after %d ms: %+v", i, out)
		}
	}
	if len(k.log) != before {
		t.Errorf("%d records of extensions by less than a second", len(k.log)-before)
	}
	c := on(ExtendHold)
	c.At, c.Request = 1000, requestOf(0) // the key of a repeat is free still: at most one effect
	if out := k.do(c); out.Repeat || out.ExpiresAt != 601_000 {
		t.Errorf("extended by a second: %+v", out)
	}
	if out := k.do(c); !out.Repeat || out.ExpiresAt != 601_000 {
		t.Errorf("the same again: %+v", out)
	}
}

// TestShortHoldsCanBeExtended: the least gain must not lock holds of a second or two.
func TestShortHoldsCanBeExtended(t *testing.T) {
	r := testRules
	r.HoldTTL = 1000
	k := newDesk(rowsLayout(6), r)
	held(k)
	c := on(ExtendHold)
	c.At = 500
	if out := k.do(c); out.Repeat || out.ExpiresAt != 1500 {
		t.Errorf("%+v", out)
	}
}

// TestPaymentAttemptsOutliveEverything: the count of payments is the same after a replay and after a snapshot (P6,
// P10).
func TestPaymentAttemptsOutliveEverything(t *testing.T) {
	for attempts := range PaymentAttemptsMax + 1 {
		k := begunAndFailed(attempts)
		again, err := Restore(k.state.layout, testRules, k.state.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		want := Accepted
		if attempts == PaymentAttemptsMax {
			want = PaymentAttempts
		}
		for name, s := range map[string]*State{"live": k.state, "replayed": k.replay(), "restored": again} {
			c := on(BeginPayment)
			s.nameAttempt(&c)
			if s.Decide(&c, &k.d); k.d.Outcome.Rejection != want {
				t.Errorf("%s, after %d attempts: %v, want %v", name, attempts, k.d.Outcome.Rejection, want)
			}
		}
	}
}

// TestLogsFromBeforeTheLimitReplay: Apply takes more attempts than Decide allows, and a snapshot of them reads back.
func TestLogsFromBeforeTheLimitReplay(t *testing.T) {
	k := begunAndFailed(0)
	for i := range 40 {
		kind := []ChangeKind{PaymentBegun, PaymentFailed}[i%2]
		k.state.Apply(&Change{Kind: kind, Booking: 1}, nil)
	}
	body := k.state.AppendSnapshot(nil)
	again, err := Restore(k.state.layout, testRules, body)
	if err != nil || !bytes.Equal(again.AppendSnapshot(nil), body) {
		t.Fatalf("restored: %v", err)
	}
	if !bytes.Equal(again.AppendTruth(nil), k.state.AppendTruth(nil)) {
		t.Error("another truth")
	}
}

// nameless is begunAndFailed as the log of a build without attempts has it.
func nameless(attempts int) *desk {
	k := begunAndFailed(0)
	for i := range 2 * attempts {
		k.state.Apply(&Change{Kind: []ChangeKind{PaymentBegun, PaymentFailed}[i%2], Booking: 1}, nil)
	}
	return k
}

// TestOldSnapshotsStay: without attempts the bytes are those of version 1, which older builds wrote and read; and what
// they wrote of bookings with attempts is read, and knows none. What such a build has written of payments stays what it
// wrote: no account is made of it (P6).
func TestOldSnapshotsStay(t *testing.T) {
	k := begunAndFailed(0)
	if body := k.state.AppendSnapshot(nil); body[0] != 1 || !bytes.Equal(body, k.state.AppendTruth(nil)) {
		t.Errorf("version %d without attempts", body[0])
	}
	if body := begunAndFailed(2).state.AppendSnapshot(nil); body[0] != 4 {
		t.Errorf("version %d with accounts", body[0])
	}
	k = nameless(2)
	if body := k.state.AppendSnapshot(nil); body[0] != 2 {
		t.Errorf("version %d with attempts", body[0])
	}
	old, err := Restore(k.state.layout, testRules, k.state.AppendTruth(nil))
	if err != nil || !bytes.Equal(old.AppendTruth(nil), k.state.AppendTruth(nil)) {
		t.Fatalf("version 1 of it: %v", err)
	}
	if _, err := Restore(k.state.layout, testRules, append([]byte{2}, old.AppendSnapshot(nil)[1:]...)); err == nil {
		t.Error("version 2 without need is taken: two forms of one state")
	}
}

// TestOneBuyerFillsNoMemory: past RequestsPerBuyerMax remembered requests holds and extensions of that buyer are
// refused, nothing is forgotten early (P5), releases and payments go on, others are not touched, and time heals.
func TestOneBuyerFillsNoMemory(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	first := requested(place(4))
	k.do(first)
	mine := k.d.Outcome.Booking
	for i := range uint64(RequestsPerBuyerMax) {
		hold := place(5)
		hold.Request = requestOf(2 * i)
		if k.do(hold).Rejection == Accepted {
			k.do(
				Command{
					Kind: ReleaseHold, Booking: k.d.Outcome.Booking, Buyer: buyerOf(9), Request: requestOf(2*i + 1),
				},
			)
		}
	}
	if n := k.state.requests.entries.Len(); n > RequestsPerBuyerMax+1 {
		t.Fatalf("%d requests of one buyer are remembered", n)
	}
	again, err := Restore(k.state.layout, testRules, k.state.AppendSnapshot(nil))
	if err != nil {
		t.Fatal(err)
	}
	fresh, act := requestOf(1<<41), func(kind CommandKind, at Instant) Command {
		return Command{Kind: kind, At: at, Booking: mine, Buyer: buyerOf(9), Request: requestOf(1<<42 + uint64(kind))}
	}
	hold := place(5)
	hold.Request = fresh
	stranger, desk := hold, hold
	stranger.Buyer, desk.Operator = buyerOf(3), true
	late := hold
	late.At = Instant(DefaultDedupeWindow) + 1
	for _, c := range []struct {
		name   string
		c      Command
		want   Rejection
		repeat bool
	}{
		{"the first key again", first, Accepted, true},
		{"a hold", hold, TooManyRequests, false},
		{"an extension", act(ExtendHold, 2000), TooManyRequests, false},
		{"a payment", act(BeginPayment, 2000), Accepted, false},
		{"a release", act(ReleaseHold, 2000), Accepted, false},
		{"another buyer", stranger, Accepted, false},
		{"a box office", desk, Accepted, false},
		{"a day later", late, Accepted, false},
	} {
		for name, s := range map[string]*State{"live": k.state, "replayed": k.replay(), "restored": again} {
			c := c
			s.nameAttempt(&c.c)
			if s.Decide(&c.c, &k.d); k.d.Outcome.Rejection != c.want || k.d.Outcome.Repeat != c.repeat {
				t.Errorf(
					"%s, %s: %v repeat %v, want %v", c.name, name, k.d.Outcome.Rejection, k.d.Outcome.Repeat, c.want,
				)
			}
		}
	}
}
