package wire

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// Kinds of money. A build without attempts neither sends nor reads them, nor the records that come of them.
const (
	// KindAskPaying is an Ask whose command says something of money, behind all other fields.
	KindAskPaying Kind = 0x44
	// KindAskSale is an Ask with a turn of the sale switch, behind all other fields.
	KindAskSale Kind = 0x48
	// KindAskTerms is KindAskSale with the terms that the turn brings, behind the turn.
	KindAskTerms Kind = 0x54
	// KindAnswerPaid is an Answer about a booking with an account, behind all other fields.
	KindAnswerPaid Kind = 0x43
)

func kindOfTurn(c *section.Command) Kind {
	if c.Terms != nil {
		return KindAskTerms
	}
	return KindAskSale
}

// appendTurn appends a turn of the sale switch, and the terms that it brings.
func appendTurn(dst []byte, c *section.Command) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Sale))
	if c.Terms == nil {
		return dst
	}
	return c.Terms.Append(dst)
}

// appendPayment appends all that a command says of money.
func appendPayment(dst []byte, p *account.Payment) []byte {
	dst = append(dst, p.Attempt, byte(p.Reason), byte(p.State))
	for _, n := range [...]uint64{uint64(p.Refund), uint64(p.Amount), uint64(p.Captured)} {
		dst = binary.AppendUvarint(dst, n)
	}
	return appendBytes(dst, []byte(p.Reference))
}

// payment reads what a command says of money.
func (d *Decoder) payment(p *account.Payment) {
	p.Attempt, p.Reason, p.State = d.byte(), account.Reason(d.byte()), account.RefundState(d.byte())
	p.Refund = uint32(d.uvarint(1<<32 - 1))
	p.Amount, p.Captured = int64(d.uvarint(1<<63-1)), int64(d.uvarint(1<<63-1))
	p.Reference = string(d.bytes(account.ReferenceMax))
	if *p == (account.Payment{}) || p.Reason > account.Anomaly || p.State > account.Failed {
		d.fail("a command that says nothing of money")
	}
}

// keyed reads what an Ask has that goes by its key's coordinator: what it says of money, if anything.
func (d *Decoder) keyed(m *Ask) {
	c := &m.Command
	m.Keyed = true
	blocks := c.Kind == section.BlockSeats || c.Kind == section.UnblockSeats
	some := len(c.Seats) > 0 && c.Kind != section.RefundBooking
	if m.Search || c.Request == (section.RequestID{}) ||
		!blocks && (some || c.Kind < section.ExtendHold || c.Kind > section.RefundBooking) {
		d.fail("a command that goes by no coordinator")
	}
	if len(d.src) > 0 {
		d.payment(&c.Pay)
	}
}

// money reads a booking's account.
func (d *Decoder) money() *account.Money {
	m, r := new(account.Money), codec.Reader{Src: d.src}
	if m.Read(&r); r.Err != nil {
		d.fail("no account")
		return nil
	}
	d.src = r.Src
	return m
}
