package simtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// world is one section, two nodes that both believe they may write it, a network that loses, delays and repeats, and a
// few buyers: all of it in one goroutine, all of it decided by one seed.
type world struct {
	chance *rand.Rand
	store  *memstore.Store
	claims *faultstore.Store // the same store with a bad line, for takeovers
	layout *section.Layout
	rules  section.Rules
	now    section.Instant
	model  *Model

	nodes   [2]*node // nil: down
	network []*flight
	writers uint64
	intents []*intent
	last    section.BookingNo // highest ever told
	sold    map[section.SeatIndex]section.RequestID

	salesOnly bool // judge nothing but double sales: for runs that break the first guard on purpose
	guardMet  int
	tally     map[string]int
	failure   error
}

// node is one incarnation of a section's writer.
type node struct {
	w      *writer.Writer
	m      *section.Machine
	id     storage.WriterID
	paused bool
	asked  map[*request]*intent
	flying bool // an append was handed to the network and its fate not yet told
}

// flight is one copy of an append on its way, or its answer on the way back.
type flight struct {
	from      *node
	append    storage.Append
	delivered bool
	late      bool // the sender has been told "unknown" about this copy: nobody waits for its answer
	result    error
}

// intent is what a buyer wants, sent once or several times under one key.
type intent struct {
	command   section.Command
	read      bool
	told      bool // accepted at least once
	fresh     bool // accepted by an answer that was no repeat
	booking   section.BookingNo
	seats     []section.SeatIndex
	submitted map[*request]section.Seq // the durable seq of the node asked
}

// anybody may claim.
func anybody(storage.SectionKey, storage.Tail) bool { return true }

// request is one command on its way to a writer and back.
type request struct {
	writer.Request
	section.Call
}

func newRequest(c section.Call) *request {
	r := &request{Call: c}
	r.Payload, r.Owner = &r.Call, r
	return r
}

// requestIn is what a writer's request is a part of.
func requestIn(r *writer.Request) *request { return r.Owner.(*request) }

var key = storage.SectionKey{Event: storage.EventID{7}, Section: 3}

