package check

import (
	"bytes"
	"fmt"
	"slices"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// Which change names which request, in Holdfast's log: hold_placed, hold_extended and hold_released name the request
// that asked for them; a confirmation shows as payment_begun, which names it, and then as sold or payment_failed, which
// name none: they come from whoever settles the payment, perhaps much later. A payment can also be begun without a
// name, when money arrives for a booking that was no longer waiting for it. hold_expired names none.

// asker finds the request that the line names, none (and a fault) if there is none such, or if it belongs to another
// event. buyer is whose booking it is, as the log says. It counts the effect.
func (p *replay) asker(buyer [16]byte) uint32 {
	l := &p.line
	if !l.hasRequest {
		p.blame(LogForeign, "it names no request")
		return none
	}
	event := p.requests.sections[p.now.no].event
	n := p.index.find(p.requests, event, l.request)
	if n == none && l.kind == logPlaced {
		p.learn(event)
		n = p.index.find(p.requests, event, l.request)
	}
	if n == none {
		p.meet(l.request, buyer)
		return none
	}
	if p.effect[n]++; p.effect[n] > 1 {
		p.effect[n] = 2
		p.blame(LogTwice, "the second effect of %s", p.tellRequest(n))
	}
	return n
}

func (q *requests) tellRequest(n uint32) string {
	_, op := q.op(q.list[n].op)
	return q.tell(op)
}

// foreignEffect is a fault about a request that had no right to an effect. Whether it was refused or never made is
// looked up at the end.
type foreignEffect struct {
	fault       int
	name, buyer [16]byte
}

func (p *replay) meet(name, buyer [16]byte) {
	if len(p.faults.first) < FaultsShown {
		p.strange = append(p.strange, foreignEffect{len(p.faults.first), name, buyer})
	}
	p.blame(LogForeign, "nobody asked for it under %s", wire.HashText(name))
}

// placedAsAnswered holds a hold against its request: booking, seats and end must be those of the answer, or of the
// request while there is none.
func (p *replay) placedAsAnswered(request uint32) {
	l, r := &p.line, &p.list[request]
	part, op := p.op(r.op)
	if r.kind != history.Hold && r.kind != history.Best {
		p.blame(LogDiffers, "a hold for %s", p.tellRequest(request))
		return
	}
	wanted := p.seatsIn(r.op, p.now.no)
	if op.Section != history.AnySection && p.sectionOf(op) != p.now.no && wanted == nil {
		p.blame(LogDiffers, "in another section than %s", p.tellRequest(request))
	}
	switch {
	case r.grants() && !bytes.Equal(part.TextOf(op.Text), l.booking):
		p.blame(LogDiffers, "the answer told booking %s: %s", part.TextOf(op.Text), p.tellRequest(request))
	case (r.grants() || r.kind == history.Hold) && !p.same(wanted, l.seats):
		p.blame(LogDiffers, "seats %v, and %v in %s", l.seats, wanted, p.tellRequest(request))
	case !r.grants() && r.kind == history.Best && len(l.seats) != int(op.Quantity) && len(l.order) == 0:
		p.blame(LogDiffers, "%d seats for %s", len(l.seats), p.tellRequest(request))
	}
	p.sameEnd(r)
	p.order(request, r.call, r.ret)
}

// same compares seats in any order.
func (p *replay) same(a, b []uint32) bool {
	if slices.Equal(a, b) {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	for i, list := range [2][]uint32{a, b} {
		p.scratch[i] = append(p.scratch[i][:0], list...)
		slices.Sort(p.scratch[i])
	}
	return slices.Equal(p.scratch[0], p.scratch[1])
}

// endSlack is what is lost when an end is told in whole milliseconds.
const endSlack = history.Nanos(1_000_000)

// sameEnd compares ends. Of a request that was repeated the answer may tell a later one.
func (p *replay) sameEnd(r *request) {
	if r.verdict != history.Done || r.again || r.expires == 0 {
		return
	}
	end := p.nanos(p.line.expires)
	if d := end - r.expires; d > endSlack || d < -endSlack {
		p.blame(LogDiffers, "ends at %v, and the answer said %v", end, r.expires)
	}
}

// extended is the latest moment at which an extension can have come about. One that would gain next to nothing is told
// the booking as it stands, and writes nothing; sent again later under the same key, it may gain enough. So an answer
// proves the change only if no other one told a later end.
func (r *request) extended() history.Nanos {
	if r.verdict != history.Done {
		return r.ret
	}
	return r.ended
}

// nanos is a time of the server's on the history's clock.
func (q *requests) nanos(t wire.Time) history.Nanos {
	return history.Nanos(int64(t)*1e6 - q.h.Header.StartUnixNano)
}

// attribute holds a change of a booking against who asked for it. It says whether the change was acknowledged to
// somebody: then it had happened before that answer.
func (p *replay) attribute(b *logBooking) (certain bool) {
	var life *booking
	if b.booking != none {
		life = &p.bookings[b.booking]
	}
	switch p.line.kind {
	case logExtended:
		if n := p.askerAbout(b, history.Extend); n != none {
			r := &p.list[n]
			p.sameEnd(r)
			ended := r.extended()
			p.order(n, r.call, ended)
			return p.settled(ended)
		}
	case logGivenBack:
		p.markOver(b, overGone)
		if n := p.askerAbout(b, history.Release); n != none && life != nil {
			p.order(n, p.list[n].call, life.freed)
			return p.settled(life.freed)
		}
	case logLapsed:
		p.markOver(b, overGone)
		if life != nil && life.freed != history.Never { // somebody was told that it is over
			p.order(life.request, -history.Never, life.freed)
			return p.settled(life.freed)
		}
	case logPaying:
		if p.line.hasRequest {
			if n := p.askerAbout(b, history.Confirm); n != none {
				p.order(n, p.list[n].call, history.Never)
			}
		}
	case logSold:
		return p.soldTo(b, life)
	case logRefunded, logTaken:
		p.blame(LogForeign, "nobody in this history gives seats back that were sold")
	}
	return false
}

// askerAbout finds the request the line names, and checks that it is of this kind and about this booking.
func (p *replay) askerAbout(b *logBooking, kind history.Kind) uint32 {
	n := p.asker(b.buyer)
	if n == none {
		return none
	}
	r := &p.list[n]
	if r.kind != kind || r.booking == none || r.booking != b.booking {
		p.blame(LogDiffers, "asked for by %s, which is about something else", p.tellRequest(n))
		return none
	}
	return n
}

func (p *replay) markOver(b *logBooking, how uint8) {
	if b.booking != none {
		p.over[b.booking] |= how
	}
}

// soldTo: a sale needs a confirmation that was acknowledged or may have succeeded; a declined one sells nothing.
func (p *replay) soldTo(b *logBooking, life *booking) (certain bool) {
	p.sold += uint64(b.seats.Len)
	p.markOver(b, overSold)
	switch {
	case life == nil:
		p.blame(LogForeign, "nobody confirmed it, for nobody was told of it")
		return false
	case life.selling == history.Never:
		p.blame(LogRefused, "no confirmation of it was acknowledged, and none is unknown")
		return false
	case life.sold == history.Never:
		p.ofUnknown += uint64(b.seats.Len)
	default:
		p.ofConfirmed += uint64(b.seats.Len)
	}
	p.order(life.request, life.selling, life.sold)
	return p.settled(life.sold)
}

// order keeps real time: of two changes in one section's log, the request of the second must not have been answered
// before that of the first was asked. call is the earliest moment at which the change can have come about, ret the
// latest. One sweep finds all: it is enough to remember the latest call so far.
func (p *replay) order(request uint32, call, ret history.Nanos) {
	s := p.now
	if ret < s.latest {
		p.blame(LogOrder, "its answer had come at %v, and before it stands what was asked for only at %v: %s", ret,
			s.latest, p.tellRequest(s.latestN))
	}
	if call > s.latest {
		s.latest, s.latestN = call, request
	}
}

// logIndex finds requests by the names that a log knows them by.
type logIndex struct {
	names [][16]byte
	table table
}

// find gives the request of this event, none when there is none.
func (x *logIndex) find(q *requests, event uint16, name [16]byte) uint32 {
	return *x.slot(q, event, name) - 1
}

func (x *logIndex) slot(q *requests, event uint16, name [16]byte) *uint32 {
	return x.table.slot(shortName(name), func(n uint32) bool { return x.names[n] == name && q.eventOf(n) == event })
}

func (q *requests) eventOf(n uint32) uint16 {
	p, op := q.op(q.list[n].op)
	event, _, _ := q.key(p, op)
	return event
}

// shortName is a hash of a hash: its first bytes.
func shortName(name [16]byte) (h uint64) {
	for _, b := range name[:8] {
		h = h<<8 | uint64(b)
	}
	return h
}

// namer makes the names under which logs of earlier builds know requests.
type namer struct {
	h          *history.Header
	buyer, key []byte
}

func (m *namer) name(op *history.Op) [16]byte {
	m.buyer = history.AppendName(m.buyer[:0], m.h.BuyerPrefix, op.Buyer)
	m.key = history.AppendName(m.key[:0], m.h.KeyPrefix, op.Key)
	return wire.RequestHash(wire.BuyerHash(string(m.buyer)), m.key)
}

// unmask tells those requests that were refused from those that were never made. It reads the whole history once more,
// and only when there is a fault to tell better.
func (p *replay) unmask() {
	if len(p.strange) == 0 {
		return
	}
	m := namer{h: &p.h.Header}
	p.each(func(_ ref, op *history.Op) {
		if effective(op) || op.Kind == history.Look || op.Kind == history.Leg {
			return
		}
		name := m.name(op)
		for _, s := range p.strange {
			if s.name == name || s.name == p.named.request(&p.h.Header, s.buyer, op) {
				f := &p.faults.first[s.fault]
				f.Code, f.Text = LogRefused, fmt.Sprintf("%s; it is %s", f.Text, p.tell(op))
			}
		}
	})
	p.strange = nil
}
