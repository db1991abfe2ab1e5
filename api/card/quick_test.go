package card

import (
	"math/rand/v2"
	"testing"

	"holdfast/actors/budget"
)

// Kind: a short way that passes what the long one finds (P12).
func checkShortWay(t *testing.T, text []byte) {
	t.Helper()
	if !surelyNone(text) {
		return
	}
	for _, glued := range []bool{false, true} {
		if sight := search(text, glued); sight != noNumber {
			t.Fatalf("%q (glued: %v) holds %d, and is passed unread", text, glued, sight)
		}
	}
}

func TestP12TheShortWayPassesNoNumber(t *testing.T) {
	letters := []string{"4", "1", "1", "1", "0", "5", "٤", " ", "-", ".", "/", "_", "\t", "a", "\u200b", "\x00", "\xff"}
	chance := rand.New(rand.NewPCG(1, 2))
	passed := 0
	for range 100_000 {
		var text []byte
		digits := 6 + chance.IntN(len(letters)-6) // of these letters only: some texts are nearly all digits
		for range chance.IntN(40) {
			text = append(text, letters[chance.IntN(digits)]...)
		}
		if checkShortWay(t, text); surelyNone(text) {
			passed++
		}
	}
	if passed < 10_000 || passed > 90_000 {
		t.Errorf("%d of 100,000 texts took the short way: the test sees one side only", passed)
	}
	for _, card := range cardSamples {
		for _, text := range []string{card, "row 12 " + card, "a" + card + "b"} {
			if surelyNone([]byte(text)) {
				t.Errorf("%q is passed unread", text)
			}
		}
	}
	if !surelyNone([]byte("0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40")) {
		t.Error("an ordinary key takes the long way")
	}
}

func FuzzTheShortWayPassesNoNumber(f *testing.F) {
	for _, card := range cardSamples {
		f.Add([]byte(card))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		budget.Reading{PerByte: 8}.Check(t, len(text), func() { surelyNone(text) })
		checkShortWay(t, text)
	})
}
