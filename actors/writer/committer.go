package writer

import (
	"context"
	"runtime"
	"sync"

	"holdfast/storage"
)

// Committer makes records durable for many sections.
//
// Two simple steps, in each worker: take what is queued, at most a group of it; write it as one Commit of the store,
// tell each its result, and begin again. Whoever is told goes on at once, on the worker's goroutine: its answers leave
// without waiting behind everything else that could run. What it does must be short, and must not block.
//
// Why not one Commit a section: a sync costs the same for one record as for a thousand, and the disk does them one
// after the other; sixty-four sections that sync alone get a sixty-fourth of the rate each. A store whose commits run
// in parallel says so by its shape: more workers, of smaller groups.
//
// Invariants: at most one record of a section is inside (its Writer sees to that), so neither a Commit nor two workers
// ever hold two of one section; every record handed in is answered exactly once; records leave in the order they came
// in; while the queue is not empty, some worker runs or is woken.
//
//	each worker: wait until queue is not empty
//	           batch = up to group from its front        // the rest wakes the next worker; what arrives gathers behind it
//	           results = store.Commit(batch)
//	           for each: done(result)
//
// Tried and dropped: a delay or a size that waits for more records (it only adds latency: while one write is under way
// the next batch gathers by itself); one goroutine per section (the store merges them again, with more switching);
// answering from here past the shard (the answers would race with the Writer's own bookkeeping); sharing the queue out
// evenly over the workers (smaller groups, each paying a whole sync, and an idle worker takes what is there anyway).
type Committer struct {
	ctx    context.Context // of every Commit
	commit func(ctx context.Context, appends []storage.Append) []error
	group  int // most records in one Commit; 0: no limit

	mu     sync.Mutex
	queue  []commitJob // from head on; what is before it is spent
	head   int
	closed bool
	wake   chan struct{} // capacity 1
	ended  chan struct{}

	observe func(appends int)
}

type commitJob struct {
	alone  bool
	append *storage.Append // owned by the section until done is called; its bytes do not change
	done   func(error)     // must not block
}

// NewCommitter starts workers goroutines that feed commit, which is a Store's Commit, with at most group records a call
// (0: whatever is queued). One worker without a limit suits a store that merges a call into one sync; a store with
// parallel connections takes more. ctx is handed to commit: ending it cuts short what is under way, as a crash would.
// observe (may be nil) hears the size of each merged write.
func NewCommitter(
	ctx context.Context, concurrency, group int, commit func(context.Context, []storage.Append) []error,
	observe func(appends int),
) *Committer {
	c := &Committer{
		ctx: ctx, commit: commit, group: group, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		observe: observe,
	}
	var all sync.WaitGroup
	for range max(concurrency, 1) {
		all.Go(c.run)
	}
	go func() { all.Wait(); close(c.ended) }()
	return c
}

// NewIdle makes a committer without workers, for a driver that runs them itself; see Take.
func NewIdle(ctx context.Context, group int, commit func(context.Context, []storage.Append) []error) *Committer {
	return &Committer{ctx: ctx, commit: commit, group: group, wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// Take gives what one worker would write next, as a function that writes it and tells the results; nil: nothing is
// queued.
func (c *Committer) Take() (write func()) {
	c.mu.Lock()
	jobs := c.front(nil)
	c.mu.Unlock()
	if len(jobs) == 0 {
		return nil
	}
	return func() { c.write(jobs, make([]storage.Append, 0, len(jobs))) }
}

// Send queues one record. done is called exactly once, from another goroutine.
func (c *Committer) Send(a *storage.Append, done func(error)) { c.send(commitJob{false, a, done}) }

// SendAlone queues a record that is to share its write with no other: one that was sent before and was not decided.
// Whatever holds it up would hold up the records beside it too.
func (c *Committer) SendAlone(a *storage.Append, done func(error)) { c.send(commitJob{true, a, done}) }

func (c *Committer) send(j commitJob) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		j.done(storage.ErrUnavailable)
		return
	}
	if len(c.queue) == cap(c.queue) && c.head > 0 { // reuse the spent front rather than grow
		rest := copy(c.queue, c.queue[c.head:])
		clear(c.queue[rest:])
		c.queue, c.head = c.queue[:rest], 0
	}
	c.queue = append(c.queue, j)
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

// take waits for work and fills the given buffer with it; empty means closed and nothing left.
func (c *Committer) take(jobs []commitJob) []commitJob {
	for range c.wake {
		runtime.Gosched() // whoever can run now may add a record first: more share the sync, and nobody waits when nobody runs
		c.mu.Lock()
		jobs = c.front(jobs)
		more, closed := len(c.queue) > c.head, c.closed
		c.mu.Unlock()
		if more || closed {
			c.signal() // the other workers must see it too
		}
		if len(jobs) > 0 || closed {
			return jobs
		}
	}
	return nil
}

// front takes up to a group from the queue, and one that goes alone by itself. The caller holds mu. When that is all of
// it the two slices change places, so that nothing is copied and nothing allocated.
func (c *Committer) front(jobs []commitJob) []commitJob {
	n := len(c.queue) - c.head
	if c.group > 0 {
		n = min(n, c.group)
	}
	for i, j := range c.queue[c.head : c.head+n] {
		if j.alone {
			n = max(i, 1)
			break
		}
	}
	switch {
	case n == 0:
		return jobs[:0]
	case n == len(c.queue):
		c.queue, jobs = jobs[:0], c.queue
		return jobs
	}
	taken := c.queue[c.head : c.head+n]
	jobs = append(jobs[:0], taken...)
	clear(taken)
	if c.head += n; c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	}
	return jobs
}

func (c *Committer) run() {
	var jobs []commitJob
	var appends []storage.Append
	for {
		if jobs = c.take(jobs); len(jobs) == 0 {
			return
		}
		appends = c.write(jobs, appends[:0])
		clear(appends)
		clear(jobs)
	}
}

func (c *Committer) write(jobs []commitJob, appends []storage.Append) []storage.Append {
	for _, j := range jobs {
		appends = append(appends, *j.append)
	}
	if c.observe != nil {
		c.observe(len(appends))
	}
	for i, err := range c.commit(c.ctx, appends) {
		jobs[i].done(err)
	}
	return appends
}
