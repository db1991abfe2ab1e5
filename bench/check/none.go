package check

import (
	"cmp"
	"fmt"
	"holdfast/bench/check/history"
	"slices"
)

// noneLeft holds "fewer than you wish are free" against the seats that certainly were (P11).
//
// A refusal is false if at least as many seats of one section as were wished for were in a gap of their own (see gaps)
// during all of its time: free at its call, and free until its return. A server may keep bookings in one section, so
// sections are not added up; which seats a server thinks fit together does not matter, for it splits rather than
// refuse. Whatever may have been held or sold, or may be by a request of unknown outcome, does not count as free, so
// that no refusal is called false that was not.
//
// Where parties are cut over sections, a seat may have been bound for one that came to nothing (see findCuts): a
// refusal beside such a party is not called false.
//
// What it cannot see: a refusal that was false because a hold had lapsed long ago, for a lapse has no latest moment
// here; and anything in an event some of whose seats are shown as blocked, which is left out and counted.
type noneLeft struct {
	vague      []vagueRequest // requests of unknown outcome that may have meant seats of this section, by call
	earliest   history.Nanos  // the first of them; Never: there is none
	hasRequest bool
	gaps       []span
	queries    []ref // by call
	tree       []uint32
	ends       []history.Nanos
}

type vagueRequest struct {
	call history.Nanos
	sum  uint32 // seats wished for by this and all before it
}

// gatherVague collects the requests of unknown outcome that may lie in the section.
func (g *noneLeft) gatherVague(q *requests, no uint32) {
	g.vague, g.earliest, g.gaps, g.queries = g.vague[:0], history.Never, g.gaps[:0], g.queries[:0]
	anywhere := uint32(len(q.sections)) + uint32(q.sections[no].event)
	for _, group := range [2]uint32{no, anywhere} {
		for _, r := range q.vagueOps.of(group) {
			p, op := q.op(r)
			if one := &q.list[q.find(p, op)]; one.verdict == history.Unknown && one.op == r {
				g.vague = append(g.vague, vagueRequest{one.call, uint32(op.Quantity)})
			}
		}
		g.queries = append(g.queries, q.noneOps.of(group)...)
	}
	if mixed := len(q.noneOps.of(no)) > 0 && len(q.noneOps.of(anywhere)) > 0; mixed {
		slices.SortStableFunc(g.queries, func(a, b ref) int { return cmp.Compare(q.call(a), q.call(b)) })
	}
	slices.SortFunc(g.vague, func(a, b vagueRequest) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.sum, b.sum))
	})
	for i := 1; i < len(g.vague); i++ {
		g.vague[i].sum += g.vague[i-1].sum
	}
	if len(g.vague) > 0 {
		g.earliest = g.vague[0].call
	}
	g.hasRequest = len(g.queries) > 0 && !q.blockedEvents[q.sections[no].event]
}

func (g *noneLeft) open(gap span) { g.gaps = append(g.gaps, gap) }

// vagueBy is how many seats requests of unknown outcome can have taken by then.
func (g *noneLeft) vagueBy(ret history.Nanos) uint32 {
	n, _ := slices.BinarySearchFunc(g.vague, ret, func(w vagueRequest, ret history.Nanos) int {
		if w.call <= ret {
			return -1
		}
		return 1
	})
	if n == 0 {
		return 0
	}
	return g.vague[n-1].sum
}

// judge visits each query that some gap can contain with how many seats were free during all of it, for queries and
// gaps as gathered.
func (g *noneLeft) judge(q *requests, visit func(op *history.Op, free uint32)) {
	slices.SortFunc(g.gaps, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	g.ends = g.ends[:0]
	for _, gap := range g.gaps {
		g.ends = append(g.ends, gap.to)
	}
	slices.Sort(g.ends)
	g.tree = append(g.tree[:0], make([]uint32, len(g.ends)+1)...)
	opened := 0
	for _, r := range g.queries {
		_, op := q.op(r)
		if len(g.ends) == 0 || op.Call >= g.ends[len(g.ends)-1] {
			return // sold out for good, as nearly all who come late find it
		}
		for ; opened < len(g.gaps) && g.gaps[opened].from < op.Call; opened++ {
			g.plant(g.rank(g.gaps[opened].to))
		}
		visit(op, uint32(opened)-g.below(g.rank(op.Return+1)))
	}
}

// rank is how many ends lie before the moment.
func (g *noneLeft) rank(moment history.Nanos) int {
	n, _ := slices.BinarySearch(g.ends, moment)
	return n
}

// plant counts a gap whose end has this rank (a Fenwick tree: counting and asking cost a logarithm).
func (g *noneLeft) plant(rank int) {
	for i := rank + 1; i < len(g.tree); i += i & -i {
		g.tree[i]++
	}
}

// below is how many counted gaps end before the rank.
func (g *noneLeft) below(rank int) (n uint32) {
	for i := rank; i > 0; i -= i & -i {
		n += g.tree[i]
	}
	return n
}

// noneLeft judges the section's refusals, and those that any section could have served.
func (x *examiner) noneLeft(no uint32, out *sectionResult) {
	g := &x.gone
	if !g.hasRequest {
		out.blind += uint64(len(g.queries))
		return
	}
	event, section := x.names(no)
	out.none += uint64(len(g.queries))
	g.judge(x.requests, func(op *history.Op, free uint32) {
		may := g.vagueBy(op.Return)
		if free >= uint32(op.Quantity)+may && op.Quantity > 0 && !x.isCutting(no, op.Call, op.Return) {
			text := fmt.Sprintf("%s: refused %d seats although at least %d were free all the time", x.tell(op),
				op.Quantity, free-may)
			out.gone.add(Fault{NoneLeftFalse, event, section, -1, text})
		}
	})
}
