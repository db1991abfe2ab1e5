package peerlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/storage"
)

// guillotine passes connections on to a link, and cuts each after some bytes, wherever that is in a frame.
func guillotine(t *testing.T, to string, after func() int64) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); _ = listener.Close(); work.Wait() })
	work.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			on, err := net.Dial("tcp", to)
			if err != nil {
				_ = from.Close()
				continue
			}
			cut := func() { _ = from.Close(); _ = on.Close() }
			context.AfterFunc(ctx, cut)
			limit := after()
			work.Go(func() { defer cut(); _, _ = io.CopyN(on, from, limit) })
			work.Go(func() { defer cut(); _, _ = io.Copy(from, on) })
		}
	})
	return listener.Addr().String()
}

// TestACutConnectionLosesTheEndOfASessionOnly: whatever byte it is cut at, what was heard of a session is a beginning
// of what was sent in it, and both sides hear of the end.
func TestACutConnectionLosesTheEndOfASessionOnly(t *testing.T) {
	const cuts = 25
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	quick := func(o *Options) { o.redialMin, o.redialMax = time.Millisecond, 5*time.Millisecond }
	a, b := listen(t, 0x10, quick), listen(t, 0x20, quick)
	at := guillotine(t, b.Addr(), func() int64 { return 300 + chance.Int64N(1<<uint(8+chance.IntN(9))) })
	var downs [2]atomic.Int64
	for i, l := range []*tested{a, b} {
		l.ear.hook = func(what string, _ storage.WriterID) bool {
			if what == "down" {
				downs[i].Add(1)
			}
			return false
		}
	}
	a.SetPeers([]Peer{{b.id(), "b", at}})
	b.SetPeers([]Peer{{a.id(), "a", a.Addr()}})
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for i := 0; min(downs[0].Load(), downs[1].Load()) < cuts; <-tick.C {
		for range 50 {
			if a.Send(b.id(), fmt.Append(nil, i)) {
				i++
			}
		}
	}
	sound(t, b.ear.received(a.id()))
}

// sound checks what was heard of a peer that sends growing numbers: sessions that begin and end in turn, in each of
// them the numbers that were sent, without gaps, and no number twice over all sessions.
func sound(t *testing.T, received []string) (sessions int) {
	t.Helper()
	last, up, within := -1, false, 0
	for _, what := range received {
		var n int
		switch _, err := fmt.Sscan(what, &n); {
		case what == "up" && !up:
			up, within = true, 0
			sessions++
		case what == "down" && up:
			up = false
		case err != nil || !up || n <= last || within > 0 && n != last+1:
			t.Fatalf("%q after %d, %d in this session, up %v", what, last, within, up)
		default:
			last = n
			within++
		}
	}
	return sessions
}

// storm is three links, and what each has sent to each.
type storm struct {
	links []*tested
	next  map[[2]*tested]int
}

func (w *storm) talk(from, to *tested) bool {
	sent := from.Send(to.id(), fmt.Append(nil, w.next[[2]*tested{from, to}]))
	if sent {
		w.next[[2]*tested{from, to}]++
	}
	return sent
}

// blow lets one thing happen.
func (w *storm) blow(chance *rand.Rand) {
	a, b := w.links[chance.IntN(len(w.links))], w.links[chance.IntN(len(w.links))]
	switch chance.IntN(12) {
	case 0:
		if s := a.session(b); s != nil {
			s.end(errors.New("cut by the test"))
		}
	case 1:
		a.SetPeers([]Peer{b.entry()}) // the third is out of a's book
	case 2:
		introduce(w.links...)
	default:
		for range chance.IntN(40) {
			w.talk(a, b)
		}
	}
}

// TestSessionsKeepTheirPromise: whatever becomes of connections and address books, what is heard of each peer is sound,
// and when all is calm each pair has a session that carries.
func TestSessionsKeepTheirPromise(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	quick := func(o *Options) {
		o.redialMin, o.redialMax, o.KeepAlive = time.Millisecond, 5*time.Millisecond, 20*time.Millisecond
	}
	links := []*tested{listen(t, 0x10, quick), listen(t, 0x20, quick), listen(t, 0x30, quick)}
	w := &storm{links, map[[2]*tested]int{}}
	introduce(links...)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 800 {
		<-tick.C
		w.blow(chance)
	}
	introduce(links...)
	sessions := 0
	for _, a := range links {
		for _, b := range links {
			if a != b {
				a.ear.until(t, "a session that takes", func() bool { return w.talk(a, b) })
				want := fmt.Sprint(w.next[[2]*tested{a, b}] - 1)
				b.ear.until(t, "and brings", func() bool { return b.ear.last(a.id()) == want })
				sessions += sound(t, b.ear.received(a.id()))
			}
		}
	}
	if t.Logf("%d sessions", sessions); sessions < 30 {
		t.Errorf("%d sessions: this proves little", sessions)
	}
}

// session is the one with another link; nil: there is none.
func (l *tested) session(other *tested) *session {
	if p := l.peer(other.id()); p != nil {
		return p.current.Load()
	}
	return nil
}

// last is what was heard last of a peer.
func (e *ear) last(p storage.WriterID) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.log[p]); n > 0 {
		return e.log[p][n-1]
	}
	return ""
}
