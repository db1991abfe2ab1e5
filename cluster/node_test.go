package cluster

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"holdfast/cluster/refusal"
	"holdfast/storage"
)

func TestThreeNodesSeeEachOtherAndAgree(t *testing.T) {
	a := start(t, "a", nil)
	b := start(t, "b", nil, a)
	c := start(t, "c", nil, a)
	connected(t, a, b, c)
	for _, n := range []*tested{a, b, c} {
		n.SetState(Serving)
		if m, _ := n.View().Member(n.id()); m.State != Serving {
			t.Errorf("%s is %v in its own view after SetState", n.opts.Name, m.State)
		}
	}
	for _, n := range []*tested{a, b, c} {
		n.ear.until(t, "everybody serves", func() bool { return len(n.View().serving) == 3 })
		c.mu.Lock()
		self := c.self
		c.mu.Unlock()
		if m, _ := n.View().Member(c.id()); m != self {
			t.Errorf("%s sees %+v of c, which is %+v", n.opts.Name, m, self)
		}
		if got, want := n.View().Version(), a.View().Version(); got != want {
			t.Errorf("%s: view %x, a has %x", n.opts.Name, got, want)
		}
	}
	key := storage.SectionKey{Event: storage.NewEventID(), Section: 3}
	if x, y := a.View().Owner(key), c.View().Owner(key); x != y || x == (storage.WriterID{}) {
		t.Errorf("owners %x and %x", x, y)
	}
	b.SetState(Draining)
	for _, n := range []*tested{a, b, c} {
		n.ear.until(t, "b drains", func() bool { m, _ := n.View().Member(b.id()); return m.State == Draining })
	}
}

func TestCrashedNodeDisappears(t *testing.T) {
	a := start(t, "a", nil)
	b := start(t, "b", nil, a)
	c := start(t, "c", nil, a)
	connected(t, a, b, c)
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*tested{a, b} {
		n.ear.until(t, "the link to c is down", func() bool { return n.ear.parted(c.id()) })
		t.Logf("%s: link down after %v", n.opts.Name, time.Since(began))
	}
	for _, n := range []*tested{a, b} {
		n.ear.until(t, "c is gone from the view", func() bool { _, there := n.View().Member(c.id()); return !there })
		t.Logf("%s: out of the view after %v", n.opts.Name, time.Since(began))
	}
}

func TestLeaveIsSeenAtOnceAndANodeMayComeBack(t *testing.T) {
	a := start(t, "a", patient)
	b := start(t, "b", patient, a)
	connected(t, a, b)
	old := b.id()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	began := time.Now()
	if err := b.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	a.ear.until(t, "b is gone", func() bool { _, there := a.View().Member(old); return !there })
	t.Logf("gone after %v", time.Since(began))
	gossip, peer := b.GossipAddress(), b.link.Addr()
	again := start(t, "b", func(o *Options) { o.GossipListen, o.PeerListen = gossip, peer }, a)
	connected(t, a, again)
	if again.id() == old {
		t.Fatal("one writer id for two starts")
	}
	if got := a.ear.heard(old); len(got) != 2 || got[0] != "up" || got[1] != "down" {
		t.Errorf("of the old b a heard %v", got)
	}
}

func TestMessagesArriveInOrder(t *testing.T) {
	a := start(t, "a", patient)
	b := start(t, "b", patient, a)
	connected(t, a, b)
	const many = 20000
	for i := range many {
		for !a.Send(b.id(), fmt.Append(nil, i)) {
			b.ear.until(t, "room", func() bool { return a.Stats()[0].OutboxBytes < a.opts.OutboxBytes/2 })
		}
	}
	b.ear.until(t, "all messages", func() bool { return len(b.ear.heard(a.id())) == many+1 })
	for i, m := range b.ear.heard(a.id())[1:] {
		if m != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, m)
		}
	}
	big := bytes.Repeat([]byte("x"), MaxMessage)
	if !a.Send(b.id(), big) || a.Send(b.id(), append(big, 'x')) {
		t.Error("a message of MaxMessage bytes goes, a larger one does not")
	}
	b.ear.until(t, "the big one", func() bool { got := b.ear.heard(a.id()); return got[len(got)-1] == string(big) })
	if got := b.ear.count(a.id(), "up"); got != 1 {
		t.Errorf("%d sessions", got)
	}
}

