package price

import (
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func anyName(string) string { return "" }

func settled(t *testing.T, p Price) Price {
	t.Helper()
	if defects := p.Settle(anyName); len(defects) > 0 {
		t.Fatalf("%+v: %v", p, defects)
	}
	return p
}

func vat(rate string, included bool) []Tax {
	return []Tax{{Code: "vat", Rate: rate, Included: included}}
}

func TestTaxesOfARate(t *testing.T) {
	fee := []Fee{{Code: "service", Amount: 500}}
	for name, row := range map[string]struct {
		price Price
		tax   []int64
		total int64
	}{
		"included": {Price{Face: 4000, Fees: fee, Taxes: vat("19.00", true)}, []int64{718}, 4500},
		"added":    {Price{Face: 4000, Fees: fee, Taxes: vat("8.875", false)}, []int64{399}, 4899},
		"two, included": {
			Price{Face: 12000, Taxes: append(vat("10", true), Tax{Code: "b", Rate: "10", Included: true})},
			[]int64{1000, 1000}, 12000,
		},
		"by amount":      {Price{Face: 4000, Taxes: []Tax{{Code: "city", Amount: 75}}}, []int64{75}, 4075},
		"of nothing":     {Price{Taxes: vat("19", false)}, []int64{0}, 0},
		"at the bound":   {Price{Face: TotalMax, Taxes: vat("100", true)}, []int64{TotalMax / 2}, TotalMax},
		"half, up":       {Price{Face: 50, Taxes: vat("1", false)}, []int64{1}, 51},
		"no more than 0": {Price{Face: 49, Taxes: vat("1", false)}, []int64{0}, 49},
	} {
		p := settled(t, row.price)
		for i, want := range row.tax {
			if p.Taxes[i].Amount != want {
				t.Errorf("%s: tax %d is %d, want %d", name, i, p.Taxes[i].Amount, want)
			}
		}
		if p.Total() != row.total {
			t.Errorf("%s: total %d, want %d", name, p.Total(), row.total)
		}
	}
}

// Kind: a price that nobody could charge, or that says two things.
func TestBadPricesAreRefused(t *testing.T) {
	many := make([]Fee, FeesMax+1)
	for name, row := range map[string]struct {
		price  Price
		member string
	}{
		"negative face":        {Price{Face: -1}, "face"},
		"face over the bound":  {Price{Face: TotalMax + 1}, "face"},
		"total over the bound": {Price{Face: TotalMax, Fees: []Fee{{Code: "a", Amount: 1}}}, ""},
		"sum that overflows":   {Price{Face: 1, Fees: []Fee{{Code: "a", Amount: 1<<63 - 1}}}, "fees.0.amount"},
		"negative fee":         {Price{Fees: []Fee{{Code: "a", Amount: -5}}}, "fees.0.amount"},
		"fee without a code":   {Price{Fees: []Fee{{Amount: 5}}}, "fees.0.code"},
		"shouted code":         {Price{Fees: []Fee{{Code: "Service"}}}, "fees.0.code"},
		"long code":            {Price{Fees: []Fee{{Code: strings.Repeat("a", CodeBytesMax+1)}}}, "fees.0.code"},
		"code twice":           {Price{Fees: []Fee{{Code: "a"}, {Code: "a"}}}, "fees.1.code"},
		"fee and tax of one":   {Price{Fees: []Fee{{Code: "a"}}, Taxes: []Tax{{Code: "a"}}}, "taxes.0.code"},
		"too many fees":        {Price{Fees: many}, "fees"},
		"too many taxes":       {Price{Taxes: make([]Tax, TaxesMax+1)}, "taxes"},
		"rate over a hundred":  {Price{Taxes: []Tax{{Code: "a", Rate: "100.0001"}}}, "taxes.0.rate"},
		"rate with a comma":    {Price{Taxes: []Tax{{Code: "a", Rate: "7,5"}}}, "taxes.0.rate"},
		"negative rate":        {Price{Taxes: []Tax{{Code: "a", Rate: "-7"}}}, "taxes.0.rate"},
		"rate of no digits":    {Price{Taxes: []Tax{{Code: "a", Rate: "."}}}, "taxes.0.rate"},
		"five decimals":        {Price{Taxes: []Tax{{Code: "a", Rate: "7.00001"}}}, "taxes.0.rate"},
		"included and added":   {Price{Taxes: []Tax{{Code: "a"}, {Code: "b", Included: true}}}, "taxes.1.included"},
		"more tax than price":  {Price{Face: 5, Taxes: []Tax{{Code: "a", Amount: 6, Included: true}}}, "taxes"},
		"a bad name":           {Price{Fees: []Fee{{Code: "a", Name: "bad"}}}, "fees.0.name"},
	} {
		defects := row.price.Settle(func(name string) string { return strings.TrimPrefix(name, "good") })
		if !slices.ContainsFunc(defects, func(d Defect) bool { return d.Member == row.member && d.Why != "" }) {
			t.Errorf("%s: %v, want one at %q", name, defects, row.member)
		}
	}
}

// Kind: one code with two meanings, so that a booking's sum would mix them.
func TestACodeMeansOneThingInAnEvent(t *testing.T) {
	var codes Codes
	first := Price{Fees: []Fee{{Code: "service", Name: "Service", Amount: 1}}, Taxes: []Tax{{Code: "vat", Rate: "19"}}}
	if defects := codes.Meet("A", &first); len(defects) > 0 {
		t.Fatal(defects)
	}
	for name, p := range map[string]Price{
		"another name":   {Fees: []Fee{{Code: "service", Name: "Booking fee"}}},
		"another rate":   {Taxes: []Tax{{Code: "vat", Rate: "7"}}},
		"fee, not a tax": {Fees: []Fee{{Code: "vat"}}},
		"included":       {Taxes: []Tax{{Code: "vat", Rate: "19", Included: true}}},
	} {
		if defects := codes.Meet("B", &p); len(defects) != 1 {
			t.Errorf("%s: %v", name, defects)
		}
	}
	second := Price{
		Fees:  []Fee{{Code: "service", Name: "Service", Amount: 900}},
		Taxes: []Tax{{Code: "vat", Rate: "19"}},
	}
	if defects := codes.Meet("B", &second); len(defects) > 0 {
		t.Errorf("another amount: %v", defects)
	}
	for i := range CodesMax - 2 {
		codes.Meet("B", &Price{Fees: []Fee{{Code: "x" + string(rune('a'+i))}}})
	}
	if defects := codes.Meet("B", &Price{Fees: []Fee{{Code: "last"}}}); len(defects) != 1 {
		t.Errorf("a code too many: %v", defects)
	}
}

func drawPrice(t *rapid.T, label string) Price {
	p := Price{Face: rapid.Int64Range(0, 1_000_000).Draw(t, label+" face")}
	for i := range rapid.IntRange(0, 3).Draw(t, label+" fees") {
		p.Fees = append(
			p.Fees,
			Fee{Code: "fee" + string(rune('a'+i)), Amount: rapid.Int64Range(0, 5000).Draw(t, "fee")},
		)
	}
	included, kind := rapid.Bool().Draw(t, label+" included"), "added_"
	if included {
		kind = "included_"
	}
	for i := range rapid.IntRange(0, 2).Draw(t, label+" taxes") {
		p.Taxes = append(p.Taxes, Tax{Code: kind + string(rune('a'+i)), Included: included,
			Rate: rapid.SampledFrom([]string{"0", "7", "19.00", "8.875", "100"}).Draw(t, "rate")})
	}
	if defects := p.Settle(anyName); len(defects) > 0 {
		t.Fatalf("%+v: %v", p, defects)
	}
	return p
}

// P6: what goes back and what is kept are the whole; no policy gives back more than was paid, and seats given back one
// by one come to the same as all at once.
func TestRefundsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var seats []*Price
		var sum Price
		each := map[FeePolicy]int64{}
		for range rapid.IntRange(0, 5).Draw(t, "seats") {
			p := drawPrice(t, "seat")
			before := p.Clone()
			sum.Add(&p)
			if before.Total() != p.Total() || len(before.Fees) != len(p.Fees) {
				t.Fatal("adding a price changed it")
			}
			seats = append(seats, &p)
			back, kept := p.Refund(ReturnFees), p.Refund(KeepFees)
			each[ReturnFees], each[KeepFees] = each[ReturnFees]+back, each[KeepFees]+kept
			if back != p.Total() || kept < 0 || kept > back || kept < min(p.Face, back) {
				t.Fatalf("%+v gives back %d of %d, or %d without the fees", p, back, p.Total(), kept)
			}
		}
		if Amount(seats, ReturnFees) != sum.Total() {
			t.Fatalf("seats give back %d, and cost %d", Amount(seats, ReturnFees), sum.Total())
		}
		for policy, want := range each {
			if got := Amount(seats, policy); got != want {
				t.Fatalf("%v: %d at once, %d one by one", policy, got, want)
			}
		}
	})
}