func newWorld(seed uint64) *world {
	layout := &section.Layout{Rows: []section.RowSpec{{First: 0, Count: 4}, {First: 4, Count: 4, Breaks: []uint32{2}}},
		Seats: make([]section.SeatSpec, 8), Quality: []uint32{1, 2, 3, 4, 5, 6, 7, 8}}
	store := memstore.New()
	return &world{chance: rand.New(rand.NewPCG(seed, 0x5eed)), store: store,
		claims: faultstore.Wrap(store, seed), layout: layout,
		rules: section.Rules{HoldTTL: 60, HoldCeiling: 110, SeatsPerBookingMax: 3, SeatsPerBuyerMax: 5,
			DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
		now: 1000, model: NewModel(8), sold: map[section.SeatIndex]section.RequestID{}, tally: map[string]int{}}
}

func (s *world) failf(format string, args ...any) {
	if s.failure == nil && !s.salesOnly {
		s.failure = fmt.Errorf(format, args...)
	}
}

func (s *world) percent(p int) bool { return s.chance.IntN(100) < p }

// run takes steps until the first failure, then brings the world to rest. A panic of the core is a finding like any
// other.
func (s *world) run(steps int) (err error) {
	defer func() {
		if p := recover(); p != nil && !s.salesOnly {
			err = fmt.Errorf("panic: %v", p)
		} else if p != nil {
			err = s.failure
		}
	}()
	s.takeover(0)
	for i := 0; i < steps && s.failure == nil; i++ {
		s.step()
	}
	if s.failure == nil {
		s.rest()
	}
	return s.failure
}

func (s *world) step() {
	i := s.chance.IntN(2)
	n := s.nodes[i]
	dice := s.chance.IntN(100)
	switch {
	case n == nil && dice < 30 || s.chance.IntN(100) == 0:
		s.takeover(i)
	case dice < 1 && n != nil:
		s.tally["crash"]++
		s.nodes[i] = nil // whatever it knew and had not said is gone
	case dice < 5 && n != nil:
		n.paused = !n.paused
	case dice < 10:
		s.now += section.Instant(s.chance.IntN(30))
	case n == nil || n.paused:
		s.carry()
	case dice < 54:
		s.submit(n)
	case dice < 74:
		s.flush(n)
	case dice < 78:
		n.w.RunTimers(s.now)
		s.hear(n)
	case dice < 80:
		s.saveSnapshot(n)
	default:
		s.carry()
	}
}

// takeover replaces node i by a new incarnation that claims the log over a bad line. Nobody tells the other node.
func (s *world) takeover(i int) {
	s.tally["takeover"]++
	s.writers++
	n := &node{asked: map[*request]*intent{}}
	copy(n.id[:], "node")
	binary.BigEndian.PutUint32(n.id[4:], uint32(s.writers)) // batchID keeps the first eight bytes
	s.claims.Heal()
	s.claims.Add(faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.15, Do: faultstore.KeepUnknown},
		faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.15, Do: faultstore.LoseUnknown},
		faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.1, Do: faultstore.Lose},
		faultstore.Rule{Op: faultstore.OpCommit, Chance: 0.1, Times: 2, Do: faultstore.Fence})
	ctx := context.Background()
	me := writer.Claimant{Writer: n.id, Name: "sim", May: anybody, Pause: func(context.Context, time.Duration) {}}
	entry, err := writer.Claim(ctx, s.claims, key, me, s.now)
	tail := entry.After(storage.HashEntry(&entry))
	s.follow()
	if writer.Undecided(err) { // the store was away: nobody serves until somebody tries again
		s.nodes[i] = nil
		return
	}
	if err != nil {
		s.failf("claim: %w", err)
		return
	}
	m, _, err := writer.Load(ctx, s.store, key, s.kind(), tail)
	var fenced *storage.FencedError
	if err != nil {
		s.nodes[i] = nil
		if !errors.As(err, &fenced) {
			s.failf("load after takeover: %w", err)
		}
		return
	}
	n.m = m.(*section.Machine)
	n.w = writer.New(key, n.id, tail, m)
	s.nodes[i] = n
	s.compareReplay(n)
}

func (s *world) kind() *section.Kind {
	return &section.Kind{Layout: s.layout, Rules: s.rules}
}

// follow lets the model read what is new in the log.
func (s *world) follow() {
	err := s.store.Read(context.Background(), key, s.model.Tail.Seq, s.model.Entry)
	if err != nil {
		s.failf("the log: %w", err)
	}
}

// compareReplay holds a writer at rest against a replay of the whole log without any snapshot: equal states have equal
// bytes.
func (s *world) compareReplay(n *node) {
	if !n.w.Idle() || !n.w.Serving() || n.w.Durable() != s.model.Tail.Seq {
		return
	}
	m, at := s.kind().New(), storage.Tail{}
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
		s.failf("P10: live state differs from the replayed one:\n%s\nreplayed:\n%s", n.m, m)
	}
}

// saveSnapshot keeps a quiet writer's snapshot, or makes the next record carry one.
func (s *world) saveSnapshot(n *node) {
	if snap := n.w.LastSnapshot(); snap != nil {
		s.tally["snapshot"]++
		s.keepSnapshot(snap)
		s.compareReplay(n)
		return
	}
	n.w.SnapshotSoon()
}

func (s *world) keepSnapshot(snap *storage.Snapshot) {
	if err := s.store.SaveSnapshot(context.Background(), key, *snap); err != nil {
		s.failf("snapshot: %w", err)
	}
}

// flush hands the node's next record to the network.
func (s *world) flush(n *node) {
	p := n.w.Ready()
	s.hear(n)
	if p == nil {
		return
	}
	if len(p.Append.Entry.Body) > storage.BodyBytesMax {
		s.failf("a record of %d bytes", len(p.Append.Entry.Body))
	}
	a := p.Append
	a.Entry.Body, a.Sell, a.Refund = bytes.Clone(a.Entry.Body), slices.Clone(a.Sell), slices.Clone(a.Refund)
	n.flying = true
	s.network = append(s.network, &flight{from: n, append: a})
}

