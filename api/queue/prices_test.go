package queue

import (
	"slices"
	"testing"

	"holdfast/actors/venue"
	"holdfast/storage"
)

// A category that has no seat at all is not told as sold out: nobody could ever have had one.
func TestSoldOutIsWhatHadSeats(t *testing.T) {
	s := seatsOf(&venue.Venue{
		Categories: []venue.Category{{Label: "Stalls"}, {Label: "Balcony"}, {Label: "Boxes"}, {Label: "Gods"}},
		Sections: []venue.Section{{Rows: []venue.Row{{Seats: []venue.Seat{{Category: 0}, {Category: 1},
			{Category: 1}, {Category: 3}}}}}},
	})
	event := &storage.Event{Currency: "EUR", Prices: map[string]int64{"Stalls": 9000, "Balcony": 4000, "Boxes": 1,
		"Gods": 2000}}
	spread, soldOut := s.offer([]int{0, 2, 0, 1}, event)
	if !slices.Equal(soldOut, []string{"Stalls"}) {
		t.Errorf("sold out are %q", soldOut)
	}
	if spread == nil || spread.From.Amount != 2000 || spread.To.Amount != 4000 {
		t.Errorf("free seats cost %+v", spread)
	}
	if spread, _ := s.offer([]int{0, 0, 0, 0}, event); spread != nil {
		t.Errorf("nothing is free, and costs %+v", spread)
	}
}
