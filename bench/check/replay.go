package check

import (
	"fmt"
	"slices"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// replay follows a log with a model of its own, a list of seats and a list of bookings, and holds each change against
// the request that it names. It knows nothing of the server's code: what a change does is read from the log's
// documentation.
type replay struct {
	*requests
	names   logNames
	index   logIndex
	named   named
	line    logLine
	now     *logSection     // the section whose lines come; its no is none while they are not the history's business
	done    []bool          // by section: its lines were there
	effect  []uint8         // by request: how often its effect was seen, up to 2
	over    []uint8         // by booking: what became of it in the log
	ends    []history.Nanos // by booking: the latest end that the log gave its hold
	lastSeq []uint64        // by section: the last record of its log
	orders  []logOrder
	// ordersByID finds them, by event and by name. soldLegs are legs that some buyer was told are sold, by section and
	// first seat, as bookings of the history.
	ordersByID []map[string]uint32
	soldLegs   map[[2]uint32]uint32
	quiet      history.Nanos // the last answer's return, looks left out
	lookLag    history.Nanos
	logTally
	faults  faults
	strange []foreignEffect
	scratch [2][]uint32
}

// logTally counts what was read. Sold are seats.
type logTally struct {
	lines, ignored, changes, sections uint64
	sold, refunded                    uint64
	// of the sold: by an acknowledged confirmation, or only by one of unknown outcome
	ofConfirmed, ofUnknown uint64
	resolved               uint64 // requests of unknown outcome that the log shows done
	letters                uint64 // of last maps, compared
}

// The values of over.
const (
	overGone = 1 << iota // released or lapsed
	overSold
)

// logSection is one section on the way through its log.
type logSection struct {
	no      uint32
	seq     uint64
	epoch   uint64
	index   int
	at      wire.Time
	seats   []logSeat
	byID    map[string]uint32
	list    []logBooking
	pool    []uint32
	latest  history.Nanos // the latest call among the requests whose changes stand so far
	latestN uint32        // that request
	step    uint32        // changes so far
	certain uint32        // the last of them that every map compared must show
	fresh   history.Nanos // what was acknowledged before it such a map must show
}

// logSeat is one seat. shown are the letters that a map compared may show: what the seat was at the last certain
// change, and what it became by later ones.
type logSeat struct {
	holder  uint32 // place in list plus one; 0: nobody
	changed uint32
	letter  byte
	shown   letters
}

// letters is a set of map letters.
type letters uint8

func letterBit(letter byte) letters {
	switch letter {
	case 'a':
		return 1
	case 'h':
		return 2
	case 's':
		return 4
	}
	return 8
}

// logBooking is a booking as the log tells it.
type logBooking struct {
	state   logState
	expires wire.Time
	buyer   [16]byte     // as the log names the buyer; zero: it does not
	seats   history.Span // of the section's testbed
	booking uint32       // number of the granted booking; none: its placing was not acknowledged
	order   uint32       // number of its order plus one; 0: it is of none
	leg     uint32       // number of the leg plus one in that order; 0: it is the home's
	owed    bool         // a refund of it is due or was: what is given back is named by its seats
}

type logState uint8

const (
	held logState = iota + 1
	paying
	soldFor
	gone
	bound // a leg whose home says nothing yet
)

var logStateNames = [...]string{held: "held", paying: "paying", soldFor: "sold", gone: "over", bound: "bound"}

func (s logState) String() string { return logStateNames[s] }

// enter begins a section.
func (p *replay) enter(no uint32) {
	s := p.now
	*s = logSection{no: no, fresh: -history.Never, seats: s.seats[:0], byID: s.byID, list: s.list[:0],
		pool: s.pool[:0], latest: -history.Never, latestN: none}
	clear(s.byID)
	if no == none {
		return
	}
	s.seats = slices.Grow(s.seats, int(p.requests.sections[no].seats))[:p.requests.sections[no].seats]
	for i := range s.seats {
		s.seats[i] = logSeat{letter: 'a', shown: letterBit('a')}
	}
	p.logTally.sections++
	if p.done[no] {
		p.blame(LogShape, "the section's lines come in two places")
	}
	p.done[no] = true
	s.fresh = p.freshOf(no)
}

// blame adds a fault about the present line.
func (p *replay) blame(code Code, format string, args ...any) {
	event, section := p.requests.names(p.now.no)
	l := &p.line
	text := fmt.Sprintf("seq %d index %d: %v", l.seq, l.index, l.kind)
	if len(l.booking) > 0 {
		text += " " + string(l.booking)
	}
	p.faults.add(Fault{code, event, section, -1, text + ": " + fmt.Sprintf(format, args...)})
}

// change follows one line.
func (p *replay) change() {
	p.changes++
	p.shape()
	p.now.step++
	switch l := &p.line; l.kind {
	case logClaim, logReleased, logFenced, logSale:
	case logMoney, logTaken, logRefunded:
		p.money()
	case logPlaced:
		p.placed()
	case logBound:
		p.legBound()
	case logBlocked:
		p.block('a', 'b')
	case logUnblocked:
		p.block('b', 'a')
	default:
		at, known := p.now.byID[string(l.booking)]
		if !known {
			p.blame(LogMove, "of a booking that was never placed")
			return
		}
		if b := &p.now.list[at]; l.kind == logLegSold || l.kind == logLegFreed {
			p.legMoved(b, at)
		} else if l.kind == logSettled {
			p.settledOrder(b)
		} else if l.kind == logLegPart {
			p.blame(LogForeign, "nobody in this history gives single seats back")
		} else if l.kind == logExchanged {
			p.blame(LogForeign, "nobody in this history exchanges seats")
		} else {
			p.moved(b, at)
		}
	}
}

// shape checks the line's place: records and the changes in them are numbered without gaps, epochs and time never fall
// (P10).
func (p *replay) shape() {
	s, l := p.now, &p.line
	next := l.seq == s.seq+1 && l.index == 0
	if same := l.seq == s.seq && l.index == s.index+1 && s.seq > 0; !next && !same {
		p.blame(LogShape, "comes after seq %d index %d", s.seq, s.index)
	}
	switch {
	case l.epoch < s.epoch:
		p.blame(LogEpoch, "epoch %d after %d", l.epoch, s.epoch)
	case l.epoch > s.epoch && l.kind != logClaim:
		p.blame(LogEpoch, "epoch rises from %d to %d without a claim", s.epoch, l.epoch)
	}
	if l.at < s.at {
		p.blame(LogTime, "at %v after %v", l.at, s.at)
	}
	p.lastSeq[s.no] = l.seq
	s.seq, s.index, s.epoch, s.at = l.seq, l.index, l.epoch, l.at
}

// placed follows a hold: its seats must have been free (P1).
func (p *replay) placed() {
	s, l := p.now, &p.line
	if len(l.seats) == 0 || !l.expiring {
		p.blame(LogShape, "a hold without seats or without an end")
		return
	}
	if _, twice := s.byID[string(l.booking)]; twice {
		p.blame(LogMove, "placed twice")
		return
	}
	request := p.asker(l.buyer)
	b := logBooking{state: held, expires: l.expires, booking: none, buyer: l.buyer}
	if request != none {
		if p.list[request].grants() {
			b.booking = p.list[request].booking
			p.ends[b.booking] = p.nanos(l.expires)
		}
		p.placedAsAnswered(request)
	}
	b.order = p.placedOrder(request, b.booking)
	p.take(b, b.booking != none && p.settled(p.list[request].ret))
}

// take adds a booking and gives it the line's seats.
func (p *replay) take(b logBooking, certain bool) {
	s, l := p.now, &p.line
	b.seats = history.Span{At: uint32(len(s.pool)), Len: uint32(len(l.seats))}
	s.pool = append(s.pool, l.seats...)
	s.list = append(s.list, b)
	s.byID[string(l.booking)] = uint32(len(s.list) - 1)
	for _, seat := range l.seats {
		p.give(seat, uint32(len(s.list)), certain)
	}
}

// give puts a seat into a booking's hands.
func (p *replay) give(seat, holder uint32, certain bool) {
	s := p.now
	if int(seat) >= len(s.seats) {
		p.blame(LogShape, "seat %d of %d", seat, len(s.seats))
		return
	}
	if before := &s.seats[seat]; before.letter != 'a' {
		p.blame(LogOverlap, "seat %d is %c, of %s", seat, before.letter, p.holderOf(before))
	}
	s.seats[seat].holder = holder
	s.draw(seat, 'h', certain)
}

func (p *replay) holderOf(seat *logSeat) string {
	for id, at := range p.now.byID {
		if at+1 == seat.holder {
			return id
		}
	}
	return "nobody"
}

// draw changes a seat's letter.
func (s *logSection) draw(seat uint32, letter byte, certain bool) {
	l := &s.seats[seat]
	switch {
	case certain:
		s.certain = s.step
		l.shown = letterBit(letter)
	case l.changed <= s.certain:
		l.shown = letterBit(l.letter) | letterBit(letter)
	default:
		l.shown |= letterBit(letter)
	}
	l.letter, l.changed = letter, s.step
}

// mayShow is what a last map may show of a seat.
func (s *logSection) mayShow(seat int) letters {
	l := &s.seats[seat]
	if l.changed <= s.certain {
		return letterBit(l.letter)
	}
	return l.shown
}

func (p *replay) block(from, to byte) {
	s, l := p.now, &p.line
	for _, seat := range l.seats {
		if int(seat) >= len(s.seats) || s.seats[seat].letter != from {
			p.blame(LogOverlap, "seat %d is not %c", seat, from)
			continue
		}
		s.draw(seat, to, false)
	}
}

// logMoves are what changes do to a booking's state.
var logMoves = [...]struct {
	from, to logState
	letter   byte // of its seats then; 0: as before
}{
	logExtended:  {held, held, 0},
	logGivenBack: {held, gone, 'a'},
	logLapsed:    {held, gone, 'a'},
	logPaying:    {held, paying, 0},
	logUnpaid:    {paying, held, 0},
	logSold:      {paying, soldFor, 's'},
}

// moved follows a change of a booking.
func (p *replay) moved(b *logBooking, at uint32) {
	l := &p.line
	move := logMoves[l.kind]
	if b.state != move.from {
		p.blame(LogMove, "the booking is %v", b.state)
	}
	p.timely(b)
	certain := p.attribute(b)
	if l.kind == logExtended {
		b.expires = max(b.expires, l.expires)
		if b.booking != none {
			p.ends[b.booking] = p.nanos(b.expires)
		}
	}
	b.state = move.to
	p.homeSays(b)
	if move.letter != 0 {
		p.redraw(b, at, move.letter, certain)
	}
}

// redraw changes the letters of those seats that are a booking's; 'a' takes them from it.
func (p *replay) redraw(b *logBooking, at uint32, letter byte, certain bool) {
	s := p.now
	for _, seat := range s.pool[b.seats.At : b.seats.At+b.seats.Len] {
		if int(seat) >= len(s.seats) || s.seats[seat].holder != at+1 {
			continue // blamed when it was given to two
		}
		if letter == 'a' {
			s.seats[seat].holder = 0
		}
		s.draw(seat, letter, certain)
	}
}

// timely holds a change against the hold's end (P4): only a lapse may come after it, and it may not come before. Money
// that was on its way in time may arrive later, and what is released is welcome at any time.
func (p *replay) timely(b *logBooking) {
	l := &p.line
	switch l.kind {
	case logLapsed:
		if l.at < b.expires {
			p.blame(LogLapse, "lapsed at %v, before its end at %v", l.at, b.expires)
		}
	case logExtended, logPaying:
		if l.at >= b.expires {
			p.blame(LogLapse, "at %v, after its end at %v", l.at, b.expires)
		}
	}
	if l.kind == logExtended && l.expires < b.expires {
		p.blame(LogMove, "its end goes back from %v to %v", b.expires, l.expires)
	}
}
