package pseudonym

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// goldenKey is 0, 1, 2, … 31.
func goldenKey() (key storage.EventKey) {
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

// TestPseudonymsNeverChange guards P14: these bytes are in the logs of every event that has a key. They were computed
// with another program: printf 'holdfast pseudonym v1\0alice' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
func TestPseudonymsNeverChange(t *testing.T) {
	k := New(goldenKey())
	for subject, want := range map[string]string{
		"alice":                   "9f4ff62a57a82e17d23c648bcfc2c580",
		"":                        "507f0e928cd3bdc138eda86053aabd3f",
		"Jörg":                    "fbce46ca019f4b48caaee957c54e9e11",
		strings.Repeat("x", 2000): "fb61a4e4ff5ce8d5afb6ed3193b9cf77",
	} {
		buyer := k.Of(subject)
		if got := hex.EncodeToString(buyer[:]); got != want {
			t.Errorf("P14: the pseudonym of %.10q… is %s, want %s", subject, got, want)
		}
	}
}

// TestTwoEventsKnowNobodyByOneName guards P14: what one event calls somebody says nothing about another.
func TestTwoEventsKnowNobodyByOneName(t *testing.T) {
	one, two := New(storage.NewEventKey()), New(storage.NewEventKey())
	seen := map[section.BuyerID]string{}
	for i := range 1000 {
		subject := fmt.Sprintf("buyer %d", i)
		if one.Of(subject) != one.Of(subject) {
			t.Fatalf("%s has two pseudonyms in one event", subject)
		}
		for _, p := range []section.BuyerID{one.Of(subject), two.Of(subject)} {
			if who, there := seen[p]; there {
				t.Fatalf("P14: %s and %s have one pseudonym", subject, who)
			}
			seen[p] = subject
		}
	}
}

// TestPseudonymsOfManyCallers: states are shared one after the other, never at once.
func TestPseudonymsOfManyCallers(t *testing.T) {
	k := New(goldenKey())
	var all sync.WaitGroup
	for n := range 8 {
		subject := fmt.Sprintf("%d", n)
		want := New(goldenKey()).Of(subject)
		all.Go(func() {
			for range 2000 {
				if k.Of(subject) != want {
					t.Errorf("another pseudonym of %s beside other callers", subject)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestAPseudonymCostsNoMemory guards P7.
func TestAPseudonymCostsNoMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget, so this proves nothing: run without -race, as make test does")
	}
	k, long := New(goldenKey()), strings.Repeat("ä", 256)
	if n := testing.AllocsPerRun(200, func() { k.Of("alice"); k.Of(long) }); n > 0 {
		t.Errorf("P7: %v allocations", n)
	}
}

func TestAKeyIsNotPrinted(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v", New(goldenKey()), New(goldenKey()), New(goldenKey())); len(text) > 40 {
		t.Errorf("P14: printed as %s", text)
	}
}

func BenchmarkPseudonym(b *testing.B) {
	k := New(goldenKey())
	b.ReportAllocs()
	for b.Loop() {
		k.Of("auth0|5f7c8ec7c33c6c004bbafe82")
	}
}
