package envelope_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
	"holdfast/storage"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

var names = &envelope.Names{Event: storage.EventID{1, 2, 3}, Currency: "EUR", Sections: []string{"A", "B"},
	Seats: [][]string{{"A-1-1", "A-1-2", "A-1-3"}, {"B-1-1", "B-1-2"}},
	Type:  func(tariff.Mark, uint8) string { return "child" }}

// sample is one change, and what is known of its booking.
type sample struct {
	no      storage.SectionNo
	kind    storage.EntryKind
	change  *section.Change
	placing *envelope.Placing
}

func cases() map[string]sample {
	buyer := section.BuyerID{0xab}
	legs := []order.Leg{{Section: 1, Booking: 9, Seats: []section.SeatIndex{1}}}
	part := &order.Part{ID: order.ID{Home: 0, Life: 2, Count: 3}, Hash: 7}
	alone := &envelope.Placing{Booking: 5, Buyer: buyer, Seats: []section.SeatIndex{0, 2}, Priced: true, Total: 9000}
	over := &envelope.Placing{Booking: 5, Buyer: buyer, Seats: []section.SeatIndex{0, 2}, Priced: true, Total: 13500,
		Legs: legs}
	leg := &envelope.Placing{Booking: 9, Buyer: buyer, Seats: []section.SeatIndex{1}, Priced: true, Total: 4500}
	of := func(c section.Change) *section.Change {
		c.At = 1_700_000_000_123
		return &c
	}
	booked := func(kind section.ChangeKind) sample {
		return sample{change: of(section.Change{Kind: kind, Booking: 5}), placing: alone}
	}
	ordered := *part
	ordered.Legs = legs
	all := map[string]sample{
		"booking.held": {change: of(section.Change{Kind: section.HoldPlaced, Booking: 5, Buyer: buyer,
			Request: section.RequestID{9}, Fingerprint: 8, Seats: alone.Seats, ExpiresAt: 1_700_000_600_123,
			Total: 9000, PriceMark: 4}), placing: alone},
		"booking.held_over_sections": {change: of(section.Change{Kind: section.HoldPlaced, Booking: 5, Buyer: buyer,
			Seats: alone.Seats, ExpiresAt: 1_700_000_600_123, Order: &ordered}), placing: over},
		"booking.confirmed_over_sections": {change: of(section.Change{Kind: section.BookingSold, Booking: 5,
			Pay: account.Payment{Attempt: 1}}), placing: over},
		"booking.extended": {change: of(section.Change{Kind: section.HoldExtended, Booking: 5,
			ExpiresAt: 1_700_000_700_123}), placing: alone},
		"booking.released": booked(section.HoldReleased), "booking.expired": booked(section.HoldExpired),
		"booking.expired_unknown": {change: of(section.Change{Kind: section.HoldExpired, Booking: 5})},
		"booking.payment_begun": {change: of(section.Change{Kind: section.PaymentBegun, Booking: 5,
			Pay: account.Payment{Attempt: 1, Amount: 9000, Reference: "pi_secret"}}), placing: alone},
		"booking.payment_challenged": booked(section.PaymentChallenged),
		"booking.payment_failed":     booked(section.PaymentFailed),
		"booking.confirmed":          booked(section.BookingSold),
		"booking.refunded_at_once":   booked(section.BookingRefundedChange),
		"booking.refund_due": {change: of(section.Change{Kind: section.RefundDue, Booking: 5,
			Seats: []section.SeatIndex{2}, Pay: account.Payment{Refund: 1, Attempt: 1, Amount: 4500,
				Reason: account.Requested, Reference: "pi_secret"}}), placing: alone},
		"booking.refund_pending": {change: of(section.Change{Kind: section.RefundPending, Booking: 5,
			Seats: []section.SeatIndex{2}, Pay: account.Payment{Refund: 1}}), placing: alone},
		"booking.refunded":      booked(section.RefundDone),
		"booking.refund_failed": booked(section.RefundFailed),
		"booking.settled": {change: of(section.Change{Kind: section.OrderSettled, Booking: 5,
			Order: part.Bare(40)}), placing: over},
		"leg.bound": {no: 1, change: of(section.Change{Kind: section.LegBound, Booking: 9, Buyer: buyer,
			Seats: leg.Seats, ExpiresAt: 1_700_000_005_123, Order: part}), placing: leg},
		"leg.sold":  {no: 1, change: of(section.Change{Kind: section.LegSold, Booking: 9, Order: part}), placing: leg},
		"leg.freed": {no: 1, change: of(section.Change{Kind: section.LegFreed, Booking: 9, Order: part}), placing: leg},
		"seats.blocked": {change: of(section.Change{Kind: section.SeatsBlocked,
			Seats: []section.SeatIndex{1}})},
		"seats.unblocked": {change: of(section.Change{Kind: section.SeatsUnblocked, Seats: []section.SeatIndex{1}})},
		"section.fenced":  {change: of(section.Change{Kind: section.GrantsFenced})},
		"event.cancelled": {
			change: of(section.Change{Kind: section.SaleSwitched, Sale: sales.Of(3, sales.Cancelling)}),
		},
		"section.sale_paused": {no: 1, change: of(section.Change{Kind: section.SaleSwitched,
			Sale: sales.Of(3, sales.Paused)})},
		"section.changed":  {change: of(section.Change{Kind: 200})},
		"section.claimed":  {kind: storage.EntryClaim},
		"section.released": {kind: storage.EntryReleased},
	}
	maps.Copy(all, newerCases(alone, over, leg, part, &ordered, of))
	return all
}

