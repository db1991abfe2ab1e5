package section

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/runs"
	"holdfast/actors/section/sales"
)

// ChangeSeatsMax bounds the seats one change may name.
const ChangeSeatsMax = runs.SeatsMax

// Kinds on the wire of what older builds do not write.
const (
	holdInside   = 11 // a HoldPlaced under a session: session and horizon follow the seats
	holdGranted  = 12 // a HoldPlaced under a grant: the grant follows the seats, then the session if there is one
	grantsFenced = 13 // GrantsFenced: the grant follows the seats, of which there are none
	holdPriced   = 14 // a HoldPlaced of which the price is known: the price follows the seats, then what it announces
	extended     = 15 // another byte says which, and what follows the seats: see the extensions
)

// A change's first byte: the kind in the low four bits, and which optional fields follow in the high four.
const (
	changeKindMask   = 0x0f
	changeHasAt      = 0x10 // At differs from the record's
	changeHasRequest = 0x20 // Request or Fingerprint is not zero
	changeHasBuyer   = 0x40
	changeHasExpires = 0x80
)

// AppendChange appends the encoding of c, written relative to at, the record's own At. c.Seats must be strictly
// ascending and at most ChangeSeatsMax: anything else, or a kind that is not listed, is a bug of the caller's and
// panics before a byte is written anywhere durable.
func AppendChange(dst []byte, at Instant, c *Change) []byte {
	if !knownKind(c.Kind) || isTicketKind(c.Kind) != (c.Entry != nil) ||
		isTransferKind(c.Kind) != (c.Transfer != nil) ||
		c.Kind != HoldPlaced && (c.Kind == BookingExchanged) != (c.Exchange != nil) {
		panic(fmt.Sprintf("section: change of unknown kind %d", c.Kind))
	}
	if c.Fare != nil {
		dst = appendFare(dst, c)
	}
	flags, extension, ordered := changeFlags(at, c), extensionOf(c), orderKind(c)
	if more := extension | byte(ordered); more != 0 { // one of them is 0
		dst = append(dst, extended|flags, more)
	} else {
		dst = append(dst, wireKind(c)|flags)
	}
	if flags&changeHasAt != 0 {
		dst = binary.AppendUvarint(dst, codec.Zigzag(int64(c.At-at)))
	}
	if flags&changeHasRequest != 0 {
		dst = append(dst, c.Request[:]...)
		dst = binary.LittleEndian.AppendUint64(dst, c.Fingerprint)
	}
	if flags&changeHasBuyer != 0 {
		dst = append(dst, c.Buyer[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(c.Booking))
	if flags&changeHasExpires != 0 {
		dst = binary.AppendUvarint(dst, codec.Zigzag(int64(c.ExpiresAt-c.At)))
	}
	dst = runs.Append(dst, c.Split, c.Seats)
	if ordered != 0 {
		return appendOrder(dst, ordered, c)
	}
	if extension != 0 {
		return appendExtension(dst, extension, c)
	}
	if c.PriceMark != 0 {
		dst = appendPrice(dst, c)
	}
	if c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, c.Session != 0)
	}
	if c.Session != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Session))
		dst = binary.AppendUvarint(dst, uint64(c.Horizon))
	}
	return dst
}

// appendExtension appends what follows the seats of an extended kind.
func appendExtension(dst []byte, extension byte, c *Change) []byte {
	switch extension {
	case saleExtension:
		return c.Sale.Append(dst)
	case termsExtension:
		return c.Terms.Append(dst)
	case exchangePlaced:
		return c.Exchange.Append(appendHeld(dst, c))
	case byte(BookingExchanged):
		return c.Exchange.Append(c.Pay.Append(dst, account.FormAttempt))
	case pricesExtension:
		return c.Prices.Append(dst)
	}
	if c.Entry != nil {
		return c.Entry.Append(dst, c.At)
	} else if c.Transfer != nil {
		return c.Transfer.Append(dst)
	}
	return c.Pay.Append(dst, extensions[extension].form)
}

// extensions are what an extended kind stands for, by its number, and what of c.Pay follows the seats. Numbers from 16
// on are of changes that are not of money.
var extensions = [256]struct {
	kind ChangeKind
	form account.Form
}{
	1: {PaymentBegun, account.FormBegun},
	2: {PaymentChallenged, account.FormAttempt},
	3: {BookingSold, account.FormAttempt},
	4: {PaymentFailed, account.FormEnded},
	5: {RefundDue, account.FormOwed},
	6: {RefundPending, account.FormRefund},
	7: {RefundDone, account.FormRefund},
	8: {RefundFailed, account.FormFailed},

	saleExtension:   {kind: SaleSwitched},
	termsExtension:  {kind: TermsSet},
	pricesExtension: {kind: PricesSet},
	exchangePlaced:  {kind: HoldPlaced},

	BookingExchanged: {kind: BookingExchanged},

	TicketAdmitted:  {kind: TicketAdmitted},
	TicketDoubled:   {kind: TicketDoubled},
	TicketReissued:  {kind: TicketReissued},
	TransferOffered: {kind: TransferOffered},
	TransferEnded:   {kind: TransferEnded},
}

