package load

import "time"

// Kind is a kind of request, as an index into Config.Kinds.
type Kind uint8

// Turn is one buyer on the way: the request that comes next, and what came of it. Turns are used again for later
// buyers, with their Request's and State's memory, so that a buyer costs no allocation.
type Turn struct {
	// Buyer is the arrival's number.
	Buyer uint64
	// State is the script's own: whatever it has to remember between two requests. It is found again as it was left, by
	// another buyer.
	State any

	// Kind, Request (complete, from its first line to its body) and After (how long the buyer thinks first) are filled
	// by the script.
	Kind    Kind
	Request []byte
	After   time.Duration

	// Filled by the driver before Answered. Moments count from the load's beginning. Due is the intended start: when
	// the buyer would have pressed the button. Sent is when a connection was free.
	Due, Sent, Returned time.Duration
	// Lost says that the request was sent, at least in part, and its answer never came: its outcome is not known, and
	// Answer is empty.
	Lost bool
	// Answer is valid during Answered only.
	Answer Answer

	queued bool // waited for a free connection
}

// Script is what buyers do. Each loop has its own, and calls it from one goroutine; it must never block, for it holds
// up the clock of every other buyer of its loop.
type Script interface {
	// Arrive fills t with the first request of buyer t.Buyer. False: this buyer asks for nothing.
	Arrive(t *Turn) bool
	// Answered judges what came of t's request and fills t with the buyer's next one; more is false when the buyer goes
	// home.
	Answered(t *Turn) (class Outcome, more bool)
}

// Ending is a Script that knows by itself when nobody needs to come any more.
type Ending interface {
	Script
	// Over is asked after every arrival and every answer; once true, nobody comes any more, and those inside go on
	// until they are done.
	Over() bool
}

// Beginner is a Script that wants to know at what moment the load's clock stands at zero.
type Beginner interface {
	Script
	Begin(at time.Time)
}

// turnHeap orders turns by Due, the earliest first.
type turnHeap []*Turn

func (h *turnHeap) push(t *Turn) {
	*h = append(*h, t)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].Due <= s[i].Due {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *turnHeap) pop() *Turn {
	s := *h
	first := s[0]
	last := len(s) - 1
	s[0], s[last] = s[last], nil
	s = s[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if s[child].Due < s[least].Due {
				least = child
			}
		}
		if least == i {
			break
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
	*h = s
	return first
}

// turnQueue is first come, first served.
type turnQueue struct {
	turns []*Turn
	head  int
}

func (q *turnQueue) len() int { return len(q.turns) - q.head }

func (q *turnQueue) push(t *Turn) { q.turns = append(q.turns, t) }

func (q *turnQueue) pop() *Turn {
	t := q.turns[q.head]
	q.turns[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.turns):
		q.turns, q.head = q.turns[:0], 0
	case q.head > 1024 && q.head > len(q.turns)/2:
		q.turns, q.head = append(q.turns[:0], q.turns[q.head:]...), 0
	}
	return t
}
