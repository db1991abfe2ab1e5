package check

import (
	"cmp"
	"fmt"
	"holdfast/bench/check/history"
	"slices"
	"strings"
)

// tell names an operation for a fault's text.
func (a *archive) tell(op *history.Op) string {
	h := &a.h.Header
	return fmt.Sprintf("%v of %s under %s (%v, %v to %v)", op.Kind,
		history.AppendName(nil, h.BuyerPrefix, op.Buyer), history.AppendName(nil, h.KeyPrefix, op.Key), op.Verdict,
		op.Call, op.Return)
}

// plain is what is wrong with the present seat's steps if it can be seen without a search: a contradiction between two
// answers that no order can mend, for what each of them says is certain. Empty: nothing so plain.
func (x *examiner) plain(takers []taker, ghosts []history.Nanos) Code {
	switch {
	case bothHad(takers):
		return GrantedTwice
	case x.any(func(s step) bool { return s.act == seenEnded && tooEarly(takers, s) }):
		return LostEarly
	case x.any(func(s step) bool { return s.act == seenFree && allTaken(takers, s) }):
		return ShownFree
	case x.any(func(s step) bool {
		return (s.act == seenTaken || s.act == seenHeld || s.act == seenSold) && allFree(takers, ghosts, s)
	}):
		return RefusedFree
	}
	return ""
}

func (x *examiner) any(is func(step) bool) bool { return slices.ContainsFunc(x.steps, is) }

// bothHad: two bookings certainly had the seat at one moment, or one was granted wholly within the certain time of
// another.
func bothHad(takers []taker) bool {
	for i := range takers {
		for j := range takers {
			a, b := &takers[i], &takers[j]
			if i == j || a.ret >= a.until {
				continue
			}
			if max(a.ret, b.ret) < min(a.until, b.until) || a.ret < b.call && b.ret < a.until {
				return true
			}
		}
	}
	return false
}

// tooEarly: the buyer heard that it had ended while it certainly had not.
func tooEarly(takers []taker, s step) bool {
	t := &takers[s.booking-1]
	return t.ret < s.call && s.ret < t.until
}

// allTaken: the whole time of the look lies in one booking's certain time.
func allTaken(takers []taker, s step) bool {
	return slices.ContainsFunc(takers, func(t taker) bool { return t.ret < s.call && s.ret < t.until })
}

// allFree: the whole time of the look lies in a gap.
func allFree(takers []taker, ghosts []history.Nanos, s step) (free bool) {
	gaps(takers, ghosts, func(gap span) { free = free || gap.from < s.call && s.ret < gap.to })
	return free
}

// storyMax bounds how many steps a fault tells.
const storyMax = 16

// story tells the seat's steps by call. Looks are as many as the rest allows: the grants matter more.
func (x *examiner) story(takers []taker) string {
	steps := slices.DeleteFunc(slices.Clone(x.steps), func(s step) bool {
		return s.act == lapse && int(s.booking) > len(takers)
	})
	slices.SortFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.ret, b.ret), cmp.Compare(a.act, b.act),
			cmp.Compare(a.booking, b.booking))
	})
	looks := max(storyMax-len(steps)+lookCount(steps), 2)
	var b strings.Builder
	shown := 0
	for _, s := range steps {
		if s.booking == 0 {
			looks--
		}
		if s.booking == 0 && looks < 0 || shown == storyMax {
			continue
		}
		shown++
		fmt.Fprintf(&b, "%s; ", x.line(takers, s))
	}
	if shown < len(steps) {
		fmt.Fprintf(&b, "and %d more; ", len(steps)-shown)
	}
	return b.String() + "no order of these is possible"
}

func lookCount(steps []step) (n int) {
	for _, s := range steps {
		if s.booking == 0 {
			n++
		}
	}
	return n
}

func (x *examiner) line(takers []taker, s step) string {
	who := ""
	if i := int(s.booking) - 1; i >= 0 && i < len(takers) {
		p, op := x.op(x.list[x.bookings[takers[i].booking].request].op)
		who = " " + string(p.TextOf(op.Text))
	}
	return fmt.Sprintf("%v%s %v to %v", s.act, who, s.call, s.ret)
}
