package actors

import (
	"sync"

	"holdfast/actors/checkout"
)

// charging knows which payments a call on this node is making right now, so that a double click waits for the first click's
// answer instead of being told "paying".
type charging struct {
	mu  sync.Mutex
	ids map[checkout.PaymentID]chan struct{} // nil: under way, and nobody waits for it
}

// begin says whether the payment is the caller's to make (then end must follow); to everybody else it gives the channel closed at its end,
// which is made for the first who asks: hardly any payment has a second click.
func (c *charging) begin(id checkout.PaymentID) (mine bool, done <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done, ok := c.ids[id]; ok {
		if done == nil {
			made := make(chan struct{})
			c.ids[id], done = made, made
		}
		return false, done
	}
	if c.ids == nil {
		c.ids = map[checkout.PaymentID]chan struct{}{}
	}
	c.ids[id] = nil
	return true, nil
}

// underWay says whether a call on this node is making the payment.
func (c *charging) underWay(id checkout.PaymentID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.ids[id]
	return ok
}

func (c *charging) end(id checkout.PaymentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.ids[id]; done != nil {
		close(done)
	}
	delete(c.ids, id)
}
