package check

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"holdfast/bench/check/history"
	"slices"
)

// request is what one buyer wished for under one key, all its repeats together: together they have at most one effect
// (P5).
//
// When that effect came is told by the repeats that can have had it. It came after the first call of one that was
// acknowledged or is unknown, and before the first acknowledgement returned. A refused attempt surely had none and is
// no part of it: the same key tried again after a refusal is judged anew.
type request struct {
	op      ref           // the first answer that acknowledged it; if none did, the first call
	call    history.Nanos // the effect came after this …
	ret     history.Nanos // … and before this; Never when it may come at any time, or not at all
	expires history.Nanos // the latest end that any of its answers told; 0: none did
	ended   history.Nanos // when that end was first told: an extension had its effect before, but maybe not before ret
	booking uint32
	kind    history.Kind
	// Done, Unknown; of a Confirm also Refused, which can leave a beginning and an end of a payment in the log
	verdict history.Verdict
	again   bool // it was sent more than once
}

// requests are those of a history that had or may have had an effect.
type requests struct {
	*archive
	list  []request
	index table

	bookings []booking // granted ones in the order of requests, then their legs
	granted  int       // how many of bookings are no legs
	ops      []bookingOp
	faults   faults
	unknown  uint64
	again    uint64
}

// key is what makes repeats one request: keys belong to a buyer and to one event.
func (a *archive) key(p *history.Part, op *history.Op) (event uint16, buyer, key uint64) {
	if op.Kind.OnBooking() {
		return p.Ops[op.Of].Event, op.Buyer, op.Key
	}
	return op.Event, op.Buyer, op.Key
}

// effective: the operation had or may have had an effect on the log.
func effective(op *history.Op) bool {
	switch op.Verdict {
	case history.Done, history.Unknown:
		return op.Kind != history.Look && op.Kind != history.Leg
	}
	return op.Kind == history.Confirm
}

func newRequests(a *archive) *requests {
	n := 0
	a.each(func(_ ref, op *history.Op) {
		if effective(op) {
			n++
		}
	})
	q := &requests{archive: a, list: make([]request, 0, n), index: newTable(n)}
	a.each(func(r ref, op *history.Op) {
		if effective(op) {
			q.add(r, op)
		}
	})
	q.forgotten()
	q.number()
	q.shared()
	q.attach()
	q.addLegs()
	return q
}

// slot is the place of the operation's key in the index.
func (q *requests) slot(p *history.Part, op *history.Op) *uint32 {
	event, buyer, key := q.key(p, op)
	return q.index.slot(mix(mix(buyer)+key*3+uint64(event)), func(n uint32) bool {
		p, other := q.op(q.list[n].op)
		e, b, k := q.key(p, other)
		return e == event && b == buyer && k == key
	})
}

// find gives the request of an operation's key, none when nothing under it can have had an effect.
func (q *requests) find(p *history.Part, op *history.Op) uint32 { return *q.slot(p, op) - 1 }

func (q *requests) add(r ref, op *history.Op) {
	p, _ := q.op(r)
	slot := q.slot(p, op)
	if *slot != 0 {
		q.merge(*slot-1, r, op)
		return
	}
	q.list = append(q.list, newRequest(r, op))
	*slot = uint32(len(q.list))
}

func newRequest(r ref, op *history.Op) request {
	one := request{
		op: r, call: op.Call, ret: history.Never, ended: history.Never, booking: none, kind: op.Kind,
		verdict: op.Verdict,
	}
	switch op.Verdict {
	case history.Done:
		one.ret, one.expires, one.ended = op.Return, op.Expires, op.Return
	case history.Unknown:
	default:
		one.verdict = history.Refused
	}
	return one
}

// merge joins a repeat to its request: Done beats Unknown beats Refused.
func (q *requests) merge(n uint32, r ref, op *history.Op) {
	old, repeat := &q.list[n], newRequest(r, op)
	old.again = true
	switch {
	case repeat.verdict == history.Refused:
		return
	case old.verdict == history.Refused:
		repeat.again = true
		*old = repeat
		return
	case old.verdict == history.Done && repeat.verdict == history.Done:
		q.compare(old, r, op)
	}
	old.call = min(old.call, repeat.call)
	if repeat.verdict != history.Done {
		return
	}
	if old.verdict != history.Done || repeat.ret < old.ret {
		old.op, old.ret, old.verdict, old.kind = r, repeat.ret, history.Done, op.Kind
	}
	switch {
	case repeat.expires > old.expires:
		old.expires, old.ended = repeat.expires, repeat.ended
	case repeat.expires == old.expires:
		old.ended = min(old.ended, repeat.ended)
	}
}

