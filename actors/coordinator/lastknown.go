package coordinator

import (
	"slices"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

// LastKnown is what sections that are not loaded on this node had when they were: a section that died, is being loaded
// anew, sleeps, or is closed. The quota goes on counting it, so that seats in a closed section count against the limit
// too (P13). What a section's log has beyond it are ends, which only make a count less, and in an event with
// coordinators holds by grants, which count by themselves where they were given. It is safe for concurrent use.
type LastKnown struct {
	mu sync.Mutex
	of map[storage.SectionNo][]KnownSeats
}

// KnownSeats is what a buyer has in a section.
type KnownSeats struct {
	Buyer section.BuyerID
	Seats uint32
}

// NewLastKnown knows nothing yet.
func NewLastKnown() *LastKnown { return &LastKnown{of: map[storage.SectionNo][]KnownSeats{}} }

// Keep notes what the quota has of a section's memory that goes away: all, but what the quota was not told. In an event
// with coordinators that is what was durable.
func (l *LastKnown) Keep(no storage.SectionNo, m *section.Machine) {
	sum := map[section.BuyerID]int64{}
	m.Live(func(buyer section.BuyerID, seats uint32) { sum[buyer] += int64(seats) })
	for _, s := range m.Shares() { // in the memory, and not told
		if s.Taken {
			sum[s.Buyer] -= int64(s.Seats)
		} else {
			sum[s.Buyer] += int64(s.Seats)
		}
	}
	list := make([]KnownSeats, 0, len(sum))
	for buyer, seats := range sum {
		if seats > 0 {
			list = append(list, KnownSeats{buyer, uint32(seats)})
		}
	}
	slices.SortFunc(list, func(a, b KnownSeats) int { return slices.Compare(a.Buyer[:], b.Buyer[:]) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[no] = list
}

// Replace has the quota count a section by its memory, which was loaded, and no more by what was known before. The
// count is never less than both in between.
func (l *LastKnown) Replace(no storage.SectionNo, m *section.State, q *BuyerQuota) {
	m.Live(q.Add)
	l.mu.Lock()
	list := l.of[no]
	delete(l.of, no)
	l.mu.Unlock()
	for _, k := range list {
		q.Release(k.Buyer, k.Seats)
	}
}

// Of is what is counted of a section; false: it is loaded, or never was. The list is not to be changed.
func (l *LastKnown) Of(no storage.SectionNo) ([]KnownSeats, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list, kept := l.of[no]
	return list, kept
}
