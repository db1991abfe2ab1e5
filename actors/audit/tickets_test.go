package audit

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
)

// TestAuditFindsWrongAdmissions: each way in which a log can let somebody in who must not be is told, once, by a ledger
// that does not ask the machine; what is right is not told.
func TestAuditFindsWrongAdmissions(t *testing.T) {
	admit := func(no section.BookingNo, seat section.SeatIndex, w entry.Word) section.Change {
		w.Seat, w.Scanner, w.At = seat, "north", 9
		return section.Change{Kind: section.TicketAdmitted, At: 9, Booking: no, Entry: &w}
	}
	of := func(kind section.ChangeKind, c section.Change) section.Change { c.Kind = kind; return c }
	anew := section.Change{Kind: section.TicketReissued, At: 9, Booking: 1,
		Entry: &entry.Word{Ticket: entry.Ticket{Seat: 3}, Rotation: 1}}
	due := section.Change{Kind: section.RefundDue, At: 9, Booking: 1, Seats: []section.SeatIndex{4},
		Pay: account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 1}}
	late := entry.Word{Offline: true}
	for name, c := range map[string]struct {
		changes []section.Change
		wrong   int
	}{
		"once":       {[]section.Change{admit(1, 3, entry.Word{}), admit(1, 4, entry.Word{})}, 0},
		"twice":      {[]section.Change{admit(1, 3, entry.Word{}), admit(1, 3, entry.Word{})}, 1},
		"a conflict": {[]section.Change{admit(1, 3, late), of(section.TicketDoubled, admit(1, 3, late))}, 0},
		"a second that asks": {
			[]section.Change{admit(1, 3, late), of(section.TicketDoubled, admit(1, 3, entry.Word{}))}, 1,
		},
		"a second alone":      {[]section.Change{of(section.TicketDoubled, admit(1, 3, late))}, 1},
		"of no booking":       {[]section.Change{admit(7, 3, entry.Word{})}, 1},
		"of a hold":           {[]section.Change{admit(2, 5, entry.Word{})}, 1},
		"of another seat":     {[]section.Change{admit(1, 5, entry.Word{})}, 1},
		"of no leg":           {[]section.Change{admit(1, 3, entry.Word{Ticket: entry.Ticket{Leg: 1}})}, 1},
		"owed back":           {[]section.Change{due, admit(1, 4, entry.Word{}), admit(1, 3, entry.Word{})}, 1},
		"an old code":         {[]section.Change{anew, admit(1, 3, entry.Word{})}, 1},
		"the new code":        {[]section.Change{anew, admit(1, 3, entry.Word{Rotation: 1})}, 0},
		"anew, once it is in": {[]section.Change{admit(1, 3, entry.Word{}), anew}, 1},
	} {
		found := 0
		l := newLedger(9, section.Rules{SeatsPerBookingMax: 9}, func(code Code, detail string) {
			if found++; code != Admission {
				t.Errorf("%s: %s: %s", name, code, detail)
			}
		})
		for _, c := range append([]section.Change{
			{Kind: section.HoldPlaced, At: 1, Booking: 1, ExpiresAt: 99, Seats: []section.SeatIndex{3, 4}},
			{Kind: section.HoldPlaced, At: 1, Booking: 2, ExpiresAt: 99, Seats: []section.SeatIndex{5}},
			{Kind: section.PaymentBegun, At: 2, Booking: 1,
				Pay: account.Payment{Attempt: 1, Amount: 1, Reference: "r"}},
			{Kind: section.BookingSold, At: 2, Booking: 1, Pay: account.Payment{Attempt: 1}},
		}, c.changes...) {
			l.apply(&c)
		}
		if found != c.wrong {
			t.Errorf("%s: %d findings, want %d", name, found, c.wrong)
		}
	}
}
