package waitingroom

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// world is one gate, two nodes that both believe they may write it, and a crowd in front of it.
type world struct {
	chance *rand.Rand
	store  *memstore.Store
	claims *faultstore.Store // the same store with a bad line, for takeovers
	now    gate.Instant
	set    gate.Settings
	model  *model

	nodes   [2]*node // nil: down
	newest  int      // which of them claimed last
	network []*flight
	writers uint64
	sites   [2]*site
	counted gate.Seq // up to where the sections were counted last
	crowd   []*person
	asked   []gate.Command // operators' commands, to be repeated
	highest int            // the highest number that anybody was told; -1: none
	fresh   map[gate.Number]bool
	tally   map[string]int
	failure error
}

// node is one incarnation of the gate's writer. Its clock is not the world's.
type node struct {
	w      *writer.Writer
	m      *gate.Machine
	id     storage.WriterID
	clock  gate.Instant // how far its clock is ahead
	paused bool
	asked  map[*request]bool
}

// flight is one copy of an append on its way, or its answer on the way back.
type flight struct {
	from      *node
	append    storage.Append
	delivered bool
	late      bool // the sender has been told "unknown" about this copy
	result    error
}

// site is a node with sections: it follows the gate's log, and places holds of those inside.
type site struct {
	follows *gate.Follower
	tail    storage.Tail
}

// person is one buyer. Who does not show is the kind that waiting rooms must not wait for.
type person struct {
	buyer   gate.Buyer
	shows   bool
	told    bool // has been told a number, the newest of which is
	number  gate.Number
	settled bool // has been told to be inside, or why not
}

// request is one command on its way to a writer and back, with what was known when it was sent.
type request struct {
	writer.Request
	gate.Call
	who     *person   // of Take, Leave, Look
	all     []*person // of Join
	since   gate.Seq  // durable then
	highest int
}

var key = storage.SectionKey{Event: storage.EventID{7}, Section: storage.GateNo}

// crowdSize keeps a run short, and leaves more people than slots.
const crowdSize = 40

func newWorld(seed uint64) *world {
	store := memstore.New()
	s := &world{chance: rand.New(rand.NewPCG(seed, 0xd00)), store: store, claims: faultstore.Wrap(store, seed),
		now: 1000, model: newModel(), highest: -1, fresh: map[gate.Number]bool{}, tally: map[string]int{}}
	s.set = gate.Settings{Event: key.Event, Cap: uint32(s.chance.IntN(5)), Session: 3000, Turn: 800,
		Grace: gate.Millis(s.pick(0, 500)), Rate: uint32(s.pick(0, 0, 4000, 90_000)), Return: 250}
	if s.percent(50) {
		s.set.ClosesAt, s.set.DoorsAt = 2500, 2800
		s.set.Rule = gate.DrawRule{Chain: [32]byte{1}, Period: 300, Round: 12, Late: 400}
	}
	for i := range s.sites {
		s.sites[i] = &site{follows: (&gate.Kind{Follows: true}).New().(*gate.Follower)}
	}
	for i := range crowdSize {
		p := &person{shows: s.percent(40)}
		binary.BigEndian.PutUint64(p.buyer[:], uint64(i+1))
		s.crowd = append(s.crowd, p)
	}
	return s
}

func (s *world) failf(format string, args ...any) {
	if s.failure == nil {
		s.failure = fmt.Errorf(format, args...)
	}
}

func (s *world) percent(p int) bool { return s.chance.IntN(100) < p }

func (s *world) pick(all ...int) int { return all[s.chance.IntN(len(all))] }

// run takes steps until the first failure, then brings the world to rest. A panic is a finding like any other.
func (s *world) run(steps int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	s.takeover(0)
	for i := 0; i < steps && s.failure == nil; i++ {
		s.step()
	}
	if s.failure == nil {
		s.rest()
	}
	if s.failure == nil {
		s.audit()
	}
	return s.failure
}

func (s *world) audit() {
	for _, f := range audit.Run(slices.Values(s.model.entries), audit.Options{}).Findings {
		s.failf("audit: %v", f)
	}
}

func (s *world) step() {
	i := s.chance.IntN(2)
	if s.percent(70) {
		i = s.newest
	}
	n := s.nodes[i]
	dice := s.chance.IntN(100)
	switch {
	case n == nil && dice < 8 || s.chance.IntN(250) == 0:
		s.takeover(i)
	case dice < 1 && n != nil && s.percent(50):
		s.tally["crash"]++
		s.nodes[i] = nil // whatever it knew and had not said is gone
	case dice < 4 && n != nil:
		n.paused = !n.paused
	case dice < 5 && n != nil:
		s.tally["clock step"]++
		n.clock = gate.Instant(s.pick(-4000, -700, 0, 700, 4000))
	case dice < 15:
		s.now += gate.Instant(s.chance.IntN(200))
	case dice < 20:
		s.follow(s.sites[s.chance.IntN(len(s.sites))])
	case dice < 23:
		s.hold(s.sites[s.chance.IntN(len(s.sites))])
	case n == nil || n.paused:
		s.carry()
	case dice < 56:
		s.submit(n)
	case dice < 76:
		s.flush(n)
	case dice < 80:
		n.w.RunTimers(s.now + n.clock)
		s.hear(n)
	case dice < 82:
		s.saveSnapshot(n)
	default:
		s.carry()
	}
}

