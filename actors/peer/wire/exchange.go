package wire

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/exchange"
)

// Kinds of exchanges. A build without them neither sends nor reads them, nor the records that come of them.
const (
	// KindAskExchange is an Ask for the hold of an exchange: after its fields come whether it is Keyed, a grant, if
	// any, and what is given up.
	KindAskExchange Kind = 0x4e
	// KindAnswerExchange is an Answer about an exchange: after its fields come its account, if it has one, and how it
	// stands.
	KindAnswerExchange Kind = 0x4f
)

// appendExchange appends what a command for an exchange has besides an Ask's fields. The booking is the Ask's.
func appendExchange(dst []byte, m *Ask) []byte {
	c := &m.Command
	if dst = append(dst, flags(m.Keyed, c.Grant.Number != 0)); c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, false)
	}
	return appendSeats(binary.AppendUvarint(dst, uint64(c.Exchange.Credit)), c.Exchange.Gives)
}

// exchange reads what appendExchange wrote.
func (d *Decoder) exchange(m *Ask) {
	c, bits := &m.Command, d.flags(2)
	if m.Keyed = bits&1 != 0; bits&2 != 0 {
		r, more := codec.Reader{Src: d.src}, false
		if c.Grant, more = grant.Read(&r); r.Err != nil || more {
			d.fail("no grant")
			return
		}
		d.src = r.Src
	}
	c.Exchange = &exchange.Part{Credit: int64(d.uvarint(1<<63 - 1))}
	if c.Exchange.Gives = d.list(nil); m.Keyed && c.Request == (section.RequestID{}) || m.Search {
		d.fail("a command for an exchange that no node may send")
	}
}

// appendExchanged appends how an exchange stands.
func appendExchanged(dst []byte, o *section.Outcome) []byte {
	x := o.Exchange
	if dst = append(dst, flags(o.Money != nil, x.Done)); o.Money != nil {
		dst = o.Money.Append(dst)
	}
	return binary.AppendUvarint(x.Append(dst), uint64(x.Total))
}

// exchanged reads what appendExchanged wrote.
func (d *Decoder) exchanged(o *section.Outcome) {
	bits := d.flags(2)
	if bits&1 != 0 {
		o.Money = d.money()
	}
	r := codec.Reader{Src: d.src}
	x := &exchange.Exchange{Part: *exchange.Read(&r), Done: bits&2 != 0}
	if r.Err != nil {
		d.fail("no exchange")
		return
	}
	d.src = r.Src
	x.Total, o.Exchange = int64(d.uvarint(1<<63-1)), x
}
