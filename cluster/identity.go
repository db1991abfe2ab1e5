package cluster

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/storage"
)

// IdentityCheck tells which of those in gossip are on this node's own store. Gossip and keys do not say so: a node that
// was given the keys and a restored copy of the database would be handed sections, and sell every seat a second time,
// under a fence of its own. So:
//
//	in gossip                                                       is
//	its row in MY store was written while I looked, and is          a member
//	the same, and the row stands still since; it says so itself     a member (cut off from the store for now)
//	the same, and it says that it serves                            a foreign node, once that has lasted for Lapse
//	no row, or one that has not moved since I look                  left out; a foreign node after Lapse of that
//	it names another store id                                       a foreign node at once
//
// A foreign node is in no view: it is placed nothing, has no link, is sent no request, and its messages are dropped.
// Time in which this node could not look counts for nobody.
//
// # Who stands down
//
// Each side sees foreign nodes in the other, and only one may sell:
//
//	this node     and                                                   it
//	serves        more serve here than there                            goes on
//	serves        fewer do; or as many, and the lowest id is there      stands down
//	does not yet  as many serve there as here, or more                  stands down
//	does not yet  some serve here, more than there                      goes on
//	does not yet  nobody serves: this store has rows of the living      stands down: it is the copy
//	              that stand still
//	does not yet  nobody serves: as above, by all who are there         goes on, or stands down
//
// So a node that is started on a copy beside a cluster that sells waits. Once it has waited for nodes that never had a
// row here it goes on waiting after they have left, for a restart or for good: its copy of the events must not open in
// their place. It is started again by a person, or goes on when another on its own store serves, or a row of theirs
// moves here after all. A node that stands down says so in gossip, and nobody stands down for it.
//
// Nor does a node that leaves gossip before it is known make room: it may be paused, or cut off, and sell. Its row is
// looked at until Lapse has shown whose it is, and it counts as if it were still there. It is let go at once if it said
// that it drains and its row has been removed: it has left in good order.
//
// IdentityCheck has no clock, no store and no goroutine. Not safe for concurrent use.
type IdentityCheck struct {
	me          storage.WriterID
	store       storage.StoreID // zero: unknown
	lapse       time.Duration
	known       map[storage.WriterID]*peerIdentity
	notInGossip map[storage.WriterID]time.Time // living rows that gossip does not know, and since when
	// barred are those never seen on this store that this node has once waited for.
	barred map[storage.WriterID]string
}

// peerIdentity is one node in gossip.
type peerIdentity struct {
	firstSeen     time.Time
	verified      bool      // its row in this store was seen moving
	mismatchSince time.Time // since when what it is does not fit its row; zero: it fits
	foreign       bool
	otherStore    bool // of another store by its own word
	why           string
	word          Member // its newest
	hadRow        bool   // its row was here at some look
}

// NewIdentityCheck knows nobody yet. store may be the zero id, and so may members': nothing follows from what is not
// said.
func NewIdentityCheck(me storage.WriterID, store storage.StoreID, lapse time.Duration) *IdentityCheck {
	return &IdentityCheck{me: me, store: store, lapse: lapse, known: map[storage.WriterID]*peerIdentity{},
		notInGossip: map[storage.WriterID]time.Time{}, barred: map[storage.WriterID]string{}}
}

// ForeignNode is a node of the gossip that is not on this node's store.
type ForeignNode struct {
	Member
	Why string
}

// Identities is what the check found of all who are in gossip. Immutable.
type Identities struct {
	Members []Member      // on this store; without this node
	Foreign []ForeignNode // not on it
	Pending []Member      // not known yet, and left out until they are
	Look    bool          // somebody pending was met after the newest look began: another one may know it
	// StandDown says why this node may not serve, and must claim nothing; empty: it may.
	StandDown string
	// NotInGossip are living rows of this store that gossip has not known for the time given to Judge, if any.
	NotInGossip []Row

	departed []Member // left gossip before it was known what they are, and still counted
}

// StandsDown is what this node says of itself in gossip: that it stands down, and that nobody is left who could turn
// out to be of its own store. Two that only wait for each other must not both believe that the other has given way.
func (c *Identities) StandsDown() bool {
	return c.StandDown != "" && len(c.Pending) == 0 && len(c.departed) == 0
}