func TestRefundWithoutFees(t *testing.T) {
	fee := []Fee{{Code: "service", Amount: 1000}}
	for name, row := range map[string]struct {
		price Price
		want  int64
	}{
		"fees alone":   {Price{Face: 4000, Fees: fee}, 4000},
		"tax included": {Price{Face: 4000, Fees: fee, Taxes: vat("19", true)}, 4000},
		"tax added":    {Price{Face: 4000, Fees: fee, Taxes: vat("10", false)}, 4400},
		"an odd tax": {
			Price{Face: 1, Fees: []Fee{{Code: "a", Amount: 1}}, Taxes: []Tax{{Code: "b", Amount: 1}}}, 2,
		},
		"nothing but fees": {Price{Fees: fee}, 0},
		"free":             {Price{}, 0},
		"only a tax":       {Price{Taxes: []Tax{{Code: "vat", Amount: 5}}}, 5},
	} {
		if p := settled(t, row.price); p.Refund(KeepFees) != row.want {
			t.Errorf("%s: %d, want %d", name, p.Refund(KeepFees), row.want)
		}
	}
	for word, want := range map[string]FeePolicy{"return": ReturnFees, "keep": KeepFees} {
		if got, err := ParseFeePolicy(word); err != nil || got != want || got.String() != word {
			t.Errorf("%s: %v, %v", word, got, err)
		}
	}
	if _, err := ParseFeePolicy(""); err == nil {
		t.Error("no word is a policy")
	}
}