// takeover replaces node i by a new incarnation that claims the log over a bad line. Nobody tells the other node.
func (s *world) takeover(i int) {
	s.tally["takeover"]++
	s.writers++
	n := &node{asked: map[*request]bool{}}
	copy(n.id[:], "node")
	binary.BigEndian.PutUint32(n.id[4:], uint32(s.writers))
	s.claims.Heal()
	s.claims.Add(faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.15, Do: faultstore.KeepUnknown},
		faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.15, Do: faultstore.LoseUnknown},
		faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.1, Times: 2, Do: faultstore.Fence})
	s.nodes[i] = nil
	ctx := context.Background()
	anybody := func(storage.SectionKey, storage.Tail) bool { return true }
	me := writer.Claimant{Writer: n.id, Name: "sim", May: anybody, Pause: func(context.Context, time.Duration) {}}
	entry, err := writer.Claim(ctx, s.claims, key, me, s.now)
	s.read()
	if err != nil {
		if !writer.Undecided(err) {
			s.failf("claim: %w", err)
		}
		return
	}
	tail := entry.After(storage.HashEntry(&entry))
	m, _, err := writer.Load(ctx, s.store, key, &gate.Kind{}, tail)
	var fenced *storage.FencedError
	switch {
	case errors.As(err, &fenced):
		return
	case err != nil:
		s.failf("load after takeover: %w", err)
		return
	}
	n.m, n.w = m.(*gate.Machine), writer.New(key, n.id, tail, m)
	s.nodes[i], s.newest = n, i
	s.compareReplay(n)
	s.keepsPlaces(n)
	s.send(n, &request{Call: gate.Call{Command: gate.Command{Kind: gate.Found, Settings: s.set}}})
}

// keepsPlaces: whatever number anybody was told is theirs after a takeover too.
func (s *world) keepsPlaces(n *node) {
	for _, p := range s.crowd {
		if !p.told {
			continue
		}
		if now, _, found := n.m.Lookup(p.buyer); !found || now.Number < p.number {
			s.failf("G1: a buyer was told place %d, and has %+v after a takeover", p.number, now)
		}
	}
}

// read lets the model read what is new in the log.
func (s *world) read() {
	if err := s.store.Read(context.Background(), key, s.model.tail.Seq, s.model.Entry); err != nil {
		s.failf("the log: %w", err)
	}
}

// follow lets a site read what is new.
func (s *world) follow(at *site) {
	err := s.store.Read(context.Background(), key, at.tail.Seq, func(e *storage.Entry, hash storage.Hash) error {
		_, err := writer.Replay(at.follows, key, e, at.tail, nil)
		at.tail = e.After(hash)
		return err
	})
	if err != nil {
		s.failf("P10: a site that follows: %w", err)
	}
}

// hold has a site place a hold of whoever is inside by what it has followed: the slot must not be another's by then.
func (s *world) hold(at *site) {
	for no := gate.SessionNo(1); int(no) <= len(s.model.sessions); no++ {
		ended, known := at.follows.Ended(no)
		if !known || ended {
			continue
		}
		s.tally["hold"]++
		if freed := s.model.sessions[no-1].freed; freed != 0 {
			s.failf("G7: a site that has followed to %d places a hold of session %d, whose slot was freed in %d",
				at.tail.Seq, no, freed)
		}
	}
}

// compareReplay holds a writer at rest against a replay of the whole log without any snapshot.
func (s *world) compareReplay(n *node) {
	if !n.w.Idle() || !n.w.Serving() || n.w.Durable() != s.model.tail.Seq {
		return
	}
	m, at := (&gate.Kind{}).New(), storage.Tail{}
	err := s.store.Read(context.Background(), key, 0, func(e *storage.Entry, hash storage.Hash) error {
		_, err := writer.Replay(m, key, e, at, nil)
		at = e.After(hash)
		return err
	})
	if err != nil {
		s.failf("replay: %w", err)
		return
	}
	m.Begin(at.Seq + 1)
	if !bytes.Equal(m.AppendSnapshot(nil), n.m.AppendSnapshot(nil)) {
		s.failf("P10: live state differs from the replayed one at record %d", at.Seq)
	}
}

func (s *world) saveSnapshot(n *node) {
	snap := n.w.LastSnapshot()
	if snap == nil {
		n.w.SnapshotSoon()
		return
	}
	s.tally["snapshot"]++
	s.keepSnapshot(snap)
	s.compareReplay(n)
}

func (s *world) keepSnapshot(snap *storage.Snapshot) {
	if err := s.store.SaveSnapshot(context.Background(), key, *snap); err != nil {
		s.failf("snapshot: %w", err)
	}
}
