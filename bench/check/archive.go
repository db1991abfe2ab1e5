package check

import (
	"cmp"
	"holdfast/bench/check/history"
	"math"
	"slices"
)

// ref names an operation: its part and its place in it.
type ref uint64

func makeRef(part, place int) ref { return ref(part)<<32 | ref(place) }

// none is the number of nothing: no request, no booking.
const none = math.MaxUint32

// archive is a history with its sections numbered through, and the operations that refuse or look sorted by what they
// are about. Everything else in this package refers to it by numbers: with millions of operations pointers would cost
// more than the checks.
type archive struct {
	h        *history.History
	sections []place
	base     []uint32 // of each event: the number of its first section

	takenOps grouped // by section
	lookOps  grouped // by section, acknowledged ones
	noneOps  grouped // by section, then by event for those of any section; each by call
	ghostOps grouped // unknown holds, by section
	vagueOps grouped // unknown wishes for the best, by section, then by event for those of any section
	ended    []ref
	blocked  [][]uint64 // by section: seats that some map shows as blocked, one bit each; nil: none

	blockedEvents []bool   // of which some seat is blocked
	cuts          [][]span // by event; see findCuts
}

// place is where a section belongs.
type place struct {
	event uint16
	index uint32
	seats uint32
}

// grouped are operations sorted by group, in the order of the history within each.
type grouped struct {
	start []uint32
	refs  []ref
}

func (g *grouped) of(group uint32) []ref { return g.refs[g.start[group]:g.start[group+1]] }

func (a *archive) op(r ref) (*history.Part, *history.Op) {
	p := a.h.Parts[r>>32]
	return p, &p.Ops[uint32(r)]
}

func (a *archive) call(r ref) history.Nanos { return a.h.Parts[r>>32].Ops[uint32(r)].Call }

// sectionOf is the number of the section of an operation that names one.
func (a *archive) sectionOf(op *history.Op) uint32 { return a.base[op.Event] + op.Section }

// groupOf is the operation's section, or the group of its event behind all sections.
func (a *archive) groupOf(op *history.Op) uint32 {
	if op.Section == history.AnySection {
		return uint32(len(a.sections)) + uint32(op.Event)
	}
	return a.sectionOf(op)
}

// names are the ids of a section and its event.
func (a *archive) names(section uint32) (event, id string) {
	p := a.sections[section]
	e := &a.h.Header.Events[p.event]
	return e.ID, e.Sections[p.index].ID
}

// newArchive sorts a valid history. It looks at each operation twice.
func newArchive(h *history.History) *archive {
	a := &archive{h: h}
	for e := range h.Header.Events {
		a.base = append(a.base, uint32(len(a.sections)))
		for i, s := range h.Header.Events[e].Sections {
			a.sections = append(a.sections, place{uint16(e), uint32(i), uint32(s.Seats)})
		}
	}
	groups := len(a.sections) + len(h.Header.Events)
	for _, g := range []*grouped{&a.takenOps, &a.lookOps, &a.noneOps, &a.ghostOps, &a.vagueOps} {
		g.start = make([]uint32, groups+1)
	}
	a.each(func(_ ref, op *history.Op) {
		if g := a.groupFor(op); g != nil {
			g.start[a.groupOf(op)+1]++
		}
	})
	for _, g := range []*grouped{&a.takenOps, &a.lookOps, &a.noneOps, &a.ghostOps, &a.vagueOps} {
		for i := range groups {
			g.start[i+1] += g.start[i]
		}
		g.refs = make([]ref, g.start[groups])
	}
	a.fill(groups)
	for g := range uint32(groups) {
		slices.SortStableFunc(a.noneOps.of(g), func(r, o ref) int { return cmp.Compare(a.call(r), a.call(o)) })
	}
	a.findBlocked()
	a.findCuts()
	return a
}

func (a *archive) each(visit func(r ref, op *history.Op)) {
	for i, p := range a.h.Parts {
		for n := range p.Ops {
			visit(makeRef(i, n), &p.Ops[n])
		}
	}
}

// groupFor says where an operation belongs; nil: it is a request with an effect, or says nothing.
func (a *archive) groupFor(op *history.Op) *grouped {
	switch {
	case op.Kind == history.Look && op.Verdict == history.Done:
		return &a.lookOps
	case op.Kind == history.Look || op.Kind == history.Leg || op.Kind.OnBooking():
		return nil
	case op.Verdict == history.Taken && op.Lost.Len > 0:
		return &a.takenOps
	case op.Verdict == history.NoneLeft && op.Kind == history.Best:
		return &a.noneOps
	case op.Verdict == history.Unknown && op.Kind == history.Hold:
		return &a.ghostOps
	case op.Verdict == history.Unknown && op.Kind == history.Best:
		return &a.vagueOps
	}
	return nil
}

func (a *archive) fill(groups int) {
	next := map[*grouped][]uint32{}
	for _, g := range []*grouped{&a.takenOps, &a.lookOps, &a.noneOps, &a.ghostOps, &a.vagueOps} {
		next[g] = append([]uint32(nil), g.start[:groups]...)
	}
	a.each(func(r ref, op *history.Op) {
		if op.Verdict == history.Ended && op.Kind.OnBooking() {
			a.ended = append(a.ended, r)
		}
		if g := a.groupFor(op); g != nil {
			at := &next[g][a.groupOf(op)]
			g.refs[*at] = r
			*at++
		}
	})
}

// findBlocked notes which seats some map shows as blocked: operators' work is not in a history, so of such a seat "not
// free" proves nothing.
func (a *archive) findBlocked() {
	a.blocked = make([][]uint64, len(a.sections))
	a.blockedEvents = make([]bool, len(a.h.Header.Events))
	for no := range a.sections {
		for _, r := range a.lookOps.of(uint32(no)) {
			p, op := a.op(r)
			for seat, letter := range p.TextOf(op.Text) {
				if letter == 'b' && seat < int(a.sections[no].seats) {
					a.block(no, seat)
				}
			}
		}
	}
}

func (a *archive) block(section, seat int) {
	if a.blocked[section] == nil {
		a.blocked[section] = make([]uint64, a.sections[section].seats/64+1)
		a.blockedEvents[a.sections[section].event] = true
	}
	a.blocked[section][seat/64] |= 1 << (seat % 64)
}

func (a *archive) isBlocked(section uint32, seat uint32) bool {
	bits := a.blocked[section]
	return bits != nil && bits[seat/64]>>(seat%64)&1 != 0
}
