package cluster

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast/storage"
)

// desk is the only actor that other nodes can reach. Everything that happens to sessions happens here, one thing after the other: batches,
// the passing of time, broken lines, changes of the view. So a peer's callbacks cannot meet, and no lock is held while they run.
//
// # A session
//
// Each side names a session by a number that grows and cannot be guessed, and every batch carries the sender's and, as far as it is known,
// the receiver's. A batch counts only if it carries both of the present ones:
//
//	     A                                   B
//	a1 ──┤  (a1, –) ────────────────────────▶│ knows a1
//	     │◀──────────────────────── (b1, a1)  ├── b1
//	up   │  (a1, b1) messages 1, 2 … ───────▶│ up, delivers 1, 2 …
//	     ╳  silence, gap, broken line         │
//	down │  new session a2, new line          │
//	a2 ──┤  (a2, b1) ────────────────────────▶│ a2 is newer than a1: down, b2
//	     │◀──────────────────────── (b2, a2)  ├── b2
//	up   │  (a2, b2) ───────────────────────▶│ up
//
// Whatever was under way at (a1, b1) carries a pair that is no more, however late it comes. Either side's end is the end of both, also if
// only one direction is cut: the side that hears nothing says so with its new number.
type desk struct {
	self    storage.WriterID
	handler Handler
	log     *slog.Logger
	keep    time.Duration // KeepAlive
	down    time.Duration // DownAfter
	link    carrier
	ticked  func() // the last tick has been taken

	table   map[storage.WriterID]*peer
	peers   atomic.Pointer[map[storage.WriterID]*peer] // a copy of table, for everybody else
	begun   uint64                                     // sessions of ours so far
	stopped bool

	strays    atomic.Uint64 // batches of nobody in the view, or not for us
	malformed atomic.Uint64
}

// carrier is what a desk needs of the world. Nothing of it calls back.
type carrier interface {
	newLine(address, node string) *line
	cut(*line) // nil does no harm
	newOutbox(peer storage.WriterID) *outbox
}

// peer is the desk's side of one link. Fields without a word about it are the desk's alone.
type peer struct {
	name    string // never changes
	member  Member
	session uint64 // ours
	theirs  uint64 // newest of the peer's that was seen; zero: none
	line    *line
	heard   time.Time   // a batch of the session, from a peer that has begun it too
	got     uint64      // number of the last batch delivered
	up      atomic.Bool // read by all
	out     *outbox     // used by all

	sessions, batches, messages, bytes, dropped atomic.Uint64 // read by all
}

// What the desk is told by this node itself. The door lets nothing of that kind in from outside.
type (
	tick      struct{}
	lineReady struct{ line *line }
	lineEnded struct{ line *line }
	viewNews  struct{ view *View }
	closeDesk struct{ closed chan struct{} }
)

// Receive is the actor's.
func (d *desk) Receive(ctx actor.Context) {
	if d.stopped {
		return
	}
	switch m := ctx.Message().(type) {
	case *wrapperspb.BytesValue:
		d.arrived(m.Value, time.Now())
	case *tick:
		d.ticked()
		d.look(time.Now())
	case *lineReady:
		d.ready(m.line)
	case *lineEnded:
		d.ended(m.line)
	case *viewNews:
		d.see(m.view)
	case *closeDesk:
		d.stop()
		close(m.closed)
	}
}

// see adds and removes peers as the view says.
func (d *desk) see(v *View) {
	for _, m := range v.Members() {
		switch p := d.table[m.Writer]; {
		case m.Writer == d.self:
		case p == nil:
			d.add(m)
		default:
			moved := p.member.Peer != m.Peer
			p.member = m
			if moved {
				d.end(p, "its address has changed")
			}
		}
	}
	for w, p := range d.table {
		if _, there := v.Member(w); !there {
			d.remove(p, "it left the view")
		}
	}
	d.publish()
}

func (d *desk) publish() {
	table := make(map[storage.WriterID]*peer, len(d.table))
	for w, p := range d.table {
		table[w] = p
	}
	d.peers.Store(&table)
}

// newSession is larger than all before it, and cannot be guessed.
func (d *desk) newSession() uint64 {
	d.begun++
	return d.begun<<32 | uint64(rand.Uint32())
}

func (d *desk) add(m Member) {
	p := &peer{name: m.Name, member: m, session: d.newSession()}
	p.line = d.link.newLine(m.Peer, m.Name)
	p.out = d.link.newOutbox(m.Writer)
	p.out.reset(p.session, p.line)
	d.table[m.Writer] = p
}

func (d *desk) remove(p *peer, why string) {
	delete(d.table, p.member.Writer)
	p.out.close()
	d.link.cut(p.line)
	d.lower(p, why)
}

