package price

import "testing"

func typedList() *List {
	fee := []Fee{{Code: "service", Amount: 500}}
	return &List{Currency: "EUR", Totals: map[string]int64{"A": 4500, "B": 900, "C": 100},
		Components: map[string]Price{"A": {Face: 4000, Fees: fee}},
		Types: map[string][]Type{
			"A": {{"adult", Price{Face: 4000, Fees: fee}}, {"child", Price{Face: 2000, Fees: fee}}},
			"B": {{"child", Price{Face: 900}}, {"senior", Price{Face: 800}}, {"adult", Price{Face: 1000}}},
		}}
}

// Kind: a child's price for an adult's seat. A type has one number in all categories; each category has its own prices,
// its own default, and none for types that it does not have.
func TestTypesHaveOneNumberAndAPriceInEachCategory(t *testing.T) {
	list := typedList()
	if err := list.Agrees(); err != nil {
		t.Fatal(err)
	}
	table := list.Table([]string{"B", "A", "C"})
	child, _ := table.Number("child")
	adult, _ := table.Number("adult")
	senior, _ := table.Number("senior")
	if _, known := table.Number("dog"); known || !table.Typed() {
		t.Error("a type that no category has is known")
	}
	for _, row := range []struct {
		category int
		kind     uint8
		total    int64
		name     string
	}{
		{0, 0, 900, "child"}, {0, child, 900, "child"}, {0, adult, 1000, "adult"}, {0, senior, 800, "senior"},
		{1, 0, 4500, "adult"}, {1, adult, 4500, "adult"}, {1, child, 2500, "child"}, {2, 0, 100, ""},
	} {
		var sum Price
		if got := table.Add(row.category, row.kind, &sum); got != row.total || sum.Total() != row.total ||
			table.Name(row.category, row.kind) != row.name {
			t.Errorf("type %d of category %d costs %d, is called %q; want %+v", row.kind, row.category, got,
				table.Name(row.category, row.kind), row)
		}
	}
	if table.Price(1, senior) != nil || table.Price(2, adult) != nil {
		t.Error("a category has a type that it does not have")
	}
	last := -1
	for _, o := range table.Offers() {
		if key := o.Category<<8 | int(o.Type); key <= last {
			t.Errorf("offers %v do not ascend", table.Offers())
		} else {
			last = key
		}
	}
}

// I12: the mark of a list without types is what it was, and tells of any change of a type.
func TestMarksTellTypesApart(t *testing.T) {
	plain := List{Currency: "EUR", Totals: map[string]int64{"A": 4500, "B": 900}}
	if plain.Mark() != 5293 {
		t.Errorf("a list that stands in logs has mark %d now", plain.Mark())
	}
	first := typedList().Mark()
	for name, change := range map[string]func(*List){
		"another price": func(l *List) { l.Types["A"][1].Price.Face++ },
		"another name":  func(l *List) { l.Types["A"][1].Name = "kid" },
		"another order": func(l *List) { b := l.Types["B"]; b[1], b[2] = b[2], b[1] },
		"one less":      func(l *List) { l.Types["B"] = l.Types["B"][:2] },
	} {
		l := typedList()
		if change(l); l.Mark() == first {
			t.Errorf("%s: the same mark", name)
		}
	}
	wrong := typedList()
	wrong.Types["A"][0].Price.Face++
	if wrong.Agrees() == nil {
		t.Error("a default type of another price is taken")
	}
	chargeable := func(amount int64, _ string) error {
		if amount > 4500 {
			return ErrFeePolicy // any error
		}
		return nil
	}
	dear := typedList()
	dear.Types["A"][1].Price.Face = 9000
	if typedList().Sound(1, chargeable) != nil || dear.Sound(1, chargeable) == nil {
		t.Error("a type that nobody could be charged")
	}
}
