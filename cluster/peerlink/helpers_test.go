package peerlink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"holdfast/cluster/netlimit"
	"holdfast/cluster/refusal"
	"holdfast/storage"
)

// patience bounds what a test waits for; nothing takes nearly as long.
const patience = 20 * time.Second

// nonsense is a message that an ear does not understand.
const nonsense = "a message of an unknown kind"

// ear is a Handler that keeps what it hears, and looks that calls about one peer are never concurrent.
type ear struct {
	mu     sync.Mutex
	log    map[storage.WriterID][]string // per peer: "up", "down" or a message, in order
	within map[storage.WriterID]bool
	twice  int                                           // calls about one peer that were concurrent
	news   chan struct{}                                 // closed and replaced at every event
	hook   func(what string, from storage.WriterID) bool // true: not kept
}

func newEar() *ear {
	return &ear{log: map[storage.WriterID][]string{}, within: map[storage.WriterID]bool{}, news: make(chan struct{})}
}

func (e *ear) note(p storage.WriterID, what string) {
	e.mu.Lock()
	if e.within[p] {
		e.twice++
	}
	e.within[p] = true
	e.mu.Unlock()
	kept := e.hook == nil || !e.hook(what, p)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.within[p] = false
	if kept {
		e.log[p] = append(e.log[p], what)
	}
	close(e.news)
	e.news = make(chan struct{})
}

func (e *ear) PeerUp(p storage.WriterID)   { e.note(p, "up") }
func (e *ear) PeerDown(p storage.WriterID) { e.note(p, "down") }
func (e *ear) Received(p storage.WriterID, message []byte) error {
	if string(message) == nonsense {
		return errors.New("nonsense")
	}
	e.note(p, string(message))
	return nil
}

func (e *ear) received(p storage.WriterID) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.log[p]...)
}

func (e *ear) count(p storage.WriterID, word string) (n int) {
	for _, w := range e.received(p) {
		if w == word {
			n++
		}
	}
	return n
}

// until waits for a condition; it is asked again after every event, and now and then.
func (e *ear) until(t testing.TB, what string, met func() bool) {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		e.mu.Lock()
		news := e.news
		e.mu.Unlock()
		if met() {
			return
		}
		select {
		case <-news:
		case <-tick.C:
		case <-late:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// tested is a link under test and what it heard.
type tested struct {
	*Link
	ear *ear
}

func (l *tested) id() storage.WriterID { return l.opts.ID }
func (l *tested) entry() Peer          { return Peer{l.id(), fmt.Sprint(l.id()[0]), l.Addr()} }
func (l *tested) refusals() map[refusal.Kind]uint64 {
	return l.opts.Refusals.Counts()
}

// listen makes a link whose id begins with first.
func listen(t testing.TB, first byte, change func(*Options)) *tested {
	t.Helper()
	quietly := slog.New(slog.DiscardHandler)
	e, reported := newEar(), refusal.NewLog(quietly)
	o := Options{
		ID: storage.NewWriterID(), Listen: "127.0.0.1:0", Handler: e, Logger: quietly, Refusals: reported,
		DownAfter: patience,
		Port:      netlimit.New(netlimit.Options{Name: "link", Max: 64, Plain: true, Logger: quietly}),
	}
	o.ID[0] = first
	if change != nil {
		change(&o)
	}
	l, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		reported.Close()
		if e.twice > 0 {
			t.Errorf("%d calls about one peer were concurrent", e.twice)
		}
	})
	return &tested{l, e}
}

// introduce gives each link the others' entries.
func introduce(links ...*tested) {
	var book []Peer
	for _, l := range links {
		book = append(book, l.entry())
	}
	for _, l := range links {
		l.SetPeers(book)
	}
}

func connected(t testing.TB, links ...*tested) {
	t.Helper()
	introduce(links...)
	for _, l := range links {
		for _, other := range links {
			if l != other {
				l.ear.until(t, "a session", func() bool { return l.Up(other.id()) })
			}
		}
	}
}

// caller speaks to a link by hand, as a node of that id.
type byHand struct {
	grpc.ClientStream
	cancel context.CancelFunc
}

// dialByHand opens a stream and says nothing yet.
func dialByHand(t testing.TB, to *tested) byHand {
	t.Helper()
	conn, err := grpc.NewClient(to.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(func() { cancel(); _ = conn.Close() })
	st, err := conn.NewStream(ctx, &streamDesc, method, grpc.ForceCodecV2(raw{}))
	if err != nil {
		t.Fatal(err)
	}
	return byHand{st, cancel}
}

func (c byHand) say(b []byte) { data := append([]byte(nil), b...); _ = c.SendMsg(&outgoing{&data}) }

// hear is the next thing that the other side says, or why it has ended the stream.
func (c byHand) hear() ([]byte, error) {
	var in incoming
	if err := c.RecvMsg(&in); err != nil {
		return nil, err
	}
	defer in.free()
	return append([]byte(nil), in.bytes()...), nil
}

// greet does what a dialling node does.
func (c byHand) greet(t testing.TB, me Peer, to *tested) {
	t.Helper()
	h := hello{protocol: Protocols, from: me.ID, to: to.id()}
	c.say(h.append(nil))
	b, err := c.hear()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := parseHello(b); err != nil || back.from != to.id() || back.to != me.ID {
		t.Fatalf("%+v, %v", back, err)
	}
}

func frameOf(messages ...string) []byte {
	b := make([]byte, headerSize)
	header{kind: kindMessages, at: 1}.put(b)
	for _, m := range messages {
		b = appendMessage(b, []byte(m))
	}
	return b
}
