package account

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
)

// Form says which fields of a Payment a change carries.
type Form uint8

// The forms; what stands behind a colon is encoded, in that order.
const (
	FormBegun   Form = iota + 1 // attempt, amount, reference
	FormAttempt                 // attempt
	FormEnded                   // attempt, reason
	FormOwed                    // refund, attempt, reason, amount, captured, reference
	FormRefund                  // refund
	FormFailed                  // refund, next
)

// Append appends what a form says of p. What it does not say must be zero: a field that is lost is a bug of the
// caller's, and panics.
func (p *Payment) Append(dst []byte, form Form) []byte {
	said := Payment{}
	number := func(n uint64) { dst = binary.AppendUvarint(dst, n) }
	switch form {
	case FormBegun:
		said = Payment{Attempt: p.Attempt, Amount: p.Amount, Reference: p.Reference}
		dst = append(dst, p.Attempt)
		number(uint64(p.Amount))
		dst = appendText(dst, p.Reference)
	case FormAttempt:
		said = Payment{Attempt: p.Attempt}
		dst = append(dst, p.Attempt)
	case FormEnded:
		said = Payment{Attempt: p.Attempt, Reason: p.Reason}
		dst = append(dst, p.Attempt, byte(p.Reason))
	case FormOwed:
		said = Payment{Attempt: p.Attempt, Reason: p.Reason, Refund: p.Refund, Amount: p.Amount,
			Captured: p.Captured, Reference: p.Reference}
		number(uint64(p.Refund))
		dst = append(dst, p.Attempt, byte(p.Reason))
		number(uint64(p.Amount))
		number(uint64(p.Captured))
		dst = appendText(dst, p.Reference)
	case FormRefund:
		said = Payment{Refund: p.Refund}
		number(uint64(p.Refund))
	case FormFailed:
		said = Payment{Refund: p.Refund, Next: p.Next}
		number(uint64(p.Refund))
		number(uint64(p.Next))
	}
	if said != *p || !p.fits(form) {
		panic(fmt.Sprintf("account: form %d cannot say %+v", form, *p))
	}
	return dst
}

// fits says that what a form says makes sense.
func (p *Payment) fits(form Form) bool {
	if p.Amount < 0 || p.Captured < 0 || len(p.Reference) > ReferenceMax {
		return false
	}
	switch form {
	case FormBegun, FormAttempt:
		return p.Attempt > 0
	case FormEnded:
		return p.Attempt > 0 && p.Reason.EndsAttempt()
	case FormOwed:
		return p.Attempt > 0 && p.Refund > 0 && p.Reason.BeginsRefund()
	case FormRefund:
		return p.Refund > 0
	case FormFailed:
		return p.Refund > 0 && (p.Next == 0 || p.Next > p.Refund)
	}
	return false
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// Read reads what Append wrote.
func (p *Payment) Read(r *codec.Reader, form Form) {
	switch form {
	case FormBegun:
		p.Attempt, p.Amount, p.Reference = r.Byte(), readAmount(r), readText(r)
	case FormAttempt:
		p.Attempt = r.Byte()
	case FormEnded:
		p.Attempt, p.Reason = r.Byte(), Reason(r.Byte())
	case FormOwed:
		p.Refund, p.Attempt, p.Reason = readNumber(r), r.Byte(), Reason(r.Byte())
		p.Amount, p.Captured, p.Reference = readAmount(r), readAmount(r), readText(r)
	case FormRefund:
		p.Refund = readNumber(r)
	case FormFailed:
		p.Refund, p.Next = readNumber(r), readNumber(r)
	}
	if r.Err == nil && !p.fits(form) {
		r.Fail("payment out of range")
	}
}

func readNumber(r *codec.Reader) uint32 {
	n := r.Uvarint()
	if n > math.MaxUint32 {
		r.Fail("number out of range")
	}
	return uint32(n)
}

func readAmount(r *codec.Reader) int64 {
	n := r.Uvarint()
	if n > math.MaxInt64 {
		r.Fail("amount out of range")
	}
	return int64(n)
}

func readText(r *codec.Reader) string {
	n := r.Uvarint()
	if n > ReferenceMax {
		r.Fail("reference too long")
		return ""
	}
	return string(r.Take(int(n)))
}

// Append appends the account as one node tells another of it.
func (m *Money) Append(dst []byte) []byte {
	dst = append(dst, m.Attempt, byte(m.Phase)<<1|byte(codec.Bit(m.Legacy)))
	dst = binary.AppendUvarint(dst, uint64(m.Amount))
	dst = binary.AppendUvarint(dst, codec.Zigzag(int64(m.Until)))
	dst = appendText(dst, m.Reference())
	dst = binary.AppendUvarint(dst, uint64(len(m.Past)))
	for i := range m.Past {
		dst = binary.AppendUvarint(append(dst, m.Past[i].Attempt), uint64(m.Past[i].Amount))
		dst = appendText(dst, m.Past[i].Reference)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Refunds)))
	for i := range m.Refunds {
		dst = m.Refunds[i].append(dst)
	}
	return dst
}

// Read reads what Append wrote.
func (m *Money) Read(r *codec.Reader) {
	m.Attempt = r.Byte()
	bits := r.Byte()
	m.Phase, m.Legacy = Phase(bits>>1), bits&1 != 0
	m.Amount, m.Until = readAmount(r), Instant(r.Signed())
	m.SetReference(readText(r))
	if m.Phase < Opened || m.Phase > Over {
		r.Fail("account in no known phase")
	}
	for n := r.Uvarint(); n > 0 && r.Err == nil; n-- {
		m.Past = append(m.Past, Past{r.Byte(), readAmount(r), readText(r)})
	}
	from := wireSource{r}
	for n := r.Uvarint(); n > 0 && r.Err == nil; n-- {
		m.Refunds = append(m.Refunds, restoreRefund(from, uint32(len(m.Refunds)+1)))
	}
}

// wireSource reads a refund from a message.
type wireSource struct{ r *codec.Reader }

func (w wireSource) Number(limit uint64) uint64 {
	n := w.r.Uvarint()
	w.Require(n <= limit, "number")
	return min(n, limit)
}

func (w wireSource) Bytes(n int) []byte {
	if b := w.r.Take(n); b != nil {
		return b
	}
	return make([]byte, n)
}

func (w wireSource) Require(ok bool, what string) {
	if !ok {
		w.r.Fail(what)
	}
}

func (w wireSource) Failed() bool { return w.r.Err != nil }
