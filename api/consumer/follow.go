package consumer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Verdict is what an event is to a consumer.
type Verdict uint8

// The verdicts.
const (
	Next     Verdict = iota + 1 // the next change of its shard: to be used
	Repeated                    // it was taken before
	Before                      // it is in what the consumer began with
	Faulty                      // not to be used as it is: Take's error says why
	NoChange                    // it is no change of a log: a stamp, a ping
)

// Kind is what is wrong.
type Kind string

// The kinds of faults.
const (
	Gap  Kind = "gap"  // changes between the last one and this were not told
	Swap Kind = "swap" // one that was missing comes after later ones
	Fork Kind = "fork" // the chain breaks: another log than was told before, or an edited one
)

// Fault is what is wrong with an event, as an error.
type Fault struct {
	Kind         Kind
	ID, Shard    string
	Sequence     uint64 // the event's
	Change       int
	WantSequence uint64 // what should have come
	WantChange   int
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf("consumer: %s at %s: change %d of record %d was expected", f.Kind, f.ID, f.WantChange,
		f.WantSequence)
}

// Position is how far a shard was taken. It is made to be kept as JSON.
type Position struct {
	Sequence uint64 `json:"sequence"`           // the newest record of which a change was taken; 0: none
	Taken    int    `json:"taken"`              // how many of its changes were
	Changes  int    `json:"changes"`            // of how many
	Hash     string `json:"hash,omitempty"`     // of that record; "": not known
	Previous string `json:"previous,omitempty"` // of the record before it
	// Missing are ranges of changes that were skipped, both ends included, the oldest first; at most missingMax.
	Missing []Range `json:"missing,omitempty"`
}

// Range is from one change to another of one shard.
type Range struct {
	From, To Place
}

// Place is where a change stands in its shard's log.
type Place struct {
	Sequence uint64
	Change   int
}

func (p Place) less(other Place) bool {
	return p.Sequence < other.Sequence || p.Sequence == other.Sequence && p.Change < other.Change
}

// missingMax bounds what is remembered of gaps; the oldest are forgotten.
const missingMax = 64

// Follower judges events of many shards. It is for one goroutine.
type Follower struct {
	at     map[string]*Position
	began  map[string]uint64 // seqs of the snapshot
	faults map[Kind]int
}

// New goes on from positions that were kept; nil: from the beginning of every shard.
func New(positions map[string]Position) *Follower {
	f := &Follower{at: map[string]*Position{}, began: map[string]uint64{}, faults: map[Kind]int{}}
	for shard, at := range positions {
		f.at[shard] = &at
	}
	return f
}

// Begin says that all records of a shard up to sequence are known already, by a snapshot. For a shard that was taken
// further it does nothing.
func (f *Follower) Begin(shard string, sequence uint64) {
	if at := f.at[shard]; at != nil && at.Sequence > sequence {
		return
	}
	f.at[shard], f.began[shard] = &Position{Sequence: sequence}, sequence
}

// BeginEvent is Begin of an event's sections, in the order that GET …/availability has them.
func (f *Follower) BeginEvent(event string, sequences []uint64) {
	for section, sequence := range sequences {
		f.Begin(event+"/"+strconv.Itoa(section), sequence)
	}
}

// Positions are to be kept, and given to New.
func (f *Follower) Positions() map[string]Position {
	all := make(map[string]Position, len(f.at))
	for shard, at := range f.at {
		one := *at
		one.Missing = slices.Clone(at.Missing)
		all[shard] = one
	}
	return all
}

// Faults counts what Take has found, by kind.
func (f *Follower) Faults() map[Kind]int { return maps.Clone(f.faults) }

