package feed

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// consumer is a sink and how far it is.
//
// Invariant: of a shard at most one worker tells; it alone moves the position.
type consumer struct {
	feed *Feed
	sink Sink
	name string
	ctx  context.Context
	stop context.CancelFunc
	done atomic.Uint64

	mu      sync.Mutex
	at      map[storage.SectionKey]*position
	queue   []*position
	working int
	items   []storage.FeedItem              // not durable yet; before the cursors
	dirty   map[storage.SectionKey]struct{} // positions whose cursor is not durable
	ended   bool

	flushing sync.Mutex // one flush at a time
}

// position is where one sink is in one shard.
type position struct {
	shard   storage.SectionKey
	at      cursor
	n       int       // events of the next record that are done with
	loaded  bool      // at is known
	busy    bool      // queued, being told, or paused
	again   bool      // wanted while it was busy
	behind  time.Time // since when records wait; zero: none does
	isStuck bool
}

func newConsumer(f *Feed, sink Sink) *consumer {
	c := &consumer{feed: f, sink: sink, name: sink.Name(), at: map[storage.SectionKey]*position{},
		dirty: map[storage.SectionKey]struct{}{}}
	c.ctx, c.stop = context.WithCancel(f.ctx)
	return c
}

// end stops all telling; calls under way end by their context.
func (c *consumer) end() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.stop()
}

// want has a shard looked at, soon. landed says that there is something for sure.
func (c *consumer) want(shard storage.SectionKey, landed bool) {
	if !c.feed.cfg.Here(shard) {
		c.leave(shard)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.at[shard]
	if p == nil {
		p = &position{shard: shard}
		c.at[shard] = p
	}
	if landed && p.behind.IsZero() {
		p.behind = time.Now()
	}
	if p.busy {
		p.again = true
		return
	}
	c.enqueue(p)
}

// leave forgets a shard that is another node's now: should it come back, that node's cursor counts.
func (c *consumer) leave(shard storage.SectionKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.at[shard]; p != nil && !p.busy {
		if _, dirty := c.dirty[shard]; !dirty {
			delete(c.at, shard)
		}
	}
}

// enqueue gives a shard to the workers. The caller holds mu.
func (c *consumer) enqueue(p *position) {
	if c.ended {
		return
	}
	p.busy, p.again = true, false
	c.queue = append(c.queue, p)
	if c.working < max(c.sink.Parallel(), 1) {
		c.working++
		c.feed.work.Go(c.tellAll)
	}
}

// tellAll is a worker: it ends when nothing waits.
func (c *consumer) tellAll() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 || c.ended {
			c.working--
			c.mu.Unlock()
			return
		}
		p := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.settle(p, c.step(p))
	}
}

// What becomes of a shard after a step.
const (
	idleNow = time.Duration(-1) // nothing more is known to be there
	goOn    = time.Duration(0)
)

// settle queues a shard again: at once, after a pause, or when somebody wants it.
func (c *consumer) settle(p *position, pause time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
	case pause == goOn, pause == idleNow && p.again:
		c.enqueue(p)
	case pause == idleNow:
		p.busy, p.behind = false, time.Time{}
	default:
		time.AfterFunc(pause, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.enqueue(p)
		})
	}
}

// step tells a page of a shard.
func (c *consumer) step(p *position) (pause time.Duration) {
	if !c.feed.cfg.Here(p.shard) {
		p.loaded = false // should it come back, the other node's cursor counts
		return idleNow
	}
	if c.full() {
		return FlushEvery / 4
	}
	if !p.loaded {
		if err := c.load(p); err != nil {
			return c.failed(p, err)
		}
	}
	page, err := c.feed.Reader.read(c.ctx, p.shard, p.at)
	if err != nil {
		return c.failed(p, err)
	}
	if len(page.Events) == 0 {
		return idleNow
	}
	c.found(p, page)
	t := page.Telling
	t.Events, t.Refs = t.Events[p.n:], t.Refs[p.n:]
	result := c.sink.Tell(c.ctx, &t)
	result.Done = min(max(result.Done, 0), len(t.Events))
	c.advance(p, page, &result)
	switch {
	case result.Done < len(t.Events) && result.Pause > 0:
		return result.Pause
	case result.Done == 0:
		return retryAfter
	case page.more, result.Done < len(t.Events):
		return goOn
	}
	return idleNow
}

// full says that too much waits to be durable.
func (c *consumer) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.items) > pendingMax
}

// found notes since when the oldest record waits, and that the log can be followed.
func (c *consumer) found(p *position, page *page) {
	oldest := time.UnixMilli(int64(page.first))
	c.mu.Lock()
	defer c.mu.Unlock()
	p.isStuck = false
	if p.behind.IsZero() || oldest.Before(p.behind) {
		p.behind = oldest
	}
}

