package replica

import (
	"context"
	"errors"
	"sync"

	"holdfast/actors/machine"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Host is what a replica does to its surroundings. It is called under the replica's lock, in the order of the log. None
// of its methods may wait.
type Host interface {
	// Loaded makes what derives from the machine true: it stands after at.
	Loaded(m machine.Machine, at storage.Tail)
	// Saw hears of the newest record with changes that a load has met.
	Saw(newest storage.Tail)
	// Took hears of the next record, once it is applied.
	Took(e *storage.Entry, hash storage.Hash, m machine.Machine, effects machine.Effects)
	// Dropped takes back what the machine added to its surroundings.
	Dropped(m machine.Machine)
	// Contradicted hears that a later life of the log does not go on from here.
	Contradicted()
	// Stuck hears that the log is damaged, or lacks what was acknowledged: it is not followed any more.
	Stuck(why error)
}

// Replica keeps a shard as its log tells it. All methods are safe for concurrent use.
//
// Invariant: a machine that is there stands exactly after at, and its surroundings have heard of all of it.
type Replica struct {
	node *shard.Node
	host Host
	key  storage.SectionKey
	kind machine.Kind
	seen *witness.Seen

	mu      sync.Mutex
	m       machine.Machine // nil: not loaded yet
	at      storage.Tail    // the newest entry in m
	known   machine.Seq     // the newest entry that is known to be in the log
	reading bool            // a catchUp is under way
	over    bool            // taken over or given up: nothing may change any more
	stuck   bool            // given up: the log is damaged
	loaded  chan struct{}   // closed once m is there, or over
	effects machine.Effects
}

// New makes a replica that has not begun.
func New(node *shard.Node, host Host, key storage.SectionKey, kind machine.Kind, seen *witness.Seen) *Replica {
	return &Replica{node: node, host: host, key: key, kind: kind, seen: seen, loaded: make(chan struct{})}
}

// Start begins to read the log. False: the node has ended.
func (f *Replica) Start() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.startReading()
	return f.reading
}

// GoOn begins with a machine whose surroundings know it: it stands after at.
func (f *Replica) GoOn(m machine.Machine, at storage.Tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.m, f.at, f.known = m, at, at.Seq
	f.isLoaded()
}

// Loaded is closed once the machine is there, or never will be.
func (f *Replica) Loaded() <-chan struct{} { return f.loaded }

// Take ends the following and gives the machine, or nil. Its surroundings have forgotten it then.
func (f *Replica) Take() (machine.Machine, storage.Tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	f.isLoaded()
	if f.m != nil {
		f.host.Dropped(f.m)
	}
	return f.m, f.at
}

// Record takes an entry that a link brought, when it is the next one; else the log is read.
func (f *Replica) Record(e *storage.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = max(f.known, e.Seq)
	if e.Seq <= f.at.Seq && e.Epoch > f.at.Epoch { // a later life that does not go on from here
		f.host.Contradicted()
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

// KnownTo says how far the log has come.
func (f *Replica) KnownTo(seq machine.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known = max(f.known, seq); f.known > f.at.Seq {
		f.startReading()
	}
}

// Position tells where the replica stands, and how far the log is known to have come.
func (f *Replica) Position() (at storage.Tail, known machine.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at, f.known
}

// CaughtUp says that everything known of the log is in, and how far that is.
func (f *Replica) CaughtUp() (at storage.Tail, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at, f.m != nil && !f.over && f.known <= f.at.Seq
}

// IsStuck says that the replica was given up.
func (f *Replica) IsStuck() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stuck
}

// Inspect calls look with the machine, which may be nil, under the replica's lock.
func (f *Replica) Inspect(look func(m machine.Machine, reading, over bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	look(f.m, f.reading, f.over)
}

// startReading begins to read the log, once. The caller holds mu.
func (f *Replica) startReading() {
	if f.reading || f.over {
		return
	}
	f.reading = f.node.Spawn(func() { f.catchUp(f.node.Context) })
}

// catchUp loads the shard if need be, and reads its log until nothing more is known to be there.
func (f *Replica) catchUp(ctx context.Context) {
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
			f.node.Runtime.Pause(ctx, writer.ResendDelay(min(attempt, 5)))
		}
	}
}

// cannot says that reading again will not help: the log is damaged. The shard that claims it will say so, and be
// condemned.
func (f *Replica) cannot(err error) bool {
	var corrupt *storage.CorruptError
	if !errors.As(err, &corrupt) && !writer.HasLost(err) {
		return false
	}
	f.host.Stuck(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isLoaded()
	f.over, f.reading, f.stuck, f.m = true, false, true, nil
	return true
}

func (f *Replica) readOnce(ctx context.Context) error {
	f.node.Activations <- struct{}{}
	defer func() { <-f.node.Activations }()
	after, err := f.load(ctx)
	if err != nil {
		return err
	}
	return f.node.Store.Read(ctx, f.key, after, func(entry *storage.Entry, hash storage.Hash) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.over || f.m == nil || entry.Seq <= f.at.Seq {
			return nil
		}
		return f.apply(entry, hash)
	})
}

// load takes the newest snapshot and what follows it as the machine, unless there is one, and tells after which entry
// to read on.
func (f *Replica) load(ctx context.Context) (machine.Seq, error) {
	f.mu.Lock()
	loaded, after := f.m != nil, f.at.Seq
	f.mu.Unlock()
	if loaded {
		return after, nil
	}
	known := f.seen.Mark()
	m, at, err := writer.Restore(ctx, f.node.Store, f.key, f.kind)
	if err != nil {
		return 0, err
	}
	var newest storage.Tail // of the records with changes
	err = f.node.Store.Read(ctx, f.key, at.Seq, func(e *storage.Entry, hash storage.Hash) error {
		_, err := writer.Replay(m, f.key, e, at, nil)
		if at = e.After(hash); at.Kind == storage.EntryChanges {
			newest = at
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := known.Check(ctx, f.node.Store, f.key, at); err != nil {
		return 0, err
	}
	f.begin(m, at, newest)
	return at.Seq, nil
}

// begin makes what was loaded the truth of its surroundings.
func (f *Replica) begin(m machine.Machine, at, newest storage.Tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.host.Saw(newest)
	if f.over {
		return
	}
	f.m, f.at, f.effects = m, at, m.NewEffects()
	f.host.Loaded(m, at)
	f.isLoaded()
}

// isLoaded tells the waiters that the machine is as true as it gets. The caller holds mu.
func (f *Replica) isLoaded() {
	select {
	case <-f.loaded:
	default:
		close(f.loaded)
	}
}

// apply takes the next entry in. The caller holds mu. After an error the machine is not to be used any more: it is
// loaded anew.
func (f *Replica) apply(e *storage.Entry, hash storage.Hash) error {
	before := f.at
	if f.effects == nil {
		f.effects = f.m.NewEffects()
	}
	f.effects.Reset()
	if _, err := writer.Replay(f.m, f.key, e, before, f.effects); err != nil {
		f.host.Dropped(f.m)
		f.m, f.at = nil, storage.Tail{}
		return err
	}
	f.at = e.After(hash)
	f.host.Took(e, hash, f.m, f.effects)
	return nil
}
