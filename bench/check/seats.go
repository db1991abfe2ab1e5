package check

import (
	"cmp"
	"holdfast/bench/check/history"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// examiner checks sections, one after the other, with scratch memory that stays. One works alone; several share a
// requests, which nobody changes any more.
type examiner struct {
	*requests
	run *run

	start  []uint32 // of each seat: where its takers begin
	takers []taker
	ghosts []ghost
	steps  []step
	reads  []read
	calls  []history.Nanos
	gone   noneLeft
}

// ghost is an unknown hold of one seat.
type ghost struct {
	seat uint32
	call history.Nanos
}

// read is a look at one seat that was kept.
type read struct {
	seat      uint32
	act       act
	call, ret history.Nanos
}

// sectionResult is what an examiner says of one section.
type sectionResult struct {
	seats, gone faults
	tally
}

// tally counts what was done. Every seat that was touched is in exactly one of walked, searched and unchecked.
type tally struct {
	walked    uint64 // an order was at hand, or a plain contradiction
	searched  uint64 // porcupine searched
	unchecked uint64 // no time was left, or not enough
	looks     uint64 // at single seats: refusals and letters
	sure      uint64 // of those: sure, and left out
	excused   uint64 // of those: explained by something whose outcome is unknown, or by a blocked seat
	none      uint64 // refusals "none left" that were looked at
	blind     uint64 // and that were not, because of blocked seats
	skipped   uint64 // sections for which no time was left at all
}

func (t *tally) add(o *tally) {
	t.walked, t.searched, t.unchecked = t.walked+o.walked, t.searched+o.searched, t.unchecked+o.unchecked
	t.looks, t.sure, t.excused = t.looks+o.looks, t.sure+o.sure, t.excused+o.excused
	t.none, t.blind, t.skipped = t.none+o.none, t.blind+o.blind, t.skipped+o.skipped
}

// section checks one section.
func (x *examiner) section(no uint32, bookings []uint32, out *sectionResult) {
	x.gather(no, bookings)
	x.keepRefusals(no, out)
	x.keepLetters(no, out)
	slices.SortStableFunc(x.reads, func(a, b read) int { return cmp.Compare(a.seat, b.seat) })
	ghosts, reads := x.ghosts, x.reads
	for seat := range x.sections[no].seats {
		g, r := ahead(ghosts, seat, ghostSeat), ahead(reads, seat, readSeat)
		x.seat(no, seat, ghosts[:g], reads[:r], out)
		ghosts, reads = ghosts[g:], reads[r:]
	}
	x.noneLeft(no, out)
}

func ghostSeat(g *ghost) uint32 { return g.seat }
func readSeat(r *read) uint32   { return r.seat }

// ahead is how many at the front of a sorted list are about the seat.
func ahead[T any](list []T, seat uint32, of func(*T) uint32) (n int) {
	for n < len(list) && of(&list[n]) == seat {
		n++
	}
	return n
}

// gather sorts the section's bookings and unknown holds by seat.
func (x *examiner) gather(no uint32, bookings []uint32) {
	seats := int(x.sections[no].seats)
	x.start = append(x.start[:0], make([]uint32, seats+2)...)
	for _, n := range bookings {
		for _, seat := range x.seatsOf(n) {
			x.start[seat+2]++
		}
	}
	for i := 2; i < len(x.start); i++ {
		x.start[i] += x.start[i-1]
	}
	total := int(x.start[seats+1])
	x.takers = slices.Grow(x.takers[:0], total)[:total]
	for _, n := range bookings {
		t := x.newTaker(n)
		for _, seat := range x.seatsOf(n) {
			x.takers[x.start[seat+1]] = t
			x.start[seat+1]++
		}
	}
	for seat := range seats {
		sortTakers(x.takersOf(uint32(seat)))
	}
	x.gatherGhosts(no)
}

func (q *requests) seatsOf(booking uint32) []uint32 {
	p, op := q.op(q.bookings[booking].seats)
	return p.SeatsOf(op.Seats)
}

func (x *examiner) takersOf(seat uint32) []taker { return x.takers[x.start[seat]:x.start[seat+1]] }

// gatherGhosts collects the unknown holds. One whose repeat was acknowledged is no ghost: it is a booking, and its
// request says so.
func (x *examiner) gatherGhosts(no uint32) {
	x.ghosts = x.ghosts[:0]
	for _, r := range x.ghostOps.of(no) {
		p, op := x.op(r)
		if n := x.find(p, op); x.list[n].verdict != history.Unknown || x.list[n].op != r {
			continue
		}
		for _, seat := range p.SeatsOf(op.Seats) {
			x.ghosts = append(x.ghosts, ghost{seat, x.list[x.find(p, op)].call})
		}
	}
	slices.SortFunc(x.ghosts, func(a, b ghost) int {
		return cmp.Or(cmp.Compare(a.seat, b.seat), cmp.Compare(a.call, b.call))
	})
	x.gone.gatherVague(x.requests, no)
}

// callsOf are the ghosts of one seat, by call.
func (x *examiner) callsOf(seat uint32) []history.Nanos {
	at, _ := slices.BinarySearchFunc(x.ghosts, seat, func(g ghost, seat uint32) int {
		return cmp.Compare(g.seat, seat)
	})
	return x.callsAt(x.ghosts[at:], seat)
}

func (x *examiner) callsAt(ghosts []ghost, seat uint32) []history.Nanos {
	x.calls = x.calls[:0]
	for i := 0; i < len(ghosts) && ghosts[i].seat == seat; i++ {
		x.calls = append(x.calls, ghosts[i].call)
	}
	return x.calls
}

// keepRefusals keeps those refusals that prove something.
func (x *examiner) keepRefusals(no uint32, out *sectionResult) {
	x.reads = x.reads[:0]
	for _, r := range x.takenOps.of(no) {
		p, op := x.op(r)
		for _, seat := range p.SeatsOf(op.Lost) {
			x.keep(no, read{seat, seenTaken, op.Call, op.Return}, out)
		}
	}
}

// keepLetters keeps those letters of the section's maps that prove something. A map may be a little older than its
// request (Options.LookLag), so each letter was true at some moment since that much earlier.
func (x *examiner) keepLetters(no uint32, out *sectionResult) {
	for _, r := range x.lookOps.of(no) {
		p, op := x.op(r)
		letters := p.TextOf(op.Text)
		if len(letters) != int(x.sections[no].seats) {
			x.oddLetters(no, op, out)
			continue
		}
		for seat, letter := range letters {
			seen := actOfLetter[letter]
			if seen == 0 {
				x.oddLetters(no, op, out)
				break
			}
			x.keep(no, read{uint32(seat), seen, op.Call - x.run.lookLag, op.Return}, out)
		}
	}
}

var actOfLetter = [256]act{'a': seenFree, 'h': seenHeld, 's': seenSold, 'b': seenTaken}

func (x *examiner) oddLetters(no uint32, op *history.Op, out *sectionResult) {
	event, section := x.names(no)
	out.seats.add(Fault{OddLetters, event, section, -1, x.tell(op) + ": not one letter of a, h, s, b for each seat"})
}

// keep decides whether a look stays: not when it is sure, and not when something unknown explains it.
func (x *examiner) keep(no uint32, r read, out *sectionResult) {
	out.looks++
	if !x.run.exhaustive && sure(x.takersOf(r.seat), x.callsOf(r.seat), r.act, r.call, r.ret) {
		out.sure++
		return
	}
	if r.act == seenTaken && x.isBlocked(no, r.seat) || (r.act == seenTaken || r.act == seenHeld) &&
		r.ret >= x.anybody(r.seat) {
		out.excused++
		return
	}
	x.reads = append(x.reads, r)
}

// ghostsMax bounds how many unknown holds of one seat are followed one by one: each doubles the orders to search.
const ghostsMax = 3

// anybody is from when on the seat can be held by somebody unheard of at any moment, so that "taken" and "held" prove
// nothing.
//
// That is from the first request of unknown outcome for the best seats, which may have meant any seat, or from the
// fourth unknown hold of this very seat. It hides what such a request cannot really explain: more seats refused than it
// asked for, or a seat refused, granted and refused again. Grants are judged all the same: whatever is unknown, no two
// of them may overlap.
func (x *examiner) anybody(seat uint32) history.Nanos {
	from := x.gone.earliest
	if calls := x.callsOf(seat); len(calls) > ghostsMax {
		from = min(from, calls[ghostsMax])
	}
	return from
}

// seat checks one seat: at once if an order of its steps is at hand, or a plain contradiction; else by porcupine.
func (x *examiner) seat(no, seat uint32, ghosts []ghost, reads []read, out *sectionResult) {
	takers, calls := x.takersOf(seat), x.callsAt(ghosts, seat)
	if x.gone.hasRequest {
		gaps(takers, calls, x.gone.open)
	}
	if len(takers) == 0 && len(reads) == 0 {
		return
	}
	found := x.decided(takers, calls, ghosts[:min(len(ghosts), ghostsMax)], reads, out)
	if found == "" {
		return
	}
	if kept := x.withoutCuts(no, reads); len(kept) < len(reads) {
		var again sectionResult
		if x.decided(takers, calls, ghosts[:min(len(ghosts), ghostsMax)], kept, &again) == "" && again.unchecked == 0 {
			out.excused += uint64(len(reads) - len(kept))
			return
		}
		x.assemble(takers, ghosts[:min(len(ghosts), ghostsMax)], reads)
	}
	out.seats.add(x.fault(no, seat, found, takers))
}

// decided says what is wrong with a seat's steps; empty: nothing, or there was no time to find out.
func (x *examiner) decided(takers []taker, calls []history.Nanos, ghosts []ghost, reads []read,
	out *sectionResult) Code {
	x.assemble(takers, ghosts, reads)
	if !x.run.exhaustive {
		if witness(x.steps) {
			out.walked++
			return ""
		}
		if code := x.plain(takers, calls); code != "" {
			out.walked++
			return code
		}
	}
	switch x.search() {
	case porcupine.Ok:
		out.searched++
	case porcupine.Illegal:
		out.searched++
		return NoOrder
	default:
		out.unchecked++
	}
	return ""
}

// search asks porcupine, within the time that is left.
func (x *examiner) search() porcupine.CheckResult {
	left := min(x.run.left(), x.run.perSeat)
	if left <= 0 {
		return porcupine.Unknown
	}
	return porcupine.CheckOperationsTimeout(seatModel, operations(x.steps), left)
}

func (x *examiner) fault(no, seat uint32, code Code, takers []taker) Fault {
	event, section := x.names(no)
	return Fault{code, event, section, int(seat), x.story(takers)}
}

// assemble makes the seat's steps. Booking i of the takers is i+1 in the model, ghosts follow.
func (x *examiner) assemble(takers []taker, ghosts []ghost, reads []read) {
	x.steps = x.steps[:0]
	add := func(a act, booking int, call, ret history.Nanos) {
		x.steps = append(x.steps, step{call, ret, seatState(booking), a})
	}
	for i := range takers {
		t, n := &takers[i], i+1
		b := &x.bookings[t.booking]
		add(grant, n, t.call, t.ret)
		// a hold that was sold cannot have lapsed before, and what it does after is nothing
		if t.sold == history.Never {
			add(lapse, n, b.lapse, history.Never)
		}
		for _, d := range x.opsOf(b) {
			add(d.act, n, d.call, d.ret)
		}
	}
	for i, g := range ghosts {
		n := len(takers) + i + 1
		add(ghostHold, n, g.call, history.Never)
		add(lapse, n, g.call, history.Never)
	}
	for _, r := range reads {
		add(r.act, 0, r.call, r.ret)
	}
}

// left is how much time is left for everything.
func (r *run) left() time.Duration {
	if r.ctx.Err() != nil {
		return 0
	}
	if r.deadline.IsZero() {
		return r.perSeat
	}
	return r.deadline.Sub(r.now())
}
