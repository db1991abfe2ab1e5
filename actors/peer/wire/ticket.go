package wire

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
)

// Kinds of tickets. A build without them neither sends nor reads them, nor the records that come of them.
const (
	// KindAskTicket is an Ask about a ticket: after its fields come whether it is Keyed, a grant, if any, and what it
	// says of the ticket.
	KindAskTicket Kind = 0x4c
	// KindAnswerTicket is an Answer about a booking of whose tickets something is known: after its fields come the
	// order and the account, if it has them, and the passes.
	KindAnswerTicket Kind = 0x4d
)

// appendTicket appends what a command about a ticket has besides an Ask's fields.
func appendTicket(dst []byte, m *Ask) []byte {
	c, w := &m.Command, m.Command.Entry
	dst = append(dst, flags(m.Keyed, c.Grant.Number != 0, w.Offline), w.Leg)
	if c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, false)
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(w.Seat)), uint64(w.Rotation))
	return appendBytes(binary.AppendVarint(dst, int64(w.At)), []byte(w.Scanner))
}

// ticket reads what appendTicket wrote.
func (d *Decoder) ticket(m *Ask) {
	c, w, bits := &m.Command, new(entry.Word), d.flags(3)
	m.Keyed, w.Offline, w.Leg = bits&1 != 0, bits&4 != 0, d.byte()
	if bits&2 != 0 {
		r, more := codec.Reader{Src: d.src}, false
		if c.Grant, more = grant.Read(&r); r.Err != nil || more {
			d.fail("no grant")
			return
		}
		d.src = r.Src
	}
	w.Seat, w.Rotation = section.SeatIndex(d.uvarint(1<<32-1)), uint16(d.uvarint(1<<16-1))
	w.At, w.Scanner = section.Instant(d.varint()), string(d.bytes(entry.ScannerBytesMax))
	if c.Entry = w; c.Kind == section.AdmitTicket && !entry.SoundScanner(w.Scanner) ||
		m.Keyed && c.Request == (section.RequestID{}) || len(c.Seats) > 0 {
		d.fail("a command about a ticket that no node may send")
	}
}

func appendPasses(dst []byte, o *section.Outcome) []byte {
	dst = append(dst, flags(o.Order != nil, o.Unsettled, o.Money != nil, o.Served && o.Unsettled, o.Cold))
	if o.Order != nil {
		dst = o.Order.Append(dst)
	}
	if o.Money != nil {
		dst = o.Money.Append(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(o.Passes)))
	for i := range o.Passes {
		p := &o.Passes[i]
		dst = append(dst, flags(p.Admitted, p.Offline), p.Leg)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.Seat)), uint64(p.Rotation))
		dst = appendBytes(binary.AppendVarint(dst, int64(p.At)), []byte(p.Scanner))
		dst = binary.AppendUvarint(dst, uint64(len(p.Doubles)))
		for _, double := range p.Doubles {
			dst = appendBytes(binary.AppendVarint(dst, int64(double.At)), []byte(double.Scanner))
		}
	}
	return dst
}

// passes reads what appendPasses wrote; money: an account was there.
func (d *Decoder) passes(o *section.Outcome) {
	bits := d.flags(5)
	o.Served, o.Cold = bits&8 != 0, bits&16 != 0
	if o.Unsettled = bits&2 != 0; bits&1 != 0 {
		o.Order = d.orderPart()
	}
	if bits&4 != 0 {
		o.Money = d.money()
	}
	n := d.uvarint(uint64(len(d.src)))
	for ; n > 0 && d.err == nil; n-- {
		bits := d.flags(2)
		p := entry.Pass{Admitted: bits&1 != 0, Offline: bits&2 != 0, Ticket: entry.Ticket{Leg: d.byte()}}
		p.Seat, p.Rotation = section.SeatIndex(d.uvarint(1<<32-1)), uint16(d.uvarint(1<<16-1))
		p.At, p.Scanner = section.Instant(d.varint()), string(d.bytes(entry.ScannerBytesMax))
		for range d.uvarint(entry.DoublesMax) {
			at := section.Instant(d.varint())
			p.Doubles = append(p.Doubles, entry.Double{At: at, Scanner: string(d.bytes(entry.ScannerBytesMax))})
		}
		o.Passes = append(o.Passes, p)
	}
}

// isTicketCommand says that a node may send it about another's section.
func isTicketCommand(c *section.Command) bool {
	return (c.Kind == section.AdmitTicket || c.Kind == section.ReissueTicket) && c.Operator &&
		c.Pay == (account.Payment{})
}
