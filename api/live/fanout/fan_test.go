package fanout

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// story is a source that says from where to where a client has come: "3>7;".
type story struct {
	mu     sync.Mutex
	newest Place
	frames map[Place]*Frame // of the newest place
	made   int
}

func newStory() *story { return &story{newest: 1, frames: map[Place]*Frame{}} }

func (s *story) Since(at Place) (*Frame, Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at == s.newest {
		return nil, at
	}
	if s.frames[at] == nil {
		s.frames[at] = NewFrame(fmt.Appendf(nil, "%d>%d;", at, s.newest))
		s.made++
	}
	return s.frames[at], s.newest
}

func (s *story) advance() Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest++
	clear(s.frames)
	return s.newest
}

// told is how far a text brings a client; an error when it is no story.
func told(text string) (at Place, err error) {
	for _, part := range strings.SplitAfter(text, ";") {
		var from, to Place
		if part == "" {
			continue
		}
		if n, err := fmt.Sscanf(part, "%d>%d;", &from, &to); n != 2 || err != nil || from != at || to <= from {
			return at, fmt.Errorf("%q after %d", part, at)
		}
		at = to
	}
	return at, nil
}

// listener is a client's connection, as a test wants it to be.
type listener struct {
	net.Conn
	take func(p []byte) (int, error) // TryWrite; nil: takes everything
	wait func()                      // before a patient write

	mu     sync.Mutex
	heard  []byte
	change *sync.Cond
	closed bool
}

func newListener() *listener {
	l := &listener{}
	l.change = sync.NewCond(&l.mu)
	return l
}

func (l *listener) hear(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, p...)
	l.change.Broadcast()
}

func (l *listener) TryWrite(p []byte) (n int, err error) {
	n = len(p)
	if l.take != nil {
		n, err = l.take(p)
	}
	l.hear(p[:n])
	return n, err
}

func (l *listener) Write(p []byte) (int, error) {
	if l.wait != nil {
		l.wait()
	}
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	l.hear(p)
	return len(p), nil
}

func (l *listener) SetWriteDeadline(time.Time) error { return nil }

func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.change.Broadcast()
	return nil
}

// until waits until the client has been told everything up to a place.
func (l *listener) until(t testing.TB, place Place) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		at, err := told(string(l.heard))
		if err == nil && at == place {
			return
		}
		if l.closed {
			t.Fatalf("closed at %d: %v", at, err)
		}
		l.change.Wait()
	}
}

func endAll(t testing.TB, f *Fan, hubs ...*Hub) {
	for _, h := range hubs {
		h.End()
	}
	f.Wait()
	for _, h := range hubs {
		if n := h.Count(); n != 0 {
			t.Errorf("%d clients are left", n)
		}
	}
}

// P9, browsing never slows booking: however many follow, no more writers than the bound are at work at any time, and
// nobody else is woken.
func TestP9WritersAreBounded(t *testing.T) {
	const clients = 20 * shardMax
	f, s := New(time.Minute), newStory()
	h := f.NewHub(s)
	before := runtime.NumGoroutine()
	var writing, most atomic.Int64
	all := make([]*listener, clients)
	for i := range all {
		all[i] = newListener()
		all[i].take = func(p []byte) (int, error) {
			most.Store(max(most.Load(), writing.Add(1)))
			runtime.Gosched()
			writing.Add(-1)
			return len(p), nil
		}
		h.Join(NewClient(all[i], Options{}))
	}
	for range 10 {
		s.advance()
		h.Wake()
		if n := runtime.NumGoroutine() - before; n > f.most {
			t.Errorf("%d goroutines for %d clients", n, clients)
		}
	}
	for _, l := range all {
		l.until(t, s.newest)
	}
	if n := most.Load(); n > int64(f.most) {
		t.Errorf("%d were written to at once", n)
	}
	endAll(t, f, h)
}

// A frame is encoded once: who stands at one place gets the same bytes, however many they are.
func TestFrameIsEncodedOnce(t *testing.T) {
	f, s := New(time.Minute), newStory()
	f.most = 1
	h := f.NewHub(s)
	places := map[*byte]int{}
	var last *listener
	for range 5 * shardMax {
		last = newListener()
		last.take = func(p []byte) (int, error) {
			places[&p[0]]++ // one writer: no lock is needed
			return len(p), nil
		}
		h.Join(NewClient(last, Options{At: 1}))
	}
	s.advance()
	h.Wake()
	f.Wait() // nothing is due any more
	endAll(t, f, h)
	if len(places) != 1 || s.made != 1 {
		t.Errorf("%d copies of a frame that was made %d times", len(places), s.made)
	}
}

