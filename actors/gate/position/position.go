package position

import (
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
)

// Frame is the part of the public frame that a position needs.
type Frame struct {
	Phase    gate.Phase
	Paused   bool
	SoldOut  bool
	Entrants uint32    // N
	Seed     draw.Hash // of the draw
	Joined   uint32
	Called   gate.Rank
	Pace     uint32 // ranks in 1000 seconds; 0: not known
}

// Of gives the frame's part of a gate's counters, with the pace that a Pacer has measured.
func Of(p *gate.Public, pace uint32) Frame {
	return Frame{Phase: p.Phase, Paused: p.Paused, SoldOut: p.SoldOut, Entrants: p.Entrants, Seed: p.Seed,
		Joined: p.Joined, Called: p.Called, Pace: pace}
}

// Unknown is an ETA that nobody can tell.
const Unknown = -1

// etaMax is a week, in seconds: what is longer is no answer.
const etaMax = 7 * 24 * 60 * 60

// Standing is where a place stands.
type Standing struct {
	Rank     gate.Rank
	Position uint32 // 1 is called next; 0: called already, or not drawn yet
	Ahead    uint32 // at most so many are called before
	ETA      int64  // seconds until the call; Unknown
	Why      string // why the ETA is unknown
}

// Stand says where the place of a number stands.
func (f *Frame) Stand(number gate.Number) Standing {
	if f.Phase < gate.Drawn {
		return Standing{Ahead: max(f.Joined, 1) - 1, ETA: Unknown, Why: "not_drawn"}
	}
	order := draw.NewPermutation(f.Seed, f.Entrants)
	s := Standing{Rank: gate.Rank(order.Place(uint32(number)))}
	if s.Rank < f.Called {
		return s
	}
	s.Ahead = uint32(s.Rank - f.Called)
	s.Position = s.Ahead + 1
	if s.Why = f.stopped(); s.Why != "" {
		s.ETA = Unknown
		return s
	}
	s.ETA = min((int64(s.Position)*1000+int64(f.Pace)-1)/int64(f.Pace), etaMax)
	return s
}

// stopped says why nobody can tell when the next call is.
func (f *Frame) stopped() string {
	switch {
	case f.SoldOut:
		return "sold_out"
	case f.Paused:
		return "paused"
	case f.Phase < gate.Open:
		return "not_open"
	case f.Pace == 0:
		return "no_pace"
	}
	return ""
}

// Grew says why an ETA is later than it was told so many seconds ago; empty: it is not, but for a tenth and a second.
func Grew(before, now Standing, seconds int64) string {
	switch {
	case before.ETA == Unknown || now.ETA != Unknown && now.ETA+seconds <= before.ETA+before.ETA/10+1:
		return ""
	case now.ETA == Unknown:
		return now.Why
	}
	return "slower"
}

// Pacer measures the pace of the counter. The zero value has seen nothing. It is not safe for concurrent use.
type Pacer struct {
	samples [samplesMax]sample // a ring
	n, next int
}

type sample struct {
	at     gate.Instant
	called gate.Rank
}

const (
	samplesMax  = 61
	sampleEvery = 1000   // ms
	paceWindow  = 60_000 // ms
	paceLeast   = 2000   // ms: a pace of less is a guess
)

// Saw takes the counter as it stood at an instant.
func (p *Pacer) Saw(at gate.Instant, called gate.Rank) {
	if p.n > 0 && at < p.at(p.n-1).at+sampleEvery {
		return
	}
	p.samples[p.next] = sample{at, called}
	p.next, p.n = (p.next+1)%samplesMax, min(p.n+1, samplesMax)
}

// at is the i-th oldest sample.
func (p *Pacer) at(i int) sample { return p.samples[(p.next-p.n+i+samplesMax)%samplesMax] }

// Pace is ranks in 1000 seconds, up to an instant at which the counter stands at called. 0: not known.
func (p *Pacer) Pace(at gate.Instant, called gate.Rank) uint32 {
	i := 0
	for i < p.n && p.at(i).at < at-paceWindow {
		i++
	}
	if i == p.n || at-p.at(i).at < paceLeast || called < p.at(i).called {
		return 0
	}
	from := p.at(i)
	return uint32(min(uint64(called-from.called)*1_000_000/uint64(at-from.at), 1<<32-1))
}