// compare holds two acknowledgements of one key against each other. What may differ is the end: an answer tells the
// booking as it stands at the time.
func (q *requests) compare(old *request, r ref, op *history.Op) {
	firstPart, first := q.op(old.op)
	part, _ := q.op(r)
	reason := ""
	switch {
	case first.Kind != op.Kind:
		reason = "acknowledged as two different calls"
	case op.Kind.OnBooking():
		if q.find(part, &part.Ops[op.Of]) != q.find(firstPart, &firstPart.Ops[first.Of]) {
			reason = "acknowledged for two bookings"
		}
	case !bytes.Equal(part.TextOf(op.Text), firstPart.TextOf(first.Text)):
		reason = fmt.Sprintf("two bookings: %s, then %s", firstPart.TextOf(first.Text), part.TextOf(op.Text))
	case first.Section != op.Section || !sameSeats(firstPart.SeatsOf(first.Seats), part.SeatsOf(op.Seats)):
		reason = "one booking, and other seats than the first time"
	case !q.sameLegs(old.op, r):
		reason = "one booking, and other seats in further sections than the first time"
	}
	if reason != "" {
		q.fault(SecondAnswer, op, fmt.Sprintf("%s: %s", q.tell(op), reason))
	}
}

func sameSeats(a, b []uint32) bool {
	if slices.Equal(a, b) {
		return true
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// forgotten looks for refusals that contradict an acknowledgement which had returned before they were asked for.
// "Refused" contradicts nothing: a server may be too busy to repeat itself.
func (q *requests) forgotten() {
	q.each(func(r ref, op *history.Op) {
		if op.Verdict != history.Taken && op.Verdict != history.NoneLeft && op.Verdict != history.Ended ||
			op.Kind == history.Look {
			return
		}
		p, _ := q.op(r)
		n := q.find(p, op)
		if n == none {
			return
		}
		if first := &q.list[n]; first.verdict == history.Done && first.kind == op.Kind && first.ret < op.Call {
			q.fault(Forgotten, op, fmt.Sprintf("%s: acknowledged at %v, and refused as %v at %v", q.tell(op), first.ret,
				op.Verdict, op.Return))
		}
	})
}

// number gives every granted booking a number, in the order of requests.
func (q *requests) number() {
	count := 0
	for i := range q.list {
		r := &q.list[i]
		q.unknown += bit(r.verdict == history.Unknown)
		q.again += bit(r.again)
		if r.grants() {
			r.booking = uint32(count)
			count++
		}
	}
	q.bookings, q.granted = make([]booking, 0, count), count
	for i := range q.list {
		if r := &q.list[i]; r.grants() {
			q.bookings = append(q.bookings, q.newBooking(uint32(i)))
		}
	}
}

func (r *request) grants() bool {
	return r.verdict == history.Done && (r.kind == history.Hold || r.kind == history.Best)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// shared looks for bookings told to two requests: one right to two people.
func (q *requests) shared() {
	index := newTable(len(q.bookings))
	seed := maphash.MakeSeed()
	for i := range q.bookings {
		p, op := q.op(q.list[q.bookings[i].request].op)
		id := p.TextOf(op.Text)
		slot := index.slot(maphash.Bytes(seed, id), func(n uint32) bool {
			other, first := q.op(q.list[q.bookings[n].request].op)
			return first.Event == op.Event && bytes.Equal(other.TextOf(first.Text), id)
		})
		if *slot != 0 {
			_, first := q.op(q.list[q.bookings[*slot-1].request].op)
			q.fault(SharedBooking, op, fmt.Sprintf("%s: told booking %s, which was told to %s", q.tell(op), id,
				q.tell(first)))
			continue
		}
		*slot = uint32(i) + 1
	}
}

func (q *requests) fault(code Code, op *history.Op, text string) {
	f := Fault{Code: code, Event: q.h.Header.Events[op.Event].ID, Seat: -1, Text: text}
	q.faults.add(f)
}

// check is the verdict on repeats.
func (q *requests) check() Check {
	detail := fmt.Sprintf("%d requests had or may have had an effect, %d of them sent more than once, %d unknown",
		len(q.list), q.again, q.unknown)
	return q.faults.check(Repeats, detail, 0,
		Count{"requests", uint64(len(q.list))}, Count{"repeated", q.again}, Count{"unknown", q.unknown},
		Count{"bookings", uint64(q.granted)})
}
