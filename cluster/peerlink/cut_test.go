package peerlink

import (
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
	t.Cleanup(func() { _ = listener.Close(); work.Wait() })
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
	quick := func(o *Options) { o.redialMin = time.Millisecond }
	a, b := listen(t, 0x10, quick), listen(t, 0x20, quick)
	at := guillotine(t, b.Addr(), func() int64 { return 300 + chance.Int64N(1<<uint(8+chance.IntN(9))) })
	var downs atomic.Int64
	b.ear.hook = func(what string, _ storage.WriterID) bool {
		if what == "down" {
			downs.Add(1)
		}
		return false
	}
	a.SetPeers([]Peer{{b.id(), "b", at}})
	b.SetPeers([]Peer{{a.id(), "a", a.Addr()}})
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for i := 0; downs.Load() < cuts; <-tick.C {
		for range 50 {
			if a.Send(b.id(), fmt.Append(nil, i)) {
				i++
			}
		}
	}
	last, up, within := -1, false, 0
	for _, what := range b.ear.heard(a.id()) {
		var n int
		switch _, err := fmt.Sscan(what, &n); {
		case what == "up" && !up:
			up, within = true, 0
		case what == "down" && up:
			up = false
		case err != nil || !up || n <= last || within > 0 && n != last+1:
			t.Fatalf("%q after %d, %d in this session, up %v", what, last, within, up)
		default:
			last = n
			within++
		}
	}
	a.ear.until(t, "a hears of the ends", func() bool { return a.ear.count(b.id(), "down") >= cuts })
}
