package wire

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/wire/pricing"
)

// AppendString appends s as a JSON string; invalid UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	if isPlain(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	dst, _ = jsontext.AppendQuote(dst, s) // the error only tells of the U+FFFD
	return dst
}

// AppendStrings appends a JSON list of strings, [] when there are none.
func AppendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// AppendMoney appends the JSON of m.
func AppendMoney(dst []byte, m Money) []byte {
	dst = append(dst, `{"amount":`...)
	dst = strconv.AppendInt(dst, m.Amount, 10)
	dst = append(dst, `,"currency":`...)
	return append(AppendString(dst, m.Currency), '}')
}

// AppendPrice appends the JSON of p.
func AppendPrice(dst []byte, p *pricing.Price) []byte {
	dst = strconv.AppendInt(append(dst, `{"face":`...), p.Face, 10)
	for i := range p.Fees {
		dst = append(dst, listed(i, `,"fees":[`)...)
		fee := &p.Fees[i]
		dst = appendNames(dst, fee.Code, fee.Name)
		dst = append(strconv.AppendInt(append(dst, `,"amount":`...), fee.Amount, 10), '}')
	}
	dst = append(dst, "]"[:min(len(p.Fees), 1)]...)
	for i := range p.Taxes {
		dst = append(dst, listed(i, `,"taxes":[`)...)
		tax := &p.Taxes[i]
		dst = appendNames(dst, tax.Code, tax.Name)
		if tax.Rate != "" {
			dst = AppendString(append(dst, `,"rate":`...), tax.Rate)
		}
		dst = strconv.AppendInt(append(dst, `,"amount":`...), tax.Amount, 10)
		dst = append(strconv.AppendBool(append(dst, `,"included":`...), tax.Included), '}')
	}
	dst = append(dst, "]"[:min(len(p.Taxes), 1)]...)
	return append(strconv.AppendInt(append(dst, `,"total":`...), p.Total, 10), '}')
}

// listed is what stands before the member i of a list.
func listed(i int, first string) string {
	if i == 0 {
		return first
	}
	return ","
}

func appendNames(dst []byte, code, name string) []byte {
	dst = AppendString(append(dst, `{"code":`...), code)
	if name != "" {
		dst = AppendString(append(dst, `,"name":`...), name)
	}
	return dst
}

// AppendTicket appends the JSON of t.
func AppendTicket(dst []byte, t Ticket) []byte {
	dst = AppendString(append(dst, `{"seat":`...), t.Seat)
	dst = AppendString(append(dst, `,"code":`...), t.Code)
	return append(dst, '}')
}

// AppendBooking appends the JSON of b, the same document encoding/json would make.
func AppendBooking(dst []byte, b *Booking) []byte {
	dst = AppendString(append(dst, `{"id":`...), b.ID)
	dst = AppendString(append(dst, `,"event":`...), b.Event)
	dst = AppendString(append(dst, `,"state":`...), b.State)
	dst = AppendStrings(append(dst, `,"seats":`...), b.Seats)
	if b.Split {
		dst = append(dst, `,"split":true`...)
	}
	if b.ExpiresAt != nil {
		dst = AppendOffsetTime(append(dst, `,"expires_at":"`...), *b.ExpiresAt)
		dst = append(dst, '"')
	}
	dst = AppendMoney(append(dst, `,"total":`...), b.Total)
	if b.Price != nil {
		dst = AppendPrice(append(dst, `,"price":`...), b.Price)
	}
	if len(b.Tickets) > 0 {
		dst = append(dst, `,"tickets":[`...)
		for i, t := range b.Tickets {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendTicket(dst, t)
		}
		dst = append(dst, ']')
	}
	return append(appendPayment(appendTypes(dst, b), b), '}')
}

// appendTypes appends what only a booking with types of tickets has, or one that was given away.
func appendTypes(dst []byte, b *Booking) []byte {
	for i := range b.SeatTypes {
		dst = append(dst, listed(i, `,"seat_types":[`)...)
		s := &b.SeatTypes[i]
		dst = AppendString(append(dst, `{"seat":`...), s.Seat)
		if s.Type != "" {
			dst = AppendString(append(dst, `,"type":`...), s.Type)
		}
		dst = append(strconv.AppendInt(append(dst, `,"amount":`...), s.Amount, 10), '}')
	}
	dst = append(dst, "]"[:min(len(b.SeatTypes), 1)]...)
	if !b.Complimentary {
		return dst
	}
	dst = append(dst, `,"complimentary":true`...)
	if b.ComplimentaryBy != "" {
		dst = AppendString(append(dst, `,"complimentary_by":`...), b.ComplimentaryBy)
	}
	if b.ComplimentaryReason != "" {
		dst = AppendString(append(dst, `,"complimentary_reason":`...), b.ComplimentaryReason)
	}
	return dst
}

// appendPayment appends what only a booking that has paid has. It is written out because nothing of b may leave the
// stack: a hold costs no memory.
func appendPayment(dst []byte, b *Booking) []byte {
	if n := b.NextAction; n != nil {
		dst = AppendString(append(dst, `,"next_action":{"type":`...), n.Type)
		dst = AppendString(append(dst, `,"url":`...), n.URL)
		dst = append(AppendString(append(dst, `,"expires_at":`...), n.ExpiresAt), '}')
	}
	for i := range b.Refunds {
		lead := `,{"no":`
		if i == 0 {
			lead = `,"refunds":[{"no":`
		}
		r := &b.Refunds[i]
		dst = strconv.AppendUint(append(dst, lead...), uint64(r.No), 10)
		dst = AppendString(append(dst, `,"state":`...), r.State)
		dst = AppendMoney(append(dst, `,"amount":`...), Money(r.Amount))
		if len(r.Seats) > 0 {
			dst = AppendStrings(append(dst, `,"seats":`...), r.Seats)
		}
		dst = append(dst, '}')
	}
	if len(b.Refunds) > 0 {
		dst = append(dst, ']')
	}
	if x := b.Exchange; x != nil {
		dst = AppendString(append(dst, `,"exchange":{"booking":`...), x.Booking)
		dst = AppendStrings(append(dst, `,"gives":`...), x.Gives)
		dst = AppendMoney(append(dst, `,"credit":`...), Money(x.Credit))
		dst = append(AppendMoney(append(dst, `,"difference":`...), Money(x.Difference)), '}')
	}
	return appendTransfers(dst, b)
}

func appendTransfers(dst []byte, b *Booking) []byte {
	for i := range b.Transfers {
		t := &b.Transfers[i]
		dst = append(append(dst, listed(i, `,"transfers":[`)...), `{"number":`...)
		dst = strconv.AppendUint(dst, uint64(t.Number), 10)
		dst = AppendString(append(dst, `,"state":`...), t.State)
		if t.Side != "" {
			dst = AppendString(append(dst, `,"side":`...), t.Side)
		}
		dst = append(AppendStrings(append(dst, `,"seats":`...), t.Seats), '}')
	}
	if len(b.Transfers) > 0 {
		dst = append(dst, ']')
	}
	if b.Received {
		dst = append(dst, `,"received":true`...)
	}
	return dst
}
