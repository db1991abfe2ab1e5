package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/order"
	"holdfast/actors/section/transfer"
)

func offer(who uint64, at, until Instant, no BookingNo, seats ...SeatIndex) Command {
	w := &transfer.Word{Until: until}
	for _, seat := range seats {
		w.Tickets = append(w.Tickets, entry.Ticket{Seat: seat})
	}
	return Command{Kind: OfferTransfer, At: at, Booking: no, Buyer: buyerOf(who), Transfer: w}
}

func answer(kind CommandKind, who uint64, at Instant, no BookingNo, n uint16) Command {
	return Command{Kind: kind, At: at, Booking: no, Buyer: buyerOf(who), Transfer: &transfer.Word{No: n}}
}

// TestTransfersKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestTransfersKeepTheirBytes(t *testing.T) {
	tickets := []entry.Ticket{{Seat: 3}, {Leg: 2, Seat: 300}}
	const buyer = "01000000000000000000000000000000"
	for _, c := range []struct {
		change Change
		bytes  string
	}{
		{Change{Kind: TransferOffered, At: 1000, Booking: 7, Buyer: buyerOf(0), ExpiresAt: 1100,
			Transfer: &transfer.Word{No: 1, Tickets: tickets}}, "cf2d" + buyer + "07c80100" + "0100020003" + "02ac02"},
		{Change{Kind: TransferEnded, At: 1000, Booking: 7, Buyer: buyerOf(0),
			Transfer: &transfer.Word{No: 300, Accepted: true, Tickets: tickets}},
			"4f2e" + buyer + "0700" + "ac0201020003" + "02ac02"},
		{Change{Kind: TransferEnded, At: 1000, Booking: 7, Transfer: &transfer.Word{No: 1, Tickets: tickets[:1]}},
			"0f2e0700" + "01000100" + "03"},
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
	for what, bad := range map[string]string{
		"nobody offers":              "8f2d07c80100" + "0100010003",
		"an offer without time":      "4f2d" + buyer + "0700" + "0100010003",
		"an offer that is accepted":  "cf2d" + buyer + "07c80100" + "0101010003",
		"no number":                  "0f2e0700" + "0000010003",
		"no tickets":                 "0f2e0700" + "010000",
		"tickets that do not ascend": "0f2e0700" + "01000200030003",
		"nobody accepts":             "0f2e0700" + "0101010003",
		"somebody withdraws":         "4f2e" + buyer + "0700" + "0100010003",
		"seats":                      "0f2e070100" + "0100010003",
		"a third answer":             "0f2e0700" + "0102010003",
		"of no booking":              "0f2e0000" + "0100010003",
	} {
		raw, _ := hex.DecodeString(bad)
		if err := DecodeChanges(raw, 1000, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s: %s is taken for a transfer", what, bad)
		}
	}
}

// TestATicketTravelsOnce: of an offer one buyer has the ticket, under a code of its own, and the code of before opens
// no door from that moment on; who gave it away can neither give nor show it again.
func TestATicketTravelsOnce(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	out := k.do(offer(1, 2, 100, no, 3))
	if out.Rejection != Accepted || out.Transfer != 1 || len(k.d.Changes) != 1 ||
		out.Transfers[0].State != transfer.Offered {
		t.Fatalf("the offer: %+v", out)
	}
	if out := k.do(answer(AcceptTransfer, 2, 3, no, 1)); out.Rejection != Accepted ||
		out.Transfers[0].To != transfer.Buyer(buyerOf(2)) || out.Passes[0].Rotation != 1 {
		t.Fatalf("the acceptance: %+v", out)
	}
	for _, c := range []struct {
		what    string
		command Command
		want    Rejection
		repeat  bool
	}{
		{"accepted again by who has it", answer(AcceptTransfer, 2, 4, no, 1), Accepted, true},
		{"accepted by another", answer(AcceptTransfer, 3, 4, no, 1), TransferAccepted, false},
		{"withdrawn too late", answer(WithdrawTransfer, 1, 4, no, 1), TransferAccepted, false},
		{"offered by who gave it away", offer(1, 4, 100, no, 3), NotHolder, false},
		{"offered by a stranger", offer(3, 4, 100, no, 3), BookingUnknown, false},
		{"another's ticket", offer(2, 4, 100, no, 4), NotHolder, false},
	} {
		if out := k.do(c.command); out.Rejection != c.want || out.Repeat != c.repeat {
			t.Errorf("%s: %v, repeat %v", c.what, out.Rejection, out.Repeat)
		}
	}
	if out := k.scan(no, 5, ticketOf(3, "north")); out.Rejection != TicketVoid {
		t.Errorf("the code of before: %v", out.Rejection)
	}
	if owner, _ := k.state.Owner(no); owner != buyerOf(1) || k.state.BuyerSeats(buyerOf(1)) != 2 ||
		k.state.BuyerSeats(buyerOf(2)) != 0 {
		t.Error("P13: a ticket that travels counts against another")
	}
	w := ticketOf(3, "north")
	w.Rotation = 1
	if out := k.scan(no, 6, w); out.Rejection != Accepted {
		t.Errorf("the new code: %v", out.Rejection)
	}
	if a, b := k.state.AppendSnapshot(nil), k.replay().AppendSnapshot(nil); !bytes.Equal(a, b) {
		t.Error("a replay differs")
	}
}

