package drawproof

import (
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/api/wire"
)

// State is what a gate knows of its draw: what a document is made of.
type State struct {
	Event     string // its id, as the API tells it
	Phase     gate.Phase
	ClosesAt  gate.Instant
	Rule      gate.DrawRule
	ClosedAt  gate.Instant // when LobbyClosed was logged
	Entrants  uint32
	Root      draw.Hash
	Round     uint64
	Signature []byte
	Previous  []byte // of the round before; only a chained beacon's rounds need it
	Seed      draw.Hash
}

// Of makes the document of a gate with a lobby, without anybody's place. nil: there is no gate yet, or no lobby, so
// nothing is drawn.
func Of(s *State) *Document {
	if s.Phase == gate.Unfounded || s.ClosesAt == 0 {
		return nil
	}
	d := &Document{Version: Version, Event: s.Event, Phase: PhaseLobby, Rule: Rule{ClosesAt: wire.Time(s.ClosesAt)}}
	if r := &s.Rule; r.Independent() {
		d.Rule.Beacon = &Beacon{Chain: Hash(r.Chain), Genesis: wire.Time(r.Genesis), Period: int64(r.Period),
			Round: r.Round, Late: int64(r.Late)}
	}
	if s.Phase < gate.Closed {
		return d
	}
	entrants := s.Entrants
	d.Phase = PhaseClosed
	d.Close = &Close{At: wire.Time(s.ClosedAt), Entrants: &entrants, Root: Hash(s.Root), Round: s.Round}
	if s.Phase < gate.Drawn {
		return d
	}
	if d.Phase = PhaseDrawn; s.Phase == gate.Open {
		d.Phase = PhaseOpen
	}
	d.Draw = &Draw{Signature: Bytes(s.Signature), Previous: Bytes(s.Previous), Seed: Hash(s.Seed)}
	return d
}

// Show adds a buyer's place: only the buyer may see it. path is none for a number from after the close.
func (d *Document) Show(number gate.Number, e gate.Entrant, salt draw.Salt, path []draw.Hash) {
	n := uint32(number)
	p := &Place{Number: &n, Pseudonym: ID(e.Buyer), Party: e.Party, Salt: ID(salt)}
	for _, sibling := range path {
		p.Path = append(p.Path, Hash(sibling))
	}
	if d.Draw != nil {
		order := draw.NewPermutation(draw.Hash(d.Draw.Seed), *d.Close.Entrants)
		rank := order.Place(n)
		p.Rank = &rank
	}
	d.Place = p
}
