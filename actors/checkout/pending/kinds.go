package pending

import (
	"slices"

	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// KindsOf says why a booking's money is open or wrong; nothing: it is settled.
func KindsOf(b *till.Booking, disputed bool) (kinds []Kind) {
	add := func(k Kind) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	if b.State == section.BookingPaying {
		add(Paying)
	}
	for i := range b.Money.Refunds {
		switch r := &b.Money.Refunds[i]; {
		case r.State == account.Due:
			add(RefundDue)
		case r.State == account.Pending:
			add(RefundPending)
		case r.State == account.Failed && !r.Replaced:
			add(RefundFailed)
		}
	}
	if disputed {
		add(Disputed)
	}
	return kinds
}
