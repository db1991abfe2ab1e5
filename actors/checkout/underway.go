package checkout

import (
	"sync"

	"holdfast/actors/booking"
)

// UnderWay knows which payments a call on this node is making right now, so that a double click waits for the first
// click's answer instead of being told "paying". The zero value knows of none. It is safe for concurrent use.
type UnderWay struct {
	mu  sync.Mutex
	ids map[booking.ID]chan struct{} // nil: under way, and nobody waits for it
}

// Begin says whether the payment is the caller's to make (then End must follow); to everybody else it gives the channel
// closed at its end, which is made for the first who asks: hardly any payment has a second click.
func (u *UnderWay) Begin(id booking.ID) (mine bool, done <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if done, ok := u.ids[id]; ok {
		if done == nil {
			made := make(chan struct{})
			u.ids[id], done = made, made
		}
		return false, done
	}
	if u.ids == nil {
		u.ids = map[booking.ID]chan struct{}{}
	}
	u.ids[id] = nil
	return true, nil
}

// Has says whether a call on this node is making the payment.
func (u *UnderWay) Has(id booking.ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.ids[id]
	return ok
}

// End is for the caller whose payment it was.
func (u *UnderWay) End(id booking.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if done := u.ids[id]; done != nil {
		close(done)
	}
	delete(u.ids, id)
}
