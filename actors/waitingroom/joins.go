package waitingroom

import (
	"sync"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
)

const (
	// batchMax is the joins of one command: a record of it is 9 KiB.
	batchMax = 500
	// batchWait is how long the first join of an idle gate waits for others.
	batchWait = 2 * time.Millisecond
	// joinsMax bounds the joins that wait in front of the gate: some tenths of a second's work.
	joinsMax = 20_000
	// batchPatience is how long another node may take for a batch until it is asked again.
	batchPatience = 3 * time.Second
	// batchAgain is the time until a batch that no gate has answered is sent again.
	batchAgain = 5 * time.Millisecond
)

// join is one buyer's wish for a place. It borrows a request's way of waiting; the gate never sees it.
type join struct {
	writer.Request
	entrant gate.Entrant
	at      gate.Instant // when it reached this node
	until   time.Time    // nobody waits any more
	seq     gate.Seq     // a record at or behind the one that the place rests on
	place   gate.Place
}

// joinsPool keeps joins that were answered: a channel and a timer each. One that timed out may still be in front of the
// gate, and never comes back.
var joinsPool = sync.Pool{New: func() any {
	j := &join{}
	j.Init()
	return j
}}

func newJoin(buyer gate.Buyer, party uint8, code codebook.No, at gate.Instant, until time.Time) *join {
	j := joinsPool.Get().(*join)
	j.Reset()
	j.entrant, j.at, j.until = gate.Entrant{Buyer: buyer, Party: party, Code: code}, at, until
	j.seq, j.place = 0, gate.Place{}
	return j
}

// joinQueue gathers joins. One batch at a time is with the gate, so that whatever else is asked waits behind one batch
// at most; meanwhile the next gathers.
type joinQueue struct {
	waiting []*join
	sent    []*join
	armed   bool // a timer will send
	under   bool // a batch is with the gate
	batch   []gate.Entrant
}

// Join gives a buyer a place, or the one that the buyer has. The error is *Refusal, ErrOverloaded, ErrUnavailable or
// ErrTimeout; after the last two a repeat tells, for the buyer is the key.
//
// code is the presale code that a new place uses; 0: none.
func (r *Room) Join(buyer gate.Buyer, party uint8, code codebook.No, deadline time.Time, out *Place) error {
	if party == 0 {
		return refusals[gate.BadParty]
	}
	if r.Network == nil {
		if err := r.await(deadline); err != nil {
			return err
		}
	}
	at, _ := r.node.Stamp() // in a doubt 0: the gate takes its own time
	j := newJoin(buyer, party, code, at, deadline)
	if !r.enqueue(j) {
		joinsPool.Put(j)
		return shard.ErrOverloaded
	}
	if !r.clock.Answered(&j.Request, deadline) {
		return ErrTimeout
	}
	defer joinsPool.Put(j)
	if j.Err != nil {
		return writer.Reason(j.Err)
	}
	r.tell(&j.place, j.seq, out)
	return nil
}

func (r *Room) enqueue(j *join) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := &r.joins
	if len(q.waiting) >= joinsMax {
		return false
	}
	q.waiting = append(q.waiting, j)
	if !q.under && !q.armed {
		q.armed = true
		r.clock.AfterFunc(batchWait, r.sendJoins)
	}
	return true
}

// sendJoins sends the next batch, unless one is under way.
func (r *Room) sendJoins() {
	r.mu.Lock()
	q := &r.joins
	q.armed = false
	if q.under || len(q.waiting) == 0 {
		r.mu.Unlock()
		return
	}
	n := min(len(q.waiting), batchMax)
	q.under, q.sent = true, append(q.sent[:0], q.waiting[:n]...)
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	oldest := q.sent[0].at
	q.batch = q.batch[:0]
	for _, j := range q.sent {
		q.batch = append(q.batch, j.entrant)
	}
	command := gate.Command{Kind: gate.Join, Entrants: q.batch, Oldest: oldest}
	r.mu.Unlock()
	a := newOrder(command, r.joined)
	if failed := r.sendNow(a, r.clock.Now().Add(batchPatience)); failed != nil {
		a.Err = failed
		r.joined(a)
	}
}

// comesAgain says that a batch is to be sent again: no gate has judged it, or nobody knows.
func (r *Room) comesAgain(a *ask) bool {
	if a.Err == nil {
		return a.Answer.Rejection == gate.NotFounded && r.Network != nil
	}
	failed := writer.FailureOf(a.Err)
	return r.Network != nil && failed != nil && failed != shard.Overloaded
}

// joined hears of a batch.
func (r *Room) joined(a *ask) {
	if r.comesAgain(a) {
		r.joinAgain()
		return
	}
	r.endBatch(func(i int, j *join) {
		switch {
		case a.Err != nil:
			j.Err = a.Err
		case a.Answer.Rejection != gate.Accepted:
			j.Err = refusals[a.Answer.Rejection]
		case a.Answer.Places[i].Refused != gate.Accepted:
			j.Err = refusals[a.Answer.Places[i].Refused]
		default:
			j.place, j.seq = a.Answer.Places[i], a.seq
		}
	})
}

// joinAgain puts the batch that was with the gate in front of those who wait, but for those who have gone.
func (r *Room) joinAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	q, now := &r.joins, r.clock.Now()
	again := make([]*join, 0, len(q.sent)+len(q.waiting))
	for _, j := range q.sent {
		if now.Before(j.until) {
			again = append(again, j)
		}
	}
	q.waiting = append(again, q.waiting...)
	q.sent, q.under = nil, false
	if !q.armed && !r.closed {
		q.armed = true
		r.clock.AfterFunc(batchAgain, r.sendJoins)
	}
}

// endBatch answers the batch that was with the gate, and has the next one sent.
func (r *Room) endBatch(answer func(i int, j *join)) {
	r.mu.Lock()
	q := &r.joins
	sent := q.sent
	q.sent = nil // those who wait read it no more: a new list is made, for the next batch may begin at once
	q.under = false
	more := len(q.waiting) > 0
	if more && !q.armed {
		q.armed = true
		r.clock.AfterFunc(0, r.sendJoins)
	}
	r.mu.Unlock()
	for i, j := range sent {
		answer(i, j)
		j.Tell()
	}
}