// Judge says who is who. others are all in gossip but this node; me is what this node is now; meetWithin is how long a
// living row may be unknown to gossip before it is NotInGossip.
func (k *IdentityCheck) Judge(
	others []Member, me State, rows *Rows, now time.Time, meetWithin time.Duration,
) *Identities {
	c := &Identities{}
	there := make(map[storage.WriterID]bool, len(others))
	for i := range others {
		m := &others[i]
		there[m.Writer] = true
		a := k.known[m.Writer]
		if a == nil {
			a = &peerIdentity{firstSeen: now}
			k.known[m.Writer] = a
		}
		a.word = *m
		k.look(a, m, rows, now)
		switch {
		case a.foreign:
			c.Foreign = append(c.Foreign, ForeignNode{*m, a.why})
		case a.verified:
			c.Members = append(c.Members, *m)
			delete(k.barred, m.Writer)
		default:
			c.Pending = append(c.Pending, *m)
			c.Look = c.Look || !rows.Began.After(a.firstSeen)
		}
	}
	for w, a := range k.known {
		switch {
		case there[w]:
		case me != Serving && k.stillCounts(a, rows, now):
			c.departed = append(c.departed, a.word)
		default:
			delete(k.known, w)
		}
	}
	for w := range k.barred {
		if k.movesHere(w, rows, now) {
			delete(k.barred, w)
		}
	}
	c.StandDown = k.standDown(c, me, rows)
	c.NotInGossip = k.rowsNotInGossip(there, rows, now, meetWithin)
	return c
}

// movesHere says that a writer's row in this store is being written.
func (k *IdentityCheck) movesHere(w storage.WriterID, rows *Rows, now time.Time) bool {
	row, there := rows.Of(w)
	return k.fresh(rows, now) && there && row.Moving && row.Still < k.lapse
}

func (k *IdentityCheck) fresh(rows *Rows, now time.Time) bool {
	return !rows.Began.IsZero() && now.Sub(rows.Began) < k.lapse
}

// stillCounts says that one who has left gossip was not known by then, and may be on another store. It is so once more
// when a look finds it foreign, so that it can be barred.
func (k *IdentityCheck) stillCounts(a *peerIdentity, rows *Rows, now time.Time) bool {
	if a.verified || a.foreign || a.word.StandsDown {
		return false
	}
	_, there := rows.Of(a.word.Writer)
	if inOrder := a.word.State == Draining && a.hadRow && !there && k.fresh(rows, now); inOrder {
		return false
	}
	k.look(a, &a.word, rows, now)
	return !a.verified
}

// look brings what is known of one node up to date.
func (k *IdentityCheck) look(a *peerIdentity, m *Member, rows *Rows, now time.Time) {
	none := storage.StoreID{}
	if a.otherStore = m.Store != none && k.store != none && m.Store != k.store; a.otherStore {
		a.foreign, a.why = true, fmt.Sprintf("it is on another database: store id %v, this node's is %v", m.Store,
			k.store)
		return
	}
	_, there := rows.Of(m.Writer)
	fresh := k.fresh(rows, now)
	a.hadRow = a.hadRow || there
	if k.movesHere(m.Writer, rows, now) {
		*a = peerIdentity{verified: true, firstSeen: a.firstSeen, word: a.word}
		return
	}
	if a.verified && m.State != Serving {
		a.mismatchSince, a.foreign = time.Time{}, false
		return
	}
	switch {
	case a.mismatchSince.IsZero() || !fresh && !a.foreign: // time in which nobody looked proves nothing
		a.mismatchSince = now
	case fresh && rows.Began.Sub(a.mismatchSince) >= k.lapse:
		a.foreign, a.why = true, mismatch(a.verified, there)
	}
}

func mismatch(verified, there bool) string {
	switch {
	case verified:
		return "it says that it serves, and its heartbeat row in this node's database stands still: it has moved to " +
			"another database"
	case there:
		return "its heartbeat row in this node's database has never moved: it is on another database, of which this " +
			"one is a copy, or the other way round"
	}
	return "it has no heartbeat row in this node's database: it is on another one"
}

// side is one of the two sides of a quarrel.
type side struct {
	all, serve int
	lowest     storage.WriterID // of those that serve, or of all while none does
	who        string           // one of them, for people
}

