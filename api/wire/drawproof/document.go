package drawproof

import (
	_ "embed"
	"math"

	"holdfast/actors/gate/draw"
	"holdfast/api/wire"
)

// Schema is the JSON schema (2020-12) of a document.
//
//go:embed schema.json
var Schema []byte

// Version is that of the documents described here.
const Version = 1

// BytesMax bounds a document.
const BytesMax = 64 << 10

// The phases of a document.
const (
	PhaseLobby  = "lobby"
	PhaseClosed = "closed"
	PhaseDrawn  = "drawn"
	PhaseOpen   = "open"
)

// Document is the whole.
type Document struct {
	Version int    `json:"version"`
	Event   string `json:"event"` // its id, as the API tells it
	Phase   string `json:"phase"`
	Rule    Rule   `json:"rule"`
	Close   *Close `json:"close,omitempty"`
	Draw    *Draw  `json:"draw,omitempty"`
	Place   *Place `json:"place,omitempty"`
}

// Rule is what was fixed before the lobby opened.
type Rule struct {
	ClosesAt wire.Time `json:"closes_at"`
	Beacon   *Beacon   `json:"beacon,omitempty"` // nil: the operator hands a value in
}

// Beacon is the rule's drand chain and round.
type Beacon struct {
	Chain   Hash      `json:"chain"` // the chain's hash, which pins key, period and genesis
	Genesis wire.Time `json:"genesis"`
	Period  int64     `json:"period_ms"`
	Round   uint64    `json:"round"`   // planned
	Late    int64     `json:"late_ms"` // the least time between the close and the round
}

// Close is what binds the entrants.
type Close struct {
	At       wire.Time `json:"at"`
	Entrants *uint32   `json:"entrants"` // N; never nil in a document that was read
	Root     Hash      `json:"root"`
	Round    uint64    `json:"round,omitempty"` // 0: no beacon
}

// Draw is what the beacon, or the operator, gave.
type Draw struct {
	Signature Bytes `json:"signature"`
	// Previous is the signature of the round before: a chained beacon's round cannot be verified without it.
	Previous Bytes `json:"previous_signature,omitempty"`
	Seed     Hash  `json:"seed"`
}

// Place is one buyer's, who alone is shown it.
type Place struct {
	Number    *uint32 `json:"number"` // never nil in a document that was read
	Pseudonym ID      `json:"pseudonym"`
	Party     uint8   `json:"party"`
	Salt      ID      `json:"salt"`
	Path      []Hash  `json:"path,omitempty"` // from the leaf up; none for the only entrant, or after the close
	Rank      *uint32 `json:"rank,omitempty"` // 0 is called first; nil before the draw
}

// instantMax, in milliseconds, is the year 6429: sums of times stay in range.
const instantMax = 1 << 47

// pathMax is the depth of a tree of 2^32 leaves.
const pathMax = 32

// Parse reads a document strictly: nothing unknown, nothing missing, nothing twice. Every error is a *wire.FieldError.
func Parse(body []byte) (*Document, error) {
	if len(body) > BytesMax {
		return nil, &wire.FieldError{Reason: "is longer than 64 KiB"}
	}
	d := &Document{}
	if err := wire.Decode(body, d); err != nil {
		return nil, err
	}
	for _, part := range []func() *wire.FieldError{d.head, d.beacon, d.closed, d.drawn, d.place} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func wrong(field, reason string) *wire.FieldError {
	return &wire.FieldError{Field: field, Reason: reason}
}

func (d *Document) head() *wire.FieldError {
	switch {
	case d.Version != Version:
		return wrong("version", "must be 1")
	case d.Event == "":
		return wrong("event", "must be the event's id")
	case d.Rule.ClosesAt <= 0:
		return wrong("rule.closes_at", "must be when the lobby closes")
	}
	switch d.Phase {
	case PhaseLobby, PhaseClosed, PhaseDrawn, PhaseOpen:
	default:
		return wrong("phase", "must be lobby, closed, drawn or open")
	}
	wantClose, wantDraw := d.Phase != PhaseLobby, d.Phase == PhaseDrawn || d.Phase == PhaseOpen
	if wantClose != (d.Close != nil) {
		return wrong("close", "must be there from the close on, and not before")
	}
	if wantDraw != (d.Draw != nil) {
		return wrong("draw", "must be there from the draw on, and not before")
	}
	return nil
}

func (d *Document) beacon() *wire.FieldError {
	b := d.Rule.Beacon
	switch {
	case b == nil:
	case b.Chain == Hash{}:
		return wrong("rule.beacon.chain", "must be the chain's hash")
	case b.Genesis <= 0:
		return wrong("rule.beacon.genesis", "must be when round 1 was published")
	case b.Period <= 0 || b.Period > math.MaxUint32:
		return wrong("rule.beacon.period_ms", "must be the time between rounds")
	case b.Round == 0 || b.Round > math.MaxUint32:
		return wrong("rule.beacon.round", "must be 1 to 4294967295")
	case b.Round > instantMax/uint64(b.Period):
		return wrong("rule.beacon.round", "is beyond every calendar")
	case b.Late < 0 || b.Late > math.MaxUint32:
		return wrong("rule.beacon.late_ms", "must be 0 to 4294967295")
	}
	return nil
}

func (d *Document) closed() *wire.FieldError {
	c := d.Close
	switch {
	case c == nil:
	case c.At <= 0:
		return wrong("close.at", "must be when the lobby was closed")
	case c.Entrants == nil:
		return wrong("close.entrants", "is missing")
	case c.Root == Hash{}:
		return wrong("close.root", "is missing")
	case (c.Round != 0) != (d.Rule.Beacon != nil) || c.Round > math.MaxUint32:
		return wrong("close.round", "must be there with rule.beacon, and only then")
	}
	return nil
}

func (d *Document) drawn() *wire.FieldError {
	switch {
	case d.Draw == nil:
	case len(d.Draw.Signature) == 0:
		return wrong("draw.signature", "is missing")
	case d.Draw.Seed == Hash{}:
		return wrong("draw.seed", "is missing")
	}
	return nil
}

func (d *Document) place() *wire.FieldError {
	p := d.Place
	switch {
	case p == nil:
	case p.Number == nil:
		return wrong("place.number", "is missing")
	case p.Party == 0:
		return wrong("place.party", "must be 1 or more")
	case len(p.Path) > pathMax:
		return wrong("place.path", "has more than 32 hashes")
	case p.Rank != nil && d.Draw == nil:
		return wrong("place.rank", "is told before the draw")
	}
	return nil
}

// Hashes gives the path as the draw's hashes.
func (p *Place) Hashes() []draw.Hash {
	path := make([]draw.Hash, len(p.Path))
	for i, h := range p.Path {
		path[i] = draw.Hash(h)
	}
	return path
}
