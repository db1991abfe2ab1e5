package check

import (
	"fmt"
	"math"
	"slices"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// simBug is something wrong with the server, on purpose.
type simBug uint8

const (
	noBug         simBug = iota
	doubleSale           // now and then a seat that somebody holds counts as free
	forgetOnCrash        // live holds are forgotten in a crash
	earlyAnswer          // answers leave before the log has the change, and a crash loses both
	refuseFree           // now and then a free seat is refused
	sellExpired          // a confirmation does not look at the end
	repeatAsNew          // keys of holds are not remembered
	falseSoldOut         // the best seats are "sold out" although some are free
	seesOldMap           // maps are much too old
)

const simTTL = 60 // milliseconds

// simServer is the server: correct unless it has a bug. Everything it does happens at one moment.
type simServer struct {
	w        *world
	bug      simBug
	keyed    bool
	life     int // counts crashes
	sections [][]*simSection
	memory   map[simKey]*simBooking
	undo     []simUndo
	bookings int
	fired    int // how often the bug did something
}

type simKey struct {
	event      uint16
	buyer, key uint64
}

type simSection struct {
	event   int
	index   uint32
	holder  []*simBooking
	blocked []bool
	live    []*simBooking
	lines   []wire.LogChange
	epoch   uint64
	seq     uint64
	inside  int // changes in the record so far
	maps    []simMap
}

type simMap struct {
	at      history.Nanos
	letters []byte
}

type simBooking struct {
	id      string
	section *simSection
	seats   []uint32
	state   string // held, paying, sold, gone
	expires wire.Time
	by      simKey
}

// simUndo is how a change that a crash loses is taken back.
type simUndo struct {
	at   history.Nanos
	back func()
}

type simAnswer struct {
	verdict history.Verdict
	section uint32
	seats   []uint32
	lost    []uint32
	text    []byte
	expires history.Nanos
}

func newSimServer(w *world, bug simBug, size simSize) *simServer {
	s := &simServer{w: w, bug: bug, keyed: size.keyed, memory: map[simKey]*simBooking{}}
	for e := range size.events {
		var sections []*simSection
		for i := range size.sections {
			one := &simSection{event: e, index: uint32(i), holder: make([]*simBooking, size.seats),
				blocked: make([]bool, size.seats)}
			sections = append(sections, one)
			s.claim(one)
			if size.blocked {
				one.blocked[size.seats-1] = true
				s.log(one, wire.LogChange{Kind: "blocked", Request: wire.HashText([16]byte{1}),
					Seats: []uint32{uint32(size.seats - 1)}}, func() {})
			}
			one.draw(w.now)
		}
		s.sections = append(s.sections, sections)
	}
	return s
}

// clock is the server's: a millisecond late, in whole ones.
func (s *simServer) clock() wire.Time {
	return wire.Time((simStart + int64(s.w.now)) / 1e6)
}

func (s *simServer) claim(one *simSection) {
	one.epoch++
	one.inside = math.MaxInt32
	s.log(one, wire.LogChange{Kind: "claim"}, func() {})
	one.inside = math.MaxInt32
}

// log adds a change, in a record of its own or to the last one. back undoes it.
func (s *simServer) log(one *simSection, c wire.LogChange, back func()) {
	seq, inside := one.seq, one.inside
	if one.inside > 3 || s.w.pick(3) > 0 {
		one.seq, one.inside = one.seq+1, 0
	}
	event := s.w.h.Header.Events[one.event]
	c.Event, c.Section, c.Seq, c.Index, c.Epoch, c.At = event.ID, event.Sections[one.index].ID, one.seq, one.inside,
		one.epoch, s.clock()
	one.inside++
	one.lines = append(one.lines, c)
	s.undo = append(s.undo, simUndo{s.w.now, func() {
		one.lines = one.lines[:len(one.lines)-1]
		one.seq, one.inside = seq, inside
		back()
	}})
}

func (s *simServer) crash() {
	s.life++
	switch s.bug {
	case forgetOnCrash:
		for _, sections := range s.sections {
			for _, one := range sections {
				for _, b := range slices.Clone(one.live) {
					if b.state == "held" {
						s.fired++
						b.drop()
						delete(s.memory, b.by)
					}
				}
			}
		}
	case earlyAnswer:
		for len(s.undo) > 0 && s.undo[len(s.undo)-1].at > s.w.now-15*simMilli {
			s.fired++
			s.undo[len(s.undo)-1].back()
			s.undo = s.undo[:len(s.undo)-1]
		}
	}
	for _, sections := range s.sections {
		for _, one := range sections {
			s.claim(one)
			one.draw(s.w.now)
		}
	}
}

// drop takes the booking's seats away without a word in the log.
func (b *simBooking) drop() {
	b.state = "gone"
	for _, seat := range b.seats {
		if b.section.holder[seat] == b {
			b.section.holder[seat] = nil
		}
	}
	b.section.live = slices.DeleteFunc(b.section.live, func(o *simBooking) bool { return o == b })
}

func (b *simBooking) take() {
	b.state = "held"
	for _, seat := range b.seats {
		b.section.holder[seat] = b
	}
	b.section.live = append(b.section.live, b)
}

func (one *simSection) draw(now history.Nanos) {
	letters := make([]byte, len(one.holder))
	for seat, b := range one.holder {
		switch {
		case b != nil && b.state == "sold":
			letters[seat] = 's'
		case b != nil:
			letters[seat] = 'h'
		case one.blocked[seat]:
			letters[seat] = 'b'
		default:
			letters[seat] = 'a'
		}
	}
	one.maps = append(one.maps, simMap{now, letters})
}

// sectionsOf are the sections that a request may be about.
func (s *simServer) sectionsOf(op *history.Op) []*simSection {
	if op.Section == history.AnySection {
		return s.sections[op.Event]
	}
	return s.sections[op.Event][op.Section : op.Section+1]
}

// serve judges a request now and answers through reply, at once or, for a payment, a little later.
func (s *simServer) serve(op history.Op, part *history.Part, reply func(simAnswer)) {
	for _, one := range s.sectionsOf(&op) {
		s.lapse(one)
		defer one.draw(s.w.now)
	}
	switch op.Kind {
	case history.Look:
		reply(s.look(s.sections[op.Event][op.Section]))
	case history.Hold:
		reply(s.hold(&op, part.SeatsOf(op.Seats)))
	case history.Best:
		reply(s.best(&op))
	default:
		s.serveDeed(op, string(part.TextOf(part.Ops[op.Of].Text)), reply)
	}
}

func (s *simServer) lapse(one *simSection) {
	for _, b := range slices.Clone(one.live) {
		if b.state == "held" && b.expires <= s.clock() && s.w.pick(4) > 0 {
			s.change(b, "hold_expired", "gone", simKey{})
		}
	}
}

// change moves a booking and logs it.
func (s *simServer) change(b *simBooking, kind, to string, by simKey) *wire.LogChange {
	from := b.state
	s.log(b.section, wire.LogChange{Kind: kind, Booking: b.id, Request: s.name(by)}, func() {
		b.drop()
		b.take()
		b.state = from
		delete(s.memory, by)
	})
	if to == "gone" {
		b.drop()
	}
	b.state = to
	if by != (simKey{}) {
		s.memory[by] = b
	}
	return &b.section.lines[len(b.section.lines)-1]
}

func (s *simServer) name(by simKey) string {
	if by == (simKey{}) {
		return ""
	}
	m := namer{h: &s.w.h.Header}
	if s.keyed {
		return wire.HashText(wire.RequestHash(simPseudonym(by), history.AppendName(nil, m.h.KeyPrefix, by.key)))
	}
	return wire.HashText(m.name(&history.Op{Buyer: by.buyer, Key: by.key}))
}

// buyer is what the log calls a buyer. Of events of earlier builds nobody here asks.
func (s *simServer) buyer(by simKey) string {
	if !s.keyed {
		return wire.HashText([16]byte{2})
	}
	return wire.HashText(simPseudonym(by))
}

// simPseudonym is as good as chance to whoever does not know it.
func simPseudonym(by simKey) [16]byte {
	return wire.BuyerHash(fmt.Sprintf("secret %d of event %d", by.buyer, by.event))
}

func simKeyOf(op *history.Op) simKey { return simKey{op.Event, op.Buyer, op.Key} }

func (s *simServer) remembered(op *history.Op) *simBooking {
	b := s.memory[simKeyOf(op)]
	if b != nil && s.bug == repeatAsNew && (op.Kind == history.Hold || op.Kind == history.Best) {
		s.fired++
		return nil
	}
	return b
}

// tells is a booking as it stands.
func (s *simServer) tells(b *simBooking) simAnswer {
	a := simAnswer{verdict: history.Done, section: b.section.index, seats: b.seats, text: []byte(b.id)}
	if b.state == "held" || b.state == "paying" {
		a.expires = history.Nanos(int64(b.expires)*1e6 - simStart)
	}
	return a
}

func (s *simServer) free(one *simSection, seat uint32) bool {
	if b := one.holder[seat]; b != nil || one.blocked[seat] {
		if s.bug == doubleSale && b != nil && s.w.pick(2) == 0 {
			s.fired++
			return true
		}
		return false
	}
	return true
}

func (s *simServer) hold(op *history.Op, seats []uint32) simAnswer {
	if b := s.remembered(op); b != nil {
		return s.tells(b)
	}
	one := s.sections[op.Event][op.Section]
	var lost []uint32
	for _, seat := range seats {
		if !s.free(one, seat) {
			lost = append(lost, seat)
		}
	}
	if s.bug == refuseFree && len(lost) == 0 && s.w.pick(3) == 0 {
		s.fired++
		lost = seats
	}
	if len(lost) > 0 {
		return simAnswer{verdict: history.Taken, lost: lost}
	}
	return s.place(op, one, seats)
}

func (s *simServer) place(op *history.Op, one *simSection, seats []uint32) simAnswer {
	s.bookings++
	seats = slices.Sorted(slices.Values(seats))
	b := &simBooking{id: fmt.Sprintf("b%04d", s.bookings), section: one, seats: seats, expires: s.clock() + simTTL,
		by: simKeyOf(op)}
	s.log(one, wire.LogChange{
		Kind: "hold_placed", Booking: b.id, Request: s.name(b.by), Buyer: s.buyer(b.by),
		ExpiresAt: &b.expires, Seats: seats,
	}, func() { b.drop(); delete(s.memory, b.by) })
	end := b.expires // the log keeps its own
	one.lines[len(one.lines)-1].ExpiresAt = &end
	b.take()
	s.memory[b.by] = b
	return s.tells(b)
}

func (s *simServer) best(op *history.Op) simAnswer {
	if b := s.remembered(op); b != nil {
		return s.tells(b)
	}
	for _, one := range s.sectionsOf(op) {
		var seats []uint32
		for seat := range one.holder {
			if len(seats) < int(op.Quantity) && s.free(one, uint32(seat)) {
				seats = append(seats, uint32(seat))
			}
		}
		if len(seats) == int(op.Quantity) {
			if s.bug == falseSoldOut && s.w.pick(2) == 0 {
				s.fired++
				break
			}
			return s.place(op, one, seats)
		}
	}
	return simAnswer{verdict: history.NoneLeft}
}

func (s *simServer) look(one *simSection) simAnswer {
	at, oldest := len(one.maps)-1, s.w.now-simLookLag
	if s.bug == seesOldMap {
		oldest = 0
	}
	one.draw(s.w.now)
	for at > 0 && one.maps[at].at > oldest && (s.bug == seesOldMap || s.w.pick(3) > 0) {
		at--
	}
	// A map is true until the next one is drawn.
	if one.maps[at+1].at < oldest {
		at = len(one.maps) - 1
	}
	if s.bug == seesOldMap && one.maps[at+1].at < s.w.now-3*simLookLag &&
		string(one.maps[at].letters) != string(one.maps[len(one.maps)-1].letters) {
		s.fired++
	}
	return simAnswer{verdict: history.Done, text: one.maps[at].letters}
}