// TestATicketGoesOn: from one buyer to the next and back to the first, whose code then is a fourth one.
func TestATicketGoesOn(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3)
	for i, step := range [][2]uint64{{1, 2}, {2, 3}, {3, 1}} {
		if out := k.do(offer(step[0], 2, 100, no)); out.Rejection != Accepted || int(out.Transfer) != i+1 {
			t.Fatalf("offered by %d: %+v", step[0], out)
		}
		if out := k.do(answer(AcceptTransfer, step[1], 2, no, uint16(i+1))); out.Rejection != Accepted {
			t.Fatalf("accepted by %d: %v", step[1], out.Rejection)
		}
	}
	list := k.state.transfers.Of(k.state.bookings.find(no))
	if who, _ := transfer.HolderOf(list, entry.Ticket{Seat: 3}); who != transfer.Buyer(buyerOf(1)) {
		t.Errorf("the ticket is %x's", who)
	}
	for rotation := range uint16(4) {
		w := ticketOf(3, "north")
		w.Rotation = rotation
		want := TicketVoid
		if rotation == 3 {
			want = Accepted
		}
		if out := k.scan(no, 5, w); out.Rejection != want {
			t.Errorf("code %d: %v", rotation, out.Rejection)
		}
	}
}

// TestAnOfferEndsInTime: nobody accepts at its end or later, and the ticket may be offered again from then on.
func TestAnOfferEndsInTime(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3)
	k.do(offer(1, 2, 100, no))
	if out := k.do(offer(1, 99, 200, no)); out.Rejection != TransferPending || !slices.Equal(out.Lost, seatsOf(3)) {
		t.Errorf("offered twice: %+v", out)
	}
	if out := k.do(answer(AcceptTransfer, 2, 100, no, 1)); out.Rejection != TransferExpired {
		t.Errorf("accepted at its end: %v", out.Rejection)
	}
	if out := k.do(offer(1, 100, 200, no)); out.Rejection != Accepted {
		t.Errorf("offered again: %v", out.Rejection)
	}
	if out := k.do(answer(WithdrawTransfer, 1, 101, no, 2)); out.Rejection != Accepted {
		t.Errorf("withdrawn: %v", out.Rejection)
	}
	if out := k.do(answer(WithdrawTransfer, 1, 102, no, 2)); !out.Repeat {
		t.Errorf("withdrawn again: %+v", out)
	}
	if out := k.do(answer(AcceptTransfer, 2, 103, no, 2)); out.Rejection != TransferWithdrawn {
		t.Errorf("accepted afterwards: %v", out.Rejection)
	}
	if out := k.do(offer(1, 104, 200, no)); out.Rejection != Accepted || out.Transfer != 3 {
		t.Errorf("offered a third time: %+v", out)
	}
}

// TestMoneyStaysWithWhoPaid: a refund of a ticket that travelled is of the booking that was paid for, and the new code
// dies when it is due (P6).
func TestMoneyStaysWithWhoPaid(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	k.do(offer(1, 2, 100, no))
	k.do(answer(AcceptTransfer, 2, 3, no, 1))
	out := k.do(Command{Kind: RefundBooking, At: 4, Booking: no, Operator: true, Seats: seatsOf(3),
		Pay: account.Payment{Amount: 250}})
	if owner, _ := k.state.Owner(no); out.Rejection != Accepted || owner != buyerOf(1) {
		t.Fatalf("the refund: %+v, of %v", out, owner)
	}
	w := ticketOf(3, "north")
	w.Rotation = 1
	if out := k.scan(no, 5, w); out.Rejection != TicketVoid {
		t.Errorf("the new code of what is owed back: %v", out.Rejection)
	}
	if out := k.do(offer(2, 5, 100, no)); out.Rejection != Accepted || len(out.Transfers[1].Tickets) != 1 {
		t.Errorf("all that is left, offered: %+v", out)
	}
}