// begin makes the session of both sides' numbers the current one. The other side has to say soon that it did so too: a line that works in
// one direction only must not look like a session from one end.
func (d *desk) begin(p *peer, now time.Time) {
	p.sessions.Add(1)
	p.got, p.heard = 0, now
	p.out.begin()
	p.up.Store(true)
	d.log.Info("link up", "peer", p.member.Name, "address", p.member.Peer, "session", p.sessions.Load())
	d.handler.PeerUp(p.member.Writer)
}

// end begins anew: a session that is over leaves nothing behind, on no side and on no line.
func (d *desk) end(p *peer, why string) {
	old := p.line
	p.session, p.line, p.got = d.newSession(), d.link.newLine(p.member.Peer, p.member.Name), 0
	p.out.reset(p.session, p.line)
	d.link.cut(old)
	d.lower(p, why)
}

func (d *desk) lower(p *peer, why string) {
	if p.up.CompareAndSwap(true, false) {
		d.log.Info("link down", "peer", p.member.Name, "address", p.member.Peer, "why", why)
		d.handler.PeerDown(p.member.Writer)
	}
}

// arrived takes in one batch from whomever.
func (d *desk) arrived(b []byte, now time.Time) {
	h, packed, messages, err := parseBatch(b)
	if err != nil {
		d.malformed.Add(1)
		return
	}
	p := d.table[h.from]
	if p == nil || h.to != d.self {
		d.strays.Add(1)
		return
	}
	p.batches.Add(1)
	p.bytes.Add(uint64(len(b)))
	if !d.current(p, h, now) {
		p.dropped.Add(uint64(messages))
		return
	}
	if h.up {
		p.heard = now
	}
	switch {
	case !p.out.heard(h):
		d.end(p, "it acknowledged what was never sent")
	case messages == 0 && h.number == p.got:
	case messages == 0 || h.number != p.got+1:
		p.dropped.Add(uint64(messages))
		d.end(p, fmt.Sprintf("batch %d came after %d", h.number, p.got))
	default:
		d.deliver(p, h.number, packed, messages)
	}
}

// current says whether a batch belongs to the session that both sides are in, and moves both towards one.
func (d *desk) current(p *peer, h header, now time.Time) bool {
	if h.session < p.theirs {
		return false // late
	}
	if h.session > p.theirs {
		p.theirs = h.session
		p.out.meet(h.session)
		if p.up.Load() {
			d.end(p, "it began a new session")
		}
	}
	if h.echo != p.session {
		if !p.up.Load() {
			p.out.speak() // it does not know our session yet, or an old one
		}
		return false
	}
	if !p.up.Load() {
		d.begin(p, now)
	}
	return true
}

// deliver hands over what is in a batch. A handler that panics has lost the rest of it, which no session survives.
func (d *desk) deliver(p *peer, number uint64, packed []byte, messages int) {
	defer func() {
		if r := recover(); r != nil {
			d.log.Error("a message from a peer made its handler panic", "peer", p.member.Name, "panic", r, "stack", string(debug.Stack()))
			d.end(p, "the handler panicked")
		}
	}()
	p.got = number
	p.messages.Add(uint64(messages))
	for len(packed) > 0 {
		var message []byte
		message, packed, _ = cutMessage(packed) // checked before
		d.handler.Received(p.member.Writer, message)
	}
	p.out.delivered(number)
}

// look is called several times a KeepAlive.
func (d *desk) look(now time.Time) {
	for _, p := range d.table {
		silent := now.Sub(p.heard)
		switch {
		case p.up.Load() && silent > d.down:
			d.end(p, fmt.Sprintf("nothing was heard for %v", silent.Round(time.Millisecond)))
		case p.line == nil || !p.up.Load() && p.line.idleFor(now) > d.down: // it took our batches and did not answer: another line may do better
			old := p.line
			p.line = d.link.newLine(p.member.Peer, p.member.Name)
			p.out.turnTo(p.line)
			d.link.cut(old)
		default:
			p.out.speakAfter(d.keep)
		}
	}
}

// ready: there is a connection now.
func (d *desk) ready(l *line) {
	for _, p := range d.table {
		if p.line == l && !p.up.Load() {
			p.out.speak()
		}
	}
}

// ended: the line's connection broke. What was on it may be lost.
func (d *desk) ended(l *line) {
	for _, p := range d.table {
		switch {
		case p.line != l:
		case p.up.Load():
			d.end(p, "the connection broke")
		default: // the next look makes a new one: at once would be a tight loop with a peer that hangs up
			p.line = nil
			p.out.turnTo(nil)
			d.link.cut(l)
		}
	}
}

func (d *desk) stop() {
	d.stopped = true
	for _, p := range d.table {
		d.remove(p, "this node closes")
	}
	d.publish()
}
