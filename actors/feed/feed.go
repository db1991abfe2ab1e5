package feed

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/storage"
)

// Times and bounds of a feed.
const (
	FlushEvery  = time.Second     // between two durable writes of cursors
	sweepEvery  = 5 * time.Minute // between two looks at all logs, for what no nudge told
	sweepDelay  = time.Second     // from a change of who has which shard to the look
	nudgesMax   = 4096
	pendingMax  = 2 * storage.FeedItemsMax // of a sink's items that are not durable yet
	retryAfter  = time.Second              // a read that failed
	stuckAfter  = time.Minute              // a log that cannot be followed is looked at again
	closingTime = 5 * time.Second          // for the last cursors
)

// Store is what a feed needs of a store.
type Store interface {
	Source
	storage.Feed
	Sections(ctx context.Context) ([]storage.SectionKey, error)
}

// Config is what a feed needs from outside.
type Config struct {
	Store  Store
	Logger *slog.Logger
	// Here says that this node tells of a shard. At one node at a time it should be true; where it is at two, things
	// are told twice, and where it is at none, later. nil: always.
	Here func(storage.SectionKey) bool
	// LookEvery is the time between two looks at all logs, for what no nudge told. 0: five minutes, right where the
	// owners' nudges come; without them it is how late things are told.
	LookEvery time.Duration
}

// Feed tells sinks what the logs of sections say. Its methods are safe for concurrent use.
type Feed struct {
	Reader *Reader
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	work   sync.WaitGroup // workers and timers of sinks

	idle   atomic.Bool // no sink is there: nudges are dropped
	missed atomic.Bool // a nudge found no room
	nudged chan *Shard
	look   chan struct{} // all logs are to be looked at soon

	mu     sync.Mutex
	shards map[storage.SectionKey]*Shard
	sinks  map[string]*consumer
	closed bool
}

// Shard is one section's log as its owner nudges the feed. The owner keeps it; the zero value and nil are deaf.
type Shard struct {
	feed    *Feed
	key     storage.SectionKey
	pending atomic.Bool // a nudge is on its way
}

// Open starts a feed without sinks.
func Open(cfg Config) *Feed {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Here == nil {
		cfg.Here = func(storage.SectionKey) bool { return true }
	}
	f := &Feed{Reader: NewReader(cfg.Store), cfg: cfg, done: make(chan struct{}), nudged: make(chan *Shard, nudgesMax),
		look: make(chan struct{}, 1), shards: map[storage.SectionKey]*Shard{}, sinks: map[string]*consumer{}}
	f.cfg.LookEvery = cmp.Or(cfg.LookEvery, sweepEvery)
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.idle.Store(true)
	go f.run()
	return f
}

// Shard is the one of a section's log, always the same. Of logs that are no section's it is deaf.
func (f *Feed) Shard(key storage.SectionKey) *Shard {
	if f == nil || !key.IsSection() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.shards[key]
	if s == nil {
		s = &Shard{feed: f, key: key}
		f.shards[key] = s
	}
	return s
}

// Landed says that a record is durable. It never waits and allocates nothing.
func (s *Shard) Landed() {
	if s == nil || s.feed.idle.Load() || s.pending.Swap(true) {
		return
	}
	select {
	case s.feed.nudged <- s:
	default:
		s.feed.missed.Store(true)
	}
}

// Moved says that other shards may be this node's now.
func (f *Feed) Moved() {
	if f == nil {
		return
	}
	select {
	case f.look <- struct{}{}:
	default:
	}
}

// Add has a sink told, from its cursors on. One of its name must not be there.
func (f *Feed) Add(sink Sink) {
	f.mu.Lock()
	if !f.closed {
		f.sinks[sink.Name()] = newConsumer(f, sink)
		f.idle.Store(false)
	}
	f.mu.Unlock()
	f.Moved()
}

// Remove ends the telling of a sink, once what is under way has ended. forget removes its cursors too.
func (f *Feed) Remove(ctx context.Context, name string, forget bool) error {
	f.mu.Lock()
	c := f.sinks[name]
	delete(f.sinks, name)
	f.idle.Store(len(f.sinks) == 0)
	f.mu.Unlock()
	if c != nil {
		c.end()
		if !forget {
			return c.flush(ctx)
		}
	}
	if !forget {
		return nil
	}
	return Drop(ctx, f.cfg.Store, cursorPrefix(name))
}