// TestALegsTicketTravelsAtTheHome: of a booking over several sections the home says whose a ticket is, and a leg's code
// dies with the refund of its own seat.
func TestALegsTicketTravelsAtTheHome(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	m := NewMachine(k.state)
	m.Claimed(1, 1)
	began := k.do(Command{Kind: BeginOrder, At: 1, Buyer: buyerOf(1), Order: &order.Part{}})
	p := &order.Part{ID: began.Order.ID, Legs: []order.Leg{{Section: 4, Booking: 9, Seats: seatsOf(7, 8)}}}
	p.Hash = order.Hash(&p.ID, seatsOf(3), p.Legs)
	no := k.do(Command{Kind: PlaceHold, At: 1, Buyer: buyerOf(1), Seats: seatsOf(3), Order: p}).Booking
	k.do(Command{Kind: BeginPayment, At: 2, Booking: no, Operator: true,
		Pay: account.Payment{Amount: 600, Reference: "ref"}})
	k.do(Command{Kind: ConfirmPayment, At: 2, Booking: no, Operator: true})
	if out := k.do(offer(1, 3, 100, no)); out.Rejection != NotConfirmed {
		t.Errorf("offered before all sections have sold: %v", out.Rejection)
	}
	cited := k.state.orders.Home(k.state.bookings.find(no)).Cited
	k.do(Command{Kind: SettleOrder, At: 3, Operator: true, Order: p.Bare(cited)})
	one := offer(1, 4, 100, no)
	one.Transfer.Tickets = []entry.Ticket{{Leg: 1, Seat: 8}}
	k.do(one)
	k.do(answer(AcceptTransfer, 2, 4, no, 1))
	for _, c := range []struct {
		ticket   entry.Ticket
		rotation uint16
		want     Rejection
	}{{entry.Ticket{Leg: 1, Seat: 8}, 0, TicketVoid}, {entry.Ticket{Leg: 1, Seat: 8}, 1, Accepted},
		{entry.Ticket{Leg: 1, Seat: 7}, 0, Accepted}} {
		w := entry.Word{Ticket: c.ticket, Rotation: c.rotation, Scanner: "north"}
		if out := k.scan(no, 5, w); out.Rejection != c.want {
			t.Errorf("%+v, code %d: %v", c.ticket, c.rotation, out.Rejection)
		}
	}
	k.do(Command{Kind: RefundBooking, At: 6, Booking: no, Operator: true, Pay: account.Payment{Amount: 200},
		Order: &order.Part{ID: p.ID, Hash: p.Hash, Legs: []order.Leg{{Section: 4, Booking: 9, Seats: seatsOf(8)}}}})
	for seat, valid := range map[SeatIndex]bool{7: true, 8: false} {
		slot := k.state.bookings.find(no)
		_, is := k.state.hasTicket(slot, k.state.bookings.slab.At(slot), entry.Ticket{Leg: 1, Seat: seat})
		if is != valid {
			t.Errorf("a leg's seat %d is valid: %v", seat, is)
		}
	}
	back, err := Restore(k.state.layout, k.state.rules, k.state.AppendSnapshot(nil))
	if err != nil || !bytes.Equal(back.AppendSnapshot(nil), k.state.AppendSnapshot(nil)) {
		t.Errorf("a snapshot does not come back: %v", err)
	}
}

// TestARepeatedOfferIsTheSame: the same key makes one offer, and is told its number whatever came since (P5).
func TestARepeatedOfferIsTheSame(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	first := offer(1, 2, 100, no, 3)
	first.Request = requestOf(7)
	k.do(first)
	k.do(offer(1, 3, 100, no, 4))
	if out := k.do(first); !out.Repeat || out.Transfer != 1 || len(out.Transfers) != 2 {
		t.Errorf("the offer's repeat: %+v", out)
	}
	accept := answer(AcceptTransfer, 2, 4, no, 1)
	accept.Request = requestOf(8)
	if out := k.do(accept); out.Repeat || out.Transfer != 1 {
		t.Errorf("the acceptance: %+v", out)
	}
	if out := k.do(accept); !out.Repeat || out.Transfer != 1 {
		t.Errorf("its repeat: %+v", out)
	}
}

