package cluster

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"holdfast/storage"
)

// patience bounds what a test waits for; nothing takes nearly as long.
const patience = 20 * time.Second

// ear is a Handler that keeps what it hears, and wakes whoever waits for something.
type ear struct {
	mu    sync.Mutex
	views []*View
	log   map[storage.WriterID][]string               // per peer: "up", "down" or a message, in order
	news  chan struct{}                               // closed and replaced at every event
	take  func(from storage.WriterID, message []byte) // if set: instead of keeping messages
}

func newEar() *ear { return &ear{log: map[storage.WriterID][]string{}, news: make(chan struct{})} }

func (e *ear) note(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
	close(e.news)
	e.news = make(chan struct{})
}

func (e *ear) ViewChanged(v *View) { e.note(func() { e.views = append(e.views, v) }) }
func (e *ear) PeerUp(p storage.WriterID) {
	e.note(func() { e.log[p] = append(e.log[p], "up") })
}
func (e *ear) PeerDown(p storage.WriterID) {
	e.note(func() { e.log[p] = append(e.log[p], "down") })
}
func (e *ear) Received(p storage.WriterID, message []byte) error {
	if e.take != nil {
		e.take(p, message)
		return nil
	}
	e.note(func() { e.log[p] = append(e.log[p], string(message)) })
	return nil
}

// heard is a copy of what came from one peer.
func (e *ear) heard(p storage.WriterID) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.log[p]...)
}

// until waits for a condition; it is asked again after every event, and from time to time, for counters and the other
// nodes of a test tell no event of theirs.
func (e *ear) until(t testing.TB, what string, firstSeen func() bool) {
	t.Helper()
	late, again := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for {
		e.mu.Lock()
		news := e.news
		e.mu.Unlock()
		if firstSeen() {
			return
		}
		select {
		case <-news:
		case <-again.C:
		case <-late:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// count of one word in what was heard of a peer.
func (e *ear) count(p storage.WriterID, word string) (n int) {
	for _, w := range e.heard(p) {
		if w == word {
			n++
		}
	}
	return n
}

// parted tells that a session with a peer has ended and no other begun. A session may end on a busy machine too, and
// begin anew: who waits for an end counts from what was heard before.
func (e *ear) parted(p storage.WriterID) bool {
	ended := e.count(p, "down")
	return ended > 0 && ended == e.count(p, "up")
}

// tested is a node under test and what it heard.
type tested struct {
	*Node
	ear *ear
}

func (n *tested) id() storage.WriterID { return n.opts.Writer }

func testLogger(t testing.TB) *slog.Logger {
	if os.Getenv("HOLDFAST_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// patient has a node take no silence of a busy machine's for the end of a session: for tests in which no session may
// end.
func patient(o *Options) { o.DownAfter, o.SuspicionMult = patience, 60 }

// dials gives a node an id that is lower than those of others, so that the node dials them; answers gives a higher one.
func dials(o *Options)   { o.Writer[0] = 0 }
func answers(o *Options) { o.Writer[0] = 0xff }

// start makes a node on loopback that joins others.
func start(t testing.TB, name string, change func(*Options), others ...*tested) *tested {
	t.Helper()
	e := newEar()
	o := Options{
		Writer: storage.NewWriterID(), Name: name, API: "http://" + name, Build: "test", GossipListen: "127.0.0.1:0",
		PeerListen: "127.0.0.1:0",
		Handler:    e, Logger: testLogger(t).With("of", name), Rejoin: 300 * time.Millisecond,
	}
	for _, other := range others {
		o.Join = append(o.Join, other.GossipAddress())
	}
	if change != nil {
		change(&o)
	}
	n, err := Join(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &tested{n, e}
}

// connected waits until each of the nodes sees all others and has sessions with them.
func connected(t testing.TB, nodes ...*tested) {
	t.Helper()
	for _, n := range nodes {
		n.ear.until(t, fmt.Sprintf("%s sees all and is linked to all", n.opts.Name), func() bool {
			for _, other := range nodes {
				if _, seen := n.View().Member(other.id()); !seen || other != n && !n.Up(other.id()) {
					return false
				}
			}
			return len(n.View().Members()) == len(nodes)
		})
	}
}
