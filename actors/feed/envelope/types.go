package envelope

import (
	"fmt"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/storage"
)

// Types that are no change of a section's state.
const (
	Claimed  = "section.claimed"  // a node took the section over
	Released = "section.released" // a node gave the section up
	Changed  = "section.changed"  // a change of a kind that has no name
	Ping     = "ping"             // an operator tries an endpoint out; no log has it
)

// types are what changes are called.
var types = [...]string{
	section.HoldPlaced:            "booking.held",
	section.HoldExtended:          "booking.extended",
	section.HoldReleased:          "booking.released",
	section.HoldExpired:           "booking.expired",
	section.PaymentBegun:          "booking.payment_begun",
	section.PaymentChallenged:     "booking.payment_challenged",
	section.PaymentFailed:         "booking.payment_failed",
	section.BookingSold:           "booking.confirmed",
	section.BookingRefundedChange: "booking.refunded",
	section.RefundDue:             "booking.refund_due",
	section.RefundPending:         "booking.refund_pending",
	section.RefundDone:            "booking.refunded",
	section.RefundFailed:          "booking.refund_failed",
	section.SeatsBlocked:          "seats.blocked",
	section.SeatsUnblocked:        "seats.unblocked",
	section.GrantsFenced:          "section.fenced",
	section.LegBound:              "leg.bound",
	section.LegSold:               "leg.sold",
	section.LegFreed:              "leg.freed",
	section.OrderSettled:          "booking.settled",
	section.OrderServed:           "booking.served",
	section.LegSeatsFreed:         "leg.seats_freed",
	section.BookingExchanged:      "booking.exchanged",
	section.TicketAdmitted:        "ticket.admitted",
	section.TicketDoubled:         "ticket.doubled",
	section.TicketReissued:        "ticket.reissued",
	section.TransferOffered:       "booking.transfer_offered",
	section.TransferEnded:         transferWithdrawn, // or accepted: see TypeOf
	section.TermsSet:              "section.terms_set",
	section.PricesSet:             "section.prices_set",
}

// What the end of a transfer is called.
const (
	transferAccepted  = "booking.transfer_accepted"
	transferWithdrawn = "booking.transfer_withdrawn"
)

// turns are what turns of the sale switch are called, behind "event." or "section.".
var turns = map[sales.State]string{
	sales.Open: "sale_opened", sales.Paused: "sale_paused", sales.Closed: "sale_closed", sales.Cancelling: "cancelled",
}

// Reasons of a refund that is due.
const (
	Requested = "requested" // an operator wants it, or the event was cancelled, or the buyer gave the booking back
	Exchanged = "exchanged" // the seats of an exchange cost less than those that were given up for them
	Anomaly   = "anomaly"   // the money was of an attempt that is not the booking's: it gives no seats back
)

var reasons = map[account.Reason]string{account.Requested: Requested, account.Anomaly: Anomaly,
	account.Exchanged: Exchanged}

// TypeOf is what a change is called.
func TypeOf(no storage.SectionNo, c *section.Change) string {
	if c.Kind == section.SaleSwitched {
		name, known := turns[c.Sale.State()]
		switch {
		case !known:
			return Changed
		case no == 0:
			return "event." + name
		}
		return "section." + name
	}
	if c.Kind == section.TransferEnded && c.Transfer.Accepted {
		return transferAccepted
	}
	if int(c.Kind) < len(types) && types[c.Kind] != "" {
		return types[c.Kind]
	}
	return Changed
}

// Types are all that there are, without Ping.
func Types() (all []string) {
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name], all = true, append(all, name)
		}
	}
	for _, name := range types {
		add(name)
	}
	for state := sales.Open; state <= sales.Cancelling; state++ {
		add("event." + turns[state])
		add("section." + turns[state])
	}
	for _, name := range []string{transferAccepted, Claimed, Released, Changed} {
		add(name)
	}
	return all
}

// ID names change n of a record for ever.
func ID(key storage.SectionKey, seq section.Seq, n int) string {
	return fmt.Sprintf("%v/%d/%d/%d", key.Event, key.Section, seq, n)
}