// A rate's tax is the exact fraction, rounded half up, whatever the size.
func TestRoundingIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(1, 1<<40).Draw(t, "whole")
		part := rapid.Int64Range(0, whole).Draw(t, "part")
		amount := rapid.Int64Range(0, 1<<45).Draw(t, "amount")
		exact := new(big.Int).Mul(big.NewInt(amount), big.NewInt(part))
		down := new(big.Int).Div(exact, big.NewInt(whole))
		up := new(big.Int).Div(exact.Add(exact, big.NewInt(whole/2)), big.NewInt(whole))
		if share(amount, part, whole) != down.Int64() || halfUp(amount, part, whole) != up.Int64() {
			t.Fatalf("%d * %d / %d", amount, part, whole)
		}
	})
}

// I12: the mark tells of any change of a list.
func TestMarksTellListsApart(t *testing.T) {
	list := List{Currency: "EUR", Totals: map[string]int64{"A": 4500, "B": 900, "C": 0}}
	list.Components = map[string]Price{"A": {
		Face:  4000,
		Fees:  []Fee{{Code: "service", Amount: 500}},
		Taxes: []Tax{{Code: "vat", Rate: "19", Amount: 718, Included: true}},
	}}
	if err := list.Agrees(); err != nil {
		t.Fatal(err)
	}
	first := list.Mark()
	for name, change := range map[string]func(*List){
		"another total":      func(l *List) { l.Totals["B"]++ },
		"a category more":    func(l *List) { l.Totals["D"] = 0 },
		"another currency":   func(l *List) { l.Currency = "USD" },
		"a shift":            func(l *List) { l.Components["A"].Fees[0].Amount--; l.Components["A"].Taxes[0].Amount++ },
		"another name":       func(l *List) { l.Components["A"].Fees[0].Name = "Service" },
		"a tax that is less": func(l *List) { l.Components["A"].Taxes[0].Amount-- },
	} {
		p := list.Components["A"]
		other := List{Currency: "EUR", Totals: maps.Clone(list.Totals), Components: map[string]Price{"A": p.Clone()}}
		if other.Mark() != first {
			t.Fatal("the same list has another mark")
		}
		change(&other)
		if m := other.Mark(); m == first || m == 0 || m > MarkMax {
			t.Errorf("%s: mark %d, before %d", name, m, first)
		}
	}
	list.Totals["A"]++
	if list.Agrees() == nil {
		t.Error("components that come to another total are taken")
	}
}

