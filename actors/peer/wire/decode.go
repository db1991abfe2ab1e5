package wire

import (
	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/terms"
	"holdfast/storage"
)

const maxUint64 = 1<<64 - 1

// Subscribe reads the message that Begin found to be one. So do the others. Errors wrap ErrFormat.
func (d *Decoder) Subscribe(m *Subscribe) error {
	d.copy(m.Event[:])
	return d.end()
}

// Serving reads the message.
func (d *Decoder) Serving(m *Serving) error {
	m.Section = d.key()
	m.Epoch = section.Epoch(d.uvarint(maxUint64))
	m.Seq = section.Seq(d.uvarint(maxUint64))
	return d.end()
}

// Record reads the message; the entry is part of it.
func (d *Decoder) Record(m *Record) error {
	m.Section = d.key()
	m.Entry = d.rest()
	return d.end()
}

// Released reads the message.
func (d *Decoder) Released(m *Released) error {
	m.Section = d.key()
	m.Epoch = section.Epoch(d.uvarint(maxUint64))
	d.copy(m.Successor[:])
	return d.end()
}

// Ask reads the message, of either kind; the seats are the decoder's.
func (d *Decoder) Ask(m *Ask) error {
	*m = Ask{Trace: d.trace, ID: d.uvarint(maxUint64), Patience: uint32(d.uvarint(1<<32 - 1)), Section: d.key()}
	c := &m.Command
	c.Fare, c.Prices = d.fare, d.prices
	c.Kind = section.CommandKind(d.byte())
	bits := d.flags(8)
	m.Read, m.Probe, m.Search = bits&1 != 0, bits&2 != 0, bits&4 != 0
	c.Operator, c.AccessibleOnly, c.AnyCategory, c.TogetherOnly = bits&8 != 0, bits&16 != 0, bits&32 != 0, bits&64 != 0
	c.AnyBuyerTotal = bits&128 != 0
	c.Category = section.CategoryID(d.uvarint(1<<16 - 1))
	c.Quantity = uint32(d.uvarint(1<<32 - 1))
	c.Booking = section.BookingNo(d.uvarint(maxUint64))
	d.copy(c.Request[:])
	d.copy(c.Buyer[:])
	c.Fingerprint = d.uint64()
	d.seats = d.list(d.seats)
	c.Seats = d.seats
	switch d.kind {
	case KindAskAdmitted:
		d.session(c)
	case KindAskGranted:
		d.grant(c)
	case KindAskOrder:
		d.order(c)
	case KindAskRefund:
		d.refund(m)
	case KindAskKeyed:
		d.keyed(m)
	case KindAskPaying:
		d.payment(&c.Pay)
	case KindAskSale, KindAskTerms:
		d.turn(c)
	case KindAskTicket:
		d.ticket(m)
	case KindAskExchange:
		d.exchange(m)
	case KindAskTransfer:
		d.transfer(m)
	}
	// A read has no command, everything else one; the end of holds is the owner's own to say.
	if d.maySend(m) == m.Read || !mayHaveFare(c) {
		d.fail("a command that no node may send")
	}
	return d.end()
}

// maySend says that a node may send the command in a message of this kind.
func (d *Decoder) maySend(m *Ask) bool {
	c := &m.Command
	known := c.Kind >= section.PlaceHold && c.Kind <= section.UnblockSeats && c.Kind != section.ExpireHolds ||
		c.Kind == section.FenceGrants && d.kind == KindAskGranted ||
		c.Kind >= section.ChallengePayment && c.Kind <= section.RetryRefund && d.kind == KindAskPaying ||
		c.Kind == section.SwitchSale && c.Sale.Sound() && c.Operator
	switch d.kind {
	case KindAskOrder:
		known = isOrderCommand(c.Kind)
	case KindAskRefund:
		known = c.Kind == section.RefundBooking
	case KindAskTicket:
		known = isTicketCommand(c) && !m.Search
	case KindAskExchange:
		known = c.Kind == section.PlaceExchange
	case KindAskTransfer:
		known = isTransferCommand(c)
	}
	return known
}

// turn reads a turn of the sale switch, and the terms that it brings.
func (d *Decoder) turn(c *section.Command) {
	if c.Sale = sales.Turn(d.uvarint(maxUint64)); d.kind == KindAskSale {
		return
	}
	t := new(terms.Terms)
	if c.Terms = t; !t.Restore(d.uvarint) {
		d.fail("terms that are none")
	}
}

// Answer reads the message; the seats are the decoder's.
func (d *Decoder) Answer(m *Answer) error {
	*m = Answer{ID: d.uvarint(maxUint64), Code: Code(d.byte())}
	switch {
	case (d.kind == KindAnswerPaid || d.kind == KindAnswerTicket || d.kind == KindAnswerExchange ||
		d.kind == KindAnswerTransfer) && m.Code != Decided:
		d.fail("an account without an outcome")
	case m.Code == Moved:
		d.copy(m.Owner[:])
	case m.Code == Decided:
		d.decided(m)
	case m.Code == NotTogether:
		m.Section = storage.SectionNo(d.uvarint(1<<32 - 1))
		m.Free, m.Largest = uint32(d.uvarint(1<<32-1)), uint32(d.uvarint(1<<32-1))
	case m.Code < Decided || m.Code > NotTogether:
		d.fail("an unknown code")
	}
	return d.end()
}

