package check

import (
	"hash/maphash"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// A log knows buyers by names that only the server can make, another one in each event (P14). The checker has no key,
// and needs none: a hold's line tells both the buyer's name and that of the request, which is a hash of the first and
// of the key that the buyer sent. Whoever is claimed to have asked either fits or does not:
//
//	hold_placed(buyer P, request R, booking B)
//	   B was told to buyer X, or X has not heard    R = RequestHash(P, key of X's request)?   then P is X, from now on
//
// A buyer has one name in an event, and a name one buyer: the second of either is nobody's. Logs of earlier builds name
// buyers by wire.BuyerHash, which the index begins with.
type named struct {
	of     map[buyerIn][16]byte
	taken  map[nameIn]bool
	byWho  map[buyerIn][]uint32 // requests; nil until the first name is to be learnt
	vague  [][]uint32           // by event: holds of which nobody heard
	texts  table                // bookings by their ids
	seed   maphash.Seed
	buffer []byte
}

type buyerIn struct {
	event uint16
	buyer uint64
}

type nameIn struct {
	event uint16
	name  [16]byte
}

// prepare sorts the requests by buyer.
func (p *replay) prepareNames() {
	m := &p.named
	m.of, m.taken, m.byWho = map[buyerIn][16]byte{}, map[nameIn]bool{}, map[buyerIn][]uint32{}
	m.vague, m.seed = make([][]uint32, len(p.h.Header.Events)), maphash.MakeSeed()
	m.texts = newTable(len(p.bookings))
	for n := range p.list {
		r := &p.list[n]
		part, op := p.op(r.op)
		event, buyer, _ := p.key(part, op)
		who := buyerIn{event, buyer}
		m.byWho[who] = append(m.byWho[who], uint32(n))
		if r.verdict == history.Unknown && (r.kind == history.Hold || r.kind == history.Best) {
			m.vague[event] = append(m.vague[event], uint32(n))
		}
	}
	for n := range p.bookings {
		_, op := p.op(p.list[p.bookings[n].request].op)
		part := p.h.Parts[p.list[p.bookings[n].request].op>>32]
		if slot := p.textSlot(op.Event, part.TextOf(op.Text)); *slot == 0 {
			*slot = uint32(n) + 1
		}
	}
}

// textSlot is where the booking with that id is.
func (p *replay) textSlot(event uint16, id []byte) *uint32 {
	return p.named.texts.slot(maphash.Bytes(p.named.seed, id), func(n uint32) bool {
		part, op := p.op(p.list[p.bookings[n].request].op)
		return op.Event == event && string(part.TextOf(op.Text)) == string(id)
	})
}

// learn finds out whose name the line's hold has, if that can be, and has the index know all of that buyer's requests.
func (p *replay) learn(event uint16) {
	l, m := &p.line, &p.named
	if m.byWho == nil {
		p.prepareNames()
	}
	if !l.hasBuyer || m.taken[nameIn{event, l.buyer}] {
		return
	}
	if n := *p.textSlot(event, l.booking); n != 0 {
		p.isNamed(event, p.bookings[n-1].request)
		return
	}
	for _, n := range m.vague[event] {
		if p.isNamed(event, n) {
			return
		}
	}
}

// isNamed takes the line's buyer for the one of a request, if the line's request is that.
func (p *replay) isNamed(event uint16, n uint32) bool {
	l, m := &p.line, &p.named
	part, op := p.op(p.list[n].op)
	_, buyer, _ := p.key(part, op)
	who := buyerIn{event, buyer}
	if _, has := m.of[who]; has || m.request(&p.h.Header, l.buyer, op) != l.request {
		return false
	}
	m.of[who], m.taken[nameIn{event, l.buyer}] = l.buyer, true
	for _, n := range m.byWho[who] {
		_, op := p.op(p.list[n].op)
		p.index.names[n] = m.request(&p.h.Header, l.buyer, op)
		*p.index.slot(p.requests, event, p.index.names[n]) = n + 1
	}
	return true
}

// request is the log's name of an operation by a buyer of that name.
func (m *named) request(h *history.Header, buyer [16]byte, op *history.Op) [16]byte {
	m.buffer = history.AppendName(m.buffer[:0], h.KeyPrefix, op.Key)
	return wire.RequestHash(buyer, m.buffer)
}
