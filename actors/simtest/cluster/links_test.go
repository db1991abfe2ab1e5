package cluster_test

import (
	"fmt"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/storage"
)

// session is one session of the link between two processes, as package cluster promises it: messages come in order
// and without gaps until an end, which each side notices in its own time; what is on the way to a side that has ended
// is lost.
//
//	side 0   up ─────────────── down
//	side 1      up ──────────────────── down        then, after a while, the next session
type session struct {
	w     *world
	sides [2]endpoint
	over  bool // some side has ended: the other will hear of it
}

// endpoint is one end of a session.
type endpoint struct {
	host  *host
	up    bool
	ended bool
	deaf  bool          // the line to it is cut: what comes from now on is lost
	inbox [][]byte      // on the way to this side, in order
	last  time.Duration // when the last of them arrives
	stall time.Duration // nothing arrives before: the direction is held back
}

// pairOf names two spots, the smaller first.
func pairOf(a, b *host) [2]int { return [2]int{min(a.number, b.number), max(a.number, b.number)} }

// pair is the session between two hosts; nil: none.
func (w *world) pair(a, b *host) *session { return w.sessions[pairOf(a, b)] }

func (s *session) side(h *host) int {
	if s.sides[0].host == h {
		return 0
	}
	return 1
}

// mayMeet says that a session between the two could begin: both are there, know each other, and the line is whole.
func (w *world) mayMeet(a, b *host) bool {
	return !a.dead && !b.dead && !a.paused && !b.paused && a.sees(b) && b.sees(a) && !w.cut(a, b)
}

func (w *world) cut(a, b *host) bool {
	return a.spot.cut[b.spot.number] || b.spot.cut[a.spot.number]
}

// meet begins a session when one may begin. One side is up before the other.
func (w *world) meet(a, b *host) {
	if w.pair(a, b) != nil || !w.mayMeet(a, b) {
		return
	}
	s := &session{w: w}
	s.sides[0].host, s.sides[1].host = a, b
	w.sessions[pairOf(a, b)] = s
	w.tally["session"]++
	first := w.chance.IntN(2)
	delay := w.between(200*time.Microsecond, 20*time.Millisecond)
	w.at(delay, s.sides[first].host, "link up", func() { s.begin(first) })
	w.at(delay+w.between(0, 5*time.Millisecond), s.sides[1-first].host, "link up", func() { s.begin(1 - first) })
}

func (s *session) begin(side int) {
	me := &s.sides[side]
	if me.up || me.ended {
		return
	}
	me.up = true
	s.w.stirs++
	me.last = s.w.now
	s.w.note(me.host, "link to n%d up", s.sides[1-side].host.number)
	me.host.e.PeerUp(s.sides[1-side].host.id)
}

// send puts a message on the way.
func (s *session) send(from *host, message []byte) bool {
	w := s.w
	me := s.side(from)
	you := &s.sides[1-me]
	if !s.sides[me].up || s.sides[me].ended {
		return false
	}
	if len(you.inbox) > 400 || !w.calm && w.chance.IntN(2000) == 0 {
		w.tally["outbox full"]++
		w.stirs++
		return false
	}
	if you.ended || you.deaf || you.host.dead {
		return true // it will never arrive, and nobody knows that yet
	}
	you.inbox = append(you.inbox, slices.Clone(message))
	delay := w.between(20*time.Microsecond, 400*time.Microsecond)
	if w.chance.IntN(200) == 0 {
		delay = w.between(time.Millisecond, 60*time.Millisecond)
	}
	you.last = max(you.last, w.now+delay, you.stall)
	w.at(you.last-w.now, you.host, "message", func() { s.arrive(1 - me) })
	return true
}

// arrive hands over the oldest message that is on the way to a side.
func (s *session) arrive(side int) {
	me := &s.sides[side]
	if me.ended || me.deaf || len(me.inbox) == 0 {
		return
	}
	if !me.up { // the first batch says that the other side has begun
		s.begin(side)
	}
	message := me.inbox[0]
	me.inbox = me.inbox[1:]
	from := s.sides[1-side].host
	if kind := wire.Kind(message[0]); notesKept() > 1000 && kind != wire.KindRecord {
		about := ""
		if len(message) > 17 && (kind == wire.KindServing || kind == wire.KindReleased) {
			about = fmt.Sprintf(" of section %d", message[17])
		}
		s.w.note(me.host, "receives %s%s from n%d", messageNames[kind], about, from.number)
	}
	s.w.spyOn(from, me.host, message)
	if err := me.host.e.Received(from.id, message); err != nil {
		s.w.failf("a message of n%d cannot be read: %v", from.number, err)
	}
	s.w.tally["message"]++
}

