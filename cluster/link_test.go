package cluster

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/storage"
)

// sound checks what one node heard of another: sessions that begin and end in turn, in each of them the numbers that
// were sent, without gaps, and no number twice over all sessions. It returns how many sessions began.
func sound(t *testing.T, heard []string) (sessions int) {
	t.Helper()
	up, last, inSession := false, -1, 0
	for i, w := range heard {
		switch {
		case w == "up" && !up:
			up, inSession = true, 0
			sessions++
		case w == "down" && up:
			up = false
		default:
			var n int
			if _, err := fmt.Sscan(w, &n); err != nil || !up || n <= last || inSession > 0 && n != last+1 {
				t.Fatalf("%q at %d of %d, after %d, up %v, %d in this session", w, i, len(heard), last, up, inSession)
			}
			last = n
			inSession++
		}
	}
	return sessions
}

// chatter sends numbers to a peer until told to stop. A number that was refused is tried again, so that in each session
// numbers are dense.
func chatter(n *tested, to storage.WriterID) (stop func()) {
	done := make(chan struct{})
	var worker sync.WaitGroup
	worker.Go(func() {
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for i := 0; ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for range 20 {
				if n.Send(to, fmt.Append(nil, i)) {
					i++
				}
			}
		}
	})
	return func() { close(done); worker.Wait() }
}

func (e *ear) messages(p storage.WriterID) (n int) {
	for _, w := range e.heard(p) {
		if w != "up" && w != "down" {
			n++
		}
	}
	return n
}

func TestCutConnectionsBeginNewSessions(t *testing.T) {
	a := start(t, "a", dials)
	b, pb := behind(t, "b", answers, a)
	connected(t, a, b)
	stopA, stopB := chatter(a, b.id()), chatter(b, a.id())
	for i := range 4 {
		before := [2]int{a.ear.messages(b.id()), b.ear.messages(a.id())}
		a.ear.until(t, "talk", func() bool { return a.ear.messages(b.id()) > before[0]+100 })
		b.ear.until(t, "talk", func() bool { return b.ear.messages(a.id()) > before[1]+100 })
		pb.cut()
		for _, n := range []*tested{a, b} {
			other := map[*tested]*tested{a: b, b: a}[n]
			n.ear.until(t, "down and up again", func() bool {
				return n.ear.count(other.id(), "down") > i &&
					n.ear.count(other.id(), "up") > i+1
			})
		}
	}
	stopA()
	stopB()
	if x, y := sound(t, a.ear.heard(b.id())), sound(t, b.ear.heard(a.id())); x < 5 || y < 5 {
		t.Errorf("%d and %d sessions after four cuts", x, y)
	}
	t.Logf("%+v", a.Stats())
}

// TestBlackHoleIsDownOnBothSides: bytes vanish in both directions, and come out when all is over.
func TestBlackHoleIsDownOnBothSides(t *testing.T) {
	a := start(t, "a", dials)
	b, pb := behind(t, "b", answers, a)
	connected(t, a, b)
	stop := chatter(a, b.id())
	b.ear.until(t, "talk", func() bool { return b.ear.messages(a.id()) > 100 })
	began := time.Now()
	ended := map[*tested]int{a: a.ear.count(b.id(), "down"), b: b.ear.count(a.id(), "down")}
	pb.swallow()
	for _, n := range []*tested{a, b} {
		other := map[*tested]*tested{a: b, b: a}[n]
		n.ear.until(t, "down", func() bool {
			return n.ear.count(other.id(), "down") > ended[n] &&
				n.ear.parted(other.id())
		})
		t.Logf("%s noticed after %v", n.opts.Name, time.Since(began))
	}
	if a.Up(b.id()) || b.Up(a.id()) {
		t.Error("up in spite of a connection that carries nothing")
	}
	if a.Send(b.id(), []byte("x")) || b.Send(a.id(), []byte("x")) {
		t.Error("messages are taken")
	}
	pb.heal()
	connected(t, a, b)
	before := b.ear.messages(a.id())
	b.ear.until(t, "talk again", func() bool { return b.ear.messages(a.id()) > before+100 })
	stop()
	sound(t, b.ear.heard(a.id()))
	sound(t, a.ear.heard(b.id()))
}

// TestOneWayCutIsDownOnBothSides (P3): bytes pass in one direction only, in either one.
func TestOneWayCutIsDownOnBothSides(t *testing.T) {
	for name, swallow := range map[string]func(p *proxy){"to the dialler": (*proxy).swallowAnswers,
		"from the dialler": (*proxy).swallowCalls} {
		t.Run(name, func(t *testing.T) {
			a := start(t, "a", dials)
			b, pb := behind(t, "b", answers, a)
			connected(t, a, b)
			swallow(pb)
			for _, n := range []*tested{a, b} {
				other := map[*tested]*tested{a: b, b: a}[n]
				n.ear.until(t, n.opts.Name+" is down", func() bool { return n.ear.parted(other.id()) })
			}
			pb.heal()
			connected(t, a, b)
		})
	}
}

func TestSlowLine(t *testing.T) {
	a := start(t, "a", func(o *Options) { patient(o); dials(o) })
	b, pb := behind(t, "b", func(o *Options) { patient(o); answers(o) }, a)
	connected(t, a, b)
	pb.slow(30 * time.Millisecond)
	stop := chatter(a, b.id())
	b.ear.until(t, "talk", func() bool { return b.ear.messages(a.id()) > 5000 })
	stop()
	a.ear.until(t, "a round trip that tells of the delay", func() bool {
		_ = a.Send(b.id(), []byte("99999999"))
		_ = b.Send(a.id(), []byte("1")) // its arrival is the event that is waited for
		return a.Stats()[0].RoundTrip > 40*time.Millisecond
	})
	if got := b.ear.count(a.id(), "down"); got != 0 {
		t.Errorf("a slow line went down %d times", got)
	}
}

