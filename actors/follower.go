package actors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// follower keeps a section as its log tells it, on a node that does not serve it: for the map and the event's ledgers while another node
// serves, and to go on from when this one takes over.
//
//	Record from the serving node ──┐
//	                               ├─▶ continues the chain? ─▶ state, map, ledgers
//	the log in the store ──────────┘         no: read the log from here on (catchUp)
//
// A link may lose records, be slow or be down: the log fills every gap. Records come from a link only because that is quicker; each must
// continue the hash chain, so that nothing is believed which the log does not hold.
//
// It grants nothing, and no refusal rests on it: it may be behind.
type follower struct {
	s *Section

	mu      sync.Mutex
	m       *section.Machine // nil: not loaded yet
	at      storage.Tail     // the newest entry in m
	known   section.Seq      // the newest entry that is known to be in the log
	reading bool             // a catchUp is under way
	over    bool             // taken over or given up: nothing may change any more
	stuck   atomic.Bool      // given up: the log is damaged
	loaded  chan struct{}    // closed once m is there, or over
	effects section.Effects
}

func newFollower(s *Section) *follower { return &follower{s: s, loaded: make(chan struct{})} }

// follow begins to follow the section, unless that is done already or it is served here. The channel closes when the map is true.
func (s *Section) follow() (loaded <-chan struct{}) {
	s.shard.Inspect(func(life *writer.Lifecycle) { loaded = s.followIn(life.Phase()) })
	return loaded
}

func (s *Section) followIn(phase writer.Phase) <-chan struct{} {
	if s.engine.desk == nil || phase == Loading || phase == Serving || s.asleep.Load() || s.engine.closing.Load() {
		return shard.Closed
	}
	if s.follower == nil {
		f := newFollower(s)
		f.reading = true // or a record that comes meanwhile would begin a second reading, and the ledgers count twice
		if !s.engine.spawn(func() { f.catchUp(s.engine.ctx) }) {
			return shard.Closed
		}
		s.follower = f
	}
	return s.follower.loaded
}

// followOn is for a section that has let go in good order: its memory is the log's, up to tail.
func (s *Section) followOn(m *section.Machine, tail storage.Tail) {
	s.shard.Inspect(func(*writer.Lifecycle) {
		if s.follower != nil || s.engine.closing.Load() {
			return
		}
		f := newFollower(s)
		f.m, f.at, f.known = m, tail, tail.Seq
		close(f.loaded)
		s.follower = f
	})
}

