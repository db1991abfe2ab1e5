package fanout

import (
	"runtime"
	"sync"
	"time"
)

// Fan is the writers of a process, for all of its hubs together: they share its processors. Make one with New.
type Fan struct {
	patience time.Duration
	clock    clock

	mu      sync.Mutex
	due     []*shard // in the order in which they were woken
	first   int      // of due: those before it have had their turn
	idle    []*writer
	writing int
	most    int // writers at once
	writers sync.WaitGroup
}

// clock is what the fan needs of time.
type clock struct {
	now       func() time.Time
	processor func() time.Duration // of the calling thread
	yield     func()
	sleep     func(time.Duration)
}

// New makes a fan. A client that takes no bytes for the time of patience has left.
func New(patience time.Duration) *Fan {
	return &Fan{patience: patience, most: max(runtime.GOMAXPROCS(0)/2, 1),
		clock: clock{now: time.Now, processor: threadTime, yield: runtime.Gosched, sleep: time.Sleep}}
}

// Wait returns when no writer is at work. Whoever calls it has ended every hub.
func (f *Fan) Wait() { f.writers.Wait() }

// writer is a kept goroutine's state; the goroutine ends when nothing is due.
type writer struct {
	fan   *Fan
	pacer pacer
	left  []*Client // found gone in this slice
}

// wake puts shards in the queue that are not there, and has writers come.
func (f *Fan) wake(shards ...*shard) {
	if len(shards) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	for _, s := range shards {
		if s.queued {
			continue
		}
		s.queued, s.since = true, now
		if !s.turn {
			f.due = append(f.due, s)
		}
	}
	f.call()
}

// call has as many writers come as there is work for. mu is held.
func (f *Fan) call() {
	for f.writing < f.most && f.writing < len(f.due)-f.first {
		w := f.spare()
		f.writing++
		f.writers.Go(w.run)
	}
}

// spare is a writer without work. mu is held.
func (f *Fan) spare() *writer {
	if n := len(f.idle); n > 0 {
		w := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return w
	}
	return &writer{fan: f, pacer: newPacer()}
}

// next takes the shard that has been due for longest, after the last one's turn. nil: none is, and the writer has to
// end.
func (f *Fan) next(w *writer, last *shard) *shard {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last != nil {
		if last.turn = false; last.queued { // woken meanwhile
			f.due = append(f.due, last)
		}
	}
	if f.first == len(f.due) {
		f.due, f.first = f.due[:0], 0
		f.writing--
		w.pacer.idle()
		f.idle = append(f.idle, w)
		return nil
	}
	s := f.due[f.first]
	f.due[f.first] = nil
	f.first++
	if f.first > len(f.due)/2 && f.first > shardMax {
		f.due = append(f.due[:0], f.due[f.first:]...)
		f.first = 0
	}
	s.queued, s.turn = false, true
	w.pacer.turn(f.clock.now().Sub(s.since))
	return s
}

func (w *writer) run() {
	for s := w.fan.next(w, nil); s != nil; s = w.fan.next(w, s) {
		w.turn(s)
	}
}

// turn tells the clients of a shard what they have not been told, in slices.
func (w *writer) turn(s *shard) {
	s.mu.Lock()
	s.compact()
	s.mu.Unlock()
	clock := &w.fan.clock
	round := telling{shard: s}
	for more := true; more; {
		begin, used := clock.now(), clock.processor()
		var count int
		count, more = w.tell(&round)
		processor := clock.processor() - used
		end := clock.now()
		clock.yield()
		yielded := clock.now().Sub(end)
		w.goodbye(s.hub)
		if rest := w.pacer.worked(count, end.Sub(begin), processor, yielded); rest > 0 {
			from := clock.now()
			clock.sleep(rest)
			w.pacer.rested(clock.now().Sub(from))
		}
	}
}

// telling is where a turn stands.
type telling struct {
	shard *shard
	next  int // of the shard's clients
	known bool
	at    Place // where frame begins
	frame *Frame
	to    Place
}

// since is what a client at a place is told in this turn: whoever stands where the one before stood gets the same.
func (t *telling) since(at Place) (*Frame, Place) {
	if !t.known || t.at != at {
		t.frame, t.to = t.shard.hub.source.Since(at)
		t.known, t.at = true, at
	}
	return t.frame, t.to
}

// tell writes to the clients of one slice. more: some of the shard are left.
func (w *writer) tell(t *telling) (count int, more bool) {
	s := t.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	for most := w.pacer.slice(); t.next < len(s.clients) && count < most; t.next++ {
		c := s.clients[t.next]
		if c == nil || c.away {
			continue
		}
		frame, to := t.since(c.at)
		if frame == nil && c.head == nil {
			continue
		}
		c.at = to
		count++
		if !w.fan.send(c, frame) {
			s.remove(c)
			w.left = append(w.left, c)
		}
	}
	return count, t.next < len(s.clients)
}

// goodbye lets those go whose connection had failed.
func (w *writer) goodbye(h *Hub) {
	for i, c := range w.left {
		w.left[i] = nil
		h.gone(c)
	}
	w.left = w.left[:0]
}

// bytes are what a client is sent with a frame, which may be nil for one that has had nothing yet.
func (c *Client) bytes(f *Frame) []byte {
	if c.head == nil {
		return f.bytes(c.packed)
	}
	data := c.head
	c.head = nil
	if f != nil {
		data = append(data, f.bytes(c.packed)...)
	}
	return data
}

// send writes a frame as far as it goes at once; false: the client is gone. The shard's lock is held.
func (f *Fan) send(c *Client, frame *Frame) bool {
	data := c.bytes(frame)
	if c.try != nil {
		n, err := c.try.TryWrite(data)
		if err != nil {
			return false
		}
		if data = data[n:]; len(data) == 0 {
			return true
		}
	}
	c.away = true
	f.writers.Go(func() { f.finish(c, data) })
	return true
}

// finish sends the rest to a slow client, and then lets the client have its turns again.
func (f *Fan) finish(c *Client, rest []byte) {
	err := c.finish(rest, f.patience)
	s := c.shard
	if err != nil {
		s.hub.Leave(c)
		return
	}
	s.mu.Lock()
	c.away = false
	gone := c.gone
	s.mu.Unlock()
	if !gone {
		f.wake(s)
	}
}
