package actors

import (
	"context"
	"runtime"
	"sync"

	"holdfast/storage"
)

// Committer makes records durable for many sections.
//
// Two simple steps: take everything that is queued; write it as one Commit of the store, tell each its result, and begin again.
//
// Why not one Commit a section: a sync costs the same for one record as for a thousand, and the disk does them one after the
// other; sixty-four sections that sync alone get a sixty-fourth of the rate each.
//
// Invariants: at most one record of a section is inside (its Writer sees to that), so a Commit never holds two of one section;
// every record handed in is answered exactly once; nothing is reordered within a section.
//
//	loop: wait until queue is not empty
//	      batch, queue = queue, batch[:0]     // what arrives from here on gathers for the next round
//	      results = store.Commit(batch)
//	      for each: done(result)
//
// Tried and dropped: a delay or a size that waits for more company (it only adds latency: while one write is under way the next
// batch gathers by itself); one goroutine per section (the store merges them again, with more switching); answering from here
// (the answers would race with the Writer's own bookkeeping).
type Committer struct {
	commit func(ctx context.Context, appends []storage.Append) []error

	mu     sync.Mutex
	queue  []commitJob
	closed bool
	wake   chan struct{} // capacity 1
	ended  chan struct{}

	observe func(appends int)
}

type commitJob struct {
	append *storage.Append // owned by the section until done is called; its bytes do not change
	done   func(error)     // must not block
}

// NewCommitter starts lanes goroutines that feed commit, which is a Store's Commit. One lane suits a store that merges a call into one
// sync; a store with parallel connections may take more. observe (may be nil) hears the size of each merged write.
func NewCommitter(lanes int, commit func(context.Context, []storage.Append) []error, observe func(appends int)) *Committer {
	c := &Committer{commit: commit, wake: make(chan struct{}, 1), ended: make(chan struct{}), observe: observe}
	var all sync.WaitGroup
	for range max(lanes, 1) {
		all.Go(c.run)
	}
	go func() { all.Wait(); close(c.ended) }()
	return c
}

// Send queues one record. done is called exactly once, from another goroutine.
func (c *Committer) Send(a *storage.Append, done func(error)) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		done(storage.ErrUnavailable)
		return
	}
	c.queue = append(c.queue, commitJob{a, done})
	c.mu.Unlock()
	c.signal()
}

func (c *Committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close writes what is queued and ends; later records are refused as surely not written.
func (c *Committer) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	<-c.ended
}

// take waits for work; nil means closed and empty.
func (c *Committer) take(spare []commitJob) []commitJob {
	for range c.wake {
		runtime.Gosched() // whoever can run now may add a record first: more share the sync, and nobody waits when nobody runs
		c.mu.Lock()
		jobs, closed := c.queue, c.closed
		if len(jobs) > 0 { // a spurious wake must not hand the spare out twice
			c.queue = spare[:0]
		}
		c.mu.Unlock()
		if closed {
			c.signal() // the other lanes must see it too
		}
		if len(jobs) > 0 || closed {
			return jobs
		}
	}
	return nil
}

func (c *Committer) run() {
	var jobs, spare []commitJob
	var appends []storage.Append
	for {
		jobs, spare = c.take(spare), jobs
		if len(jobs) == 0 {
			return
		}
		appends = appends[:0]
		for _, j := range jobs {
			appends = append(appends, *j.append)
		}
		if c.observe != nil {
			c.observe(len(appends))
		}
		for i, err := range c.commit(context.Background(), appends) {
			jobs[i].done(err)
		}
		clear(appends)
		clear(jobs)
	}
}