// takeFollower ends the following and gives what was followed, or nil. The ledgers have forgotten it then: whoever goes on from it
// enters it anew.
func (s *Section) takeFollower() (*section.Machine, storage.Tail) {
	var f *follower
	s.shard.Inspect(func(*writer.Lifecycle) { f, s.follower = s.follower, nil })
	if f == nil {
		return nil, storage.Tail{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	f.isLoaded()
	if f.m != nil {
		s.ev.disown(f.m.State)
	}
	return f.m, f.at
}

// following is the section's follower; nil when there is none.
func (s *Section) following() (f *follower) {
	s.shard.Inspect(func(*writer.Lifecycle) { f = s.follower })
	return f
}

// record takes an entry that a link brought, when it is the next one; else the log is read.
func (f *follower) record(e *storage.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = max(f.known, e.Seq)
	if e.Seq <= f.at.Seq && e.Epoch > f.at.Epoch { // a later life that does not go on from here
		f.s.suspect(f.s.seen.Mark(), true)
	}
	if f.over || f.m == nil || e.Seq <= f.at.Seq {
		return
	}
	next := e.Seq == f.at.Seq+1 && e.Prev == f.at.Hash && !f.reading
	if next && f.apply(e, storage.HashEntry(e)) == nil {
		return
	}
	f.startReading()
}

// heard says how far the log has come.
func (f *follower) heard(seq section.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known = max(f.known, seq); f.known > f.at.Seq {
		f.startReading()
	}
}

// startReading begins to read the log, once. The caller holds mu.
func (f *follower) startReading() {
	if f.reading || f.over {
		return
	}
	f.reading = f.s.engine.spawn(func() { f.catchUp(f.s.engine.ctx) })
}

// catchUp loads the section if need be, and reads its log until nothing more is known to be there.
func (f *follower) catchUp(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := f.readOnce(ctx)
		f.mu.Lock()
		done := err == nil && f.known <= f.at.Seq || f.over
		if done {
			f.reading = false
		}
		f.mu.Unlock()
		if done {
			return
		}
		if err != nil && f.cannot(err) {
			return
		}
		if err != nil || attempt > 0 { // what is known to be there may not be readable at once
			f.s.engine.clock.Pause(ctx, writer.ResendDelay(min(attempt, 5)))
		}
	}
}

// cannot says that reading again will not help: the log is damaged. The section that claims it will say so, and be condemned.
func (f *follower) cannot(err error) bool {
	var corrupt *storage.CorruptError
	if !errors.As(err, &corrupt) && !writer.HasLost(err) {
		return false
	}
	var lost *witness.LostError
	if errors.As(err, &lost) {
		f.s.condemn(lost, false)
	} else {
		f.s.engine.eventLog.FollowerStuck(f.s.key, err)
		f.s.suspect(f.s.seen.Mark(), true)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isLoaded()
	f.over, f.reading, f.m = true, false, nil
	f.stuck.Store(true)
	return true
}

func (f *follower) readOnce(ctx context.Context) error {
	e := f.s.engine
	e.activations <- struct{}{}
	defer func() { <-e.activations }()
	after, err := f.load(ctx)
	if err != nil {
		return err
	}
	return e.cfg.Store.Read(ctx, f.s.key, after, func(entry *storage.Entry, hash storage.Hash) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.over || f.m == nil || entry.Seq <= f.at.Seq {
			return nil
		}
		return f.apply(entry, hash)
	})
}

// load takes the newest snapshot and what follows it as the state, unless there is one, and tells after which entry to read on.
func (f *follower) load(ctx context.Context) (section.Seq, error) {
	f.mu.Lock()
	loaded, after := f.m != nil, f.at.Seq
	f.mu.Unlock()
	if loaded {
		return after, nil
	}
	s := f.s
	known := s.seen.Mark()
	m, at, err := writer.Restore(ctx, s.engine.cfg.Store, s.key, &s.kind)
	if err != nil {
		return 0, err
	}
	var newest storage.Tail // of the records with changes
	err = s.engine.cfg.Store.Read(ctx, s.key, at.Seq, func(e *storage.Entry, hash storage.Hash) error {
		_, err := writer.Replay(m, s.key, e, at, nil)
		if at = e.After(hash); at.Kind == storage.EntryChanges {
			newest = at
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := known.Check(ctx, s.engine.cfg.Store, s.key, at); err != nil {
		return 0, err
	}
	f.begin(m.(*section.Machine), at)
	s.saw(newest.Kind, newest.Seq, newest.Epoch, newest.Hash)
	return at.Seq, nil
}

// begin makes what was loaded the map's and the ledgers' truth.
func (f *follower) begin(m *section.Machine, at storage.Tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	s := f.s
	f.m, f.at = m, at
	s.ev.adoptLedgers(s, m.State)
	s.ev.live.Reset(s.key.Section, at.Seq, m.AppendLetters(nil), m.Free())
	f.isLoaded()
}

// isLoaded tells whoever waits that the map is as true as it gets. The caller holds mu.
func (f *follower) isLoaded() {
	select {
	case <-f.loaded:
	default:
		close(f.loaded)
	}
}

// apply takes the next entry in. The caller holds mu. After an error the state is not to be used any more: it is loaded anew.
func (f *follower) apply(e *storage.Entry, hash storage.Hash) error {
	err := f.take(e, hash)
	if err != nil {
		f.s.ev.count(f.m.Shares()) // of what was applied before: the memory has it, and is taken back as a whole
		f.s.ev.disown(f.m.State)
		f.m, f.at = nil, storage.Tail{}
	}
	return err
}

func (f *follower) take(e *storage.Entry, hash storage.Hash) error {
	before := f.at
	f.effects.Reset()
	if _, err := writer.Replay(f.m, f.s.key, e, before, &f.effects); err != nil {
		return err
	}
	f.at = e.After(hash)
	f.s.saw(e.Kind, e.Seq, e.Epoch, hash)
	f.s.remembersFrom.Store(int64(f.m.RemembersFrom()))
	ev := f.s.ev
	ev.count(f.m.Shares())
	for _, met := range f.effects.Requests {
		ev.index.Adopt(met.Request, f.s.key.Section, met.At)
	}
	ev.live.Publish(&Delta{Section: f.s.key.Section, Seq: e.Seq, Changes: f.effects.Seats})
	return nil
}

// caughtUp says that everything known of the log is in, and how far that is.
func (f *follower) caughtUp() (at storage.Tail, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at, f.m != nil && !f.over && f.known <= f.at.Seq
}

// subscribersOf are the peers that follow an event's sections. The list is not changed once given.
func (d *desk) subscribersOf(id storage.EventID) []storage.WriterID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.subscribers[id]
}

// subscribe is for a peer that is up; one that has gone down meanwhile asks again when it is back.
func (d *desk) subscribe(id storage.EventID, peer storage.WriterID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.peers.Up(peer) {
		return false
	}
	list := d.subscribers[id]
	if !slices.Contains(list, peer) {
		d.subscribers[id] = append(slices.Clip(list), peer)
	}
	d.republish()
	return true
}
