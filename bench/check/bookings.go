package check

import (
	"fmt"
	"holdfast/bench/check/history"
)

// booking is a granted hold and what is known of its life, in moments that hold in every order the answers allow.
type booking struct {
	request uint32
	section uint32 // number in the archive
	seats   ref    // the operation that has its seats: its grant, or one of the grant's legs
	// end is the latest end that an answer told; 0: none did. Ends only grow, and an answer that tells one proves that
	// the hold stood then, so it cannot have lapsed before the latest of them.
	end     history.Nanos
	lapse   history.Nanos // it may lapse from here on: end less the clocks' slack; with an unknown end, from the call
	loose   history.Nanos // earliest call of a release that may have had its effect; Never: there is none
	freed   history.Nanos // earliest return of an acknowledged release: the hold is over by then
	selling history.Nanos // earliest call of a confirmation that may have had its effect
	sold    history.Nanos // earliest return of an acknowledged confirmation: the seats are sold by then, for good
	stretch history.Nanos // earliest call of an extension whose outcome is unknown
	from    uint32
	to      uint32 // its ops
}

// bookingOp is something done, or perhaps done, to a booking, or seen of it.
type bookingOp struct {
	call, ret history.Nanos
	request   uint32 // none: an answer "it had ended"
	act       act
}

func (q *requests) newBooking(request uint32) booking {
	r := &q.list[request]
	_, op := q.op(r.op)
	return booking{
		request: request, section: q.sectionOf(op), seats: r.op, end: r.expires,
		loose: history.Never, freed: history.Never, selling: history.Never, sold: history.Never, stretch: history.Never,
	}
}

func (q *requests) opsOf(b *booking) []bookingOp { return q.ops[b.from:b.to] }

// attach gives every booking its ops.
func (q *requests) attach() {
	for i := range q.list {
		if r := &q.list[i]; r.kind.OnBooking() {
			q.aim(r)
		}
	}
	for i := range q.bookings {
		b := &q.bookings[i]
		b.lapse = b.end - q.h.Header.ClockSlack
		if b.end == 0 {
			b.lapse = q.list[b.request].call
		}
	}
	q.eachOp(func(b *booking, _ bookingOp) { b.to++ })
	sum := uint32(0)
	for i := range q.bookings {
		b := &q.bookings[i]
		b.from, sum = sum, sum+b.to
		b.to = b.from
	}
	q.ops = make([]bookingOp, sum)
	q.eachOp(func(b *booking, d bookingOp) {
		q.ops[b.to] = d
		b.to++
	})
}

// aim finds the booking that a request is about, and notes what it means for the booking's life.
func (q *requests) aim(r *request) {
	p, op := q.op(r.op)
	target := q.find(p, &p.Ops[op.Of])
	if target == none || q.list[target].booking == none {
		if r.verdict == history.Done {
			q.fault(Stray, op, q.tell(op)+": of a booking that nobody was granted")
		}
		return
	}
	r.booking = q.list[target].booking
	b := &q.bookings[r.booking]
	switch {
	case r.verdict == history.Refused:
	case r.kind == history.Release:
		b.loose = min(b.loose, r.call)
		// who releases what is only being granted may come first, and then it stands
		if r.call > q.list[b.request].ret {
			b.freed = min(b.freed, r.ret)
		}
	case r.kind == history.Confirm:
		b.selling, b.sold = min(b.selling, r.call), min(b.sold, r.ret)
	case r.verdict == history.Done:
		b.end = max(b.end, r.expires)
	default:
		b.stretch = min(b.stretch, r.call)
	}
}

// eachOp visits all ops, in the same order each time.
func (q *requests) eachOp(visit func(b *booking, d bookingOp)) {
	for i := range q.list {
		r := &q.list[i]
		if a := actOf(r); a != 0 && r.booking != none {
			visit(&q.bookings[r.booking], bookingOp{r.call, r.ret, uint32(i), a})
		}
	}
	for _, r := range q.ended {
		p, op := q.op(r)
		if target := q.find(p, &p.Ops[op.Of]); target != none && q.list[target].booking != none {
			// Once the end has come, "it had ended" says that the buyer may do no more, not that the seats are back
			// already: a server may take a moment for that (P4). Before the end it says that the seats are lost.
			if b := &q.bookings[q.list[target].booking]; op.Return < b.lapse {
				visit(b, bookingOp{op.Call, op.Return, none, seenEnded})
			}
		}
	}
}

// actOf is what a request does to each seat of its booking; 0: nothing that a seat shows.
func actOf(r *request) act {
	done := r.verdict == history.Done
	switch {
	case r.verdict == history.Refused:
		return 0
	case r.kind == history.Release && done:
		return release
	case r.kind == history.Release:
		return maybeRelease
	case r.kind == history.Confirm && done:
		return confirm
	case r.kind == history.Confirm:
		return maybeConfirm
	case r.kind == history.Extend && done:
		return extend
	}
	// an extension that may have been: it moves the end to an unknown moment, and the hold may lapse before that all
	// the same
	return 0
}

// ends checks that nobody extended or sold a hold after the end that its buyer had been told (P4). The order of a
// seat's answers does not show it: nobody else need have wanted the seat. A call is late when it began after the latest
// end that can have been valid then, and for a confirmation when no other one, begun in time, can have done the work (a
// double click hears "confirmed" at any time).
func (q *requests) ends() Check {
	var f faults
	looked, blind := uint64(0), uint64(0)
	for i := range q.list {
		r := &q.list[i]
		if r.verdict != history.Done || r.booking == none || r.kind != history.Confirm && r.kind != history.Extend {
			continue
		}
		b := &q.bookings[r.booking]
		own := q.list[b.request].expires
		if own == 0 {
			blind++
			continue
		}
		looked++
		if r.call > own+q.h.Header.ClockSlack {
			q.judgeLate(&f, uint32(i), b, own)
		}
	}
	detail := fmt.Sprintf("%d extensions and confirmations came before the end that their buyer knew",
		looked-uint64(f.n))
	if blind > 0 {
		detail += fmt.Sprintf("; of %d the end is not known", blind)
	}
	return f.check(Ends, detail, 0, Count{"looked at", looked}, Count{"end unknown", blind})
}

// judgeLate looks closer at a call that came after the end its hold began with.
func (q *requests) judgeLate(f *faults, request uint32, b *booking, end history.Nanos) {
	r := &q.list[request]
	if b.stretch <= r.ret {
		return // may have been extended to an unknown end
	}
	for _, d := range q.opsOf(b) {
		if d.act == extend && d.request != request && d.call <= r.ret {
			if other := q.list[d.request].expires; other == 0 {
				return
			}
			end = max(end, q.list[d.request].expires)
		}
	}
	limit := end + q.h.Header.ClockSlack
	if r.call <= limit || r.kind == history.Confirm && b.selling <= limit {
		return
	}
	_, op := q.op(r.op)
	event, section := q.names(b.section)
	f.add(Fault{ActedLate, event, section, -1, fmt.Sprintf("%s, of a hold that ended at %v", q.tell(op), end)})
}
