package wire

import (
	"encoding/binary"
	"fmt"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/tariff"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// seatsMax bounds a list of seats in a message, as the log bounds it in a change.
const seatsMax = section.ChangeSeatsMax

func appendKey(dst []byte, key storage.SectionKey) []byte {
	dst = append(dst, key.Event[:]...)
	return binary.AppendUvarint(dst, uint64(key.Section))
}

func appendSeats(dst []byte, seats []section.SeatIndex) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(seats)))
	for _, s := range seats {
		dst = binary.AppendUvarint(dst, uint64(s))
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func flags(bits ...bool) (b byte) {
	for i, set := range bits {
		if set {
			b |= 1 << i
		}
	}
	return b
}

// Append appends the message to dst.
func (m *Subscribe) Append(dst []byte) []byte {
	return append(append(dst, byte(KindSubscribe)), m.Event[:]...)
}

// Append appends the message to dst.
func (m *Serving) Append(dst []byte) []byte {
	dst = appendKey(append(dst, byte(KindServing)), m.Section)
	dst = binary.AppendUvarint(dst, uint64(m.Epoch))
	return binary.AppendUvarint(dst, uint64(m.Seq))
}

// Append appends the message to dst; the entry runs to the end.
func (m *Record) Append(dst []byte) []byte {
	return append(AppendRecordHead(dst, m.Section), m.Entry...)
}

// AppendRecordHead appends what comes before the entry of a Record, for whoever encodes the entry in place.
func AppendRecordHead(dst []byte, key storage.SectionKey) []byte {
	return appendKey(append(dst, byte(KindRecord)), key)
}

// Append appends the message to dst.
func (m *Released) Append(dst []byte) []byte {
	dst = appendKey(append(dst, byte(KindReleased)), m.Section)
	dst = binary.AppendUvarint(dst, uint64(m.Epoch))
	return append(dst, m.Successor[:]...)
}

// Append appends the message to dst.
func (m *Ask) Append(dst []byte) []byte {
	c, kind := &m.Command, kindOf(m)
	dst = binary.AppendUvarint(append(appendFare(appendTrace(dst, m.Trace), c.Fare, c.Prices), byte(kind)), m.ID)
	dst = binary.AppendUvarint(dst, uint64(m.Patience))
	dst = appendKey(dst, m.Section)
	set := flags(
		m.Read, m.Probe, m.Search, c.Operator, c.AccessibleOnly, c.AnyCategory, c.TogetherOnly, c.AnyBuyerTotal,
	)
	dst = append(dst, byte(c.Kind), set)
	dst = binary.AppendUvarint(dst, uint64(c.Category))
	dst = binary.AppendUvarint(dst, uint64(c.Quantity))
	dst = binary.AppendUvarint(dst, uint64(c.Booking))
	dst = append(append(dst, c.Request[:]...), c.Buyer[:]...)
	dst = binary.BigEndian.AppendUint64(dst, c.Fingerprint)
	dst = appendSeats(dst, c.Seats)
	switch kind {
	case KindAskTicket:
		return appendTicket(dst, m)
	case KindAskExchange:
		return appendExchange(dst, m)
	case KindAskTransfer:
		return appendTransfer(dst, m)
	case KindAskKeyed:
		if c.Pay == (account.Payment{}) {
			return dst
		}
		return appendPayment(dst, &c.Pay)
	case KindAskPaying:
		return appendPayment(dst, &c.Pay)
	case KindAskOrder:
		return appendOrder(dst, c)
	case KindAskRefund:
		return appendRefund(dst, m)
	case KindAskGranted:
		return appendGrant(dst, c)
	case KindAskSale, KindAskTerms:
		return appendTurn(dst, c)
	case KindAskAdmitted:
		return appendSession(dst, c)
	}
	return dst
}

// Append appends the message to dst.
func (m *Answer) Append(dst []byte) []byte {
	o, kind := &m.Outcome, KindAnswer
	switch {
	case m.Code != Decided:
	case o.Exchange != nil:
		kind = KindAnswerExchange
	case len(o.Transfers) > 0:
		kind = KindAnswerTransfer
	case len(o.Passes) > 0:
		kind = KindAnswerTicket
	case o.Order != nil:
		kind = KindAnswerOrder
	case o.Money != nil:
		kind = KindAnswerPaid
	}
	if m.Code == Decided {
		dst = appendFared(dst, o)
	}
	dst = binary.AppendUvarint(append(dst, byte(kind)), m.ID)
	dst = append(dst, byte(m.Code))
	switch m.Code {
	case Moved:
		return append(dst, m.Owner[:]...)
	case NotTogether:
		dst = binary.AppendUvarint(dst, uint64(m.Section))
		return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(m.Free)), uint64(m.Largest))
	case Decided:
	default:
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(m.Section))
	dst = binary.AppendVarint(dst, int64(m.At))
	dst = append(dst, byte(o.Rejection), flags(o.Repeat, o.Split), byte(o.State))
	dst = binary.AppendUvarint(dst, uint64(o.Booking))
	dst = binary.AppendVarint(dst, int64(o.ExpiresAt))
	if dst = appendSeats(appendSeats(dst, o.Seats), o.Lost); kind == KindAnswerOrder {
		dst = o.Order.Append(append(dst, flags(o.Unsettled, o.Money != nil, o.Served && o.Unsettled, o.Cold)))
	}
	switch {
	case kind == KindAnswerTicket:
		return appendPasses(dst, o)
	case kind == KindAnswerExchange:
		return appendExchanged(dst, o)
	case kind == KindAnswerTransfer:
		return appendTransfers(appendPasses(dst, o), o)
	}
	if kind != KindAnswer && o.Money != nil {
		return o.Money.Append(dst)
	}
	return dst
}

