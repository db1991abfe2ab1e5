package waitingroom

import (
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/writer"
)

const (
	// roundEvery is the time between two rounds when nothing hurries them: four stocks a second at most.
	roundEvery = 250 * time.Millisecond
	// roundSoon gathers what hurries a round.
	roundSoon = 10 * time.Millisecond
	// boughtMax bounds the buyers of one round whose sessions are ended.
	boughtMax = 256
)

// duties are what a life of the gate has to do beside its buyers' commands. At most one of each is under way.
type duties struct {
	founding, founded bool
	restocking        bool
	restocked         bool // in this life
	freeing           bool
	freeNext          time.Time        // no barrier before it
	bought            []gate.Buyer     // have what they came for, under a session that is not known
	finished          []gate.SessionNo // whose sessions those are
}

// hurry has the next round come soon. The caller holds mu.
func (r *Room) hurry() {
	if r.timer != nil && !r.soon && !r.closed {
		r.soon = true
		r.timer.Reset(roundSoon)
	}
}

// round does what is due, and comes again.
func (r *Room) round() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.node.Context.Err() != nil {
		return
	}
	r.soon = false
	r.timer.Reset(roundEvery)
	serving := r.shard.Serving() != nil
	if !serving && r.Network == nil {
		r.mu.Unlock()
		_, _ = r.shard.Activate() // ErrUnavailable: it may not come now; the next round tries again
		r.mu.Lock()
		return
	}
	at, sure := r.node.Stamp()
	if sure && r.follower != nil && at >= r.frame.Load().At+frameEvery {
		r.show()
	}
	if !serving || r.follower == nil {
		return
	}
	r.found()
	if r.follower.Public().Phase == gate.Unfounded {
		return
	}
	r.restock()
	r.free()
	r.finish()
}

// found founds the gate with the event's settings. The caller holds mu, as for all duties: what is sent is only put
// into the shard's mailbox.
func (r *Room) found() {
	d := &r.duties
	if d.founded || d.founding {
		return
	}
	d.founding = r.order(gate.Command{Kind: gate.Found, Settings: r.settings}, func(a *ask) {
		r.done(&d.founding, a, "founding")
		if a.Err == nil {
			r.mu.Lock()
			d.founded = true // refused or not: the same settings are refused again
			r.getReady()
			r.hurry()
			r.mu.Unlock()
		}
	})
}

// done ends a duty. What the gate refuses is logged: the engine asked for what cannot be.
func (r *Room) done(under *bool, a *ask, what string) {
	r.mu.Lock()
	*under = false
	r.mu.Unlock()
	if a.Err == nil && a.Answer.Rejection != gate.Accepted {
		r.Log.GateRefused(r.Key, what, a.Answer.Rejection)
	}
}

// restock tells the gate what the sections have, when that is new.
func (r *Room) restock() {
	d := &r.duties
	now, whole := r.stock.cut(r.follower.StockedTo())
	if d.restocking || !whole || r.follower.Public().Phase < gate.Drawn || d.restocked && same(&now, &r.stock.said) {
		return
	}
	now.Pool = r.settings.Pool
	command := now
	command.Sections = r.stock.seqs()
	d.restocking = r.order(gate.Command{Kind: gate.Restock, Stock: command}, func(a *ask) {
		r.done(&d.restocking, a, "stock")
		if writer.ClassOf(a.Err) == writer.Done {
			r.mu.Lock()
			d.restocked, r.stock.said = true, now
			r.mu.Unlock()
		}
	})
}

func same(a, b *gate.Stock) bool {
	return a.Free == b.Free && a.Held == b.Held && a.Paying == b.Paying && a.Holding == b.Holding
}

// free asks the sections to acknowledge the ends of sessions, and frees the slots of those that all have (G6).
func (r *Room) free() {
	d := &r.duties
	if d.freeing || r.Shared && r.clock.Now().Before(d.freeNext) {
		return
	}
	var ending []gate.SessionNo
	upto := gate.Seq(0)
	r.follower.Ending(func(no gate.SessionNo, ended gate.Seq) {
		if len(ending) < gate.SessionsMax {
			ending, upto = append(ending, no), max(upto, ended)
		}
	})
	if len(ending) == 0 {
		return
	}
	d.freeing, d.freeNext = true, r.clock.Now().Add(freeEvery)
	r.Barrier(upto, func(acks []gate.Ack, ok bool) {
		free := gate.Command{Kind: gate.Free, Sessions: ending, Acks: acks}
		if !ok || !r.order(free, func(a *ask) { r.done(&d.freeing, a, "free slots") }) {
			r.mu.Lock()
			d.freeing = false
			r.mu.Unlock()
		}
	})
}

// finish ends the sessions of those who have bought.
func (r *Room) finish() {
	d := &r.duties
	n := min(len(d.bought), boughtMax)
	for _, buyer := range d.bought[:n] {
		r.order(gate.Command{Kind: gate.Look, Buyer: buyer}, func(a *ask) {
			if p := &a.Answer.Place; a.Err == nil && a.Answer.Rejection == gate.Accepted && p.State == gate.Inside {
				r.mu.Lock()
				d.finished = append(d.finished, p.Session)
				r.hurry()
				r.mu.Unlock()
			}
		})
	}
	d.bought = append(d.bought[:0], d.bought[n:]...)
	for no, said := range r.stock.sold {
		if !said {
			r.stock.sold[no] = true
			d.finished = append(d.finished, no)
		}
	}
	for _, no := range d.finished {
		r.order(gate.Command{Kind: gate.Finish, Session: no}, func(a *ask) {
			switch {
			case a.Err != nil: // it did not get through: the next round tells it again
				r.mu.Lock()
				if _, is := r.stock.sold[no]; is {
					r.stock.sold[no] = false
				}
				r.mu.Unlock()
			case a.Answer.Rejection != gate.Accepted:
				r.Log.GateRefused(r.Key, "the end of a session", a.Answer.Rejection)
			}
		})
	}
	d.finished = d.finished[:0]
}
