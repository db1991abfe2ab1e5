package price

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Price is what one seat costs, or what several cost together. All amounts are minor units of the event's currency, and
// none is negative. The zero value is free.
type Price struct {
	Face  int64
	Fees  []Fee `json:",omitempty"`
	Taxes []Tax `json:",omitempty"`
}

// Fee is a part of a price beside the face.
type Fee struct {
	Code   string // what programs know the fee by: see CodeOK
	Name   string `json:",omitempty"` // for people; empty: the code serves
	Amount int64
}

// Tax is a tax on the face and the fees.
type Tax struct {
	Code     string
	Name     string `json:",omitempty"`
	Rate     string `json:",omitempty"` // percent, such as "19.00"; empty: only the amount is known
	Amount   int64
	Included bool // a part of face and fees; false: added to them
}

// Bounds of one price, and of one event's list.
const (
	FeesMax  = 8
	TaxesMax = 4
	// CodesMax bounds how many codes an event's list may have in all.
	CodesMax = 16
	// CodeBytesMax bounds a code.
	CodeBytesMax = 32
	// NameCharactersMax bounds a component's name.
	NameCharactersMax = 64
	// TotalMax bounds what one seat may cost, in minor units.
	TotalMax = 1_000_000_000_000
)

// Base is the face and the fees: what taxes lie on.
func (p *Price) Base() int64 {
	sum := p.Face
	for i := range p.Fees {
		sum += p.Fees[i].Amount
	}
	return sum
}

// Total is what the buyer pays.
func (p *Price) Total() int64 {
	sum := p.Base()
	for i := range p.Taxes {
		if !p.Taxes[i].Included {
			sum += p.Taxes[i].Amount
		}
	}
	return sum
}

// IsPlain says that there is nothing but a face.
func (p *Price) IsPlain() bool { return len(p.Fees) == 0 && len(p.Taxes) == 0 }

// Clone shares nothing with p.
func (p *Price) Clone() Price {
	return Price{Face: p.Face, Fees: slices.Clone(p.Fees), Taxes: slices.Clone(p.Taxes)}
}

// Reset makes p free and keeps its memory.
func (p *Price) Reset() { p.Face, p.Fees, p.Taxes = 0, p.Fees[:0], p.Taxes[:0] }

// Add adds q to p, component by component. q is not changed, and may be added again.
func (p *Price) Add(q *Price) {
	p.Face += q.Face
	for i := range q.Fees {
		fee := &q.Fees[i]
		at := 0
		for at < len(p.Fees) && p.Fees[at].Code != fee.Code {
			at++
		}
		if at == len(p.Fees) {
			p.Fees = append(p.Fees, *fee)
			continue
		}
		p.Fees[at].Amount += fee.Amount
	}
	for i := range q.Taxes {
		tax := &q.Taxes[i]
		at := 0
		for at < len(p.Taxes) && p.Taxes[at].Code != tax.Code {
			at++
		}
		if at == len(p.Taxes) {
			p.Taxes = append(p.Taxes, *tax)
			continue
		}
		p.Taxes[at].Amount += tax.Amount
	}
}

// FeePolicy says what becomes of the fees when seats are given back.
type FeePolicy uint8

// The policies.
const (
	ReturnFees FeePolicy = iota // the buyer gets everything back
	KeepFees                    // the fees, and the taxes on them, stay with the seller
)

// ErrFeePolicy refuses a word that is no policy.
var ErrFeePolicy = errors.New(`price: fees are to "return" or to "keep"`)

// ParseFeePolicy reads "return" or "keep"; ErrFeePolicy.
func ParseFeePolicy(word string) (FeePolicy, error) {
	switch word {
	case "return":
		return ReturnFees, nil
	case "keep":
		return KeepFees, nil
	}
	return ReturnFees, ErrFeePolicy
}

func (f FeePolicy) String() string {
	if f == KeepFees {
		return "keep"
	}
	return "return"
}

// Refund is what a buyer gets back for one seat of this price, from 0 to Total. Of an added tax that lies on face and
// fees alike the part on the fees is kept with them, rounded down: what cannot be divided is the buyer's.
//
// It is meant for one seat's price. A booking's refund is the sum over its seats (see Amount), so that seats that are
// given back one by one come to the same as all at once.
func (p *Price) Refund(fees FeePolicy) int64 {
	total := p.Total()
	if fees == ReturnFees {
		return total
	}
	base := p.Base()
	kept := base - p.Face
	if base == 0 {
		return total
	}
	for i, feesSum := 0, kept; i < len(p.Taxes); i++ {
		if tax := &p.Taxes[i]; !tax.Included {
			kept += share(tax.Amount, feesSum, base)
		}
	}
	return total - kept
}

// Amount is what a buyer gets back for seats of these prices.
func Amount(seats []*Price, fees FeePolicy) (sum int64) {
	for _, p := range seats {
		sum += p.Refund(fees)
	}
	return sum
}

// CodeOK says that a code is 1 to CodeBytesMax small letters, digits and underscores, a letter first.
func CodeOK(code string) bool {
	if code == "" || len(code) > CodeBytesMax || code[0] < 'a' || code[0] > 'z' {
		return false
	}
	for i := range len(code) {
		if c := code[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// rateDecimals is how many digits a rate may have behind the point; rateWhole is 100 percent.
const (
	rateDecimals = 4
	rateWhole    = 1_000_000
)

// parseRate reads a rate in percent, such as "19", "8.875" or "19.00", from 0 to 100, in ten-thousandths of a percent.
func parseRate(text string) (rate int64, ok bool) {
	whole, part, point := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 3 || point && (len(part) == 0 || len(part) > rateDecimals) ||
		len(whole) > 1 && whole[0] == '0' {
		return 0, false
	}
	digits := whole + part + strings.Repeat("0", rateDecimals-len(part))
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	rate, err := strconv.ParseInt(digits, 10, 64)
	return rate, err == nil && rate <= rateWhole
}

// reckon fills in the amounts of the taxes that have a rate. The price must be within its bounds otherwise.
func (p *Price) reckon() {
	base, rates := p.Base(), int64(0)
	for i := range p.Taxes {
		rate, _ := parseRate(p.Taxes[i].Rate)
		rates += rate
	}
	for i := range p.Taxes {
		tax := &p.Taxes[i]
		rate, some := parseRate(tax.Rate)
		switch {
		case !some:
		case tax.Included:
			tax.Amount = halfUp(base, rate, rateWhole+rates)
		default:
			tax.Amount = halfUp(base, rate, rateWhole)
		}
	}
}
