package section_test

import (
	"fmt"

	"holdfast/actors/section"
)

// One row of six seats, and two buyers who want the same pair.
func ExampleState_Decide() {
	layout := &section.Layout{
		Rows:    []section.RowSpec{{First: 0, Count: 6}},
		Seats:   make([]section.SeatSpec, 6),
		Quality: []uint32{2, 1, 0, 0, 1, 2},
	}
	rules := section.Rules{
		HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
	}
	state := section.NewState(layout, rules)

	var decision section.Decision
	for _, buyer := range []section.BuyerID{{1}, {2}} {
		command := section.Command{Kind: section.PlaceHold, At: 1000, Buyer: buyer, Seats: []section.SeatIndex{2, 3}}
		state.Decide(&command, &decision)
		fmt.Println(decision.Outcome.Rejection, decision.Outcome.Seats, decision.Outcome.Lost)

		// The writer collects the changes into record 1; replay would do just this, without Decide.
		state.Begin(1)
		for i := range decision.Changes {
			state.Apply(&decision.Changes[i], nil)
		}
	}
	end, _ := state.NextExpiry()
	fmt.Print(state, "held until ", end, "\n")
	// Output:
	// accepted [2 3] []
	// seat_taken [] [2 3]
	// A1-6  ..HH..
	// held until 601000
}
