package audit

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
)

func word(no uint16, accepted bool, seats ...section.SeatIndex) *transfer.Word {
	w := &transfer.Word{No: no, Accepted: accepted}
	for _, seat := range seats {
		w.Tickets = append(w.Tickets, entry.Ticket{Seat: seat})
	}
	return w
}

// TestAuditFindsWrongTransfers: each way in which a log can give a ticket to two people, or to somebody who must not
// have it, is told, once, by a ledger that does not ask the machine; what is right is not told.
func TestAuditFindsWrongTransfers(t *testing.T) {
	one, two, three := section.BuyerID{1}, section.BuyerID{2}, section.BuyerID{3}
	offer := func(who section.BuyerID, no uint16, seats ...section.SeatIndex) section.Change {
		return section.Change{Kind: section.TransferOffered, At: 9, Booking: 1, Buyer: who, ExpiresAt: 20,
			Transfer: word(no, false, seats...)}
	}
	accept := func(who section.BuyerID, no uint16, seats ...section.SeatIndex) section.Change {
		return section.Change{Kind: section.TransferEnded, At: 9, Booking: 1, Buyer: who,
			Transfer: word(no, true, seats...)}
	}
	withdraw := section.Change{Kind: section.TransferEnded, At: 9, Booking: 1, Transfer: word(1, false, 3)}
	at := func(at section.Instant, c section.Change) section.Change { c.At = at; return c }
	in := func(rotation uint16) section.Change {
		return section.Change{Kind: section.TicketAdmitted, At: 9, Booking: 1,
			Entry: &entry.Word{Ticket: entry.Ticket{Seat: 3}, Rotation: rotation, At: 9, Scanner: "north"}}
	}
	due := section.Change{Kind: section.RefundDue, At: 9, Booking: 1, Seats: []section.SeatIndex{3},
		Pay: account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 1}}
	forbidden := section.Change{Kind: section.TermsSet, At: 9, Terms: &terms.Terms{No: 1, HoldTTL: 1, HoldCeiling: 1,
		SeatsPerBookingMax: 9, SeatsPerBuyerMax: 9, ForbidTransfers: true}}
	for name, c := range map[string]struct {
		changes []section.Change
		wrong   int
	}{
		"given": {[]section.Change{offer(one, 1, 3), accept(two, 1, 3), in(1)}, 0},
		"given on": {
			[]section.Change{offer(one, 1, 3), accept(two, 1, 3), offer(two, 2, 3), accept(three, 2, 3), in(2)}, 0},
		"one by one": {
			[]section.Change{offer(one, 1, 3), offer(one, 2, 4), accept(two, 2, 4), accept(three, 1, 3)}, 0},
		"withdrawn":                  {[]section.Change{offer(one, 1, 3), withdraw, in(0)}, 0},
		"offered anew once it ended": {[]section.Change{offer(one, 1, 3), at(20, offer(one, 2, 3))}, 0},
		"withdrawn when owed back":   {[]section.Change{offer(one, 1, 3), due, withdraw}, 0},
		"the old code":               {[]section.Change{offer(one, 1, 3), accept(two, 1, 3), in(0)}, 1},
		"accepted by two":            {[]section.Change{offer(one, 1, 3), accept(two, 1, 3), accept(three, 1, 3)}, 1},
		"accepted once withdrawn":    {[]section.Change{offer(one, 1, 3), withdraw, accept(two, 1, 3)}, 1},
		"withdrawn once accepted":    {[]section.Change{offer(one, 1, 3), accept(two, 1, 3), withdraw}, 1},
		"accepted late":              {[]section.Change{offer(one, 1, 3), at(20, accept(two, 1, 3))}, 1},
		"never offered":              {[]section.Change{accept(two, 1, 3)}, 1},
		"other tickets":              {[]section.Change{offer(one, 1, 3), accept(two, 1, 4)}, 1},
		"one's own":                  {[]section.Change{offer(one, 1, 3), accept(one, 1, 3)}, 1},
		"on offer twice":             {[]section.Change{offer(one, 1, 3, 4), offer(one, 2, 4)}, 1},
		"given away before":          {[]section.Change{offer(one, 1, 3), accept(two, 1, 3), offer(one, 2, 3)}, 1},
		"another seat":               {[]section.Change{offer(one, 1, 5)}, 1},
		"a wrong number":             {[]section.Change{offer(one, 2, 3)}, 1},
		"owed back":                  {[]section.Change{due, offer(one, 1, 3)}, 1},
		"accepted when owed back":    {[]section.Change{offer(one, 1, 3), due, accept(two, 1, 3)}, 1},
		"accepted when in":           {[]section.Change{offer(one, 1, 3), in(0), accept(two, 1, 3)}, 1},
		"forbidden":                  {[]section.Change{forbidden, offer(one, 1, 3)}, 1},
	} {
		found := 0
		l := newLedger(9, section.Rules{SeatsPerBookingMax: 9}, func(code Code, detail string) {
			if found++; code != Transfer && (code != Admission || name != "the old code") {
				t.Errorf("%s: %s: %s", name, code, detail)
			}
		})
		for _, c := range append([]section.Change{
			{Kind: section.HoldPlaced, At: 1, Booking: 1, Buyer: one, ExpiresAt: 99, Seats: []section.SeatIndex{3, 4}},
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

// TestAuditFindsExchangesOfTransferredTickets: a seat whose ticket is another's, or on offer, is not given up for
// another seat, and nothing is offered while an exchange is under way.
func TestAuditFindsExchangesOfTransferredTickets(t *testing.T) {
	one, two := section.BuyerID{1}, section.BuyerID{2}
	offer := section.Change{Kind: section.TransferOffered, At: 9, Booking: 1, Buyer: one, ExpiresAt: 20,
		Transfer: word(1, false, 3)}
	accept := section.Change{Kind: section.TransferEnded, At: 9, Booking: 1, Buyer: two, Transfer: word(1, true, 3)}
	withdraw := section.Change{Kind: section.TransferEnded, At: 9, Booking: 1, Transfer: word(1, false, 3)}
	swap := func(at section.Instant, gives section.SeatIndex) section.Change {
		return section.Change{Kind: section.HoldPlaced, At: at, Booking: 2, Buyer: one, ExpiresAt: 99,
			Seats: []section.SeatIndex{5}, Total: 1, PriceMark: 1,
			Exchange: &exchange.Part{Of: 1, Gives: []section.SeatIndex{gives}}}
	}
	for name, c := range map[string]struct {
		changes []section.Change
		wrong   Code
	}{
		"the other seat":      {[]section.Change{offer, accept, swap(9, 4)}, ""},
		"withdrawn":           {[]section.Change{offer, withdraw, swap(9, 3)}, ""},
		"its time was over":   {[]section.Change{offer, swap(20, 3)}, ""},
		"on offer":            {[]section.Change{offer, swap(9, 3)}, Exchange},
		"given away":          {[]section.Change{offer, accept, swap(9, 3)}, Exchange},
		"offered meanwhile":   {[]section.Change{swap(9, 4), offer}, Transfer},
		"the seat given away": {[]section.Change{swap(9, 3), offer}, Transfer},
	} {
		var found []Code
		note := func(code Code, _ string) { found = append(found, code) }
		l := newLedger(9, section.Rules{SeatsPerBookingMax: 9}, note)
		for _, c := range append([]section.Change{
			{Kind: section.HoldPlaced, At: 1, Booking: 1, Buyer: one, ExpiresAt: 99, Seats: []section.SeatIndex{3, 4}},
			{Kind: section.PaymentBegun, At: 2, Booking: 1,
				Pay: account.Payment{Attempt: 1, Amount: 1, Reference: "r"}},
			{Kind: section.BookingSold, At: 2, Booking: 1, Pay: account.Payment{Attempt: 1}},
		}, c.changes...) {
			l.apply(&c)
		}
		if c.wrong == "" && len(found) > 0 || c.wrong != "" && (len(found) != 1 || found[0] != c.wrong) {
			t.Errorf("%s: %q, want %q", name, found, c.wrong)
		}
	}
}