// Take judges an event, and moves its shard's position where it is Next. The error is a *Fault, and the verdict Faulty;
// the position has not moved. After a Gap, Skip goes on behind it.
func (f *Follower) Take(e *Event) (Verdict, error) {
	if e.Sequence == 0 {
		return NoChange, f.stamped(e)
	}
	at := f.at[e.Shard]
	if at == nil {
		at = &Position{}
		f.at[e.Shard] = at
	}
	place, want := Place{e.Sequence, e.Change}, at.next()
	switch {
	case place == want:
		if !at.links(e) {
			return Faulty, f.fault(Fork, e, want)
		}
		at.take(e)
		return Next, nil
	case want.less(place):
		return Faulty, f.fault(Gap, e, want)
	case e.Sequence == at.Sequence && at.Hash != "" && e.Hash != at.Hash:
		return Faulty, f.fault(Fork, e, want)
	case at.found(place):
		return Faulty, f.fault(Swap, e, want)
	case e.Sequence <= f.began[e.Shard]:
		return Before, nil
	}
	return Repeated, nil
}

// Skip goes on behind a Gap with the event that showed it, which then counts as taken. What was skipped is Swap where
// it comes later. For any other event it does nothing.
func (f *Follower) Skip(e *Event) {
	at := f.at[e.Shard]
	if at == nil || e.Sequence == 0 {
		return
	}
	place, want := Place{e.Sequence, e.Change}, at.next()
	if !want.less(place) {
		return
	}
	last := Place{e.Sequence, e.Change - 1}
	if e.Change == 0 {
		last = Place{e.Sequence - 1, int(^uint(0) >> 1)}
	}
	if at.Missing = append(at.Missing, Range{want, last}); len(at.Missing) > missingMax {
		at.Missing = at.Missing[1:]
	}
	at.take(e)
}

// stamped holds a stamp against what was taken: a shard that it has and that was taken less far has a gap.
func (f *Follower) stamped(e *Event) error {
	if e.Type != Complete {
		return nil
	}
	s, err := e.Stamp()
	if err != nil {
		return err
	}
	for _, shard := range s.Shards {
		sequence, err := strconv.ParseUint(shard.Sequence, 10, 64)
		if err != nil {
			return fmt.Errorf("consumer: event %s: shard %s has the sequence %q", e.ID, shard.Shard, shard.Sequence)
		}
		at := f.at[shard.Shard]
		if at == nil {
			at = &Position{}
		}
		if want := at.next(); want.Sequence <= sequence {
			f.faults[Gap]++
			return &Fault{Kind: Gap, ID: e.ID, Shard: shard.Shard, Sequence: sequence, WantSequence: want.Sequence,
				WantChange: want.Change}
		}
	}
	return nil
}

func (f *Follower) fault(kind Kind, e *Event, want Place) error {
	f.faults[kind]++
	return &Fault{Kind: kind, ID: e.ID, Shard: e.Shard, Sequence: e.Sequence, Change: e.Change,
		WantSequence: want.Sequence, WantChange: want.Change}
}

// next is the change that should come next.
func (p *Position) next() Place {
	if p.Taken < p.Changes {
		return Place{p.Sequence, p.Taken}
	}
	return Place{p.Sequence + 1, 0}
}

// links says whether an event that comes next is of the chain.
func (p *Position) links(e *Event) bool {
	if e.Change > 0 {
		return e.Hash == p.Hash && e.PreviousHash == p.Previous && e.Changes == p.Changes
	}
	if p.Sequence == 0 {
		return allZero(e.PreviousHash)
	}
	return p.Hash == "" || e.PreviousHash == p.Hash
}

func (p *Position) take(e *Event) {
	p.Sequence, p.Taken, p.Changes, p.Hash, p.Previous = e.Sequence, e.Change+1, e.Changes, e.Hash, e.PreviousHash
}

// found takes a change out of what is missing; false: it is not there.
func (p *Position) found(place Place) bool {
	for i, r := range p.Missing {
		if place.less(r.From) || r.To.less(place) {
			continue
		}
		var rest []Range
		if r.From.less(place) {
			rest = append(rest, Range{r.From, Place{place.Sequence, place.Change - 1}})
		}
		if place.less(r.To) {
			rest = append(rest, Range{Place{place.Sequence, place.Change + 1}, r.To})
		}
		p.Missing = slices.Replace(p.Missing, i, i+1, rest...)
		return true
	}
	return false
}

func allZero(hash string) bool {
	for _, c := range hash {
		if c != '0' {
			return false
		}
	}
	return hash != ""
}
