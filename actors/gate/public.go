package gate

import (
	"holdfast/actors/gate/bound"
	"holdfast/actors/gate/draw"
)

// Public is the frame of counters that everybody may see: the same for all, so it is encoded once for a million. It
// counts what was applied, which may not be durable yet on an owner: show it of durable records.
type Public struct {
	Seq      Seq
	At       Instant // of the newest change
	Phase    Phase
	Paused   bool
	SoldOut  bool
	Message  string
	ClosedAt Instant // when the lobby ended; 0: it has not, or there is none
	Entrants uint32  // N; places from N on are ranked by number
	Root     draw.Hash
	Round    uint64 // 0: no independent beacon
	Seed     draw.Hash
	Joined   uint32 // numbers given
	Called   Rank   // every rank below it was called, or had gone before
	Waiting  uint32
	Present  uint32 // called, and waiting for a slot or for being offered one
	Inside   uint32
	Occupied uint32 // slots that are not free: inside, or ending
	Cap      uint32
	Rate     uint32       // calls in 1000 seconds at most; 0: no bound
	Limits   bound.Limits // of one buyer, in force
	ShowRate uint32       // thousandths of the called who come, measured and clamped
	Left     uint32
	Lapsed   uint32
	Finished uint32
	Overtake Millis // the longest that a join waited for its number: nobody was overtaken by later ones for longer
	Stock    StockNo
	Free     uint32 // of that stock
}

// Public gives the frame.
func (b *board) Public() Public {
	return Public{
		Seq: b.seq, At: b.lastAt, Phase: b.phase, Paused: b.paused, SoldOut: b.stockNo > 0 && b.soldOut(),
		Message: b.message, ClosedAt: b.closedAt, Entrants: b.entrants, Root: b.root, Round: b.round, Seed: b.seed,
		Joined: b.joined, Called: b.called, Waiting: b.counts[Waiting], Present: b.counts[Present] + b.counts[Offered],
		Inside: b.sessions.inside, Occupied: b.sessions.occupied, Cap: b.cap, Rate: b.rate, Limits: b.limits,
		ShowRate: b.showRate(),
		Left:     b.counts[Left], Lapsed: b.counts[Lapsed], Finished: b.counts[Finished], Overtake: b.overtake,
		Stock: b.stockNo, Free: b.stock.Free,
	}
}

// Settings are those that the gate was founded with.
func (b *board) Settings() Settings { return b.set }

// Signature is what seeded the draw; nil before it. It is the gate's own.
func (b *board) Signature() []byte { return b.signature }

// Previous is the signature of the round before, where a chained beacon seeded the draw; else nil. It is the gate's
// own.
func (b *board) Previous() []byte { return b.previous }

// Rank is a place's position in the order of calling; before the draw it is the number.
func (b *board) Rank(no Number) Rank { return Rank(b.order.Place(uint32(no))) }

// Lookup gives a buyer's newest place as it stands, and the newest record that the answer rests on (P2).
func (m *Machine) Lookup(buyer Buyer) (p Place, dependsOn Seq, found bool) {
	no, found := m.places.find(buyer)
	if !found {
		return Place{}, 0, false
	}
	return m.describe(no), m.since(m.places.at(no).stamp), true
}

// Entrants calls visit for every leaf of the draw, in the order of numbers: what its tree and its paths are made of.
func (m *Machine) Entrants(visit func(no Number, e Entrant)) {
	n := m.entrants
	if m.phase == Lobby {
		n = m.joined
	}
	for no := range Number(n) {
		p := m.places.at(no)
		visit(no, Entrant{Buyer: p.buyer, Party: p.party})
	}
}