// newerCases are of changes that came later.
func newerCases(alone, over, leg *envelope.Placing, part, ordered *order.Part,
	of func(section.Change) *section.Change) map[string]sample {
	swap := &exchange.Part{Of: 5, Gives: []section.SeatIndex{0}, Credit: 4500}
	taken := &envelope.Placing{Booking: 7, Buyer: alone.Buyer, Seats: []section.SeatIndex{1}, Priced: true, Total: 5000}
	return map[string]sample{
		"booking.served": {change: of(section.Change{Kind: section.OrderServed, Booking: 5, Order: part.Bare(40)}),
			placing: over},
		"booking.refund_due_over_sections": {
			change: of(section.Change{Kind: section.RefundDue, Booking: 5, Order: ordered,
				Pay: account.Payment{Refund: 1, Attempt: 1, Amount: 4500, Reason: account.Requested}}),
			placing: over,
		},
		"leg.seats_freed": {no: 1, change: of(section.Change{Kind: section.LegSeatsFreed, Booking: 9,
			Seats: []section.SeatIndex{1}, Order: part.Bare(50)}), placing: leg},
		"ticket.admitted": {change: of(section.Change{Kind: section.TicketAdmitted, Booking: 5, Entry: &entry.Word{
			Ticket: entry.Ticket{Seat: 2}, Rotation: 1, At: 1_700_000_000_100, Scanner: "north"}}), placing: alone},
		"ticket.doubled": {change: of(section.Change{Kind: section.TicketDoubled, Booking: 5, Entry: &entry.Word{
			Ticket: entry.Ticket{
				Leg:  1,
				Seat: 1,
			}, Offline: true, At: 1_699_999_999_100, Scanner: "south"}}), placing: over},
		"ticket.reissued": {change: of(section.Change{Kind: section.TicketReissued, Booking: 5, Entry: &entry.Word{
			Ticket: entry.Ticket{Seat: 0}, Rotation: 2}}), placing: alone},
		"booking.held_for_an_exchange": {change: of(section.Change{Kind: section.HoldPlaced, Booking: 7,
			Buyer: alone.Buyer, Seats: []section.SeatIndex{1}, ExpiresAt: 1_700_000_600_123, Total: 5000, PriceMark: 3,
			Exchange: swap}), placing: taken},
		"booking.exchanged": {change: of(section.Change{Kind: section.BookingExchanged, Booking: 7,
			Seats: []section.SeatIndex{1}, Pay: account.Payment{Attempt: 1}, Exchange: swap}), placing: taken},
		"booking.refund_due_of_an_exchange": {change: of(section.Change{Kind: section.RefundDue, Booking: 5,
			Pay: account.Payment{Refund: 1, Attempt: 1, Amount: 500, Reason: account.Exchanged}}), placing: alone},
		"booking.transfer_offered": {change: of(section.Change{Kind: section.TransferOffered, Booking: 5,
			Buyer: section.BuyerID{0xaa}, ExpiresAt: 1_700_000_600_000,
			Transfer: &transfer.Word{No: 1, Tickets: []entry.Ticket{{Seat: 2}, {Leg: 1, Seat: 1}}}}), placing: over},
		"booking.transfer_accepted": {change: of(section.Change{Kind: section.TransferEnded, Booking: 5,
			Buyer:    section.BuyerID{0xbb},
			Transfer: &transfer.Word{No: 1, Accepted: true, Tickets: []entry.Ticket{{Seat: 2}}}}), placing: alone},
		"booking.transfer_withdrawn": {change: of(section.Change{Kind: section.TransferEnded, Booking: 5,
			Transfer: &transfer.Word{No: 2, Tickets: []entry.Ticket{{Seat: 0}}}}), placing: alone},
		"booking.confirmed_typed": {change: of(section.Change{Kind: section.BookingSold, Booking: 5}),
			placing: typed(over)},
		"section.terms_set":  {change: of(section.Change{Kind: section.TermsSet, Terms: &terms.Terms{No: 4}})},
		"section.prices_set": {change: of(section.Change{Kind: section.PricesSet, Prices: &tariff.Prices{No: 4}})},
	}
}

