package wire

import (
	"encoding/binary"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/transfer"
)

// Kinds of transfers. A build without them neither sends nor reads them, nor the records that come of them.
const (
	// KindAskTransfer is an Ask about a transfer: after its fields come whether it is Keyed, a grant, if any, and what
	// it says of the transfer.
	KindAskTransfer Kind = 0x4a
	// KindAnswerTransfer is an Answer about a booking with transfers: after its fields come what KindAnswerTicket has,
	// where there may be no passes, and the transfers.
	KindAnswerTransfer Kind = 0x4b
)

// isTransferCommand says that a node may send it about another's section.
func isTransferCommand(c *section.Command) bool {
	return c.Kind >= section.OfferTransfer && c.Kind <= section.WithdrawTransfer && c.Pay == (account.Payment{})
}

// appendTransfer appends what a command about a transfer has besides an Ask's fields.
func appendTransfer(dst []byte, m *Ask) []byte {
	c, w := &m.Command, m.Command.Transfer
	dst = append(dst, flags(m.Keyed, c.Grant.Number != 0))
	if c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, false)
	}
	dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(w.No)), int64(w.Until))
	return transfer.AppendTickets(dst, w.Tickets)
}

// transfer reads what appendTransfer wrote.
func (d *Decoder) transfer(m *Ask) {
	c, w, bits := &m.Command, new(transfer.Word), d.flags(2)
	if m.Keyed = bits&1 != 0; bits&2 != 0 {
		r, more := codec.Reader{Src: d.src}, false
		if c.Grant, more = grant.Read(&r); r.Err != nil || more {
			d.fail("no grant")
			return
		}
		d.src = r.Src
	}
	w.No, w.Until = uint16(d.uvarint(math.MaxUint16)), section.Instant(d.varint())
	w.Tickets = d.tickets()
	if c.Transfer = w; (c.Kind == section.OfferTransfer) != (w.No == 0) || m.Search ||
		m.Keyed && c.Request == (section.RequestID{}) || len(c.Seats) > 0 {
		d.fail("a command about a transfer that no node may send")
	}
}

func (d *Decoder) tickets() []entry.Ticket {
	r := codec.Reader{Src: d.src}
	list := transfer.ReadTickets(&r)
	if r.Err != nil {
		d.fail("no tickets")
		return nil
	}
	d.src = r.Src
	return list
}

// appendTransfers appends the transfers of a booking, and which of them the answer is about.
func appendTransfers(dst []byte, o *section.Outcome) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(o.Transfer)), uint64(len(o.Transfers)))
	for i := range o.Transfers {
		t := &o.Transfers[i]
		dst = append(append(append(append(dst, byte(t.State)), t.From[:]...), t.To[:]...), t.Request[:]...)
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(t.At)), int64(t.Until))
		dst = transfer.AppendTickets(binary.AppendVarint(dst, int64(t.Ended)), t.Tickets)
	}
	return dst
}

// transfers reads what appendTransfers wrote.
func (d *Decoder) transfers(o *section.Outcome) {
	o.Transfer = uint16(d.uvarint(math.MaxUint16))
	n := d.uvarint(transfer.Max)
	for no := uint64(1); no <= n && d.err == nil; no++ {
		t := transfer.Transfer{No: uint16(no), State: transfer.State(d.byte())}
		d.copy(t.From[:])
		d.copy(t.To[:])
		d.copy(t.Request[:])
		t.At, t.Until = section.Instant(d.varint()), section.Instant(d.varint())
		t.Ended, t.Tickets = section.Instant(d.varint()), d.tickets()
		if t.State < transfer.Offered || t.State > transfer.Withdrawn {
			d.fail("a transfer in no state")
		}
		o.Transfers = append(o.Transfers, t)
	}
	if d.err == nil && (n == 0 || uint64(o.Transfer) > n) {
		d.fail("no transfers")
	}
}
