package payments

import (
	"os"
	"strings"
	"testing"

	"holdfast/actors/checkout/pending"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// TestEveryStateHasAWord: a booking, an attempt or an open thing that an operator is told of without a word, or by one
// that the document does not have. A leg has no money, and an attempt that never was is none.
func TestEveryStateHasAWord(t *testing.T) {
	text, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	document := string(text)
	for s := section.BookingNone; s < section.BookingBound; s++ {
		if states[s] == "" {
			t.Errorf("a booking in state %d has no word", s)
		}
	}
	for p := account.Opened; p <= account.Over; p++ {
		if phases[p] == "" || !strings.Contains(document, phases[p]) {
			t.Errorf("an attempt in phase %d is %q", p, phases[p])
		}
	}
	var kinds []string
	for _, k := range pending.Kinds {
		kinds = append(kinds, `"`+string(k)+`"`)
	}
	if !strings.Contains(document, `"enum": [`+strings.Join(kinds, ", ")+`]`) {
		t.Errorf("the document's states to ask for are not %s", kinds)
	}
}