// typed is a placing of which a seat here and one of its leg are children's, and which was given away.
func typed(p *envelope.Placing) *envelope.Placing {
	c := *p
	c.Total, c.Mark = 0, 4
	c.Fare = &tariff.Fare{Gift: &tariff.Gift{By: "desk", Reason: "press"},
		Seats: []tariff.Seat{{Seat: 2, Type: 1}, {Leg: 1, Seat: 1, Type: 1}}}
	return &c
}

func event(c sample) envelope.Event {
	record := envelope.Record{Key: storage.SectionKey{Event: names.Event, Section: c.no}, Kind: c.kind, Seq: 42,
		Epoch: 3, At: 1_700_000_000_000, Hash: storage.Hash{0xcd}, Prev: storage.Hash{0xef}, Changes: 2}
	if c.change == nil {
		record.Changes = 0
		return envelope.Of(&record, 0, nil, nil, names)
	}
	return envelope.Of(&record, 1, c.change, c.placing, names)
}

// TestP15EnvelopesAreWhatTheyWere: consumers have programs for these bytes. A type may be added; none may change.
func TestP15EnvelopesAreWhatTheyWere(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cases())) {
		t.Run(name, func(t *testing.T) {
			e := event(cases()[name])
			var got bytes.Buffer
			if err := json.Indent(&got, e.Append(nil), "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%v; it is now\n%s", err, got.Bytes())
			}
		})
	}
}

// TestP15EveryTypeHasAGoldenFile: a type that is never looked at would be free to change.
func TestP15EveryTypeHasAGoldenFile(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		e := event(c)
		seen[e.Type] = true
	}
	for _, kind := range envelope.Types() {
		if !seen[kind] && !strings.Contains(kind, ".sale_") && kind != "section.cancelled" {
			t.Errorf("no golden file of %s", kind)
		}
	}
}

// TestEnvelopesAreCloudEvents: what CloudEvents 1.0 asks of attributes, and P14 of all of it.
func TestEnvelopesAreCloudEvents(t *testing.T) {
	attribute := regexp.MustCompile(`^[a-z0-9]{1,20}$`)
	for name, c := range cases() {
		e := event(c)
		body := e.Append(nil)
		var all map[string]any
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatal(err)
		}
		for _, required := range []string{"specversion", "id", "source", "type"} {
			if text, _ := all[required].(string); text == "" {
				t.Errorf("%s: no %s", name, required)
			}
		}
		for key, value := range all {
			_, object := value.(map[string]any)
			if !attribute.MatchString(key) || object != (key == "data") {
				t.Errorf("%s: attribute %q is %T", name, key, value)
			}
		}
		for _, secret := range []string{"pi_secret", "0900000000000000"} { // a reference, a request
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("P14: %s tells %s", name, secret)
			}
		}
	}
}
