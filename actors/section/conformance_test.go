package section_test

import (
	"encoding/binary"
	"testing"

	"holdfast/actors/machinetest"
	"holdfast/actors/section"
)

// TestConformance: a section stands under the writer and the shard.
func TestConformance(t *testing.T) {
	const seats = 4000
	layout := &section.Layout{General: true, Seats: make([]section.SeatSpec, seats), Quality: make([]uint32, seats)}
	rules := section.Rules{HoldTTL: 60_000, HoldCeiling: 120_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
	machinetest.Run(t, machinetest.Subject{
		Kind:    &section.Kind{Layout: layout, Rules: rules},
		Command: func(n int) any { return hold(n, 1) },
		Refused: func(n int) any { return hold(n, 2) },
		Accepted: func(command any) bool {
			return command.(*section.Call).Decision.Outcome.Rejection == section.Accepted
		},
		Many:  seats,
		Timer: 60_000,
	})
}

// hold gives one buyer's wish for seat n; another buyer's is another request.
func hold(n int, who byte) any {
	seats := []section.SeatIndex{section.SeatIndex(n)}
	c := &section.Call{Command: section.Command{Kind: section.PlaceHold, Seats: seats}}
	binary.LittleEndian.PutUint64(c.Command.Buyer[:], uint64(n)+1)
	binary.LittleEndian.PutUint64(c.Command.Request[:], uint64(n)+1)
	c.Command.Buyer[15], c.Command.Request[15] = who, who
	return c
}