// carry does something to one copy on its way.
func (s *world) carry() {
	if len(s.network) == 0 {
		return
	}
	i := s.chance.IntN(len(s.network))
	f := s.network[i]
	switch {
	case f.delivered:
		s.network = slices.Delete(s.network, i, i+1)
		s.tell(f, f.result)
	case s.percent(80):
		s.deliver(f)
	case s.percent(40): // lost on the way
		s.network = slices.Delete(s.network, i, i+1)
		s.tally["lost"]++
		s.tell(f, storage.ErrUnknown)
	case s.percent(40) && !f.late: // not written by this sending, which says nothing of those before it (S6)
		s.network = slices.Delete(s.network, i, i+1)
		s.tally["unavailable"]++
		s.tell(f, storage.ErrUnavailable)
	case !f.late && !f.from.paused: // still on its way, but the sender stops waiting
		s.tally["late"]++
		s.tell(f, storage.ErrUnknown)
		f.late = true
	}
}

// deliver gives the copy to the log. The answer may be lost on the way back.
func (s *world) deliver(f *flight) {
	f.result = s.store.Commit(context.Background(), []storage.Append{f.append})[0]
	f.delivered = true
	s.follow()
	if errors.Is(f.result, storage.ErrTicketTaken) {
		s.guardMet++
		s.failf("P1: the tickets guard was met: the fence has failed")
	}
	if s.percent(15) {
		s.tally["kept unheard"]++
		f.result = storage.ErrUnknown
	}
}

// tell brings an answer home, unless its sender has died, sleeps, or gave this copy up.
func (s *world) tell(f *flight, err error) {
	n := f.from
	if f.late || (n != s.nodes[0] && n != s.nodes[1]) {
		return
	}
	if n.paused { // it hears when it wakes
		f.delivered, f.result = true, err
		s.network = append(s.network, f)
		return
	}
	n.flying = false
	p := n.w.Advance(f.append.Entry.Batch, err)
	s.hear(n)
	if p != nil {
		if p.Snapshot != nil {
			s.keepSnapshot(p.Snapshot)
		}
		n.w.Recycle(p)
	}
	if n.w.Stopped() {
		s.tally["stopped"]++
		s.forget(n)
	}
	s.compareReplay(n)
}

// forget throws a stopped writer away.
func (s *world) forget(n *node) {
	if len(n.asked) > 0 {
		s.failf("%d requests were never answered by a stopped writer", len(n.asked))
	}
	for i := range s.nodes {
		if s.nodes[i] == n {
			s.nodes[i] = nil
		}
	}
}

// rest lets everything land, then a last node takes over and must find the truth.
func (s *world) rest() {
	for range 200 {
		for _, n := range s.nodes {
			if n != nil {
				n.paused = false
				s.flush(n)
			}
		}
		for len(s.network) > 0 && s.failure == nil {
			f := s.network[0]
			s.network = s.network[1:]
			if !f.delivered {
				s.deliver(f)
			}
			s.tell(f, f.result)
		}
	}
	for _, n := range s.nodes {
		if n != nil && s.failure == nil && (!n.w.Idle() || len(n.asked) > 0) {
			s.failf("a writer at rest is not idle: %d requests wait", len(n.asked))
		}
	}
	s.nodes[0] = nil
	for try := 0; try < 20 && s.nodes[0] == nil; try++ { // a foreign claim may come between, or the store be away
		s.takeover(0)
	}
	s.checkTickets()
}

func (s *world) checkTickets() {
	want, got := s.model.Tickets(), map[section.SeatIndex]section.BookingNo{}
	err := s.store.Tickets(context.Background(), key, func(row section.Ticket) error {
		got[row.Seat] = row.Booking
		return nil
	})
	if err != nil || !maps.Equal(want, got) {
		s.failf("P1: tickets table %v, the log says %v (%v)", got, want, err)
	}
}