// namedExtension are the extended kinds of changes that have a kind of builds without attempts too.
var namedExtension = [...]byte{PaymentBegun: 1, BookingSold: 3, PaymentFailed: 4}

// extensionOf is a change's extended kind; 0: it has none.
func extensionOf(c *Change) byte {
	switch c.Kind {
	case PaymentBegun, BookingSold, PaymentFailed:
		if c.Pay.Attempt == 0 {
			break
		}
		return namedExtension[c.Kind]
	case PaymentChallenged:
		return 2
	case RefundDue, RefundPending, RefundDone, RefundFailed:
		if c.Order != nil { // see returns.go
			return 0
		}
		return 5 + byte(c.Kind-RefundDue)
	case SaleSwitched:
		return saleExtension
	case TermsSet:
		return termsExtension
	case PricesSet, TicketAdmitted, TicketDoubled, TicketReissued, BookingExchanged, TransferOffered, TransferEnded:
		return byte(c.Kind)
	case HoldPlaced:
		if c.Exchange != nil {
			return exchangePlaced
		}
	}
	if c.Pay != (account.Payment{}) {
		panic(fmt.Sprintf("section: change of kind %d with payment %+v", c.Kind, c.Pay))
	}
	return 0
}

func wireKind(c *Change) byte {
	switch inside := c.Session != 0 || c.Horizon != 0; {
	case inside && (c.Session == 0 || c.Kind != HoldPlaced):
		panic(fmt.Sprintf("section: change of kind %d under session %d, looked up at %d", c.Kind, c.Session, c.Horizon))
	case (c.PriceMark != 0 || c.Total != 0) && (c.PriceMark == 0 || c.Kind != HoldPlaced):
		panic(fmt.Sprintf("section: change of kind %d with total %d, mark %d", c.Kind, c.Total, c.PriceMark))
	case c.PriceMark != 0 && (c.Grant.Number != 0 || c.Grant == (grant.Grant{})):
		return holdPriced
	case c.Grant.Number != 0 && c.Kind == HoldPlaced:
		return holdGranted
	case c.Grant.Number != 0 && c.Kind == GrantsFenced && len(c.Seats) == 0 && !c.Split && c.Booking == 0:
		return grantsFenced
	case c.Grant != (grant.Grant{}) || c.Kind == GrantsFenced:
		panic(fmt.Sprintf("section: change of kind %d with grant %+v", c.Kind, c.Grant))
	case inside:
		return holdInside
	}
	return byte(c.Kind)
}

