package chaos

import (
	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// The log names buyers, and by them their requests, by names that only the server can make (P14). Everything here that
// reads the log wants to know whose a request was, so the log is told with the names that wire.BuyerHash would make.
// What is claimed is checked on the way: a hold's line tells the buyer's name, and that of the request, which is a hash
// of the first and of the key that the buyer sent.

// pair is a buyer and a key: one request, however often it was sent.
type pair struct{ buyer, key uint64 }

// eventName is a name in an event.
type eventName struct{ event, name string }

// plainNames finds out whose names are in the log.
type plainNames struct {
	acked  map[eventName]pair // holds by event and booking
	vague  map[string][]pair  // by event: nobody heard what became of them
	keys   map[eventWho][]uint64
	of     map[eventWho]bool
	taken  map[eventName]bool
	buyers map[eventName]string
	names  map[eventName]string // of requests
}

type eventWho struct {
	event string
	buyer uint64
}

func newPlainNames(recorders []*recorder) *plainNames {
	n := &plainNames{acked: map[eventName]pair{}, vague: map[string][]pair{}, keys: map[eventWho][]uint64{},
		of: map[eventWho]bool{}, taken: map[eventName]bool{}, buyers: map[eventName]string{},
		names: map[eventName]string{}}
	for _, r := range recorders {
		for i := range r.part.Ops {
			op := &r.part.Ops[i]
			if op.Kind == history.Look {
				continue
			}
			at := op
			if op.Of != history.NoOp {
				at = &r.part.Ops[op.Of]
			}
			event, w := r.events[at.Event].ID, pair{op.Buyer, op.Key}
			n.keys[eventWho{event, op.Buyer}] = append(n.keys[eventWho{event, op.Buyer}], op.Key)
			switch {
			case op.Of != history.NoOp:
			case op.Verdict == history.Done:
				n.acked[eventName{event, string(r.part.TextOf(op.Text))}] = w
			case op.Verdict == history.Unknown:
				n.vague[event] = append(n.vague[event], w)
			}
		}
	}
	return n
}

// plainly tells the log with plain names. What fits nobody keeps the name that it has: the checker has no mercy on it.
func plainly(changes []wire.LogChange, recorders []*recorder) []wire.LogChange {
	n := newPlainNames(recorders)
	for i := range changes {
		if c := &changes[i]; c.Kind == wire.LogHoldPlaced {
			n.learn(c)
		}
	}
	plain := make([]wire.LogChange, len(changes))
	for i, c := range changes {
		if name, known := n.names[eventName{c.Event, c.Request}]; known {
			c.Request = name
		}
		if name, known := n.buyers[eventName{c.Event, c.Buyer}]; known {
			c.Buyer = name
		}
		plain[i] = c
	}
	return plain
}

func (n *plainNames) learn(c *wire.LogChange) {
	if n.taken[eventName{c.Event, c.Buyer}] {
		return
	}
	if w, acked := n.acked[eventName{c.Event, c.Booking}]; acked {
		n.isNamed(c, w)
		return
	}
	for _, w := range n.vague[c.Event] {
		if n.isNamed(c, w) {
			return
		}
	}
}

// isNamed takes the line's buyer for who made that request, if the line's request is that.
func (n *plainNames) isNamed(c *wire.LogChange, w pair) bool {
	buyer, ok := wire.ParseHash(c.Buyer)
	who := eventWho{c.Event, w.buyer}
	if !ok || n.of[who] || requestOf(buyer, w.key) != c.Request {
		return false
	}
	plain := wire.BuyerHash(buyerName(w.buyer))
	n.of[who], n.taken[eventName{c.Event, c.Buyer}] = true, true
	n.buyers[eventName{c.Event, c.Buyer}] = wire.HashText(plain)
	for _, key := range n.keys[who] {
		n.names[eventName{c.Event, requestOf(buyer, key)}] = requestOf(plain, key)
	}
	return true
}

func requestOf(buyer [16]byte, key uint64) string {
	return wire.HashText(wire.RequestHash(buyer, []byte(keyName(key))))
}
