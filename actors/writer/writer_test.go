package writer

import (
	"encoding/binary"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// newTestWriter serves a section of that many seats in rows of 50, right behind its claim.
func newTestWriter(seats int) *Writer {
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
	return New(
		testKey, storage.WriterID{1}, storage.Tail{Seq: 1, Epoch: 1, Hash: storage.Hash{1}}, section.NewMachine(state),
	)
}

func request(c section.Call) *Request { return &Request{Payload: &c, At: 1} }

func call(r *Request) *section.Call { return r.Payload.(*section.Call) }

func holdRequest(n int, seat section.SeatIndex) *Request {
	c := section.Call{Command: section.Command{Kind: section.PlaceHold, Seats: []section.SeatIndex{seat}}}
	binary.LittleEndian.PutUint64(c.Command.Buyer[:], uint64(seat)+1)
	binary.LittleEndian.PutUint64(c.Command.Request[:], uint64(n)+1)
	return request(c)
}

// TestFullRecord: more requests than a record holds wait their turn; none is lost, none overtakes, no record is too
// large.
func TestFullRecord(t *testing.T) {
	const requests = 4000
	w := newTestWriter(requests)
	for i := range requests {
		w.Submit(holdRequest(i, section.SeatIndex(i)))
	}
	if len(w.backlog) == 0 {
		t.Fatal("nothing waits: the records are too small to show anything")
	}
	told, records := 0, 0
	for p := w.Ready(); p != nil; p = w.Ready() {
		records++
		if n := len(p.Append.Entry.Body); n > storage.BodyBytesMax {
			t.Fatalf("a record of %d bytes", n)
		}
		w.Recycle(w.Advance(p.Append.Entry.Batch, nil))
		for _, r := range w.Answers() {
			if told++; call(r).Decision.Outcome.Booking != section.BookingNo(told) || r.Err != nil {
				t.Fatalf("answer %d is booking %d (%v)", told, call(r).Decision.Outcome.Booking, r.Err)
			}
		}
	}
	if told != requests || records < 2 || !w.Idle() {
		t.Errorf("%d of %d answered in %d records", told, requests, records)
	}
}

// TestBacklogIsRefusedInDoubt: P3, who waits for room behind an unknown outcome is sent away, not judged on what may
// not be.
func TestBacklogIsRefusedInDoubt(t *testing.T) {
	w := newTestWriter(4000)
	w.Submit(holdRequest(0, 0))
	p := w.Ready()
	for i := 1; len(w.backlog) < 3; i++ {
		w.Submit(holdRequest(i, section.SeatIndex(i)))
	}
	if w.Advance(p.Append.Entry.Batch, storage.ErrUnknown) != nil || w.status != unsure {
		t.Fatal("unknown was taken for an answer")
	}
	if refused := len(w.Answers()); refused != 3 || len(w.backlog) != 0 {
		t.Errorf("%d refused, %d still wait", refused, len(w.backlog))
	}
	again := w.Ready()
	if again != p || w.Ready() != nil {
		t.Error("the same record is to be sent again, once")
	}
}

// TestStopTellsWhoChangedSomething: what was applied is taken back with the memory as a whole; what was not changed
// nothing.
func TestStopTellsWhoChangedSomething(t *testing.T) {
	w := newTestWriter(10)
	applied, lost := holdRequest(0, 1), holdRequest(1, 1)
	w.Submit(applied)
	w.Submit(lost)
	w.Stop(ErrUnavailable)
	if len(w.Answers()) != 2 || !applied.Changed || lost.Changed {
		t.Errorf("changed: applied %v, refused %v", applied.Changed, lost.Changed)
	}
}

// TestSaleAndRefundInOneRecord leaves nothing for the tickets table, which deletes before it inserts.
func TestSaleAndRefundInOneRecord(t *testing.T) {
	w := newTestWriter(10)
	w.Submit(holdRequest(0, 4))
	for i, kind := range []section.CommandKind{section.BeginPayment, section.ConfirmPayment, section.RefundBooking} {
		c := section.Command{Kind: kind, Booking: 1, Operator: true,
			Request: section.RequestID{byte(i + 50), 1, 1, 1, 1, 1, 1, 1, 1}}
		if kind != section.RefundBooking {
			c.Pay.Attempt = 1 // of nothing: its refund is due and done at once
		}
		w.Submit(request(section.Call{Command: c}))
	}
	if p := w.Ready(); len(p.Append.Sell) != 0 || len(p.Append.Refund) != 0 || p.Changes != 5 {
		t.Errorf("P1: %d changes sell %v and refund %v", p.Changes, p.Append.Sell, p.Append.Refund)
	}
}

// TestWriterAllocations: a hold and its release, decided, encoded, sealed and answered, allocate at most once on
// average.
func TestWriterAllocations(t *testing.T) {
	const batch = 500
	w := newTestWriter(batch)
	requests := make([]*Request, batch)
	for i := range requests {
		requests[i] = holdRequest(i, section.SeatIndex(i))
	}
	round, bookings := uint64(0), make([]section.BookingNo, batch)
	run := func() {
		round++
		for i, r := range requests {
			binary.LittleEndian.PutUint64(call(r).Command.Request[:], (round<<20|uint64(i))*0x9E3779B97F4A7C15+1)
			call(r).Command.Kind, call(r).Command.Booking = section.PlaceHold, 0
			if bookings[i] != 0 {
				call(r).Command.Kind, call(r).Command.Booking = section.ReleaseHold, bookings[i]
			}
			r.At = section.Instant(round * 100)
			w.Submit(r)
		}
		for p := w.Ready(); p != nil; p = w.Ready() {
			w.Recycle(w.Advance(p.Append.Entry.Batch, nil))
		}
		for i, r := range w.Answers() {
			if r.Err != nil || call(r).Decision.Outcome.Rejection != section.Accepted {
				t.Fatalf("%v %+v", r.Err, call(r).Decision.Outcome)
			}
			if bookings[i] = call(r).Decision.Outcome.Booking; call(r).Command.Kind == section.ReleaseHold {
				bookings[i] = 0
			}
		}
		w.m.(*section.Machine).Shares()
	}
	for range 40 {
		run()
	}
	perCommand := testing.AllocsPerRun(40, run) / batch
	t.Logf("%.3f allocations a command", perCommand)
	if perCommand > 1 {
		t.Errorf("%.2f allocations a command, want at most 1", perCommand)
	}
}
