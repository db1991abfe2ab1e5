package presale_test

import (
	"errors"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/gate/presale"
)

var (
	keys  = presale.New([32]byte{7})
	mine  = place.Whose{Event: [16]byte{1, 2, 3, 4}, Generation: 5, Buyer: gate.Buyer{6}}
	alice = mine.Buyer
)

const (
	goldenFree  = "AEAQEAYA-AAASWBVJ-KIGCTEK3-7IGDT5IB"
	goldenBound = "CEAQEAYA-AAASWKUK-7L5BDOPZ-JHZM5LQW-4TLSOZLT"
)

// TestGoldenCodes: codes that were sent out open for ever.
func TestGoldenCodes(t *testing.T) {
	if got := string(keys.Append(nil, &mine, 0x12b, nil)); got != goldenFree {
		t.Errorf("a code is %s", got)
	}
	if got := string(keys.Append(nil, &mine, 0x12b, &alice)); got != goldenBound {
		t.Errorf("a bound code is %s", got)
	}
}

// TestEveryWrongCodeHasItsError guards P8: forged, of another event or buyer, and what people make of a right one.
func TestEveryWrongCodeHasItsError(t *testing.T) {
	free, bound := string(keys.Append(nil, &mine, 9, nil)), string(keys.Append(nil, &mine, 9, &alice))
	event, near, generation, buyer := mine, mine, mine, mine
	event.Event[0]++
	near.Event[15]++ // its first bytes are the same
	generation.Generation++
	buyer.Buyer[0]++
	swapped := func(text string, at int) string {
		other := byte('A')
		if text[at] == 'A' {
			other = 'B'
		}
		return text[:at] + string(other) + text[at+1:]
	}
	for name, c := range map[string]struct {
		text  string
		whose place.Whose
		want  error
	}{
		"good": {free, mine, nil}, "bound": {bound, mine, nil}, "another's, not bound": {free, buyer, nil},
		"lower case":           {strings.ToLower(free), mine, nil},
		"other groups":         {" " + strings.ReplaceAll(free, "-", "") + "- ", mine, nil},
		"digits for letters":   {strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(bound), mine, nil},
		"another buyer's":      {bound, buyer, presale.ErrBuyer},
		"another event's":      {free, event, presale.ErrEvent},
		"a similar event's":    {free, near, presale.ErrForged},
		"an earlier room's":    {free, generation, presale.ErrForged},
		"another number":       {swapped(free, 11), mine, presale.ErrForged},
		"another tag":          {swapped(free, 20), mine, presale.ErrForged},
		"another owner":        {swapped(bound, 15), mine, presale.ErrForged},
		"nothing":              {"", mine, presale.ErrForm},
		"a word":               {"LET ME IN", mine, presale.ErrForm},
		"cut":                  {free[:len(free)-1], mine, presale.ErrForm},
		"longer":               {free + "A", mine, presale.ErrForm},
		"as long as bound":     {free + "AAAAAAAA", mine, presale.ErrForm},
		"far too long":         {strings.Repeat("A", 1000), mine, presale.ErrForm},
		"a line end":           {free[:8] + "\n" + free[8:], mine, presale.ErrForm},
		"another version":      {"B" + free[1:], mine, presale.ErrForm},
		"no letter of Base32":  {"9" + free[1:], mine, presale.ErrForm},
		"padded":               {free + "=", mine, presale.ErrForm},
		"of another store":     {string(presale.New([32]byte{8}).Append(nil, &mine, 9, nil)), mine, presale.ErrForged},
		"bound for the binder": {string(keys.Append(nil, &buyer, 9, &buyer.Buyer)), mine, presale.ErrBuyer},
	} {
		got, err := keys.Open(c.text, &c.whose)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err == nil && got != 9 {
			t.Errorf("%s: %d, %v, want %v", name, got, err, c.want)
		}
	}
}

// FuzzOpen: nothing is taken but what was signed.
func FuzzOpen(f *testing.F) {
	f.Add(goldenFree)
	f.Add(goldenBound)
	f.Add("A=======")
	f.Fuzz(func(t *testing.T, text string) {
		number, err := keys.Open(text, &mine)
		if err != nil {
			return
		}
		plain := func(text string) string {
			text = strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(text)
			return strings.ToUpper(text)
		}
		for _, owner := range []*gate.Buyer{nil, &alice} {
			if plain(string(keys.Append(nil, &mine, number, owner))) == plain(text) {
				return
			}
		}
		t.Fatalf("%q is taken for code %d", text, number)
	})
}
