package mail

import (
	"container/heap"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/feed"
	"holdfast/actors/section"
)

// reminders are holds that end, by when their buyers are to be reminded.
type reminders struct {
	list  reminderHeap
	holds map[booking.ID]reminder
}

type reminder struct {
	id  booking.ID
	ref feed.Ref // of the change that says when the hold ends
	due section.Instant
}

const (
	// remindBefore is how long before its end a hold's buyer is reminded.
	remindBefore = 2 * time.Minute
	// remindFrom is how much longer than that a hold must last, for a reminder to be of use.
	remindFrom    = 3 * time.Minute
	remindersMost = 100_000 // beyond them nobody is reminded
)

// until notes when a hold ends.
func (r *reminders) until(id booking.ID, ref feed.Ref, now, ends section.Instant) {
	delete(r.holds, id)
	if ends-now < section.Instant((remindBefore+remindFrom).Milliseconds()) || len(r.list) >= remindersMost {
		return
	}
	if r.holds == nil {
		r.holds = map[booking.ID]reminder{}
	}
	one := reminder{id, ref, ends - section.Instant(remindBefore.Milliseconds())}
	r.holds[id] = one
	heap.Push(&r.list, one)
}

// over says that a hold has ended, or is being paid for.
func (r *reminders) over(id booking.ID) { delete(r.holds, id) }

// due takes at most n whose time has come.
func (r *reminders) due(now section.Instant, n int) (all []reminder) {
	for len(all) < n && len(r.list) > 0 && r.list[0].due <= now {
		one := heap.Pop(&r.list).(reminder)
		if r.holds[one.id] == one { // else it ended, or ends later
			delete(r.holds, one.id)
			all = append(all, one)
		}
	}
	return all
}

type reminderHeap []reminder

func (h reminderHeap) Len() int           { return len(h) }
func (h reminderHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h reminderHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *reminderHeap) Push(m any)        { *h = append(*h, m.(reminder)) }
func (h *reminderHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