func (s *side) add(m *Member) {
	s.all++
	if m.State == Serving {
		if s.serve++; s.serve == 1 {
			s.lowest, s.who = storage.WriterID{}, ""
		}
	} else if s.serve > 0 {
		return
	}
	if s.who == "" || bytes.Compare(m.Writer[:], s.lowest[:]) < 0 {
		s.lowest, s.who = m.Writer, fmt.Sprintf("%s (%s)", m.Name, m.Peer)
	}
}

func (s *side) before(o *side) bool { return bytes.Compare(s.lowest[:], o.lowest[:]) < 0 }

// standDown is the rule of who goes on; see IdentityCheck.
func (k *IdentityCheck) standDown(c *Identities, me State, rows *Rows) string {
	ours, rivals := &side{}, &side{}
	ours.add(&Member{Writer: k.me, State: me})
	for i := range c.Members {
		ours.add(&c.Members[i])
	}
	for i := range c.Foreign {
		if !c.Foreign[i].StandsDown {
			rivals.add(&c.Foreign[i].Member)
		}
	}
	if me == Serving {
		if rivals.serve > ours.serve || rivals.serve == ours.serve && rivals.before(ours) {
			return fmt.Sprintf("%s, on another database, serves in the same gossip, and as many there as here or more",
				rivals.who)
		}
		return ""
	}
	for i := range c.Pending {
		if !c.Pending[i].StandsDown {
			rivals.add(&c.Pending[i])
		}
	}
	for i := range c.departed {
		rivals.add(&c.departed[i])
	}
	why := ""
	switch {
	case rivals.serve > 0 && ours.serve <= rivals.serve:
		why = fmt.Sprintf("%s serves in the same gossip, and is not seen in this node's database", rivals.who)
	case ours.serve > 0:
		return ""
	case len(k.barred) > 0:
		names := slices.Sorted(maps.Values(k.barred))
		return fmt.Sprintf("%s was in the same gossip, on another database: stop whichever is wrong, and start this "+
			"node again", names[0])
	case k.onCopy(c, rows):
		why = "this node's database looks like a copy: it has heartbeat rows of nodes that live, and the rows stand " +
			"still"
	case rivals.all > ours.all || rivals.all == ours.all && rivals.before(ours):
		why = fmt.Sprintf("%s is in the same gossip, and not seen in this node's database", rivals.who)
	default:
		return ""
	}
	k.bar(c)
	return why
}

// onCopy says that somebody who lives has a row here that has never moved: in the original of a copy nobody has.
func (k *IdentityCheck) onCopy(c *Identities, rows *Rows) bool {
	still := func(w storage.WriterID) bool { r, there := rows.Of(w); return there && !r.Moving }
	return slices.ContainsFunc(c.Pending, func(m Member) bool { return still(m.Writer) }) ||
		slices.ContainsFunc(c.departed, func(m Member) bool { return still(m.Writer) }) ||
		slices.ContainsFunc(c.Foreign, func(s ForeignNode) bool { return !s.StandsDown && still(s.Writer) })
}

// bar remembers whom this node has waited for.
func (k *IdentityCheck) bar(c *Identities) {
	for i := range c.Foreign {
		s := &c.Foreign[i]
		if a := k.known[s.Writer]; !s.StandsDown && !a.verified && !a.otherStore {
			k.barred[s.Writer] = fmt.Sprintf("%s (%s)", s.Name, s.Peer)
		}
	}
	for i := range c.departed {
		if m := &c.departed[i]; k.known[m.Writer].foreign {
			k.barred[m.Writer] = fmt.Sprintf("%s (%s)", m.Name, m.Peer)
		}
	}
}

// rowsNotInGossip are the living rows whose nodes are not in gossip, and have not been for so long.
func (k *IdentityCheck) rowsNotInGossip(there map[storage.WriterID]bool, rows *Rows, now time.Time,
	meetWithin time.Duration) (notInGossip []Row) {
	for _, r := range rows.List {
		if there[r.Writer] || !r.Moving || r.Still >= k.lapse {
			delete(k.notInGossip, r.Writer)
			continue
		}
		since, known := k.notInGossip[r.Writer]
		if !known {
			k.notInGossip[r.Writer] = now
		} else if now.Sub(since) >= meetWithin {
			notInGossip = append(notInGossip, r)
		}
	}
	for w := range k.notInGossip {
		if !slices.ContainsFunc(rows.List, func(r Row) bool { return r.Writer == w }) {
			delete(k.notInGossip, w)
		}
	}
	return notInGossip
}