// DecodeChanges calls visit for each change of body, which was written relative to at. It is strict: short, trailing,
// unknown or non-canonical bytes are an error wrapping ErrFormat. The change and its Seats are valid during the call
// only. An error of visit is returned as is.
func DecodeChanges(body []byte, at Instant, visit func(*Change) error) error {
	var scratch struct { // one allocation a call, none a change
		change Change
		seats  [64]SeatIndex
	}
	seats := scratch.seats[:0]
	r := codec.Reader{Src: body}
	for len(r.Src) > 0 {
		c := &scratch.change
		*c = Change{Seats: seats[:0]}
		readFared(&r, at, c)
		if r.Err != nil {
			return r.Err
		}
		seats = c.Seats[:0] // keeps what it grew to
		if len(c.Seats) == 0 {
			c.Seats = nil
		}
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

func knownKind(k ChangeKind) bool {
	return k >= HoldPlaced && k <= SaleSwitched || k == TermsSet || k == PricesSet || isOrderKind(k) ||
		isTicketKind(k) || k == BookingExchanged || isTransferKind(k)
}

func changeFlags(at Instant, c *Change) (flags byte) {
	if c.At != at {
		flags |= changeHasAt
	}
	if c.Request != (RequestID{}) || c.Fingerprint != 0 {
		flags |= changeHasRequest
	}
	if c.Buyer != (BuyerID{}) {
		flags |= changeHasBuyer
	}
	if c.ExpiresAt != 0 {
		flags |= changeHasExpires
	}
	return flags
}

func readChange(r *codec.Reader, at Instant, c *Change) {
	flags := r.Byte()
	kind := flags & changeKindMask
	inside := kind == holdInside
	extension, ordered := readKind(r, kind, c)
	c.At = at
	if flags&changeHasAt != 0 {
		c.At = at + Instant(r.Signed())
	}
	if flags&changeHasRequest != 0 {
		r.Copy(c.Request[:])
		c.Fingerprint = r.Fixed64()
	}
	if flags&changeHasBuyer != 0 {
		r.Copy(c.Buyer[:])
	}
	c.Booking = BookingNo(r.Uvarint())
	if flags&changeHasExpires != 0 {
		c.ExpiresAt = c.At + Instant(r.Signed())
	}
	c.Seats, c.Split = runs.Read(r, c.Seats)
	if ordered != 0 {
		readOrder(r, ordered, c)
	}
	if extension != 0 {
		readExtension(r, c, extension)
	}
	granted := kind == holdGranted || kind == grantsFenced
	if kind == holdPriced {
		granted, inside = readPrice(r, c)
	}
	if granted {
		inside = readGrant(r, c)
	}
	if inside {
		readSession(r, c)
	}
	if r.Err == nil && changeFlags(at, c) != flags&^changeKindMask {
		r.Fail("field present but empty")
	}
}

// readKind reads which change it is, and its extended kind; 0: it has none.
func readKind(r *codec.Reader, kind byte, c *Change) (extension byte, ordered ChangeKind) {
	switch {
	case kind == extended:
		extension = r.Byte()
		if ordered = ChangeKind(extension); isOrderKind(ordered) || isOrdered(ordered) != 0 {
			extension, c.Kind = 0, cmp.Or(isOrdered(ordered), ordered)
		} else if c.Kind, ordered = extensions[extension].kind, 0; c.Kind == 0 {
			r.Fail("change of unknown extended kind")
		}
	case kind == holdInside || kind == holdGranted || kind == holdPriced:
		c.Kind = HoldPlaced
	case kind == grantsFenced:
		c.Kind = GrantsFenced
	case kind >= byte(HoldPlaced) && kind <= byte(SeatsUnblocked):
		c.Kind = ChangeKind(kind)
	default:
		r.Fail("change of unknown kind")
	}
	return extension, ordered
}

func readExtension(r *codec.Reader, c *Change, extension byte) {
	if extension == saleExtension {
		if c.Sale = sales.Read(r); len(c.Seats) > 0 || c.Split || c.Booking != 0 {
			r.Fail("a turn of the sale switch with more")
		}
		return
	}
	if extension == termsExtension || extension == pricesExtension {
		readTerms(r, c, extension)
		return
	}
	if isTicketKind(c.Kind) {
		readTicket(r, c)
		return
	}
	if extension == exchangePlaced || c.Kind == BookingExchanged {
		readExchange(r, c)
		return
	}
	if isTransferKind(c.Kind) {
		readTransfer(r, c)
		return
	}
	c.Pay.Read(r, extensions[extension].form)
	seats := c.Kind == RefundDue && c.Pay.Reason == account.Requested || c.Kind == RefundPending || c.Kind == RefundDone
	if !seats && len(c.Seats) > 0 || c.Split {
		r.Fail("a change of money with seats")
	}
}

func readSession(r *codec.Reader, c *Change) {
	session := r.Uvarint()
	if session == 0 || session > math.MaxUint32 {
		r.Fail("session out of range")
	}
	c.Session, c.Horizon = uint32(session), Seq(r.Uvarint())
}

// orderKind is a change's kind behind the escape; 0: it is no order's.
func orderKind(c *Change) ChangeKind {
	switch {
	case isOrderKind(c.Kind) && c.Order != nil:
		return c.Kind
	case c.Order == nil && !isOrderKind(c.Kind):
		return 0
	case c.Kind == HoldPlaced:
		return orderPlaced
	case c.Kind == RefundDue:
		return orderRefundDue
	case c.Kind == RefundPending || c.Kind == RefundDone:
		return orderRefundTaken
	}
	panic(fmt.Sprintf("section: change of kind %d with order %+v", c.Kind, c.Order))
}

// appendOrder appends what follows the seats of an order's change: for what takes seats, whether there are a grant, a
// session and a price, and these; then the order.
func appendOrder(dst []byte, kind ChangeKind, c *Change) []byte {
	p := c.Order
	if kind == orderRefundDue || kind == orderRefundTaken {
		return appendReturn(dst, kind, c)
	}
	if kind == orderPlaced || kind == LegBound {
		dst = appendHeld(dst, c)
	}
	dst = binary.LittleEndian.AppendUint64(p.ID.Append(dst), p.Hash)
	switch kind {
	case orderPlaced:
		return order.AppendLegs(dst, p.Legs)
	case LegBound:
		return append(dst, p.K, p.N)
	}
	return binary.AppendUvarint(dst, uint64(p.Cited))
}

// readOrder reads what appendOrder wrote.
func readOrder(r *codec.Reader, kind ChangeKind, c *Change) {
	if kind == orderRefundDue || kind == orderRefundTaken {
		readReturn(r, kind, c)
		return
	}
	takes := kind == orderPlaced || kind == LegBound
	if takes {
		readHeld(r, c)
	}
	p := &order.Part{ID: order.ReadID(r), Hash: r.Fixed64()}
	switch kind {
	case orderPlaced:
		p.Legs = order.ReadLegs(r)
	case LegBound:
		p.K, p.N = r.Byte(), r.Byte()
	default:
		p.Cited = Seq(r.Uvarint())
	}
	if (takes || kind == LegSeatsFreed) != (len(c.Seats) > 0) || c.Booking == 0 ||
		!takes && kind != LegFreed && c.Split ||
		(kind == LegSeatsFreed || kind == OrderServed) && p.Cited == 0 || kind == orderPlaced && len(p.Legs) == 0 ||
		kind == LegBound && (p.K == 0 || p.K >= p.N || p.N > order.SectionsMax) {
		r.Fail("change of an order with the wrong fields")
	}
	c.Order = p
}
