package wire

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// Kinds that builds before coordinators do not read. They are sent about events only that those builds cannot read
// either (storage.Event.Coordinators).
const (
	// KindAskGranted is an Ask whose command has a grant, and a session if there is one.
	KindAskGranted Kind = 0x40
	// KindBook is a Book.
	KindBook Kind = 0x41
	// KindAskKeyed is an Ask with Keyed.
	KindAskKeyed Kind = 0x42
	// KindAskOrder is an Ask whose command is of an order: after its fields come a grant and a session, if any,
	// and the order.
	KindAskOrder Kind = 0x45
	// KindAnswerOrder is an Answer whose outcome is of an order's home: the order follows its fields, and its account
	// if it has one.
	KindAnswerOrder Kind = 0x46
	// KindBookOrder is a Book of seats in several sections: the others follow its fields.
	KindBookOrder Kind = 0x47
	// KindAskRefund is an Ask for single seats of an order to be given back, keyed or not: what it says of money, if
	// anything, and then as KindAskOrder. Builds without such refunds cannot read the logs that have any.
	KindAskRefund Kind = 0x49
)

// Book asks for a new hold in a coordinated event, on its way to the node of the buyer's coordinator: on named seats of
// one section, or the best of any.
type Book struct {
	ID       uint64
	Patience uint32
	Event    storage.EventID
	Operator bool
	// AnyBuyerTotal is Command's.
	AnyBuyerTotal bool
	// Keyed: an operator's key was looked at where all operators' keys are, and goes to that coordinator.
	Keyed       bool
	Coordinator uint8
	Buyer       section.BuyerID
	Request     section.RequestID
	Fingerprint uint64

	Named bool // Section and Seats; else the others
	No    storage.SectionNo
	Seats []section.SeatIndex
	More  []order.Leg // seats of other sections; their legs have no numbers yet

	Accessible bool
	Quantity   uint32
	Category   string // empty: any
	Section    string // what the plan calls one; empty: any

	// Session, Until and Began are of a buyer whom a waiting room has let in; Session 0: none.
	Session uint32
	Until   section.Instant
	Began   section.Seq
	Trace   *trace.Parent // nil: none. See KindTraced
	Fare    *tariff.Fare  // what is asked for of the price, by names; nil: nothing. See KindFare
}

// Append appends the message to dst.
func (m *Book) Append(dst []byte) []byte {
	kind := KindBook
	if len(m.More) > 0 {
		kind = KindBookOrder
	}
	dst = binary.AppendUvarint(append(appendFare(appendTrace(dst, m.Trace), m.Fare, nil), byte(kind)), m.ID)
	dst = binary.AppendUvarint(dst, uint64(m.Patience))
	dst = append(append(dst, m.Event[:]...), flags(m.Operator, m.AnyBuyerTotal, m.Named, m.Accessible, m.Session != 0,
		m.Keyed), m.Coordinator)
	dst = append(append(dst, m.Buyer[:]...), m.Request[:]...)
	dst = binary.BigEndian.AppendUint64(dst, m.Fingerprint)
	if m.Named {
		dst = appendSeats(binary.AppendUvarint(dst, uint64(m.No)), m.Seats)
	} else {
		dst = binary.AppendUvarint(dst, uint64(m.Quantity))
		dst = appendBytes(appendBytes(dst, []byte(m.Category)), []byte(m.Section))
	}
	if m.Session != 0 {
		dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(m.Session)), int64(m.Until))
		dst = binary.AppendUvarint(dst, uint64(m.Began))
	}
	if len(m.More) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(m.More)))
		for i := range m.More {
			dst = appendSeats(binary.AppendUvarint(dst, uint64(m.More[i].Section)), m.More[i].Seats)
		}
	}
	return dst
}

