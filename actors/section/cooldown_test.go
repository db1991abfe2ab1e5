package section

import (
	"slices"
	"testing"

	"holdfast/actors/section/account"
)

// clerk is a desk with a clock.
type clerk struct {
	*desk
	now Instant
}

func newClerk() *clerk { return &clerk{newDesk(rowsLayout(10, 20), testRules), 1000} }

func (k *clerk) do(c Command) Outcome {
	c.At = k.now
	return k.desk.do(c)
}

// letRunOut has a buyer hold seats, be asked by the bank, and let the question and then the hold run out.
func (k *clerk) letRunOut(buyer uint64, seats ...SeatIndex) {
	k.now = max(k.now, k.state.LastAt())
	word := Command{Booking: k.mustHold(buyer, k.now, seats...), Buyer: buyerOf(buyer), Operator: true}
	for _, kind := range []CommandKind{BeginPayment, ChallengePayment, FailPayment} {
		if word.Kind = kind; kind == FailPayment {
			k.now += account.ChallengeMax
			word.Pay.Reason = account.Cancelled
		}
		k.do(word)
	}
	end, _ := k.state.NextExpiry()
	k.now = max(k.now, end)
	k.do(Command{Kind: ExpireHolds, Max: 10})
}

// TestSeatsOfAChallengeThatRanOutCoolDown: who let it run out does not get the same seats at once, by name or as the
// best; others do, and so does everybody later; after a restart from snapshot or log it is the same.
func TestSeatsOfAChallengeThatRanOutCoolDown(t *testing.T) {
	k := newClerk()
	k.letRunOut(1, 4, 5) // in the middle of the first row: the best of all
	ended := k.now
	restored, err := Restore(k.state.layout, k.state.rules, k.state.AppendSnapshot(nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*State{"as it was": k.state, "replayed": k.replay(), "restored": restored} {
		try := func(buyer uint64, at Instant, c Command) *Decision {
			d := &Decision{}
			c.Kind, c.Buyer, c.At = max(c.Kind, PlaceHold), buyerOf(buyer), at
			before := s.AppendSnapshot(nil)
			s.Decide(&c, d)
			if !slices.Equal(before, s.AppendSnapshot(nil)) ||
				string(s.AppendLetters(nil)) != string(k.state.AppendLetters(nil)) {
				t.Fatalf("%s: deciding changes the state", name)
			}
			return d
		}
		d := try(1, ended+1, Command{Seats: seatsOf(5, 6)})
		if o := d.Outcome; o.Rejection != ChallengeCoolDown || !slices.Equal(o.Lost, seatsOf(5)) ||
			o.ExpiresAt != ended+account.CoolDown || (o.DependsOn == 0) != (name == "restored") {
			t.Errorf("%s: the same seats at once: %+v", name, o)
		}
		for what, ok := range map[string]*Decision{
			"other seats":     try(1, ended+1, Command{Seats: seatsOf(6, 7)}),
			"another buyer":   try(2, ended+1, Command{Seats: seatsOf(4, 5)}),
			"an operator":     try(1, ended+1, Command{Seats: seatsOf(4), Operator: true}),
			"when it is over": try(1, ended+account.CoolDown, Command{Seats: seatsOf(4, 5)}),
		} {
			if ok.Outcome.Rejection != Accepted {
				t.Errorf("%s: %s: %v", name, what, ok.Outcome.Rejection)
			}
		}
		best := Command{Kind: PlaceBest, Quantity: 2, AnyCategory: true}
		mine, theirs := try(1, ended+1, best), try(2, ended+1, best)
		if mine.Outcome.Rejection != Accepted || slices.Contains(mine.Outcome.Seats, 4) ||
			slices.Contains(mine.Outcome.Seats, 5) {
			t.Errorf("%s: P11: best for who let it run out: %+v", name, mine.Outcome)
		}
		if !slices.Equal(theirs.Outcome.Seats, seatsOf(4, 5)) {
			t.Errorf("%s: the best for others are %v", name, theirs.Outcome.Seats)
		}
		if again := try(2, ended+1, best); !slices.Equal(again.Outcome.Seats, theirs.Outcome.Seats) {
			t.Errorf("%s: others are told %v, then %v", name, theirs.Outcome.Seats, again.Outcome.Seats)
		}
	}
}

// TestAPassedChallengeCoolsNothing: nor does one that was declined in time, nor a hold that lapsed unpaid.
func TestAPassedChallengeCoolsNothing(t *testing.T) {
	k := newClerk()
	held := k.do(Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0)})
	pay := account.Payment{Attempt: 1, Amount: 100, Reference: "r"}
	for _, kind := range []CommandKind{BeginPayment, ChallengePayment, FailPayment} {
		if kind == FailPayment {
			pay.Reason = account.Declined
		}
		k.do(Command{Kind: kind, Booking: held.Booking, Buyer: buyerOf(1), Operator: true, Pay: pay})
		k.now += 1000
	}
	k.do(Command{Kind: ReleaseHold, Booking: held.Booking, Buyer: buyerOf(1)})
	if again := k.do(Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0)}); again.Rejection != Accepted {
		t.Errorf("%v", again.Rejection)
	}
}

// TestWhatCoolsIsForgottenWithItsBooking: nothing grows for ever.
func TestWhatCoolsIsForgottenWithItsBooking(t *testing.T) {
	k := newClerk()
	for i := range 5 {
		k.letRunOut(uint64(i+1), SeatIndex(i))
	}
	if k.state.cooling.Len() != 5 {
		t.Fatalf("%d buyers wait", k.state.cooling.Len())
	}
	k.now += Instant(2 * k.state.rules.DedupeWindow)
	for range 40 { // each record forgets a few
		k.now++
		held := k.do(Command{Kind: PlaceHold, Buyer: buyerOf(99), Seats: seatsOf(20)})
		k.do(Command{Kind: ReleaseHold, Booking: held.Booking, Buyer: buyerOf(99)})
	}
	if k.state.cooling.Len() != 0 {
		t.Errorf("%d buyers still wait after their bookings are forgotten", k.state.cooling.Len())
	}
}