// Kind: a buyer's view that costs memory for each part of its price.
func TestAddingUpABookingTakesNoMemory(t *testing.T) {
	list := List{Totals: map[string]int64{"A": 4500, "B": 900}, Components: map[string]Price{
		"A": {Face: 4000, Fees: []Fee{{Code: "service", Amount: 500}}, Taxes: []Tax{{Code: "vat", Included: true}}}}}
	table := list.Table([]string{"A", "B"})
	var sum Price
	total := int64(0)
	count := testing.AllocsPerRun(100, func() {
		sum.Reset()
		total = 0
		for seat := range 8 {
			total += table.Add(seat%2, 0, &sum)
		}
	})
	if count > 0 || total != 4*5400 || sum.Total() != total || sum.Fees[0].Amount != 2000 {
		t.Errorf("%v allocations, total %d of %+v", count, total, sum)
	}
}

// Kind: an event that is sold and cannot be charged.
func TestUnsoundListsAreRefused(t *testing.T) {
	refuses := func(amount int64, currency string) error {
		if amount > 1000 || currency != "EUR" {
			return ErrFeePolicy // any error
		}
		return nil
	}
	composed := map[string]Price{"A": {Face: 9, Fees: []Fee{{Code: "a", Amount: 1}}}}
	for name, row := range map[string]struct {
		list List
		most int64
		ok   bool
	}{
		"within":               {List{Currency: "EUR", Totals: map[string]int64{"A": 100, "B": 0}}, 8, true},
		"a seat too dear":      {List{Currency: "EUR", Totals: map[string]int64{"A": 1001}}, 1, false},
		"a booking too dear":   {List{Currency: "EUR", Totals: map[string]int64{"A": 126}}, 8, false},
		"another currency":     {List{Currency: "JPY", Totals: map[string]int64{"A": 1}}, 1, false},
		"free, whatever it is": {List{Currency: "JPY", Totals: map[string]int64{"A": 0}}, 8, true},
		"below 0":              {List{Currency: "EUR", Totals: map[string]int64{"A": -1}}, 1, false},
		"over all bounds":      {List{Currency: "EUR", Totals: map[string]int64{"A": TotalMax + 1}}, 1, false},
		"parts of another sum": {
			List{Currency: "EUR", Totals: map[string]int64{"A": 9}, Components: composed}, 1, false,
		},
		"parts of no category": {List{Currency: "EUR", Totals: map[string]int64{"A": 9},
			Components: map[string]Price{"B": {Face: 9}}}, 1, false},
		"as many as never were": {List{Currency: "EUR", Totals: map[string]int64{"A": 0}}, 1 << 40, true},
	} {
		if err := row.list.Sound(row.most, refuses); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err := row.list.Sound(row.most, nil); row.ok && err != nil {
			t.Errorf("%s, whatever can be charged: %v", name, err)
		}
	}
}