// Book reads the message; the seats are the decoder's.
func (d *Decoder) Book(m *Book) error {
	*m = Book{Trace: d.trace, Fare: d.fare, ID: d.uvarint(maxUint64), Patience: uint32(d.uvarint(1<<32 - 1))}
	d.copy(m.Event[:])
	bits := d.flags(6)
	m.Coordinator, m.Keyed = d.byte(), bits&32 != 0
	m.Operator, m.AnyBuyerTotal, m.Named, m.Accessible = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
	d.copy(m.Buyer[:])
	d.copy(m.Request[:])
	m.Fingerprint = d.uint64()
	if m.Named {
		m.No = storage.SectionNo(d.uvarint(1<<32 - 1))
		d.seats = d.list(d.seats)
		m.Seats = d.seats
	} else {
		m.Quantity = uint32(d.uvarint(1<<32 - 1))
		m.Category = string(d.bytes(categoryBytesMax))
		m.Section = string(d.bytes(sectionBytesMax))
	}
	if bits&16 != 0 {
		if m.Session = uint32(d.uvarint(1<<32 - 1)); m.Session == 0 {
			d.fail("no session")
		}
		m.Until, m.Began = section.Instant(d.varint()), section.Seq(d.uvarint(maxUint64))
	}
	if d.kind == KindBookOrder {
		for range d.uvarint(order.SectionsMax) {
			more := order.Leg{Section: uint32(d.uvarint(1<<32 - 1))}
			more.Seats = d.list(nil)
			m.More = append(m.More, more)
		}
		if len(m.More) == 0 || !m.Named {
			d.fail("an order of one section")
		}
	}
	return d.end()
}

// appendGrant appends a command's grant, and its session if there is one.
func appendGrant(dst []byte, c *section.Command) []byte {
	dst = c.Grant.Append(dst, c.Session != 0)
	if c.Session != 0 {
		return appendSession(dst, c)
	}
	return dst
}

func (d *Decoder) grant(c *section.Command) {
	r := codec.Reader{Src: d.src}
	inside := false
	if c.Grant, inside = grant.Read(&r); r.Err != nil {
		d.fail("no grant")
		return
	}
	if d.src = r.Src; inside {
		d.session(c)
	}
}

// kindOf is the kind that an Ask goes as.
func kindOf(m *Ask) Kind {
	switch c := &m.Command; {
	case c.Entry != nil:
		return KindAskTicket
	case c.Exchange != nil:
		return KindAskExchange
	case c.Transfer != nil:
		return KindAskTransfer
	case c.Kind == section.RefundBooking && c.Order != nil:
		return KindAskRefund
	case m.Keyed:
		return KindAskKeyed
	case c.Pay != (account.Payment{}):
		return KindAskPaying
	case c.Order != nil:
		return KindAskOrder
	case c.Sale != 0:
		return kindOfTurn(c)
	case c.Grant.Number != 0:
		return KindAskGranted
	case c.Session != 0:
		return KindAskAdmitted
	}
	return KindAsk
}

// appendRefund appends what an Ask has that names seats of an order to be given back.
func appendRefund(dst []byte, m *Ask) []byte {
	c := &m.Command
	paid := c.Pay != (account.Payment{})
	if dst = append(dst, flags(m.Keyed, paid)); paid {
		dst = appendPayment(dst, &c.Pay)
	}
	return appendOrder(dst, c)
}

// refund reads what an Ask has that names seats of an order to be given back.
func (d *Decoder) refund(m *Ask) {
	c := &m.Command
	bits := d.flags(2)
	if m.Keyed = bits&1 != 0; bits&2 != 0 {
		d.payment(&c.Pay)
	}
	if d.order(c); m.Keyed && (m.Search || c.Request == (section.RequestID{})) {
		d.fail("a command that goes by no coordinator")
	}
}

// appendOrder appends what an order's command has besides an Ask's fields.
func appendOrder(dst []byte, c *section.Command) []byte {
	dst = append(dst, flags(c.Grant.Number != 0, c.Session != 0))
	if c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, false)
	}
	if c.Session != 0 {
		dst = appendSession(dst, c)
	}
	return c.Order.Append(dst)
}

func (d *Decoder) order(c *section.Command) {
	bits := d.flags(2)
	if bits&1 != 0 {
		r, more := codec.Reader{Src: d.src}, false
		if c.Grant, more = grant.Read(&r); r.Err != nil || more {
			d.fail("no grant")
			return
		}
		d.src = r.Src
	}
	if bits&2 != 0 {
		d.session(c)
	}
	c.Order = d.orderPart()
}

func (d *Decoder) orderPart() *order.Part {
	r := codec.Reader{Src: d.src}
	p := order.ReadPart(&r)
	if r.Err != nil {
		d.fail("no order")
		return &order.Part{}
	}
	d.src = r.Src
	return p
}

// isOrderCommand says that a node may send it about another's section. Which legs are due is a section's own to say.
func isOrderCommand(k section.CommandKind) bool {
	return k == section.PlaceHold || k >= section.BeginOrder && k < section.DueLegs || k == section.ShrinkLeg ||
		k == section.ServeOrder
}
