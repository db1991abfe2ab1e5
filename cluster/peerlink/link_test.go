package peerlink

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"holdfast/cluster/refusal"
	"holdfast/storage"
)

var someone = Peer{storage.WriterID{0: 1, 1: 1}, "someone", "127.0.0.1:1"}

// TestASlowPeerHoldsUpNobodyElse: each peer is read by a goroutine of its own.
func TestASlowPeerHoldsUpNobodyElse(t *testing.T) {
	stuck, free := make(chan struct{}), make(chan struct{})
	a := listen(t, 0x10, nil)
	b := listen(t, 0x20, nil)
	c := listen(t, 0x30, nil)
	b.ear.hook = func(what string, _ storage.WriterID) bool {
		if what == "stop" {
			close(stuck)
			<-free
		}
		return false
	}
	connected(t, a, b, c)
	a.Send(b.id(), []byte("stop"))
	<-stuck
	for i := range 100 {
		c.Send(b.id(), fmt.Append(nil, i))
	}
	b.ear.until(t, "messages of c while a's is being taken", func() bool { return b.ear.count(c.id(), "99") == 1 })
	close(free)
}

// TestAnEndIsKnownWhileTheHandlerWorks: nobody is told that messages reach a peer whose session is over.
func TestAnEndIsKnownWhileTheHandlerWorks(t *testing.T) {
	stuck, free := make(chan struct{}), make(chan struct{})
	a, b := listen(t, 0x10, nil), listen(t, 0x20, nil)
	b.ear.hook = func(what string, _ storage.WriterID) bool {
		if what == "stop" {
			close(stuck)
			<-free
		}
		return false
	}
	connected(t, a, b)
	a.Send(b.id(), []byte("stop"))
	<-stuck
	a.Close()
	b.ear.until(t, "b says no", func() bool { return !b.Up(a.id()) && !b.Send(a.id(), []byte("x")) })
	if b.ear.count(a.id(), "down") != 0 {
		t.Error("the end was told while a message was being taken")
	}
	close(free)
	b.ear.until(t, "the end", func() bool { return b.ear.count(a.id(), "down") == 1 })
}

// TestStreamsSideBySideBecomeOneSession: a caller that dials many times at once has one session, the newest stream's,
// and no call about it is concurrent (the ear looks).
func TestStreamsSideBySideBecomeOneSession(t *testing.T) {
	a := listen(t, 0x80, nil)
	a.SetPeers([]Peer{someone})
	const streams = 16
	var calls sync.WaitGroup
	var over atomic.Int64
	for range streams {
		c := dialByHand(t, a)
		calls.Go(func() {
			h := hello{protocol: Protocols, from: someone.ID, to: a.id()}
			c.say(h.append(nil))
			for {
				if _, err := c.hear(); err != nil {
					over.Add(1)
					return
				}
			}
		})
	}
	a.ear.until(t, "all but one are over", func() bool { return over.Load() == streams-1 && a.Up(someone.ID) })
	got := a.ear.received(someone.ID)
	if want := slices.Repeat([]string{"up", "down"}, streams)[:len(got)]; !slices.Equal(got, want) || len(got)%2 == 0 {
		t.Errorf("heard %v", got)
	}
	a.Close()
	calls.Wait()
}

// TestWhatComesLateOnAnOlderStreamIsNotHeard: a newer stream has taken its place.
func TestWhatComesLateOnAnOlderStreamIsNotHeard(t *testing.T) {
	a := listen(t, 0x80, nil)
	a.SetPeers([]Peer{someone})
	older, newer := dialByHand(t, a), dialByHand(t, a)
	older.greet(t, someone, a)
	older.say(frameOf("early"))
	a.ear.until(t, "the first message", func() bool { return a.ear.count(someone.ID, "early") == 1 })
	newer.greet(t, someone, a)
	older.say(frameOf("late"))
	if _, err := older.hear(); !strings.Contains(fmt.Sprint(err), "newer stream") {
		t.Errorf("the older stream was told: %v", err)
	}
	newer.say(frameOf("in time"))
	a.ear.until(t, "the last message", func() bool { return a.ear.count(someone.ID, "in time") == 1 })
	if got := a.ear.received(someone.ID); !slices.Equal(got, []string{"up", "early", "down", "up", "in time"}) {
		t.Errorf("heard %v", got)
	}
}