// messageNames names the kinds, for whoever asks for a long story.
var messageNames = map[wire.Kind]string{
	wire.KindSubscribe: "Subscribe", wire.KindServing: "Serving", wire.KindRecord: "Record",
	wire.KindReleased: "Released", wire.KindAsk: "Ask", wire.KindAnswer: "Answer",
	wire.KindSearch: "Search", wire.KindQuiesced: "Quiesced", wire.KindFreeQuery: "FreeQuery",
	wire.KindFreeReply: "FreeReply", wire.KindQuiesce: "Quiesce", wire.KindSubscribed: "Subscribed",
	wire.KindAcknowledged: "Acknowledged",
}

// spyOn reads along, for a rule that no log can show: a section lets a search in only from whom its node's view calls
// the buyer's home (P5).
func (w *world) spyOn(from, to *host, message []byte) {
	switch w.spy.Begin(message) {
	case wire.KindAsk, wire.KindAskAdmitted, wire.KindAskPaying:
		var m wire.Ask
		if w.spy.Ask(&m) != nil || !m.Search {
			return
		}
		asker := coordinator.Asker(m.Command.Operator, m.Command.Buyer)
		if to.view.Coordinator(m.Section.Event, asker) != from.id {
			w.tally["search by another than the home"]++
			w.strays[strayAsk{from.number, m.ID}] = true
		}
	case wire.KindAnswer, wire.KindAnswerPaid:
		var m wire.Answer
		if w.spy.Answer(&m) == nil && m.Code == wire.Decided && m.Outcome.Rejection == section.Accepted &&
			!m.Outcome.Repeat &&
			w.strays[strayAsk{to.number, m.ID}] {
			w.failf(
				"P5: n%d has placed a hold for a search of n%d, which its view did not call the buyer's home",
				from.number, to.number,
			)
		}
	}
}

// strayAsk is a question of a search that came from another node than the home.
type strayAsk struct {
	from int
	id   uint64
}

// end ends the session at both sides, each in its own time.
func (s *session) end(why string) {
	if s.over {
		return
	}
	s.over = true
	s.w.stirs++
	s.w.tally["session ended"]++
	s.w.note(nil, "link n%d–n%d ends: %s", s.sides[0].host.number, s.sides[1].host.number, why)
	for side := range s.sides {
		s.w.at(
			s.w.between(0, 1200*time.Millisecond)/time.Duration(1+s.w.chance.IntN(40)), s.sides[side].host, "link down",
			func() { s.lower(side) },
		)
	}
	s.gone()
}

// lower is one side's end.
func (s *session) lower(side int) {
	me := &s.sides[side]
	if me.ended {
		return
	}
	me.ended, me.inbox = true, nil
	s.w.stirs++
	if me.up {
		s.w.note(me.host, "link to n%d down", s.sides[1-side].host.number)
		me.host.e.PeerDown(s.sides[1-side].host.id)
	}
	s.gone()
}

// gone forgets the session once both sides have ended, or died.
func (s *session) gone() {
	for side := range s.sides {
		if !s.sides[side].ended && !s.sides[side].host.dead {
			return
		}
	}
	if key := pairOf(s.sides[0].host, s.sides[1].host); s.w.sessions[key] == s {
		delete(s.w.sessions, key)
	}
}

// tend is what the links of the whole world do once in a while: they begin where they may, and end where one side must
// notice.
func (w *world) tend() {
	live := w.outsiders.withStray(w.living())
	for i, a := range live {
		for _, b := range live[i+1:] {
			w.introduce(a, b)
			w.introduce(b, a)
			s := w.pair(a, b)
			switch {
			case s == nil:
				w.meet(a, b)
			case w.cut(a, b) || s.sides[0].deaf || s.sides[1].deaf: // a gap is noticed, however short the cut
				s.end("cut")
			case !a.sees(b) || !b.sees(a):
				s.end("not in the view")
			case a.silentFor() > time.Second || b.silentFor() > time.Second:
				s.end("silence")
			}
		}
	}
	w.at(w.between(20*time.Millisecond, 60*time.Millisecond), nil, "tend", w.tend)
}

// introduce has a process hear of another that it does not know, or of whom it knows something old: gossip tells
// everything in the end.
func (w *world) introduce(to, about *host) {
	word, known := to.roster[about.id]
	chance := 30
	if known && !w.calm {
		chance = 2
	}
	if (!known || word.told < about.told) && w.now >= to.blind[about.id] && about.silentFor() == 0 &&
		w.percent(chance) {
		w.rumour(about, to)
	}
}

// View is the engine's: see Peers. So are Up and Send.
func (h *host) View() actors.View { return h.view }

// Up says that messages reach the peer.
func (h *host) Up(peer storage.WriterID) bool {
	s, me := h.sessionWith(peer)
	return s != nil && s.sides[me].up && !s.sides[me].ended
}

// Send puts a message on the way.
func (h *host) Send(to storage.WriterID, message []byte) bool {
	s, _ := h.sessionWith(to)
	return s != nil && !h.dead && s.send(h, message)
}

func (h *host) sessionWith(peer storage.WriterID) (s *session, side int) {
	other := h.w.byID[peer]
	if other == nil || other == h {
		return nil, 0
	}
	if s = h.w.pair(h, other); s == nil {
		return nil, 0
	}
	return s, s.side(h)
}
