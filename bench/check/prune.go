package check

import (
	"cmp"
	"holdfast/bench/check/history"
	"slices"
)

// taker is a booking of one seat, with what is certain of it in every order of the answers that respects time and the
// model:
//
//	call ──── ret ═══════════════ until ──── freed
//	 maybe     certainly the booking's  maybe     over
//
// The grant took effect before it returned. The hold can end only by a release or a lapse, so until the first of them
// may have begun it stands; and if a confirmation was acknowledged it cannot have ended at all, for a sale needs the
// hold and is never undone here. (If no order exists these statements are void, and so is any harm in using them.)
type taker struct {
	call, ret history.Nanos
	until     history.Nanos
	selling   history.Nanos // it may be sold from here on
	sold      history.Nanos // it is sold from here on
	freed     history.Nanos // an acknowledged release had returned: the seat is not the booking's any more
	booking   uint32
}

func (q *requests) newTaker(n uint32) taker {
	b := &q.bookings[n]
	r := &q.list[b.request]
	until := min(b.loose, b.lapse)
	if b.sold != history.Never {
		until = history.Never
	}
	return taker{r.call, r.ret, until, b.selling, b.sold, b.freed, n}
}

func sortTakers(takers []taker) {
	if len(takers) < 2 {
		return
	}
	slices.SortFunc(takers, func(a, b taker) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.ret, b.ret), cmp.Compare(a.booking, b.booking))
	})
}

// span is an open interval of moments: none of its ends is in it.
type span struct{ from, to history.Nanos }

// meets says whether some moment of [call, ret] lies inside.
func (s span) meets(call, ret history.Nanos) bool {
	return s.from < s.to && call < s.to && ret > s.from
}

// sure says whether the answer to a look holds in every order, so that the look can be left out.
//
// Why leaving it out changes no verdict: a look changes nothing, so whatever order explains all the answers explains
// those that are left, with the look struck out. The other way round, take an order of what is left and give every step
// a moment in its own interval, in that order (the latest call so far will do). At each moment strictly inside the
// taker's certain span the grant has come, for it returned before, and no end has, for none was called yet; so the seat
// is as the look says. Put the look there, behind every step of that moment: it lies within the look's own time, so
// nothing that had returned before the look's call stands behind it, and nothing called after its return before it.
// Since looks do not disturb each other, any number of them can be put back one after the other. The same holds for a
// seat that certainly was free, in a gap between all that can have had it.
func sure(takers []taker, ghosts []history.Nanos, a act, call, ret history.Nanos) bool {
	if a == seenFree {
		return surelyFree(takers, ghosts, call, ret)
	}
	// Certain spans of one seat overlap only where two bookings have it at once; if not, those in reach are the last
	// few called in time.
	last, _ := slices.BinarySearchFunc(takers, ret, func(t taker, ret history.Nanos) int {
		if t.call < ret {
			return -1
		}
		return 1
	})
	for i := last - 1; i >= max(0, last-lookBack); i-- {
		if certain(&takers[i], a).meets(call, ret) {
			return true
		}
	}
	return false
}

// lookBack bounds the search for a span: a look that is kept although it is sure costs time, not truth.
const lookBack = 8

// certain is when the taker certainly makes a look see this.
func certain(t *taker, a act) span {
	switch a {
	case seenHeld:
		return span{t.ret, min(t.until, t.selling)}
	case seenSold:
		return span{t.sold, history.Never}
	}
	return span{t.ret, t.until}
}

// surelyFree: some moment of [call, ret] is in a gap between the bookings and requests that can have had the seat. A
// request of unknown outcome can have it from its call on, for ever.
func surelyFree(takers []taker, ghosts []history.Nanos, call, ret history.Nanos) bool {
	free := false
	gaps(takers, ghosts, func(gap span) { free = free || gap.meets(call, ret) })
	return free
}

// gaps visits the times in which nobody can have had the seat, in order.
func gaps(takers []taker, ghosts []history.Nanos, visit func(span)) {
	from, end := history.Nanos(-history.Never), history.Never
	if len(ghosts) > 0 {
		end = ghosts[0]
	}
	for i := range takers {
		t := &takers[i]
		if gap := (span{from, min(t.call, end)}); gap.from < gap.to {
			visit(gap)
		}
		from = max(from, t.freed)
	}
	if from < end {
		visit(span{from, end})
	}
}