// Append appends the message to dst.
func (m *Search) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(appendFare(appendTrace(dst, m.Trace), m.Fare, nil), byte(KindSearch)), m.ID)
	dst = binary.AppendUvarint(dst, uint64(m.Patience))
	dst = append(append(dst, m.Event[:]...), flags(m.Operator, m.Accessible, m.AnyBuyerTotal, m.Section != "",
		m.Session != 0))
	dst = binary.AppendUvarint(dst, uint64(m.Quantity))
	dst = appendBytes(dst, []byte(m.Category))
	dst = append(append(dst, m.Buyer[:]...), m.Request[:]...)
	dst = binary.BigEndian.AppendUint64(dst, m.Fingerprint)
	if m.Section != "" {
		dst = appendBytes(dst, []byte(m.Section))
	}
	if m.Session != 0 {
		dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(m.Session)), int64(m.Until))
		dst = binary.AppendUvarint(dst, uint64(m.Began))
	}
	return dst
}

// Append appends the message to dst.
func (m *FreeQuery) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindFreeQuery)), m.ID)
	dst = append(append(dst, m.Event[:]...), flags(m.Accessible))
	return appendSections(binary.AppendUvarint(dst, uint64(m.Quantity)), m.Sections)
}

// Append appends the message to dst.
func (m *FreeReply) Append(dst []byte) []byte {
	return appendSections(binary.AppendUvarint(append(dst, byte(KindFreeReply)), m.ID), m.Sections)
}

func appendSections(dst []byte, list []storage.SectionNo) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, no := range list {
		dst = binary.AppendUvarint(dst, uint64(no))
	}
	return dst
}

// Append appends the message to dst.
func (m *Catalog) Append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, byte(KindCatalog)), m.Number)
}

// Append appends the message to dst.
func (m *CatalogSeen) Append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, byte(KindCatalogSeen)), m.Number)
}

// Append appends the message to dst.
func (m *Acknowledged) Append(dst []byte) []byte {
	dst = appendKey(append(dst, byte(KindAcknowledged)), m.Section)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(m.Epoch)), uint64(m.Seq))
	return append(dst, m.Hash[:]...)
}

