package actors

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// heldWriter is one section full of live holds, each of a buyer of their own, all placed through its writer; records
// land at once.
type heldWriter struct {
	b     *testing.B
	w     *writer.Writer
	m     *section.Machine
	r     *request.Request
	seats [1]section.SeatIndex
	at    section.Instant
	n     uint64
}

func newHeldWriter(b *testing.B, holds int) *heldWriter {
	places := holds + 1 // the last is for the hold that is measured
	layout := &section.Layout{General: true, Seats: make([]section.SeatSpec, places), Quality: make([]uint32, places)}
	rules := section.Rules{
		HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8, DedupeWindow: 1000,
		DedupeCountMin: 1000,
	}
	state := section.NewState(layout, rules)
	state.Begin(1)
	m := section.NewMachine(state)
	h := &heldWriter{b: b, at: 1, r: request.Of(section.Call{}),
		w: writer.New(simKey, storage.WriterID{1}, storage.Tail{Seq: 1, Epoch: 1, Hash: storage.Hash{1}}, m), m: m}
	for i := range holds {
		h.hold(section.SeatIndex(i))
		if i%256 == 255 {
			h.land()
		}
		if i%100 == 99 {
			h.at++ // 100,000 buyers a second
		}
	}
	h.land()
	return h
}

func (h *heldWriter) hold(seat section.SeatIndex) {
	h.n++
	h.seats[0] = seat
	h.r.At = h.at
	h.r.Command = section.Command{Kind: section.PlaceHold, Seats: h.seats[:], Request: tourKey(0, h.n)}
	binary.LittleEndian.PutUint64(h.r.Command.Buyer[:], h.n)
	h.submit()
}

func (h *heldWriter) submit() {
	h.w.Submit(&h.r.Request)
	if r := h.r.Decision.Outcome.Rejection; r != section.Accepted {
		h.b.Fatal(r)
	}
}

// land makes the gathered record durable and drops what is told. A snapshot that the writer makes meanwhile is dropped
// too.
func (h *heldWriter) land() {
	if p := h.w.Ready(); p != nil {
		h.w.Recycle(h.w.Advance(p.Append.Entry.Batch, nil))
	}
	h.w.Answers()
	h.m.Shares()
}

func growHolds(b *testing.B, n int) {
	before := heapAlive()
	h := newHeldWriter(b, n)
	perHold := float64(heapAlive()-before) / float64(n)
	start := time.Now()
	snapshot := h.m.AppendSnapshot(nil) // what the section stands still for
	saving := time.Since(start)
	for i := 0; b.Loop(); i++ {
		h.hold(section.SeatIndex(n))
		h.r.Command = section.Command{
			Kind: section.ReleaseHold, At: h.at, Buyer: h.r.Command.Buyer, Booking: h.r.Decision.Outcome.Booking,
			Request: tourKey(1, h.n),
		}
		h.submit()
		if i%128 == 127 {
			h.land()
			h.at++ // some 100,000 buyers a second
		}
	}
	h.land()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "holds/s")
	b.ReportMetric(perHold, "B/hold")
	b.ReportMetric(float64(len(snapshot))/float64(n), "snapshot-B/hold")
	b.ReportMetric(milliseconds(saving), "snapshot-ms")
	h.lapse(n)
	runtime.KeepAlive(h)
}

// lapse ends every hold, as the section's own timer does once their time has come.
func (h *heldWriter) lapse(n int) {
	start := time.Now()
	for h.m.LiveHolds() > 0 {
		if !h.w.RunTimers(h.at + 2_000_000) {
			h.b.Fatal("holds do not lapse")
		}
		h.land()
	}
	h.b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n), "lapse-ns/hold")
}