// freeAddress is one that nobody listens on, also by the time it is used: on a loopback address that no other process
// takes ports of.
func freeAddress(t *testing.T) string {
	own := net.IPv4(127, byte(1+os.Getpid()>>16%250), byte(os.Getpid()>>8), byte(os.Getpid()))
	l, err := net.Listen("tcp", net.JoinHostPort(own.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestJoinWaitsForWhoComesLater(t *testing.T) {
	later := freeAddress(t)
	a := start(t, "a", func(o *Options) { o.Join = []string{"127.0.0.1:1", later} })
	b := start(t, "b", func(o *Options) { o.GossipListen = later })
	connected(t, a, b)
}

// TestLostNodesAreCalledAgain: memberlist forgets the dead, and nobody was told to join the one that comes back.
func TestLostNodesAreCalledAgain(t *testing.T) {
	a := start(t, "a", nil)
	b := start(t, "b", nil, a)
	connected(t, a, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	a.ear.until(t, "b is gone", func() bool { return len(a.View().Members()) == 1 })
	again := start(t, "b", func(o *Options) { o.GossipListen = b.GossipAddress() })
	connected(t, a, again)
}

// counted counts the lines of a log that hold some words.
type counted struct {
	slog.Handler
	words string
	ear   *ear
	n     *atomic.Int32
}

func (c counted) Enabled(context.Context, slog.Level) bool { return true }
func (c counted) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c counted) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, c.words) {
		c.n.Add(1)
		c.ear.note(func() {})
	}
	return nil
}

// TestAdjacentBuildsWorkTogether while a cluster is upgraded node by node, and those too far apart do not see each
// other.
func TestAdjacentBuildsWorkTogether(t *testing.T) {
	var loud atomic.Int32
	a := start(t, "a", func(o *Options) {
		o.protocol = [2]uint8{3, 4}
		o.Logger = slog.New(counted{Handler: slog.DiscardHandler, words: "is left out", ear: o.Handler.(*ear),
			n: &loud})
	})
	b := start(t, "b", func(o *Options) { o.protocol = [2]uint8{4, 5} }, a)
	c := start(t, "c", func(o *Options) { o.protocol = [2]uint8{5, 6} }, b)
	b.ear.until(t, "b has links to both", func() bool { return b.Up(a.id()) && b.Up(c.id()) })
	a.ear.until(t, "a names c", func() bool { return loud.Load() == 1 })
	if len(a.View().Members()) != 2 || len(b.View().Members()) != 3 {
		t.Errorf("a sees %d, b sees %d", len(a.View().Members()), len(b.View().Members()))
	}
	if p := b.Stats(); p[0].Protocol+p[1].Protocol != 4+5 {
		t.Errorf("b speaks protocols %d and %d with a and c", p[0].Protocol, p[1].Protocol)
	}
	if left := a.LeftOut(); len(left) != 1 || !strings.Contains(left["c"], "speaks protocol 5 to 6") ||
		len(b.LeftOut()) != 0 {
		t.Errorf("left out: %v, %v", left, b.LeftOut())
	}
}

// TestForeignMembersAreLeftOutAndNamedOnce: one that says nothing, and one of a build with which we have nothing in
// common.
func TestForeignMembersAreLeftOutAndNamedOnce(t *testing.T) {
	var loud atomic.Int32
	a := start(t, "a", func(o *Options) {
		o.Logger = slog.New(counted{Handler: slog.DiscardHandler, words: "is left out", ear: o.Handler.(*ear),
			n: &loud})
	})
	b := start(t, "b", nil, a)
	far := start(t, "far", func(o *Options) { o.protocol = [2]uint8{8, 9} }, a)
	c := memberlist.DefaultLocalConfig()
	c.Name, c.Label, c.BindAddr, c.BindPort, c.Logger = "mute", "holdfast", "127.0.0.1", 0,
		gossipLogger(slog.New(slog.DiscardHandler), refusal.NewLog(slog.New(slog.DiscardHandler)))
	c.AdvertiseAddr = "127.0.0.1"
	mute, err := memberlist.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Shutdown() })
	if _, err := mute.Join([]string{a.GossipAddress()}); err != nil {
		t.Fatal(err)
	}
	a.ear.until(t, "both are named", func() bool { return loud.Load() == 2 })
	b.SetState(Serving)
	a.ear.until(t, "b serves", func() bool { m, _ := a.View().Member(b.id()); return m.State == Serving })
	far.SetState(Serving)
	connected(t, a, b)
	if got := far.View().Members(); len(got) != 1 {
		t.Errorf("the far one sees %d members", len(got))
	}
	if loud.Load() != 2 {
		t.Errorf("said %d times", loud.Load())
	}
}

func TestViewsComeInOrderAndOnce(t *testing.T) {
	a := start(t, "a", nil)
	b := start(t, "b", nil, a)
	connected(t, a, b)
	for i := range 50 {
		a.SetState(State(i % 3))
	}
	a.SetState(Serving)
	for _, n := range []*tested{a, b} {
		n.ear.until(t, "the last state", func() bool {
			n.ear.mu.Lock()
			defer n.ear.mu.Unlock()
			m, _ := n.ear.views[len(n.ear.views)-1].Member(a.id())
			return m.State == Serving
		})
		n.ear.mu.Lock()
		for i := 1; i < len(n.ear.views); i++ {
			if n.ear.views[i] == n.ear.views[i-1] || n.ear.views[i].equal(n.ear.views[i-1]) {
				t.Errorf("%s was told one view twice", n.opts.Name)
			}
		}
		n.ear.mu.Unlock()
	}
}

// TestNothingIsLeftBehind: no goroutine, no call back.
func TestNothingIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	var nodes []*tested
	for i := range 4 {
		nodes = append(nodes, start(t, fmt.Sprint(i), nil, nodes...))
	}
	connected(t, nodes...)
	for i, n := range nodes {
		if i%2 == 0 {
			_ = n.Close()
		} else {
			_ = n.Leave(t.Context())
		}
		n.ear.mu.Lock()
		notified := len(n.ear.views)
		n.ear.mu.Unlock()
		for _, other := range nodes {
			if n.ear.count(other.id(), "up") != n.ear.count(other.id(), "down") {
				t.Errorf("%d heard of %x: %v", i, other.id(), n.ear.heard(other.id()))
			}
		}
		if n.Send(nodes[0].id(), []byte("x")) || n.Up(nodes[0].id()) || notified == 0 {
			t.Error("a closed node works")
		}
	}
	late := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before+2 {
		select {
		case <-tick.C:
		case <-late:
			buffer := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buffer[:runtime.Stack(buffer,
				true)])
		}
	}
}

func TestClosingTwiceAndLeavingLate(t *testing.T) {
	a := start(t, "a", nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Leave(ended); err == nil {
		t.Error("nobody was told, and that is no error")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Leave(t.Context()); err != nil {
		t.Error(err)
	}
}
