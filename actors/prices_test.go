package actors

import (
	"errors"
	"testing"

	"holdfast/actors/price"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// dearBank cannot take more than a bound, nor any other currency.
type dearBank struct{ *countingBank }

func (dearBank) Chargeable(amount int64, currency string) error {
	if amount > 20_000 || currency != "EUR" {
		return errors.New("too much, or no euros")
	}
	return nil
}

// Kind: an event that is sold and cannot be paid. A price is refused when the event is made, where one seat or the
// largest booking is more than the processor takes.
func TestWhatTheProcessorCannotTakeIsRefusedAtOnce(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.e.cfg.Processor = dearBank{b.bank}
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "dear"})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		price    int64
		currency string
		refused  bool
	}{
		"four at the bound": {5000, "EUR", false}, "four above it": {5001, "EUR", true},
		"one above it": {20_001, "EUR", true}, "another currency": {1, "JPY", true},
		"free in another currency": {0, "JPY", false},
	} {
		header := &storage.Event{Name: "dear", Currency: row.currency, Rules: boxRules(),
			Prices: map[string]int64{"standard": row.price}}
		_, err := b.e.CreateEvent(t.Context(), header, v)
		var unsound *price.UnsoundError
		if errors.As(err, &unsound) != row.refused || !row.refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
