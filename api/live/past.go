package live

import (
	"sort"

	"holdfast/actors"
	"holdfast/api/live/fanout"
)

// step is one thing that happened to an event's stream: a record, a checkpoint or a beat.
type step struct {
	version  uint64       // of the map, after the step
	changes  uint64       // of seats, by all steps up to this one
	delta    actors.Delta // of a record
	record   bool
	sections []int // of a checkpoint: those that had changed since the one before
}

// weight is the step's share of the past's bound, in bytes.
func (s *step) weight() int { return 96 + 8*len(s.delta.Changes) + 8*len(s.sections) }

// past is the recent history of one event's stream, bounded in bytes. Steps are numbered for ever: a client's place is
// the number of the last one that it has been told.
type past struct {
	bytesMax int

	steps   []step       // those before first are forgotten
	first   int          // of steps
	before  fanout.Place // the place before steps[first]
	version uint64       // of the map at that place
	changes uint64       // of all steps up to that place
	bytes   int
}

// newest is the place after the last step.
func (p *past) newest() fanout.Place { return p.before + fanout.Place(len(p.steps)-p.first) }

// add takes a step and forgets the oldest while over the bound; the newest always stays.
func (p *past) add(s *step) {
	s.changes = p.total() + uint64(len(s.delta.Changes))
	p.steps = append(p.steps, *s)
	p.bytes += s.weight()
	for p.bytes > p.bytesMax && p.first < len(p.steps)-1 {
		old := &p.steps[p.first]
		p.bytes -= old.weight()
		p.version, p.changes = old.version, old.changes
		*old = step{}
		p.first++
		p.before++
	}
	if p.first > 16 && p.first > len(p.steps)/2 { // now and then, so that moving costs little a step
		kept := copy(p.steps, p.steps[p.first:])
		clear(p.steps[kept:])
		p.steps, p.first = p.steps[:kept], 0
	}
}

// total is how many changes of seats all steps make.
func (p *past) total() uint64 {
	if len(p.steps) == p.first {
		return p.changes
	}
	return p.steps[len(p.steps)-1].changes
}

// forget drops everything: the past up to a version can no longer be told step by step.
func (p *past) forget(version uint64) {
	p.before = p.newest() + 1 // every client's place is now before the past
	p.changes = p.total()
	p.steps, p.first, p.bytes, p.version = nil, 0, 0, version
}

// after are the steps after a place; false: some of them are forgotten. changes is how many seats they name.
func (p *past) after(at fanout.Place) (steps []step, changes uint64, ok bool) {
	if at < p.before || at > p.newest() {
		return nil, 0, false
	}
	steps = p.steps[p.first+int(at-p.before):]
	if len(steps) == 0 {
		return nil, 0, true
	}
	before := steps[0].changes - uint64(len(steps[0].delta.Changes))
	return steps, p.total() - before, true
}

// find is the place of a client that has a version; false when the past does not reach back so far.
func (p *past) find(version uint64) (at fanout.Place, ok bool) {
	if version < p.version {
		return 0, false
	}
	kept := p.steps[p.first:]
	i := sort.Search(len(kept), func(i int) bool { return kept[i].version >= version })
	if i < len(kept) && kept[i].record && kept[i].version == version {
		i++ // the record itself has been told; a checkpoint of that version may not have been
	}
	return p.before + fanout.Place(i), true
}