// TestTransfersInSnapshotsKeepTheirBytes: a snapshot with transfers has a second byte and a block behind everything
// else; one without has the bytes that it had.
func TestTransfersInSnapshotsKeepTheirBytes(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	no := k.sell(1, 1, 3, 4)
	before := k.state.AppendSnapshot(nil)
	if before[0]&snapshotMore != 0 {
		t.Fatal("a snapshot without transfers has a second byte")
	}
	k.do(offer(1, 2, 100, no, 3))
	k.do(answer(AcceptTransfer, 2, 4, no, 1))
	k.do(offer(1, 5, 100, no, 4))
	k.do(answer(WithdrawTransfer, 1, 6, no, 2))
	k.do(offer(1, 7, 100, no, 4))
	after := k.state.AppendSnapshot(nil)
	const one, two, none = "02000000000000000000000000000000", "03000000000000000000000000000000",
		"00000000000000000000000000000000"
	want := "01" + "00" + "03" + "02" + one + none + "0562" + "010003" + "03" + two +
		"03" + one + none + "025f" + "010004" + "01" + "01" + one + none + "005d" + "010004"
	if got := hex.EncodeToString(after[len(after)-len(want)/2:]); got != want ||
		after[0] != before[0]|snapshotTickets|snapshotMore || after[1] != snapshotTransfers {
		t.Errorf("the block of transfers is %s, want %s; the first bytes are %x", got, want, after[:2])
	}
	back, err := Restore(k.state.layout, k.state.rules, after)
	if err != nil || !bytes.Equal(back.AppendSnapshot(nil), after) || !back.Knows(buyerOf(2)) {
		t.Errorf("a snapshot does not come back: %v", err)
	}
	for at, value := range map[int]byte{len(after) - 1: 9, len(after) - 3: 0, len(after) - 4: 0, 1: 0} {
		broken := bytes.Clone(after)
		broken[at] = value
		if _, err := Restore(k.state.layout, k.state.rules, broken); err == nil {
			t.Errorf("byte %d may be %d", at, value)
		}
	}
}

// transferCases are rows of TestRejections.
var transferCases = []rejectionCase{
	{"a ticket that is in, offered", scanned, offer(1, 0, 9, 1), AlreadyAdmitted, seatsOf(0)},
	{"an offer of what is held", held, offer(1, 0, 9, 1), NotConfirmed, nil},
	{"another seat, offered", confirmed, offer(1, 0, 9, 1, 11), TicketUnknown, seatsOf(11)},
	{"offered twice at once", confirmed, offer(1, 0, 9, 1, 0, 0), DuplicateSeat, nil},
	{"an offer without time", confirmed, offer(1, 0, 0, 1), TransferExpired, nil},
	{"an offer where none may be", kept, offer(1, 0, 9, 1), TransferForbidden, nil},
	{"a second offer", offered, offer(1, 0, 9, 1), TransferPending, seatsOf(0, 1)},
	{"no such offer", offered, answer(AcceptTransfer, 2, 0, 1, 2), TransferUnknown, nil},
	{"another's offer, withdrawn", offered, answer(WithdrawTransfer, 2, 0, 1, 1), BookingUnknown, nil},
	{"one's own offer, accepted", offered, answer(AcceptTransfer, 1, 0, 1, 1), TransferOwn, nil},
	{"an offer, accepted late", offered, answer(AcceptTransfer, 2, 9, 1, 1), TransferExpired, nil},
	{"an offer, accepted twice", accepted, answer(AcceptTransfer, 3, 0, 1, 1), TransferAccepted, nil},
	{"an accepted offer, withdrawn", accepted, answer(WithdrawTransfer, 1, 0, 1, 1), TransferAccepted, nil},
	{"a withdrawn offer, accepted", withdrawn, answer(AcceptTransfer, 2, 0, 1, 1), TransferWithdrawn, nil},
	{"a ticket that was given away", accepted, offer(1, 0, 9, 1, 0), NotHolder, seatsOf(0)},
	{"all of a booking that was given away", accepted, offer(1, 0, 9, 1), NotHolder, nil},
}

func kept(k *desk) {
	confirmed(k)
	k.state.rules.ForbidTransfers = true
}

func offered(k *desk) {
	confirmed(k)
	k.do(offer(1, 0, 9, 1))
}

func accepted(k *desk) {
	offered(k)
	k.do(answer(AcceptTransfer, 2, 0, 1, 1))
}

func withdrawn(k *desk) {
	offered(k)
	k.do(answer(WithdrawTransfer, 1, 0, 1, 1))
}