// TestFullOutboxSaysNo: what is taken for a peer that reads nothing is the outbox, the stream's window, and what the
// proxy and two sockets hold.
func TestFullOutboxSaysNo(t *testing.T) {
	const outbox, between = 300_000, 2 << 20
	a := start(t, "a", func(o *Options) { patient(o); dials(o); o.OutboxBytes = outbox })
	b, pb := behind(t, "b", func(o *Options) { patient(o); answers(o) }, a)
	connected(t, a, b)
	pb.swallow()
	message := make([]byte, 1000)
	taken := 0
	full := func() bool {
		for a.Send(b.id(), message) {
			if taken++; taken > (outbox+between)/len(message) {
				t.Fatal("no bound")
			}
		}
		return a.Stats()[0].OutboxBytes > outbox-2*len(message)
	}
	was := a.Stats()[0]
	a.ear.until(t, "the outbox stays full", func() bool {
		filled := full()
		s := a.Stats()[0]
		still := filled && s.BatchesSent == was.BatchesSent
		was = s
		a.ear.note(func() {}) // asked again: nothing tells that gRPC has taken all that it takes
		return still
	})
	if s := a.Stats()[0]; s.OutboxBytes > outbox || s.Dropped == 0 || s.Name != "b" || !s.Up {
		t.Errorf("%+v", s)
	}
	pb.heal()
	b.ear.until(t, "what was taken", func() bool { return b.ear.messages(a.id()) >= taken })
	a.ear.until(t, "room again", func() bool { a.ear.note(func() {}); return a.Stats()[0].OutboxBytes == 0 })
}

func TestManySmallAndSomeBigMessagesFromManyGoroutines(t *testing.T) {
	const writers, each = 8, 3000
	var mu sync.Mutex
	next := make([]int, writers)
	all := make(chan struct{})
	left := writers * each
	take := func(_ storage.WriterID, m []byte) {
		mu.Lock()
		defer mu.Unlock()
		w, n := int(m[0]), int(m[1])<<8|int(m[2])
		if n != next[w] {
			t.Errorf("writer %d: message %d after %d", w, n, next[w]-1)
		}
		next[w]++
		if left--; left == 0 {
			close(all)
		}
	}
	a := start(t, "a", func(o *Options) { patient(o); o.OutboxBytes = 32 << 20 })
	b := start(t, "b", func(o *Options) { patient(o); o.Handler.(*ear).take = take }, a)
	connected(t, a, b)
	var workers sync.WaitGroup
	for w := range writers {
		workers.Go(func() {
			small, big := make([]byte, 40), bytes.Repeat([]byte{1}, 300_000)
			for i := range each {
				m := small
				if i%500 == 250 {
					m = big
				}
				m[0], m[1], m[2] = byte(w), byte(i>>8), byte(i)
				for !a.Send(b.id(), m) {
					if !a.Up(b.id()) {
						t.Error("link down")
						return
					}
					b.ear.note(func() {})
				}
			}
		})
	}
	workers.Wait()
	select {
	case <-all:
	case <-time.After(patience):
		t.Errorf("%d messages are missing", left)
	}
}

// TestPanickingHandlerLosesItsSession and not the node.
func TestPanickingHandlerLosesItsSession(t *testing.T) {
	a := start(t, "a", patient)
	b := start(t, "b", func(o *Options) {
		patient(o)
		e := o.Handler.(*ear)
		e.take = func(from storage.WriterID, m []byte) {
			if string(m) == "7" {
				panic("seven")
			}
			e.note(func() { e.log[from] = append(e.log[from], string(m)) })
		}
	}, a)
	connected(t, a, b)
	for i := range 7 {
		a.Send(b.id(), fmt.Append(nil, i))
	}
	a.Send(b.id(), []byte("7"))
	for _, n := range []*tested{a, b} {
		other := map[*tested]*tested{a: b, b: a}[n]
		n.ear.until(t, "a second session", func() bool { return n.ear.count(other.id(), "up") == 2 })
	}
	a.ear.until(t, "a carries on", func() bool { return a.Send(b.id(), []byte("8")) })
	b.ear.until(t, "eight", func() bool { return b.ear.count(a.id(), "8") > 0 })
	if want := []string{"up", "0", "1", "2", "3", "4", "5", "6", "down", "up", "8"}; !slices.Equal(b.ear.heard(a.id()),
		want) {
		t.Errorf("heard %v", b.ear.heard(a.id()))
	}
}

func TestPortTakenIsAnError(t *testing.T) {
	a := start(t, "a", nil)
	o := a.opts
	o.Writer, o.PeerListen, o.PeerAdvertise = storage.NewWriterID(), a.link.Addr(), a.link.Addr()
	if n, err := Join(t.Context(), o); err == nil {
		_ = n.Close()
		t.Error("two nodes listen on one port")
	} else {
		t.Log(err)
	}
	o.PeerListen, o.PeerAdvertise = "127.0.0.1:0", "127.0.0.1:0"
	o.GossipListen, o.GossipAdvertise = a.GossipAddress(), a.GossipAddress()
	if n, err := Join(t.Context(), o); err == nil {
		_ = n.Close()
		t.Error("two nodes gossip on one port")
	} else {
		t.Log(err)
	}
}
