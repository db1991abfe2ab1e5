package gate

// turn is somebody whose time runs: until the deadline on a turnClock.
type turn struct {
	number   Number
	deadline Millis
}

// turnQueue is first in, first out: all turns are equally long, so the first in is the first whose time is up. A place
// that is in another state by now leaves when it comes to the front.
type turnQueue struct {
	state PlaceState // of those who are really in it
	turns []turn
}

func (q *turnQueue) push(no Number, deadline Millis) { q.turns = append(q.turns, turn{no, deadline}) }

// settle takes out of the front who has gone.
func (q *turnQueue) settle(p *placeBook) {
	gone := 0
	for gone < len(q.turns) && p.at(q.turns[gone].number).state != q.state {
		gone++
	}
	q.turns = q.turns[gone:]
}

// due counts those whose time is up, at most a piece.
func (q *turnQueue) due(p *placeBook, now Millis, piece uint32, visit func(no Number)) (n uint32) {
	for i := 0; i < len(q.turns) && n < piece && q.turns[i].deadline <= now; i++ {
		if p.at(q.turns[i].number).state == q.state {
			n++
			if visit != nil {
				visit(q.turns[i].number)
			}
		}
	}
	return n
}

// take takes the first out.
func (q *turnQueue) take(p *placeBook) turn {
	q.settle(p)
	require(len(q.turns) > 0, "more turns end than run")
	first := q.turns[0]
	q.turns = q.turns[1:]
	return first
}

// takeLast takes the last out.
func (q *turnQueue) takeLast(p *placeBook) turn {
	for last := len(q.turns) - 1; last >= 0; last-- {
		t := q.turns[last]
		if q.turns = q.turns[:last]; p.at(t.number).state == q.state {
			return t
		}
	}
	impossible("more offers are taken back than there are")
	return turn{}
}

// present is the heap of those who came when no slot was free: the lowest rank first. Who has gone leaves at the top.
type presentHeap struct {
	ranks []presentRank
}

type presentRank struct {
	rank   Rank
	number Number
}

func (h *presentHeap) push(r presentRank) {
	h.ranks = append(h.ranks, r)
	for i := len(h.ranks) - 1; i > 0; {
		above := (i - 1) / 2
		if h.ranks[above].rank <= h.ranks[i].rank {
			break
		}
		h.ranks[above], h.ranks[i] = h.ranks[i], h.ranks[above]
		i = above
	}
}

// pop takes out the lowest rank of those who are still present.
func (h *presentHeap) pop(p *placeBook) Number {
	for len(h.ranks) > 0 {
		first, last := h.ranks[0], len(h.ranks)-1
		h.ranks[0] = h.ranks[last]
		h.ranks = h.ranks[:last]
		h.down()
		if p.at(first.number).state == Present {
			return first.number
		}
	}
	impossible("more are offered a slot than are present")
	return 0
}

func (h *presentHeap) down() {
	for i := 0; ; {
		least := 2*i + 1
		if least >= len(h.ranks) {
			return
		}
		if least+1 < len(h.ranks) && h.ranks[least+1].rank < h.ranks[least].rank {
			least++
		}
		if h.ranks[i].rank <= h.ranks[least].rank {
			return
		}
		h.ranks[i], h.ranks[least] = h.ranks[least], h.ranks[i]
		i = least
	}
}
