package section

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section/account"
)

// ChangeSeatsMax bounds the seats one change may name. It exists so that a damaged length cannot make a reader allocate
// gigabytes; it is far above the largest
const ChangeSeatsMax = 1 << 16

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
	if !knownKind(c.Kind) {
		panic(fmt.Sprintf("section: change of unknown kind %d", c.Kind))
	}
	flags, extension := changeFlags(at, c), extensionOf(c)
	if extension != 0 {
		dst = append(dst, extended|flags, extension)
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
	dst = appendSeats(dst, c.Split, c.Seats)
	if extension != 0 {
		return c.Pay.Append(dst, extensions[extension].form)
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
		return 5 + byte(c.Kind-RefundDue)
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
		readChange(&r, at, c)
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
	return k >= HoldPlaced && k <= RefundFailed
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
	inside, extension := kind == holdInside, readKind(r, kind, c)
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
	readSeats(r, c)
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
func readKind(r *codec.Reader, kind byte, c *Change) (extension byte) {
	switch {
	case kind == extended:
		extension = r.Byte()
		if c.Kind = extensions[extension].kind; c.Kind == 0 {
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
	return extension
}

func readExtension(r *codec.Reader, c *Change, extension byte) {
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

// Seats are runs of neighbours, because that is what people buy: uvarint(runs<<1 | split), then for each run
// uvarint(gap<<1 | longer), where gap counts the seats skipped since the run before (which are at least one, so one
// less is written), and for a run of more than one seat uvarint(length-2).
func appendSeats(dst []byte, split bool, seats []SeatIndex) []byte {
	if len(seats) > ChangeSeatsMax {
		panic(fmt.Sprintf("section: change of %d seats", len(seats)))
	}
	dst = binary.AppendUvarint(dst, uint64(countRuns(seats))<<1|codec.Bit(split))
	next := uint64(0) // the smallest index the next run may start at
	for i := 0; i < len(seats); {
		j := i + 1
		for j < len(seats) && seats[j] == seats[j-1]+1 {
			j++
		}
		length := j - i
		dst = binary.AppendUvarint(dst, (uint64(seats[i])-next)<<1|codec.Bit(length > 1))
		if length > 1 {
			dst = binary.AppendUvarint(dst, uint64(length-2))
		}
		next = uint64(seats[j-1]) + 2
		i = j
	}
	return dst
}

func countRuns(seats []SeatIndex) int {
	runs := 0
	for i, s := range seats {
		if i > 0 && s <= seats[i-1] {
			panic(fmt.Sprintf("section: seats not ascending: %d after %d", s, seats[i-1]))
		}
		if i == 0 || s != seats[i-1]+1 {
			runs++
		}
	}
	return runs
}

func readSeats(r *codec.Reader, c *Change) {
	head := r.Uvarint()
	c.Split = head&1 == 1
	next := uint64(0)
	for runs := head >> 1; runs > 0 && r.Err == nil; runs-- {
		gap := r.Uvarint()
		length := uint64(1)
		if gap&1 == 1 {
			length = r.Uvarint() + 2
		}
		first := next + gap>>1
		if length < 1 || length > ChangeSeatsMax || uint64(len(c.Seats))+length > ChangeSeatsMax ||
			first+length-1 > 1<<32-1 {
			r.Fail("seats out of range")
		}
		if r.Err != nil {
			return
		}
		for i := range length {
			c.Seats = append(c.Seats, SeatIndex(first+i))
		}
		next = first + length + 1
	}
}