func (d *Decoder) decided(m *Answer) {
	o := &m.Outcome
	o.Mark, o.Fare = d.mark, d.fare
	m.Section = storage.SectionNo(d.uvarint(1<<32 - 1))
	m.At = section.Instant(d.varint())
	o.Rejection = section.Rejection(d.byte())
	bits := d.flags(2)
	o.Repeat, o.Split = bits&1 != 0, bits&2 != 0
	if o.State = section.BookingState(d.byte()); o.State > section.BookingBound {
		d.fail("an unknown state")
	}
	o.Booking = section.BookingNo(d.uvarint(maxUint64))
	o.ExpiresAt = section.Instant(d.varint())
	d.seats = d.list(d.seats)
	d.lost = d.list(d.lost)
	o.Seats, o.Lost = d.seats, d.lost
	paid := d.kind == KindAnswerPaid
	if d.kind == KindAnswerOrder {
		bits := d.flags(4)
		o.Unsettled, paid, o.Served, o.Cold = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
		o.Order = d.orderPart()
	}
	if paid {
		o.Money = d.money()
	}
	switch d.kind {
	case KindAnswerTicket:
		d.passes(o)
		if d.err == nil && len(o.Passes) == 0 {
			d.fail("no passes")
		}
	case KindAnswerExchange:
		d.exchanged(o)
	case KindAnswerTransfer:
		d.passes(o)
		d.transfers(o)
	}
}

// categoryBytesMax bounds a category's label in a Search.
const categoryBytesMax = 4 << 10

// Search reads the message.
func (d *Decoder) Search(m *Search) error {
	*m = Search{Trace: d.trace, Fare: d.fare, ID: d.uvarint(maxUint64), Patience: uint32(d.uvarint(1<<32 - 1))}
	d.copy(m.Event[:])
	bits := d.flags(5)
	m.Operator, m.Accessible, m.AnyBuyerTotal = bits&1 != 0, bits&2 != 0, bits&4 != 0
	m.Quantity = uint32(d.uvarint(1<<32 - 1))
	m.Category = string(d.bytes(categoryBytesMax))
	d.copy(m.Buyer[:])
	d.copy(m.Request[:])
	m.Fingerprint = d.uint64()
	if bits&8 != 0 {
		if m.Section = string(d.bytes(sectionBytesMax)); m.Section == "" {
			d.fail("a section without a name")
		}
	}
	if bits&16 != 0 {
		m.Session, m.Until = gate.SessionNo(d.uvarint(1<<32-1)), section.Instant(d.varint())
		if m.Began = gate.Seq(d.uvarint(maxUint64)); m.Session == 0 {
			d.fail("no session")
		}
	}
	return d.end()
}

// sectionBytesMax bounds a section's name in a Search.
const sectionBytesMax = 4 << 10

// FreeQuery reads the message.
func (d *Decoder) FreeQuery(m *FreeQuery) error {
	*m = FreeQuery{ID: d.uvarint(maxUint64)}
	d.copy(m.Event[:])
	m.Accessible = d.flags(1)&1 != 0
	m.Quantity = uint32(d.uvarint(1<<32 - 1))
	m.Sections = d.sections()
	return d.end()
}

// FreeReply reads the message.
func (d *Decoder) FreeReply(m *FreeReply) error {
	*m = FreeReply{ID: d.uvarint(maxUint64), Sections: d.sections()}
	return d.end()
}

// sections reads a list that is the caller's to keep. Each takes a byte at least, which bounds it.
func (d *Decoder) sections() []storage.SectionNo {
	n := d.uvarint(uint64(len(d.src)))
	list := make([]storage.SectionNo, 0, n)
	for range n {
		list = append(list, storage.SectionNo(d.uvarint(1<<32-1)))
	}
	return list
}

// Catalog reads the message.
func (d *Decoder) Catalog(m *Catalog) error {
	m.Number = d.uvarint(maxUint64)
	return d.end()
}

// CatalogSeen reads the message.
func (d *Decoder) CatalogSeen(m *CatalogSeen) error {
	m.Number = d.uvarint(maxUint64)
	return d.end()
}

// Acknowledged reads the message.
func (d *Decoder) Acknowledged(m *Acknowledged) error {
	m.Section = d.key()
	m.Epoch, m.Seq = section.Epoch(d.uvarint(maxUint64)), section.Seq(d.uvarint(maxUint64))
	d.copy(m.Hash[:])
	return d.end()
}

// Quiesced reads the message.
func (d *Decoder) Quiesced(m *Quiesced) error {
	m.View = d.uint64()
	m.Round = d.uvarint(maxUint64)
	return d.end()
}

// Quiesce reads the message.
func (d *Decoder) Quiesce(m *Quiesce) error {
	m.Round = d.uvarint(maxUint64)
	m.Views = make([]uint64, 0, ViewsMax)
	for range d.uvarint(ViewsMax) {
		m.Views = append(m.Views, d.uint64())
	}
	return d.end()
}

// Subscribed reads the message.
func (d *Decoder) Subscribed(m *Subscribed) error {
	d.copy(m.Event[:])
	return d.end()
}

// nameBytesMax bounds a call's name, and a reply's words about a failure.
const nameBytesMax = 4 << 10

// Call reads the message; the body is part of it.
func (d *Decoder) Call(m *Call) error {
	*m = Call{ID: d.uvarint(maxUint64), Name: string(d.bytes(nameBytesMax))}
	m.Body = d.rest()
	return d.end()
}

// Reply reads the message; the body is part of it.
func (d *Decoder) Reply(m *Reply) error {
	*m = Reply{ID: d.uvarint(maxUint64), Failure: string(d.bytes(nameBytesMax))}
	m.Body = d.rest()
	return d.end()
}