// load finds where a shard is to be gone on.
func (c *consumer) load(p *position) error {
	key := cursorKey(c.name, p.shard)
	found := false
	err := c.feed.cfg.Store.FeedItems(c.ctx, key, nil, 1, func(i storage.FeedItem) (err error) {
		found = true
		p.at, err = decodeCursor(i.Value)
		return err
	})
	if err == nil && !found {
		p.at, err = c.feed.Reader.since(c.ctx, p.shard, c.sink.Since())
	}
	p.loaded, p.n = err == nil, 0
	return err
}

// advance moves the position over what is done with. What items say is durable before the cursor is.
func (c *consumer) advance(p *position, page *page, result *Result) {
	c.done.Add(uint64(result.Done))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, result.Items...)
	done := p.n + result.Done
	from := 0
	for i, end := range page.ends {
		if page.upTo[i] > done {
			break
		}
		p.at, from = end, page.upTo[i]
		c.dirty[p.shard] = struct{}{}
	}
	p.n = done - from
	if result.Done > 0 {
		p.behind = time.Now() // at the next page the truth is known
	}
}

// failed says when a shard is tried again that could not be read.
func (c *consumer) failed(p *position, err error) time.Duration {
	if c.ctx.Err() != nil {
		return idleNow
	}
	var corrupt *storage.CorruptError
	stuck := errors.As(err, &corrupt) || errors.Is(err, ErrDiverged)
	c.mu.Lock()
	first := stuck && !p.isStuck
	p.isStuck = stuck
	c.mu.Unlock()
	switch {
	case first:
		c.feed.cfg.Logger.Error("ALARM: a log cannot be told of", "alarm", "feed_stuck", "sink", c.name,
			"event", p.shard.Event.String(), "section", p.shard.Section, "error", err)
	case !stuck:
		c.feed.cfg.Logger.Warn("a log cannot be read for a feed: tried again", "sink", c.name,
			"event", p.shard.Event.String(), "section", p.shard.Section, "error", err)
	}
	if stuck {
		return stuckAfter
	}
	return retryAfter
}

// flush makes the items and then the cursors durable.
func (c *consumer) flush(ctx context.Context) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	batch := c.items
	c.items = nil
	dirty := c.dirty
	c.dirty = map[storage.SectionKey]struct{}{}
	saved := len(batch)
	for shard := range dirty {
		if p := c.at[shard]; p != nil {
			batch = append(batch, storage.FeedItem{Key: cursorKey(c.name, shard), Value: p.at.value()})
		}
	}
	c.mu.Unlock()
	for done := 0; done < len(batch); {
		n := min(len(batch)-done, storage.FeedItemsMax)
		if err := c.feed.cfg.Store.SaveFeed(ctx, batch[done:done+n]); err != nil {
			c.mu.Lock()
			if done < saved {
				c.items = append(batch[done:saved:saved], c.items...)
			}
			maps.Copy(c.dirty, dirty)
			c.mu.Unlock()
			return err
		}
		done += n
	}
	return nil
}

// reached says that a shard was told up to a record. A sink that begins later than that has reached it once it knows.
func (c *consumer) reached(shard storage.SectionKey, seq section.Seq) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.at[shard]
	return p != nil && p.loaded && p.at.seq >= seq
}

func (c *consumer) status() Status {
	s := Status{Name: c.name, Events: c.done.Load()}
	if of, is := c.sink.(interface{ Trouble() error }); is {
		s.Failing = new(of.Trouble() != nil)
	}
	if of, is := c.sink.(interface{ Buffered() int }); is {
		s.Buffered = new(of.Buffered())
	}
	if of, is := c.sink.(interface{ Lost() uint64 }); is {
		s.Lost = new(of.Lost())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, p := range c.at {
		if p.isStuck {
			s.Stuck++
		}
		if !p.behind.IsZero() {
			s.Behind++
			s.Oldest = max(s.Oldest, now.Sub(p.behind))
		}
	}
	return s
}

// since finds the last record before a time, for a sink that begins there.
func (r *Reader) since(ctx context.Context, shard storage.SectionKey, from section.Instant) (at cursor, err error) {
	if from <= 0 {
		return cursor{}, nil
	}
	tail, err := r.source.Tail(ctx, shard)
	if err != nil || tail.Seq == 0 {
		return cursor{}, err
	}
	if tail.At < from {
		return cursor{tail.Seq, tail.Hash}, nil
	}
	lo, hi := section.Seq(0), tail.Seq // record lo is before the time, hi is not
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		entries, _, err := r.entries(ctx, shard, mid-1, 1)
		if err != nil || len(entries) == 0 {
			return cursor{}, errors.Join(err, ErrNoSuchChange)
		}
		if entries[0].At < from {
			lo, at = mid, cursor{mid, entries[0].hash}
		} else {
			hi = mid
		}
	}
	return at, nil
}
