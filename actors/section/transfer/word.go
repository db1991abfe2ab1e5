package transfer

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
)

// TicketsMax bounds the tickets of one transfer.
const TicketsMax = 1 << 12

// Word is what a command or a change says of a transfer. A change's tickets are never changed.
type Word struct {
	No       uint16          // within its booking, from 1; of a command that offers 0
	Accepted bool            // of a transfer that has ended: somebody has accepted it; else it was withdrawn
	Until    machine.Instant // of a command that offers: when nobody can accept any more
	Tickets  []entry.Ticket  // ascending; of a command that offers, none: all that the buyer has; of others none
}

// Append appends what a change says of a transfer: number, whether it was accepted, tickets. A word that is none
// panics: it is a bug of the caller's.
func (w *Word) Append(dst []byte) []byte {
	if w.No == 0 || len(w.Tickets) == 0 || len(w.Tickets) > TicketsMax || w.Until != 0 || !ascending(w.Tickets) {
		panic(fmt.Sprintf("section: word on a transfer %+v", *w))
	}
	dst = append(binary.AppendUvarint(dst, uint64(w.No)), byte(codec.Bit(w.Accepted)))
	return AppendTickets(dst, w.Tickets)
}

// Read reads what Append wrote.
func Read(r *codec.Reader) *Word {
	no, accepted := r.Uvarint(), r.Byte()
	w := &Word{No: uint16(no), Accepted: accepted == 1, Tickets: ReadTickets(r)}
	in := no > 0 && no <= math.MaxUint16 && accepted <= 1
	if r.Err == nil && (!in || len(w.Tickets) == 0 || !ascending(w.Tickets)) {
		r.Fail("a transfer out of range")
	}
	return w
}

func ascending(tickets []entry.Ticket) bool {
	for i := 1; i < len(tickets); i++ {
		if !tickets[i-1].Before(tickets[i]) {
			return false
		}
	}
	return true
}

// AppendTickets appends tickets: their count, then leg and seat of each.
func AppendTickets(dst []byte, tickets []entry.Ticket) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(tickets)))
	for _, t := range tickets {
		dst = binary.AppendUvarint(append(dst, t.Leg), uint64(t.Seat))
	}
	return dst
}

// ReadTickets reads what AppendTickets wrote, in whatever order they are.
func ReadTickets(r *codec.Reader) (tickets []entry.Ticket) {
	n := r.Uvarint()
	if n > TicketsMax || n*2 > uint64(len(r.Src)) {
		r.Fail("tickets out of range")
	}
	for ; n > 0 && r.Err == nil; n-- {
		leg, seat := r.Byte(), r.Uvarint()
		if seat > math.MaxUint32 {
			r.Fail("a ticket out of range")
		}
		tickets = append(tickets, entry.Ticket{Leg: leg, Seat: account.SeatIndex(seat)})
	}
	return tickets
}
