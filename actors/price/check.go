package price

import (
	"strconv"
	"strings"
)

// Settle checks the price of one seat, and fills in the amounts of taxes that have a rate. It answers everything that
// is wrong. checkName says what is wrong with a name; "": nothing.
func (p *Price) Settle(checkName func(name string) string) (defects []Defect) {
	wrong := func(member, why string) { defects = append(defects, Defect{member, why}) }
	if len(p.Fees) > FeesMax {
		wrong("fees", "has more than "+strconv.Itoa(FeesMax)+" fees")
	}
	if len(p.Taxes) > TaxesMax {
		wrong("taxes", "has more than "+strconv.Itoa(TaxesMax)+" taxes")
	}
	if len(defects) > 0 {
		return defects
	}
	checkAmount(wrong, "face", p.Face)
	for i := range p.Fees {
		at, fee := "fees."+strconv.Itoa(i)+".", &p.Fees[i]
		checkAmount(wrong, at+"amount", fee.Amount)
		p.checkNames(wrong, checkName, at, fee.Code, fee.Name)
	}
	for i := range p.Taxes {
		at, tax := "taxes."+strconv.Itoa(i)+".", &p.Taxes[i]
		checkAmount(wrong, at+"amount", tax.Amount)
		p.checkNames(wrong, checkName, at, tax.Code, tax.Name)
		if _, ok := parseRate(tax.Rate); tax.Rate != "" && !ok {
			wrong(at+"rate", `must be a percentage from 0 to 100 with at most four decimals, such as "19.00"`)
		}
		if tax.Included != p.Taxes[0].Included {
			wrong(at+"included", "must be the same for all taxes of one price")
		}
	}
	if len(defects) > 0 {
		return defects
	}
	return p.settleTaxes()
}

// Defect is one thing that is wrong with a price.
type Defect struct {
	Member string // where, such as "fees.0.amount"
	Why    string // such as "is negative"
}

// settleTaxes reckons and bounds a price whose members are sound.
func (p *Price) settleTaxes() (defects []Defect) {
	p.reckon()
	included := int64(0)
	for i := range p.Taxes {
		if p.Taxes[i].Included {
			included += p.Taxes[i].Amount
		}
	}
	if included > p.Base() {
		defects = append(defects, Defect{"taxes", "includes more than face and fees are"})
	}
	if p.Total() > TotalMax {
		defects = append(defects, Defect{"", "comes to more than " + strconv.FormatInt(TotalMax, 10) + " minor units"})
	}
	return defects
}

func checkAmount(wrong func(member, why string), member string, amount int64) {
	if amount < 0 || amount > TotalMax {
		wrong(member, "must be from 0 to "+strconv.FormatInt(TotalMax, 10)+" minor units")
	}
}

func (p *Price) checkNames(wrong func(member, why string), checkName func(string) string, at, code, name string) {
	if !CodeOK(code) {
		wrong(at+"code", "must be 1 to 32 of a-z, 0-9 and _, a letter first")
		return
	}
	count := 0
	for i := range p.Fees {
		count += equal(p.Fees[i].Code, code)
	}
	for i := range p.Taxes {
		count += equal(p.Taxes[i].Code, code)
	}
	if count > 1 {
		wrong(at+"code", "is given twice")
	}
	if name == "" {
		return
	}
	if why := checkName(name); why != "" {
		wrong(at+"name", why)
	}
}

func equal(a, b string) int {
	if a == b {
		return 1
	}
	return 0
}

// kind is what a code stands for in an event.
type kind struct{ text, where string }

// Codes checks that a code means the same in all of an event's prices.
type Codes struct {
	known map[string]kind
}

// Meet enters the codes of a settled price of a category, and answers what contradicts an earlier one.
func (c *Codes) Meet(category string, p *Price) (defects []Defect) {
	if c.known == nil {
		c.known = map[string]kind{}
	}
	meet := func(member, code string, means ...string) {
		text := strings.Join(means, "\x00")
		first, known := c.known[code]
		switch {
		case !known && len(c.known) == CodesMax:
			defects = append(
				defects,
				Defect{member, "is one code too many: an event may have " + strconv.Itoa(CodesMax)},
			)
		case !known:
			c.known[code] = kind{text, category}
		case first.text != text:
			defects = append(
				defects,
				Defect{member, "means something else than in category " + strconv.Quote(first.where) +
					": a code has one name and one rate in an event"},
			)
		}
	}
	for i, fee := range p.Fees {
		meet("fees."+strconv.Itoa(i)+".code", fee.Code, "fee", fee.Name)
	}
	for i, tax := range p.Taxes {
		meet("taxes."+strconv.Itoa(i)+".code", tax.Code, "tax", tax.Name, tax.Rate, strconv.FormatBool(tax.Included))
	}
	return defects
}
