package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/order"
)

// TestTicketsKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestTicketsKeepTheirBytes(t *testing.T) {
	for _, c := range []struct {
		change Change
		bytes  string
	}{
		{Change{Kind: TicketAdmitted, At: 1000, Booking: 7, Entry: &entry.Word{Ticket: entry.Ticket{Seat: 300},
			At: 1000, Scanner: "north"}}, "0f2a07000000ac020000056e6f727468"},
		{Change{Kind: TicketAdmitted, At: 1000, Booking: 7, Entry: &entry.Word{Ticket: entry.Ticket{Leg: 2, Seat: 3},
			Rotation: 1, Offline: true, At: 900, Scanner: "n"}}, "0f2a070001020301" + "64016e"},
		{Change{Kind: TicketDoubled, At: 1000, Booking: 7, Entry: &entry.Word{Ticket: entry.Ticket{Seat: 3},
			Offline: true, At: 0, Scanner: "n"}}, "0f2b070001000300e807016e"},
		{Change{Kind: TicketReissued, At: 1000, Booking: 7, Entry: &entry.Word{Ticket: entry.Ticket{Seat: 3},
			Rotation: 1}}, "0f2c070002000301"},
	} {
		if got := hex.EncodeToString(AppendChange(nil, 1000, &c.change)); got != c.bytes {
			t.Errorf("%+v is written as %s, want %s", c.change, got, c.bytes)
		}
		raw, _ := hex.DecodeString(c.bytes)
		if err := DecodeChanges(raw, 1000, func(got *Change) error {
			if !reflect.DeepEqual(*got, c.change) {
				t.Errorf("%s is read as %+v", c.bytes, *got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", c.bytes, err)
		}
	}
	for _, bad := range []string{
		"0f2a000000000300" + "00016e", // of no booking
		"0f2a07000000030000" + "00",   // no scanner
		"0f2a070002000301",            // an admission that says only what a new code does
		"0f2b0700000003000001" + "6e", // doubled by a scanner that could ask
		"0f2c070002000300",            // issued anew for the first time
		"0f2a07000400030000016e",      // unknown flag
		"0f2a07000000030001" + "ff",   // no UTF-8
		"0f2a070000000300e907016e",    // before time
	} {
		raw, _ := hex.DecodeString(bad)
		if err := DecodeChanges(raw, 1000, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s is taken for a change of a ticket", bad)
		}
	}
}

// sell places and sells a hold of those seats.
func (k *desk) sell(buyer uint64, at Instant, seats ...SeatIndex) BookingNo {
	no := k.mustHold(buyer, at, seats...)
	k.do(Command{Kind: BeginPayment, At: at, Booking: no, Operator: true,
		Pay: account.Payment{Amount: 500, Reference: "ref"}})
	k.do(Command{Kind: ConfirmPayment, At: at, Booking: no, Operator: true})
	return no
}

func (k *desk) scan(no BookingNo, at Instant, w entry.Word) Outcome {
	return k.do(Command{Kind: AdmitTicket, At: at, Booking: no, Operator: true, Entry: &w})
}

func ticketOf(seat SeatIndex, scanner string) entry.Word {
	return entry.Word{Ticket: entry.Ticket{Seat: seat}, Scanner: scanner}
}

// TestATicketIsAdmittedOnce: at most one admission a ticket, whoever asks however often; a refused scanner hears when
// and where.
func TestATicketIsAdmittedOnce(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	if out := k.scan(no, 5, ticketOf(3, "north")); out.Rejection != Accepted || len(out.Passes) != 1 ||
		!out.Passes[0].Admitted || out.Passes[0].At != 5 {
		t.Fatalf("the first scan: %+v", out)
	}
	for _, scanner := range []string{"north", "south"} {
		if out := k.scan(no, 6, ticketOf(3, scanner)); out.Rejection != AlreadyAdmitted || len(out.Passes) != 1 ||
			out.Passes[0].At != 5 || out.Passes[0].Scanner != "north" || out.DependsOn == 0 {
			t.Errorf("the scan of %s after it: %+v", scanner, out)
		}
	}
	if out := k.scan(no, 7, ticketOf(4, "south")); out.Rejection != Accepted || len(out.Passes) != 2 {
		t.Errorf("the other ticket: %+v", out)
	}
}

// TestCodesDieWhenTheRefundIsDue: DESIGN §9, of single seats too, before the processor has said a word.
func TestCodesDieWhenTheRefundIsDue(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4, 5)
	k.do(Command{Kind: RefundBooking, At: 2, Booking: no, Operator: true, Seats: seatsOf(4),
		Pay: account.Payment{Amount: 100}})
	if out := k.scan(no, 3, ticketOf(4, "north")); out.Rejection != TicketVoid {
		t.Errorf("a seat that is owed back: %v", out.Rejection)
	}
	k.do(Command{Kind: SettleRefund, At: 3, Booking: no, Operator: true,
		Pay: account.Payment{Refund: 1, State: account.Refunded}})
	for seat, want := range map[SeatIndex]Rejection{4: TicketVoid, 3: Accepted, 6: TicketUnknown} {
		if out := k.scan(no, 4, ticketOf(seat, "north")); out.Rejection != want {
			t.Errorf("seat %d: %v, want %v", seat, out.Rejection, want)
		}
	}
	again := k.sell(2, 5, 4)
	if out := k.scan(again, 6, ticketOf(4, "north")); out.Rejection != Accepted {
		t.Errorf("the seat, sold again: %v", out.Rejection)
	}
	k.do(Command{Kind: RefundBooking, At: 7, Booking: no, Operator: true, Pay: account.Payment{Amount: 100}})
	if out := k.scan(no, 8, ticketOf(5, "north")); out.Rejection != TicketVoid {
		t.Errorf("a booking that is owed back: %v", out.Rejection)
	}
}

// TestTwoScannersThatCannotAsk: the first by time has let the ticket in, whichever is heard of first; what is told
// twice is logged once.
func TestTwoScannersThatCannotAsk(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3)
	late := func(at Instant, scanner string) Outcome {
		return k.scan(no, 100, entry.Word{Ticket: entry.Ticket{Seat: 3}, Scanner: scanner, Offline: true, At: at})
	}
	if out := late(50, "north"); out.Rejection != Accepted || len(out.Passes[0].Doubles) != 0 {
		t.Fatalf("the scanner that is heard of first: %+v", out)
	}
	out := late(40, "south")
	if p := out.Passes[0]; out.Rejection != Accepted || out.Repeat || p.At != 40 || p.Scanner != "south" ||
		!reflect.DeepEqual(p.Doubles, []entry.Double{{At: 50, Scanner: "north"}}) {
		t.Errorf("the scanner that was first: %+v", out)
	}
	for at, scanner := range map[Instant]string{40: "south", 50: "north"} {
		if out := late(at, scanner); !out.Repeat || len(out.Passes[0].Doubles) != 1 {
			t.Errorf("%s tells it again: %+v", scanner, out)
		}
	}
	if a, b := k.state.AppendSnapshot(nil), k.replay().AppendSnapshot(nil); !bytes.Equal(a, b) {
		t.Error("a replay differs")
	}
	for range entry.DoublesMax + 1 {
		out = late(60+Instant(len(out.Passes[0].Doubles)), "east")
	}
	if out.Rejection != AlreadyAdmitted || len(out.Passes[0].Doubles) != entry.DoublesMax {
		t.Errorf("doubles without end: %v, %d", out.Rejection, len(out.Passes[0].Doubles))
	}
}

