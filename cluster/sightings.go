package cluster

import (
	"time"

	"holdfast/storage"
)

// Sightings is a Heart without its beat: what one node knows of the others' rows, and what it concludes from it. It has
// no clock, no store and no goroutine, so that a simulator can drive the very rules that a Heart does. Not safe for
// concurrent use.
type Sightings struct{ view view }

// NewSightings knows nothing yet, and allows nothing.
func NewSightings(me storage.WriterID, lapse time.Duration) *Sightings {
	return &Sightings{newView(me, lapse)}
}

// See takes in one look at all rows, from began to ended. freed: some writer left or lapsed with it. old: rows to be
// removed.
func (s *Sightings) See(rows []storage.NodeBeat, began, ended time.Time) (freed bool, old []storage.WriterID) {
	return s.view.see(rows, began, ended)
}

// Judge is the rule of takeover: may is its word, unless again says that a look which begins after asked has to come
// first.
func (s *Sightings) Judge(tail storage.Tail, asked, now time.Time) (may, again bool) {
	word := s.view.judge(tail, asked, now)
	return word == yes, word == lookAgain
}

// StandAlone says that this node is part of no cluster, and claims nothing while nodes of one live.
func (s *Sightings) StandAlone() { s.view.alone = true }

// Clustered are the living nodes of a cluster.
func (s *Sightings) Clustered() []Row { return s.view.clustered() }

// Rows are the others' rows at the newest look.
func (s *Sightings) Rows() *Rows { return s.view.rows() }

// LookedAfter says that a look has begun after that moment.
func (s *Sightings) LookedAfter(moment time.Time) bool { return s.view.began.After(moment) }

// Settled says that each other row has changed before our eyes or lapsed.
func (s *Sightings) Settled() bool { return s.view.settled() }

// Alive counts the others that are.
func (s *Sightings) Alive() int { return s.view.alive() }

// Tenure is a Heart's lease by itself: how long a node may trust its memory. Its zero value trusts nothing. Not safe
// for concurrent use.
type Tenure struct{ lease *lease }

// Renew takes what a beat has earned that was sent then and has landed by now; alone: no other living node's row was
// there afterwards. It tells whether the number is another one, after which what is remembered must be checked.
func (t *Tenure) Renew(sent, now time.Time, lapse time.Duration, alone bool) (renumbered bool) {
	next := t.lease.renewed(sent, now, lapse, alone)
	renumbered = t.lease != nil && next.number != t.lease.number
	t.lease = &next
	return renumbered
}

// Lease is the number, and whether it is valid now.
func (t *Tenure) Lease(now time.Time) (number uint64, valid bool) {
	if t.lease == nil {
		return 0, false
	}
	return t.lease.number, t.lease.valid(now)
}

// Shown is Heart.Shown's.
func (t *Tenure) Shown(now time.Time) bool { return t.lease != nil && t.lease.shown(now) }
