package actors

import (
	"encoding/binary"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

var simKey = storage.SectionKey{Event: storage.EventID{7}, Section: 3}

// newTestWriter serves a section of that many seats in rows of 50, right behind its claim.
func newTestWriter(seats int) *writer.Writer {
	layout := &section.Layout{Seats: make([]section.SeatSpec, seats), Quality: make([]uint32, seats)}
	for at := 0; at < seats; at += 50 {
		layout.Rows = append(
			layout.Rows, section.RowSpec{First: section.SeatIndex(at), Count: uint32(min(50, seats-at))},
		)
	}
	rules := section.Rules{
		HoldTTL: 1 << 40, HoldCeiling: 1 << 41, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 1 << 30, DedupeWindow: 1000,
		DedupeCountMin: 100,
	}
	state := section.NewState(layout, rules)
	state.Begin(1)
	return writer.New(
		simKey, storage.WriterID{1}, storage.Tail{Seq: 1, Epoch: 1, Hash: storage.Hash{1}}, section.NewMachine(state),
	)
}

func holdRequest(n int, seat section.SeatIndex) *request.Request {
	r := request.Of(section.Call{Command: section.Command{Kind: section.PlaceHold, Seats: []section.SeatIndex{seat}}})
	r.At = 1
	binary.LittleEndian.PutUint64(r.Command.Buyer[:], uint64(seat)+1)
	binary.LittleEndian.PutUint64(r.Command.Request[:], uint64(n)+1)
	return r
}
