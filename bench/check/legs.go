package check

import (
	"cmp"
	"slices"

	"holdfast/bench/check/history"
)

// addLegs makes of each leg a booking of its own, for seats are judged section by section. Its life is that of its
// booking, but for this: a server that gives a booking back may tell the other sections a moment after it told the
// buyer. So of an acknowledged release, and of "it had ended", nothing is certain at a leg's seats.
func (q *requests) addLegs() {
	for i := range q.granted {
		q.eachLeg(q.list[q.bookings[i].request].op, func(r ref, op *history.Op) {
			leg := q.bookings[i]
			leg.section, leg.seats, leg.freed = q.sectionOf(op), r, history.Never
			leg.from, leg.to = q.legOps(&q.bookings[i])
			q.bookings = append(q.bookings, leg)
		})
	}
}

// legOps are the ops of a leg of b.
func (q *requests) legOps(b *booking) (from, to uint32) {
	from = uint32(len(q.ops))
	for _, d := range q.opsOf(b) {
		switch d.act {
		case seenEnded:
			continue
		case release:
			d.act, d.ret = maybeRelease, history.Never
		}
		q.ops = append(q.ops, d)
	}
	return from, uint32(len(q.ops))
}

// eachLeg visits the legs of a granted operation.
func (a *archive) eachLeg(of ref, visit func(r ref, op *history.Op)) {
	legs := a.h.Parts[of>>32].LegsOf(int(uint32(of)))
	for i := range legs {
		visit(of+1+ref(i), &legs[i])
	}
}

// seatsIn are the seats that an operation and its legs have in a section; nil: none.
func (a *archive) seatsIn(of ref, section uint32) (seats []uint32) {
	p, op := a.op(of)
	if op.Section != history.AnySection && a.sectionOf(op) == section {
		return p.SeatsOf(op.Seats)
	}
	a.eachLeg(of, func(_ ref, leg *history.Op) {
		if a.sectionOf(leg) == section {
			seats = p.SeatsOf(leg.Seats)
		}
	})
	return seats
}

// sameLegs compares two answers to one request.
func (q *requests) sameLegs(a, b ref) bool {
	part, _ := q.op(a)
	legs, _ := q.op(b)
	if len(part.LegsOf(int(uint32(a)))) != len(legs.LegsOf(int(uint32(b)))) {
		return false
	}
	same := true
	q.eachLeg(a, func(_ ref, leg *history.Op) {
		same = same && sameSeats(part.SeatsOf(leg.Seats), q.seatsIn(b, q.sectionOf(leg)))
	})
	return same
}

// bindLag is how long after its answer a server may take to free what it had bound in vain.
const bindLag = history.Nanos(30e9)

// findCuts finds, in an event whose server cuts parties over sections, the times at which a wish for the best seats of
// any section may have had seats bound that it was not granted in the end: of a cut that failed at its last section,
// and was tried anew or given up. No answer tells of them. A seat that was called taken, or drawn as held, at such a
// time proves nothing, if nothing else explains it.
func (a *archive) findCuts() {
	a.cuts = make([][]span, len(a.h.Header.Events))
	cutting := make([]bool, len(a.cuts))
	a.each(func(_ ref, op *history.Op) { cutting[op.Event] = cutting[op.Event] || op.Kind == history.Leg })
	if !slices.Contains(cutting, true) {
		return
	}
	a.each(func(_ ref, op *history.Op) {
		wide := op.Section == history.AnySection || op.Verdict == history.Done // a grant does not tell the wish
		if cutting[op.Event] && op.Kind == history.Best && wide && op.Quantity > 1 {
			end := history.Never
			if op.Return < history.Never-bindLag {
				end = op.Return + bindLag
			}
			a.cuts[op.Event] = append(a.cuts[op.Event], span{op.Call, end})
		}
	})
	for _, c := range a.cuts {
		slices.SortFunc(c, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	}
}

// withoutCuts leaves those looks out that a party which was being cut may explain.
func (x *examiner) withoutCuts(section uint32, reads []read) []read {
	list := x.cuts[x.sections[section].event]
	if len(list) == 0 {
		return reads
	}
	return slices.DeleteFunc(slices.Clone(reads), func(r read) bool {
		return (r.act == seenTaken || r.act == seenHeld) && x.isCutting(section, r.call, r.ret)
	})
}

// isCutting says that a party may have been cut in a time, with seats of the section bound for it in vain.
func (x *examiner) isCutting(section uint32, call, ret history.Nanos) bool {
	return slices.ContainsFunc(x.cuts[x.sections[section].event], func(s span) bool {
		return s.from <= ret && call <= s.to
	})
}