// P9, nobody starves: beside a hub whose news never ends, a client of another hub waits for one turn of each of its
// shards at most.
func TestP9NobodyStarves(t *testing.T) {
	const shards = 12
	f, loud, quiet := New(time.Minute), newStory(), newStory()
	f.most = 1
	many, few := f.NewHub(loud), f.NewHub(quiet)
	var count atomic.Int64
	for range shards * shardMax {
		l := newListener()
		l.take = func(p []byte) (int, error) { count.Add(1); return len(p), nil }
		many.Join(NewClient(l, Options{}))
	}
	var at atomic.Int64
	alone := newListener()
	alone.take = func(p []byte) (int, error) { at.Store(count.Load()); return len(p), nil }
	few.Join(NewClient(alone, Options{}))
	alone.until(t, 1)
	stop := make(chan struct{})
	var loudly sync.WaitGroup
	loudly.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				loud.advance()
				many.Wake()
				runtime.Gosched()
			}
		}
	})
	for range 5 {
		asked := count.Load()
		newest := quiet.advance()
		few.Wake()
		alone.until(t, newest)
		if waited := at.Load() - asked; waited > (shards+1)*shardMax {
			t.Errorf("%d others went first", waited)
		}
	}
	close(stop)
	loudly.Wait()
	endAll(t, f, many, few)
}

// Whoever takes little at a time, or nothing for long, gets the same story as everybody: no byte lost or twice, and one
// frame over all that was missed. Nobody waits for them.
func TestP9SlowClientsHearTheWholeStory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, s := New(time.Minute), newStory()
		f.most = rapid.IntRange(1, 3).Draw(rt, "writers")
		h := f.NewHub(s)
		all := make([]*listener, rapid.IntRange(1, 5).Draw(rt, "clients"))
		for i := range all {
			takes := rapid.SliceOfN(rapid.IntRange(0, 6), 1, 10).Draw(rt, "takes")
			all[i] = newListener()
			n := 0
			all[i].take = func(p []byte) (int, error) {
				n++
				return min(takes[n%len(takes)], len(p)), nil
			}
			all[i].wait = runtime.Gosched
			h.Join(NewClient(all[i], Options{}))
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			s.advance()
			h.Wake()
			for range rapid.IntRange(0, 3).Draw(rt, "pause") {
				runtime.Gosched()
			}
		}
		for _, l := range all {
			l.until(t, s.newest)
		}
		endAll(t, f, h)
	})
}

// A client that takes nothing at all holds up nobody, and hears in one frame what happened meanwhile.
func TestBlockedClientHoldsUpNobody(t *testing.T) {
	f, s := New(time.Minute), newStory()
	h := f.NewHub(s)
	release, blocked := make(chan struct{}), make(chan struct{}, 1)
	slow, quick := newListener(), newListener()
	slow.take = func([]byte) (int, error) { return 0, nil }
	slow.wait = func() {
		select {
		case blocked <- struct{}{}:
		default:
		}
		<-release
	}
	h.Join(NewClient(slow, Options{}))
	h.Join(NewClient(quick, Options{}))
	<-blocked
	for range 100 {
		newest := s.advance()
		h.Wake()
		quick.until(t, newest)
	}
	close(release)
	slow.until(t, s.newest)
	if parts := strings.Count(string(slow.heard), ";"); parts > 3 {
		t.Errorf("%d frames for a client that was away once: %s", parts, slow.heard)
	}
	endAll(t, f, h)
}

// Whoever ends a client first, its connection fails, it is sent away or the hub ends: it has left once.
func TestClientLeavesOnce(t *testing.T) {
	for range 50 {
		f, s := New(time.Minute), newStory()
		h := f.NewHub(s)
		var left atomic.Int64
		var ending sync.WaitGroup
		const clients = 30
		for i := range clients {
			l := newListener()
			if i%3 == 0 {
				l.take = func([]byte) (int, error) { return 0, errors.New("gone") }
			}
			c := NewClient(l, Options{Left: func() { left.Add(1) }})
			h.Join(c)
			if i%2 == 0 {
				ending.Go(func() { h.Leave(c) })
			}
		}
		ending.Go(h.End)
		ending.Wait()
		f.Wait()
		if n := left.Load(); n != clients || h.Count() != 0 {
			t.Fatalf("%d of %d left, %d are counted", n, clients, h.Count())
		}
		if h.Join(NewClient(newListener(), Options{})) {
			t.Fatal("a hub that has ended was joined")
		}
	}
}
