package chaos

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check/history"
)

// task is one request under one key, however often it is asked.
type task struct {
	kind     history.Kind
	event    int
	section  uint32 // check.AnySection: the server's choice
	quantity uint32
	seats    []uint32
	of       int32 // of an op: the operation that placed the booking
	buyer    uint64
	key      uint64
	refund   bool // an operator's refund; recorded as a release until the log has been read
	call     testbed.Call
}

// names are the prefixes of buyers and keys.
const (
	buyerPrefix = "chaos"
	keyPrefix   = "wish"
)

func buyerName(n uint64) string { return string(history.AppendName(nil, buyerPrefix, n)) }
func keyName(n uint64) string   { return string(history.AppendName(nil, keyPrefix, n)) }

// recorder keeps what one goroutine asked and was told.
type recorder struct {
	part    history.Part
	start   time.Time // the history's beginning
	events  []*buyers.Event
	refunds []refunded
	tally   tally
}

// refunded is an operator's request to refund, among the part's operations.
type refunded struct {
	op      int32
	booking string
	buyer   uint64
	key     uint64
	done    bool
}

// tally counts for the report.
type tally struct {
	attempts, lost, refused503 uint64
	done                       uint64 // changes acknowledged: once for each task
	denied                     uint64 // decided refusals
	gaveUp                     uint64 // tasks without a decided answer in time
	reads, looks               uint64
}

func (t *tally) add(o *tally) {
	t.attempts += o.attempts
	t.lost += o.lost
	t.refused503 += o.refused503
	t.done += o.done
	t.denied += o.denied
	t.gaveUp += o.gaveUp
	t.reads += o.reads
	t.looks += o.looks
}

func (r *recorder) nanos(t time.Time) history.Nanos { return history.Nanos(t.Sub(r.start)) }

// moment puts a time that a server told on the history's clock.
func (r *recorder) moment(t *wire.OffsetTime) history.Nanos {
	if t == nil {
		return 0
	}
	return history.Nanos(int64(t.Time)*int64(time.Millisecond) - r.start.UnixNano())
}

// record keeps one asking, and tells what was heard and which operation it is.
func (r *recorder) record(e *task, a *testbed.Answer) (h reply, op int32) {
	h = hear(e.kind, a)
	r.count(a, &h)
	one := history.Op{
		Kind: e.kind, Verdict: h.verdict, Event: uint16(e.event), Section: e.section, Of: history.NoOp,
		Buyer: e.buyer, Key: e.key, Call: r.nanos(a.Began), Return: r.nanos(a.Answered),
	}
	if a.Status == 0 && h.verdict == history.Unknown {
		one.Return = history.Never
	}
	switch e.kind {
	case history.Hold, history.Best:
		if !r.placing(&one, e, &h) {
			h.verdict, one.Verdict = history.Unknown, history.Unknown
		}
	default:
		one.Of = e.of
		if e.kind == history.Extend && h.verdict == history.Done {
			one.Expires = r.moment(h.booking.ExpiresAt)
		}
	}
	op = int32(len(r.part.Ops))
	r.part.Ops = append(r.part.Ops, one)
	if h.verdict == history.Done && h.booking != nil && (e.kind == history.Hold || e.kind == history.Best) {
		r.legs(e.event, int(op), h.booking.Seats)
	}
	if e.refund {
		r.refunds = append(r.refunds, refunded{op, bookingOf(e), e.buyer, e.key, h.verdict == history.Done})
	}
	return h, op
}

func (r *recorder) count(a *testbed.Answer, h *reply) {
	r.tally.attempts++
	switch {
	case a.Status == 0:
		r.tally.lost++
	case a.Status == 503:
		r.tally.refused503++
	}
}

// placing fills in what a hold's operation says; false: the answer names seats that there are not.
func (r *recorder) placing(one *history.Op, e *task, h *reply) bool {
	one.Quantity = uint16(e.quantity)
	if h.verdict == history.Done {
		section, seats, ok := r.seats(e.event, h.booking.Seats)
		if !ok {
			return false
		}
		one.Section, one.Seats = section, r.part.AddSeats(seats)
		one.Text, one.Expires = r.part.AddText([]byte(h.booking.ID)), r.moment(h.booking.ExpiresAt)
		return true
	}
	if e.kind == history.Best {
		return true
	}
	one.Seats = r.part.AddSeats(e.seats)
	if h.verdict == history.Taken {
		one.Lost = r.part.AddSeats(r.lost(e, h.lost))
	}
	return true
}

// seats are a booking's in the section of its first seat, by index; false: some of its seats there are not.
func (r *recorder) seats(event int, ids []string) (section uint32, seats []uint32, ok bool) {
	for i, id := range ids {
		place, known := r.events[event].Plan.Find([]byte(id))
		if !known {
			return 0, nil, false
		}
		if i == 0 {
			section = place.Section
		}
		if place.Section == section {
			seats = append(seats, place.Seat)
		}
	}
	return section, seats, len(seats) > 0
}

// legs keeps what a booking has in other sections than that of its operation, section by section.
func (r *recorder) legs(event, op int, ids []string) {
	of := map[uint32][]uint32{}
	for _, id := range ids {
		place, _ := r.events[event].Plan.Find([]byte(id))
		if place.Section != r.part.Ops[op].Section {
			of[place.Section] = append(of[place.Section], place.Seat)
		}
	}
	for _, section := range slices.Sorted(maps.Keys(of)) {
		r.part.AddLeg(op, section, of[section])
	}
}

// lost are the seats that a refusal names, of those that were wished.
func (r *recorder) lost(e *task, ids []string) (seats []uint32) {
	section := &r.events[e.event].Plan.Sections[e.section]
	for _, id := range ids {
		for _, seat := range e.seats {
			if string(section.SeatID(seat)) == id {
				seats = append(seats, seat)
			}
		}
	}
	return seats
}

// look keeps a whole map as operations, one a section.
func (r *recorder) look(event int, live *wire.Availability, began, answered time.Time) error {
	p := r.events[event].Plan
	if len(live.Sections) != len(p.Sections) {
		return fmt.Errorf("chaos: a map of %d sections instead of %d", len(live.Sections), len(p.Sections))
	}
	for no := range live.Sections {
		r.part.Ops = append(r.part.Ops, history.Op{
			Kind: history.Look, Verdict: history.Done, Event: uint16(event), Section: uint32(no), Of: history.NoOp,
			Call: r.nanos(began), Return: r.nanos(answered), Text: r.part.AddText([]byte(live.Sections[no].Status)),
		})
	}
	return nil
}
