package gate

import (
	"fmt"

	"holdfast/actors/gate/bound"
	"holdfast/actors/gate/draw"
)

// board is what everybody keeps who follows the gate's log: settings, counters, clocks, and the sessions that hold a
// slot. Its size does not depend on how many wait.
//
// Invariants: occupied + offered ≤ the greater of cap and occupied; the counter called only grows and is at most
// joined; counts of states are those of the places (G1).
type board struct {
	seq     Seq
	lastAt  Instant
	changed Seq // the record that last changed anything here; no part of the truth: a snapshot is of durable records

	set     Settings
	phase   Phase
	paused  bool
	cap     uint32
	rate    uint32
	message string
	limits  bound.Limits

	closedAt  Instant // of the lobby; 0: it is open, or there is none
	entrants  uint32  // N
	root      draw.Hash
	round     uint64
	signature []byte
	previous  []byte // the round before's, of a chained beacon
	seed      draw.Hash
	order     draw.Permutation

	joined   uint32              // numbers given
	called   Rank                // every rank below it has been called, or was gone before
	counts   [placeStates]uint32 // places by state
	overtake Millis              // the longest that a join waited for its number while others got theirs

	stock    Stock
	stockNo  StockNo
	shown    uint32 // of the called, those who came; both are halved together
	missed   uint32 // of the called, those who did not
	paid     int64  // GCRA: microseconds up to which calls have used the rate
	lastCall Instant

	clock    turnClock
	sessions sessionList
}

// impossible ends a replay: the log's bytes are damaged, or a decision was wrong.
func impossible(format string, args ...any) {
	panic("gate: impossible change: " + fmt.Sprintf(format, args...))
}

func require(possible bool, what string) {
	if !possible {
		impossible("%s", what)
	}
}

// turnClock measures turns: Instants of the log, without pauses, outages, and the times when no slot was free.
type turnClock struct {
	at    Instant // up to when both are counted
	turn  Millis  // while the doors are open, not paused, and a slot is free: for the called
	offer Millis  // while the doors are open and not paused: for the offered and the late
}

// serving says that places are called and admitted.
func (b *board) serving() bool { return b.phase == Open && !b.paused }

// tick counts the time up to at under the state as it was.
func (b *board) tick(at Instant) {
	b.clock.turn, b.clock.offer = b.clocksAt(at)
	b.clock.at = at
}

func (b *board) clocksAt(at Instant) (turn, offer Millis) {
	turn, offer = b.clock.turn, b.clock.offer
	if passed := Millis(at - b.clock.at); b.serving() {
		offer += passed
		if b.free() > 0 {
			turn += passed
		}
	}
	return turn, offer
}

// free is the slots that nobody has and nobody is offered.
func (b *board) free() uint32 {
	if taken := b.sessions.occupied + b.counts[Offered]; taken < b.cap {
		return b.cap - taken
	}
	return 0
}

// outstanding is everybody who was called and is not inside.
func (b *board) outstanding() uint32 { return b.counts[Called] + b.counts[Present] + b.counts[Offered] }

// soldOut says that the last stock is none; it is also before the first.
func (b *board) soldOut() bool { return b.stock.none() }

// move counts places that change state.
func (b *board) move(from, to PlaceState, n uint32) {
	require(b.counts[from] >= n, "more places change state than there are")
	b.counts[from] -= n
	b.counts[to] += n
}

// Show rate: of the called, those who come. A prior keeps the first few from deciding much.
const (
	showPrior  = 8
	showWindow = 1024
	showMin    = 100 // thousandths: never more than ten times as many are called as there are slots
)

// showRate is measured, in thousandths, and clamped.
func (b *board) showRate() uint32 {
	return max(showMin, 1000*(b.shown+showPrior)/(b.shown+b.missed+showPrior))
}

func (b *board) showed(came, missed uint32) {
	b.shown, b.missed = b.shown+came, b.missed+missed
	for b.shown+b.missed > showWindow {
		b.shown, b.missed = b.shown/2, b.missed/2
	}
}

// backs lists the present who lose their offer when a cap is lowered below what is offered.
func (b *board) backs() uint32 {
	if taken := b.sessions.occupied + b.counts[Offered]; taken > b.cap {
		return min(taken-b.cap, b.counts[Offered])
	}
	return 0
}