// TestTheHigherIDDoesNotDial: both do not come to have a stream each, whatever they believe.
func TestTheHigherIDDoesNotDial(t *testing.T) {
	a := listen(t, 0x80, nil)
	higher := Peer{storage.WriterID{0: 0xff}, "higher", "127.0.0.1:1"}
	a.SetPeers([]Peer{higher})
	c := dialByHand(t, a)
	h := hello{protocol: Protocols, from: higher.ID, to: a.id()}
	c.say(h.append(nil))
	if _, err := c.hear(); status.Code(err) != codes.InvalidArgument || a.Refused().Streams != 1 || a.Up(higher.ID) {
		t.Errorf("%v, %+v", err, a.Refused())
	}
}

// TestWhatIsNoFrameEndsThatStream with a reason and a count, and nothing else: not the process, not another's session.
func TestWhatIsNoFrameEndsThatStream(t *testing.T) {
	a := listen(t, 0x80, nil)
	good := listen(t, 0x20, nil)
	introduce(good)
	good.SetPeers([]Peer{a.entry()})
	a.SetPeers([]Peer{someone, good.entry()})
	a.ear.until(t, "a good session", func() bool { return a.Up(good.id()) })
	bad := badFrames()
	bad["a message of an unknown kind"] = frameOf(nonsense, "behind it")
	bad["too long"] = frameOf(strings.Repeat("x", MaxMessage+100))
	for name, b := range bad {
		before, downs := a.Refused().Malformed, a.ear.count(someone.ID, "down")
		c := dialByHand(t, a)
		c.greet(t, someone, a)
		c.say(frameOf("before"))
		c.say(b)
		c.say(frameOf("after"))
		var err error
		for err == nil {
			_, err = c.hear()
		}
		if code := status.Code(err); code != codes.InvalidArgument && (name != "too long" ||
			code != codes.ResourceExhausted) {
			t.Errorf("%s: %v", name, err)
		}
		a.ear.until(t, "told", func() bool { return a.ear.count(someone.ID, "down") == downs+1 })
		if n := a.Refused().Malformed; n != before+1 {
			t.Errorf("%s: %d are counted after %d", name, n, before)
		}
	}
	if a.ear.count(someone.ID, "after")+a.ear.count(someone.ID, "behind it") != 0 || a.ear.count(good.id(),
		"down") != 0 || !a.Up(good.id()) {
		t.Errorf("heard %v, and of the good one %v", a.ear.received(someone.ID), a.ear.received(good.id()))
	}
	if a.refusals()[refusal.Kind{Port: refusal.PortLink, Side: refusal.SideListener,
		Reason: refusal.ReasonNotANode}] == 0 {
		t.Errorf("not noted: %v", a.refusals())
	}
}

