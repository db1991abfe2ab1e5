package counter_test

import (
	"testing"

	"holdfast/actors/machine"
	"holdfast/actors/machinetest"
	"holdfast/actors/machinetest/counter"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// TestConformance: the writer and the shard are true of a machine that knows no seats.
func TestConformance(t *testing.T) {
	machinetest.Run(t, machinetest.Subject{
		Kind:     &counter.Kind{Limit: 10_000, Keep: 60_000, Piece: 500},
		Command:  reserve,
		Refused:  reserve, // once more
		Accepted: func(command any) bool { return command.(*counter.Command).Answer == counter.Done },
		Many:     10_000,
		Timer:    60_000,
	})
}

func reserve(n int) any { return &counter.Command{Action: counter.Reserve, Number: uint32(n) + 1} }

// TestSoldOutWaitsForTheRecordThatTookTheLast: P2. The refusal rests on that record, and not on the newest one.
func TestSoldOutWaitsForTheRecordThatTookTheLast(t *testing.T) {
	kind := &counter.Kind{Limit: 2, Keep: 100, Piece: 1}
	w := writer.New(storage.SectionKey{}, storage.WriterID{1}, storage.Tail{Seq: 1, Epoch: 1, At: 1000}, kind.New())
	submit := func(action counter.Action, no uint32, at machine.Instant) *counter.Command {
		c := &counter.Command{Action: action, Number: no}
		w.Submit(&writer.Request{Payload: c, At: at})
		return c
	}
	first, last := submit(counter.Reserve, 0, 1000), submit(counter.Reserve, 0, 1000)
	late := submit(counter.Reserve, 0, 1000)
	if first.Number != 1 || last.Number != 2 || late.Answer != counter.SoldOut || len(w.Answers()) != 0 {
		t.Fatalf("%+v %+v, then %+v, and somebody was told", first, last, late)
	}
	p := w.Ready()
	submit(counter.Buy, 1, 1000)
	if w.Recycle(w.Advance(p.Append.Entry.Batch, nil)); len(w.Answers()) != 3 {
		t.Fatal("the record has landed: three are to be told, and the sale is not")
	}
	if late = submit(counter.Reserve, 0, 1000); late.Answer != counter.SoldOut || len(w.Answers()) != 1 {
		t.Errorf("P7: %+v waits for a sale that took no number", late)
	}
	lapsed, back := submit(counter.Buy, 2, 1100), submit(counter.Reserve, 0, 1100)
	if lapsed.Answer != counter.NotReserved || back.Number != 2 || back.Answer != counter.Done {
		t.Errorf("P4: at its end a number is bought %+v, and reserved %+v", lapsed, back)
	}
}
