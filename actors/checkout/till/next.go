package till

import (
	"context"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section/account"
)

// ExchangeView is what a booking that is an exchange has to do with another one.
type ExchangeView struct {
	Of         booking.ID // whose seats it exchanges
	Gives      []string
	Credit     int64 // what they count for, in minor units
	Difference int64 // what the exchange costs; below 0: what is given back
	Done       bool
}

// RefundView is money on its way back, as people see it. One that failed is replaced by the next of the same money, and
// shown if none was.
type RefundView struct {
	No     uint32
	State  string // due, pending, refunded, failed
	Amount int64  // minor units
	Seats  []string
}

// nextMax bounds the addresses of challenges that are kept. They stand in no log, for whoever has one may act for the
// buyer; what is not kept is asked for.
const nextMax = 10_000

func (t *Till) show(a processor.AttemptID, next processor.Next) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = map[processor.AttemptID]processor.Next{}
	}
	for some := range t.next {
		if len(t.next) < nextMax {
			break
		}
		delete(t.next, some)
	}
	t.next[a] = next
}

// hide forgets the address of a booking's challenge, if there is one: most attempts never have any.
func (t *Till) hide(b *Booking) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.next) > 0 {
		delete(t.next, AttemptID(b, b.Money.Attempt))
	}
}

// Next is where the buyer of a booking goes on whose attempt is a challenge; the zero value: nowhere, or the processor
// does not say now.
func (t *Till) Next(ctx context.Context, b *Booking) processor.Next {
	if b.Money.Phase != account.Challenge {
		return processor.Next{}
	}
	a := AttemptID(b, b.Money.Attempt)
	t.mu.Lock()
	next, known := t.next[a]
	t.mu.Unlock()
	if known {
		return next
	}
	answer, err := t.Processor.Lookup(ctx, a, processor.Reference(b.Money.Reference()))
	if err != nil || answer.Status != processor.Challenge {
		return processor.Next{}
	}
	t.show(a, answer.Next)
	return answer.Next
}