// Drop removes all items whose keys begin with prefix.
func Drop(ctx context.Context, store storage.Feed, prefix []byte) error {
	for {
		var found []storage.FeedItem
		err := store.FeedItems(ctx, prefix, nil, storage.FeedItemsMax, func(i storage.FeedItem) error {
			found = append(found, storage.FeedItem{Key: slices.Clone(i.Key)})
			return nil
		})
		if err != nil || len(found) == 0 {
			return err
		}
		if err := store.SaveFeed(ctx, found); err != nil {
			return err
		}
	}
}

// Behind counts the logs, for each sink anew, that are not told to their ends. It asks the store for every log.
func (f *Feed) Behind(ctx context.Context) (n int, err error) {
	keys, err := f.cfg.Store.Sections(ctx)
	if err != nil {
		return 0, err
	}
	all := f.consumers()
	for _, key := range keys {
		if !key.IsSection() {
			continue
		}
		tail, err := f.cfg.Store.Tail(ctx, key)
		if err != nil {
			return 0, err
		}
		for _, c := range all {
			if !c.reached(key, tail.Seq) {
				n++
			}
		}
	}
	return n, nil
}

// Status tells how far each sink is.
func (f *Feed) Status() (all []Status) {
	for _, c := range f.consumers() {
		all = append(all, c.status())
	}
	return all
}

func (f *Feed) consumers() (all []*consumer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.sinks {
		all = append(all, c)
	}
	return all
}

// Close ends all telling, and makes the cursors durable once more.
func (f *Feed) Close() {
	f.mu.Lock()
	was := f.closed
	f.closed = true
	f.mu.Unlock()
	if was {
		return
	}
	f.cancel()
	<-f.done
	all := f.consumers()
	for _, c := range all {
		c.end()
	}
	f.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closingTime)
	defer cancel()
	for _, c := range all {
		if err := c.flush(ctx); err != nil { // told again after the start
			f.cfg.Logger.Warn("a feed's cursors are not saved: some things will be told again", "sink", c.name,
				"error", err)
		}
	}
}

func (f *Feed) run() {
	defer close(f.done)
	flush, sweep := time.NewTicker(FlushEvery), time.NewTimer(f.cfg.LookEvery)
	defer flush.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case s := <-f.nudged:
			s.pending.Store(false)
			f.want(s)
		case <-f.look:
			sweep.Reset(min(sweepDelay, f.cfg.LookEvery))
		case <-sweep.C:
			sweep.Reset(f.cfg.LookEvery)
			f.sweep()
		case <-flush.C:
			f.caughtNudges()
			f.flushAll()
		}
	}
}

// caughtNudges has all shards looked at of which a nudge may have been lost.
func (f *Feed) caughtNudges() {
	if !f.missed.Swap(false) {
		return
	}
	f.mu.Lock()
	var all []*Shard
	for _, s := range f.shards {
		if s.pending.Swap(false) {
			all = append(all, s)
		}
	}
	f.mu.Unlock()
	for _, s := range all {
		f.want(s)
	}
}

func (f *Feed) want(s *Shard) {
	for _, c := range f.consumers() {
		c.want(s.key, true)
	}
}

// sweep looks at every log that this node tells of.
func (f *Feed) sweep() {
	all := f.consumers()
	if len(all) == 0 {
		return
	}
	keys, err := f.cfg.Store.Sections(f.ctx)
	if err != nil {
		if f.ctx.Err() == nil {
			f.cfg.Logger.Warn("feeds cannot look for logs: tried again", "error", err)
			f.Moved()
		}
		return
	}
	for _, c := range all {
		if m, is := c.sink.(interface{ Moved() }); is {
			m.Moved()
		}
	}
	for _, key := range keys {
		if !key.IsSection() {
			continue
		}
		for _, c := range all {
			c.want(key, false)
		}
	}
}

func (f *Feed) flushAll() {
	for _, c := range f.consumers() {
		if err := c.flush(f.ctx); err != nil && !errors.Is(err, context.Canceled) {
			f.cfg.Logger.Warn("a feed's cursors are not saved: tried again", "sink", c.name, "error", err)
		}
	}
}