// TestWhoSaysNoHelloOrAWrongOneIsRefused, with the reason, and counted.
func TestWhoSaysNoHelloOrAWrongOneIsRefused(t *testing.T) {
	a := listen(t, 0x80, func(o *Options) {
		o.Store, o.HandshakeTimeout = storage.StoreID{1}, 50*time.Millisecond
	})
	a.SetPeers([]Peer{someone})
	said := badHellos()
	want := map[string]codes.Code{}
	for name := range said {
		want[name] = codes.InvalidArgument
	}
	with := func(name string, code codes.Code, change func(*hello)) {
		h := hello{protocol: Protocols, from: someone.ID, to: a.id(), store: a.opts.Store}
		change(&h)
		said[name], want[name] = h.append(nil), code
	}
	with("for another process", codes.Unavailable, func(h *hello) { h.to = storage.WriterID{9} })
	with("of nobody in the view", codes.Aborted, func(h *hello) { h.from = storage.WriterID{0, 9} })
	with("another database", codes.FailedPrecondition, func(h *hello) { h.store = storage.StoreID{2} })
	with("a later protocol", codes.Unimplemented, func(h *hello) {
		h.protocol = [2]uint8{ProtocolStream + 1,
			ProtocolStream + 2}
	})
	with("an older protocol", codes.Unimplemented, func(h *hello) { h.protocol = [2]uint8{1, 2} })
	said["a frame"], want["a frame"] = frameOf("x"), codes.InvalidArgument
	want["silence"] = codes.Aborted
	for name, code := range want {
		c := dialByHand(t, a)
		if name != "silence" {
			c.say(said[name])
		}
		if _, err := c.hear(); status.Code(err) != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	a.ear.until(t, "all are counted", func() bool {
		r := a.Refused()
		return r.Malformed == uint64(len(badHellos()))+1 && r.Strays == 2 && r.Streams == r.Malformed+3
	})
	for _, reason := range []string{refusal.ReasonNotANode, refusal.ReasonStore, refusal.ReasonProtocol} {
		if a.refusals()[refusal.Kind{Port: refusal.PortLink, Side: refusal.SideListener, Reason: reason}] == 0 {
			t.Errorf("%s was not noted", reason)
		}
	}
	if a.Up(someone.ID) || len(a.ear.received(someone.ID)) != 0 {
		t.Error("somebody has a session")
	}
}

// TestACallerWaitsUntilItIsKnown: gossip may bring the news to the caller first.
func TestACallerWaitsUntilItIsKnown(t *testing.T) {
	a, b := listen(t, 0x10, nil), listen(t, 0x20, nil)
	a.SetPeers([]Peer{b.entry()})
	b.ear.until(t, "a connection", func() bool { return b.opts.Port.Open() == 1 })
	b.SetPeers([]Peer{a.entry()})
	a.ear.until(t, "a session", func() bool { return a.Up(b.id()) })
	if r := b.Refused(); r != (Refused{}) {
		t.Errorf("%+v", r)
	}
}

// TestBuildsOfAdjacentProtocolsTalk, each with the other's newest common one, and say why where there is none.
func TestBuildsOfAdjacentProtocolsTalk(t *testing.T) {
	const p = ProtocolStream
	speaking := func(low, high uint8) func(*Options) { return func(o *Options) { o.Protocol = [2]uint8{low, high} } }
	this, next, after := listen(t, 0x10, speaking(p, p)), listen(t, 0x20, speaking(p, p+1)), listen(t, 0x30,
		speaking(p+1, p+2))
	introduce(this, next, after)
	for _, pair := range []struct {
		a, b *tested
		want uint8
	}{{this, next, p}, {next, after, p + 1}} {
		for _, ends := range [][2]*tested{{pair.a, pair.b}, {pair.b, pair.a}} {
			from, to := ends[0], ends[1]
			from.ear.until(t, "a session", func() bool { return from.Send(to.id(), []byte("hello")) })
			to.ear.until(t, "a message", func() bool { return to.ear.count(from.id(), "hello") == 1 })
			for _, s := range from.Stats() {
				if s.Peer == to.id() && s.Protocol != pair.want {
					t.Errorf("protocol %d, %d expected", s.Protocol, pair.want)
				}
			}
		}
	}
	for l, side := range map[*tested]string{this: refusal.SideDialer, after: refusal.SideListener} {
		l.ear.until(t, "too far apart, and noted", func() bool {
			return l.refusals()[refusal.Kind{Port: refusal.PortLink, Side: side, Reason: refusal.ReasonProtocol}] > 0
		})
	}
	if this.Up(after.id()) || after.Up(this.id()) {
		t.Error("a session without a common protocol")
	}
}

// TestBuildsBeforeTheStreamAreToldApart: what protocols 1 and 2 call, and what they answer to this build's call.
func TestBuildsBeforeTheStreamAreToldApart(t *testing.T) {
	a := listen(t, 0x10, nil)
	conn, err := grpc.NewClient(a.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	st, err := conn.NewStream(t.Context(), &streamDesc, "/remote.Remoting/Receive", grpc.ForceCodecV2(raw{}))
	if err == nil {
		_, err = byHand{ClientStream: st}.hear()
	}
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "protocol 3") {
		t.Errorf("%v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old := grpc.NewServer()
	served := make(chan error, 1)
	go func() { served <- old.Serve(listener) }()
	defer func() { old.Stop(); <-served }()
	a.SetPeers([]Peer{{storage.WriterID{0: 0xff}, "old", listener.Addr().String()}})
	for _, side := range []string{refusal.SideListener, refusal.SideDialer} {
		a.ear.until(t, "noted", func() bool {
			return a.refusals()[refusal.Kind{Port: refusal.PortLink, Side: side, Reason: refusal.ReasonProtocol}] > 0
		})
	}
}

// TestAPeerThatDoesNotReadIsBounded: what it is sent waits up to OutboxBytes and HTTP/2's window, then Send says no;
// and a write that stays stuck ends the session on this side.
func TestAPeerThatDoesNotReadIsBounded(t *testing.T) {
	const outbox = 256 << 10
	a := listen(t, 0x80, func(o *Options) { o.OutboxBytes, o.WriteTimeout = outbox, 300*time.Millisecond })
	a.SetPeers([]Peer{someone})
	c := dialByHand(t, a)
	c.greet(t, someone, a)
	a.ear.until(t, "up", func() bool { return a.Up(someone.ID) })
	message, taken := make([]byte, 1000), 0
	a.ear.until(t, "the end", func() bool {
		for a.Send(someone.ID, message) {
			taken += len(message)
		}
		return a.ear.count(someone.ID, "down") == 1
	})
	if most := outbox + window + 256<<10; taken > most || taken < outbox {
		t.Errorf("%d bytes were taken for a peer that reads none, at most %d expected", taken, most)
	}
	var err error
	for err == nil {
		_, err = c.hear()
	}
	if !strings.Contains(err.Error(), "does not read") {
		t.Errorf("it was told: %v", err)
	}
	if s := a.Stats()[0]; s.Up || s.OutboxBytes != 0 || s.Dropped == 0 {
		t.Errorf("%+v", s)
	}
}

// TestAThousandReconnectsLeaveNothingBehind: no goroutine, no connection.
func TestAThousandReconnectsLeaveNothingBehind(t *testing.T) {
	const times = 1000
	before := runtime.NumGoroutine()
	quick := func(o *Options) { o.redialMin, o.redialMax = time.Microsecond, 5*time.Millisecond }
	a, b := listen(t, 0x10, quick), listen(t, 0x20, quick)
	cut := errors.New("cut by the test")
	b.ear.hook = func(what string, from storage.WriterID) bool {
		if s := b.peer(from); what == "up" && s != nil && s.sessions.Load() <= times {
			s.current.Load().end(cut)
		}
		return false
	}
	introduce(a, b)
	for n := range times / 50 { // each some have the patience for all: a busy machine takes its time
		b.ear.until(t, "fifty more sessions", func() bool { return b.ear.count(a.id(), "up") > (n+1)*50 })
	}
	a.ear.until(t, "up", func() bool { return a.Up(b.id()) })
	for n, of := range map[*tested]storage.WriterID{a: b.id(), b: a.id()} {
		if ups, downs := n.ear.count(of, "up"), n.ear.count(of, "down"); ups != downs+1 {
			t.Errorf("%d times up and %d times down", ups, downs)
		}
	}
	b.ear.until(t, "no connection but the last", func() bool { return b.opts.Port.Open() == 1 })
	a.Close()
	b.Close()
	b.ear.until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+2 })
	if len(a.turns)+len(b.turns) != 0 {
		t.Errorf("%d and %d turns are left", len(a.turns), len(b.turns))
	}
}

// TestAPeerThatComesBackIsToldOfInOrder: it leaves the book and returns while its end is being told.
func TestAPeerThatComesBackIsToldOfInOrder(t *testing.T) {
	a, b := listen(t, 0x10, nil), listen(t, 0x20, nil)
	ending, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	b.ear.hook = func(what string, _ storage.WriterID) bool {
		if what == "down" {
			once.Do(func() { close(ending); <-free })
		}
		return false
	}
	connected(t, a, b)
	b.SetPeers(nil)
	<-ending
	b.SetPeers([]Peer{a.entry()})
	a.ear.until(t, "a has heard of the end", func() bool { return a.ear.count(b.id(), "down") > 0 })
	close(free)
	b.ear.until(t, "up again", func() bool { return b.ear.count(a.id(), "up") == 2 })
	if got := b.ear.received(a.id()); !slices.Equal(got[:3], []string{"up", "down", "up"}) {
		t.Errorf("heard %v", got)
	}
}
