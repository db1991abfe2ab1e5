package checkout

import (
	"slices"
	"sync"
	"time"

	"holdfast/actors/booking"
)

// Dispute is money that a buyer's bank asks back.
type Dispute struct {
	Booking  booking.ID
	Attempt  uint8
	Observed time.Time
}

// disputesMax bounds those that are remembered; the processor's own pages have all.
const disputesMax = 1000

// Disputes remembers those that were observed: no log knows of them, for the sale stands until somebody decides
// otherwise. The zero value knows of none. It is safe for concurrent use.
type Disputes struct {
	mu  sync.Mutex
	all []Dispute // by when they were observed
}

// Add enters one, and says whether it is new.
func (d *Disputes) Add(one Dispute) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(d.all, func(old Dispute) bool {
		return old.Booking == one.Booking && old.Attempt == one.Attempt
	}) {
		return false
	}
	d.all = append(d.all, one)
	if len(d.all) > disputesMax {
		d.all = slices.Clone(d.all[1:])
	}
	return true
}

// All are those that are remembered, by when they were observed.
func (d *Disputes) All() []Dispute {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all)
}
