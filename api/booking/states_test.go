package booking

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// documented are the values that the document lists of a member.
func documented(t *testing.T, schema, member string) []string {
	t.Helper()
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []any }
			}
		}
	}
	text, err := os.ReadFile("../openapi.json")
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	var values []string
	for _, value := range doc.Components.Schemas[schema].Properties[member].Enum {
		values = append(values, fmt.Sprint(value))
	}
	if err != nil || len(values) == 0 {
		t.Fatalf("%s.%s: %v %v", schema, member, values, err)
	}
	return values
}

// TestEveryStateHasTheDocumentsWord: a state of a booking, or of a refund, that is told by no word, or by one that the
// document does not have. Legs are told by their home.
func TestEveryStateHasTheDocumentsWord(t *testing.T) {
	said := []string{"confirming", "exchanged"} // of a confirmed order, of an exchange that is done
	for s := section.BookingHeld; s < section.BookingBound; s++ {
		if int(s) >= len(stateNames) || stateNames[s] == "" {
			t.Errorf("state %d has no word", s)
			continue
		}
		said = append(said, stateNames[s])
	}
	want := documented(t, "Booking", "state")
	if slices.Sort(said); !slices.Equal(said, slices.Sorted(slices.Values(want))) {
		t.Errorf("the document says %q, the answers %q", want, said)
	}
	var refunds []string
	for s := account.Due; s <= account.Failed; s++ {
		refunds = append(refunds, s.String())
	}
	if told := documented(t, "BookingRefund", "state"); !slices.Equal(told, refunds) {
		t.Errorf("refunds: the document says %q, the answers %q", told, refunds)
	}
}