// Append appends the message to dst.
func (m *Quiesced) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, byte(KindQuiesced)), m.View)
	return binary.AppendUvarint(dst, m.Round)
}

// Append appends the message to dst.
func (m *Quiesce) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindQuiesce)), m.Round)
	dst = binary.AppendUvarint(dst, uint64(len(m.Views)))
	for _, v := range m.Views {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

// Append appends the message to dst.
func (m *Subscribed) Append(dst []byte) []byte {
	return append(append(dst, byte(KindSubscribed)), m.Event[:]...)
}

// Append appends the message to dst; the body runs to the end.
func (m *Call) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindCall)), m.ID)
	return append(appendBytes(dst, []byte(m.Name)), m.Body...)
}

// Append appends the message to dst; the body runs to the end.
func (m *Reply) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindReply)), m.ID)
	return append(appendBytes(dst, []byte(m.Failure)), m.Body...)
}

// Decoder reads one message. It keeps lists between messages, so what it gives is valid until the next one.
type Decoder struct {
	kind   Kind
	trace  *trace.Parent // of a message with KindTraced, or KindTracedState, before it
	fare   *tariff.Fare  // of one with KindFare or KindFared before it; and so are these
	prices *tariff.Prices
	mark   tariff.Mark
	src    []byte
	err    error
	seats  []section.SeatIndex
	lost   []section.SeatIndex
}

// Begin starts a message and tells its kind; zero for an empty one.
func (d *Decoder) Begin(message []byte) Kind {
	d.src, d.err, d.trace = message, nil, nil
	if d.kind = Kind(d.byte()); d.kind == KindTraced || d.kind == KindTracedState {
		d.traced()
	}
	d.before()
	return d.kind
}

// end is the verdict: everything was there, and nothing more.
func (d *Decoder) end() error {
	if d.err == nil && len(d.src) > 0 {
		d.fail("bytes after its end")
	}
	return d.err
}

func (d *Decoder) fail(why string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrFormat, why)
	}
	d.src = nil
}

func (d *Decoder) byte() byte {
	if len(d.src) == 0 {
		d.fail("cut short")
		return 0
	}
	b := d.src[0]
	d.src = d.src[1:]
	return b
}

func (d *Decoder) copy(dst []byte) {
	if len(d.src) < len(dst) {
		d.fail("cut short")
		return
	}
	d.src = d.src[copy(dst, d.src):]
}

func (d *Decoder) uvarint(max uint64) uint64 {
	v, n := binary.Uvarint(d.src)
	if n <= 0 || v > max {
		d.fail("a number out of range")
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *Decoder) varint() int64 {
	v, n := binary.Varint(d.src)
	if n <= 0 {
		d.fail("a number out of range")
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *Decoder) uint64() uint64 {
	var raw [8]byte
	d.copy(raw[:])
	return binary.BigEndian.Uint64(raw[:])
}

func (d *Decoder) key() (key storage.SectionKey) {
	d.copy(key.Event[:])
	key.Section = storage.SectionNo(d.uvarint(1<<32 - 1))
	return key
}

func (d *Decoder) flags(known int) byte {
	b := d.byte()
	if b>>known != 0 {
		d.fail("an unknown flag")
	}
	return b
}

func (d *Decoder) list(dst []section.SeatIndex) []section.SeatIndex {
	n := d.uvarint(seatsMax)
	dst = dst[:0]
	for range n {
		if d.err != nil {
			return nil
		}
		dst = append(dst, section.SeatIndex(d.uvarint(1<<32-1)))
	}
	return dst
}

func (d *Decoder) bytes(max uint64) []byte {
	n := d.uvarint(max)
	if uint64(len(d.src)) < n {
		d.fail("cut short")
		return nil
	}
	b := d.src[:n]
	d.src = d.src[n:]
	return b
}

// rest takes everything to the end.
func (d *Decoder) rest() []byte {
	b := d.src
	d.src = nil
	return b
}