// TestANewCodeKillsTheOldOne: of a ticket that was issued anew the last code opens the door, and no other.
func TestANewCodeKillsTheOldOne(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3)
	reissue := func() Rejection {
		w := entry.Word{Ticket: entry.Ticket{Seat: 3}}
		if p := k.d.Outcome.Passes; len(p) > 0 {
			w.Rotation = p[0].Rotation
		}
		return k.do(Command{Kind: ReissueTicket, At: 2, Booking: no, Operator: true, Entry: &w}).Rejection
	}
	if reissue() != Accepted || reissue() != Accepted {
		t.Fatal("no new code")
	}
	for rotation, want := range map[uint16]Rejection{0: TicketVoid, 1: TicketVoid, 3: TicketVoid} {
		w := ticketOf(3, "north")
		w.Rotation = rotation
		if out := k.scan(no, 3, w); out.Rejection != want {
			t.Errorf("code %d: %v", rotation, out.Rejection)
		}
	}
	w := ticketOf(3, "north")
	w.Rotation = 2
	if out := k.scan(no, 3, w); out.Rejection != Accepted {
		t.Errorf("the newest code: %v", out.Rejection)
	}
	if reissue() != AlreadyAdmitted {
		t.Error("a ticket that is in has a new code")
	}
}

// TestALegsTicketIsTheHomes: who is let in with a seat of another section stands in the home's log, and no leg is
// asked.
func TestALegsTicketIsTheHomes(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	m := NewMachine(k.state)
	m.Claimed(1, 1)
	began := k.do(Command{Kind: BeginOrder, At: 1, Buyer: buyerOf(1), Order: &order.Part{}})
	p := &order.Part{ID: began.Order.ID, Legs: []order.Leg{{Section: 4, Booking: 9, Seats: seatsOf(7, 8)}}}
	p.Hash = order.Hash(&p.ID, seatsOf(3), p.Legs)
	no := k.do(Command{Kind: PlaceHold, At: 1, Buyer: buyerOf(1), Seats: seatsOf(3), Order: p}).Booking
	k.do(Command{Kind: BeginPayment, At: 2, Booking: no, Operator: true,
		Pay: account.Payment{Amount: 500, Reference: "ref"}})
	k.do(Command{Kind: ConfirmPayment, At: 2, Booking: no, Operator: true})
	leg := func(k *desk, leg uint8, seat SeatIndex) Rejection {
		return k.scan(no, 3, entry.Word{Ticket: entry.Ticket{Leg: leg, Seat: seat}, Scanner: "north"}).Rejection
	}
	if leg(k, 1, 8) != Accepted || leg(k, 1, 8) != AlreadyAdmitted || leg(k, 1, 3) != TicketUnknown ||
		leg(k, 2, 8) != TicketUnknown || leg(k, 0, 3) != Accepted {
		t.Error("tickets of legs are judged otherwise")
	}
	k.do(Command{Kind: RefundBooking, At: 4, Booking: no, Operator: true, Pay: account.Payment{Amount: 500}})
	if got := leg(k, 1, 7); got != TicketVoid {
		t.Errorf("a leg's ticket after the refund: %v", got)
	}
	back, err := Restore(k.state.layout, k.state.rules, k.state.AppendSnapshot(nil))
	if err != nil || !bytes.Equal(back.AppendSnapshot(nil), k.state.AppendSnapshot(nil)) {
		t.Errorf("a snapshot does not come back: %v", err)
	}
}

