package heartbeat

import (
	"time"

	"holdfast/storage"
)

// ObservedBeats is a Liveness without its beat: what one node knows of the others' rows, and what it concludes from it.
// It has no clock, no store and no goroutine, so that a simulator can drive the very rules that a Liveness does. Not
// safe for concurrent use.
type ObservedBeats struct{ view observed }

// Observe knows nothing yet, and allows nothing.
func Observe(me storage.WriterID, lapse time.Duration) *ObservedBeats {
	return &ObservedBeats{newObserved(me, lapse)}
}

// See takes in one look at all rows, from began to ended. freed: some writer left or lapsed with it. old: rows to be
// removed.
func (s *ObservedBeats) See(rows []storage.NodeBeat, began, ended time.Time) (freed bool, old []storage.WriterID) {
	return s.view.see(rows, began, ended)
}

// Judge is the rule of takeover: may is its word, unless again says that a look which begins after asked has to come
// first.
func (s *ObservedBeats) Judge(tail storage.Tail, readAt, now time.Time) (may, again bool) {
	word := s.view.judge(tail, readAt, now)
	return word == yes, word == lookAgain
}

// StandAlone says that this node is part of no cluster, and claims nothing while nodes of one live.
func (s *ObservedBeats) StandAlone() { s.view.alone = true }

// Clustered are the living nodes of a cluster.
func (s *ObservedBeats) Clustered() []Row { return s.view.clustered() }

// Rows are the others' rows at the newest look.
func (s *ObservedBeats) Rows() *Rows { return s.view.rows() }

// LookedAfter says that a look has begun after that moment.
func (s *ObservedBeats) LookedAfter(moment time.Time) bool { return s.view.began.After(moment) }

// Settled says that each other row has changed before our eyes or lapsed.
func (s *ObservedBeats) Settled() bool { return s.view.settled() }

// Alive counts the others that are.
func (s *ObservedBeats) Alive() int { return s.view.alive() }

// ReadLease is a Liveness's lease by itself: how long a node may trust its memory. Its zero value trusts nothing. Not
// safe for concurrent use.
type ReadLease struct{ lease *readLease }

// Renew takes what a beat has earned that was sent then and has landed by now; alone: no other living node's row was
// there afterwards. It tells whether the number is another one, after which what is remembered must be checked.
func (t *ReadLease) Renew(sent, now time.Time, lapse time.Duration, alone bool) (renumbered bool) {
	next := t.lease.renewed(sent, now, lapse, alone)
	renumbered = t.lease != nil && next.number != t.lease.number
	t.lease = &next
	return renumbered
}

// Lease is the number, and whether it is valid now.
func (t *ReadLease) Lease(now time.Time) (number uint64, valid bool) {
	if t.lease == nil {
		return 0, false
	}
	return t.lease.number, t.lease.valid(now)
}

// Shown is Liveness.Shown's.
func (t *ReadLease) Shown(now time.Time) bool { return t.lease != nil && t.lease.shown(now) }