// TestTicketsInSnapshotsKeepTheirBytes: a snapshot with tickets is that of before with a block behind it, and one
// without has the bytes that it had.
func TestTicketsInSnapshotsKeepTheirBytes(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	before := k.state.AppendSnapshot(nil)
	k.scan(no, 5, ticketOf(3, "north"))
	k.scan(no, 5, entry.Word{Ticket: entry.Ticket{Seat: 3}, Scanner: "s", Offline: true, At: 2})
	k.do(Command{Kind: ReissueTicket, At: 5, Booking: no, Operator: true,
		Entry: &entry.Word{Ticket: entry.Ticket{Seat: 4}}})
	after := k.state.AppendSnapshot(nil)
	want := "01" + "00" + "02" + "0700030003" + "0173" + "01" + "00056e6f727468" + "00000401"
	if got := hex.EncodeToString(after[len(after)-len(want)/2:]); got != want || before[0]|snapshotTickets != after[0] {
		t.Errorf("the block of tickets is %s, want %s; the first byte is %x, it was %x", got, want, after[0], before[0])
	}
	back, err := Restore(k.state.layout, k.state.rules, after)
	if err != nil || !bytes.Equal(back.AppendSnapshot(nil), after) {
		t.Errorf("a snapshot does not come back: %v", err)
	}
	for _, bad := range []struct {
		at   int // from the end
		byte byte
	}{{1, 0}, {2, 3}, {4, 1}, {22, 0}, {22, 2}, {20, 8}, {17, 9}} {
		broken := bytes.Clone(after)
		broken[len(broken)-bad.at] = bad.byte
		if _, err := Restore(k.state.layout, k.state.rules, broken); err == nil {
			t.Errorf("byte %d from the end may be %d", bad.at, bad.byte)
		}
	}
}
