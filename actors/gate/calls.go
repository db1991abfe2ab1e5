package gate

import "math"

// callPiece bounds the places of one call, and walkPiece the ranks that one call passes over, so that neither makes
// others wait.
const (
	callPiece = 1024
	walkPiece = 8192
)

// callEvery gathers the calls of a rate, so that a thousand a second are twenty records.
const callEvery Millis = 50

// mayCall is how many may be called at an instant by all bounds but the number of those who wait (G8, G9).
func (b *board) mayCall(at Instant) uint32 {
	if !b.serving() || b.soldOut() {
		return 0
	}
	return min(b.slotsAllow(), b.stockAllows(), b.rateAllows(at), callPiece)
}

// slotsAllow: as many may be outstanding as fill the slots that are not occupied, if they come at the measured rate.
func (b *board) slotsAllow() uint32 {
	if b.sessions.occupied >= b.cap {
		return 0
	}
	slots := uint64(b.cap - b.sessions.occupied)
	return less(slots*1000/uint64(b.showRate()), uint64(b.outstanding()))
}

// stockAllows: (inside without a hold + called) × mean seats < free + ρ × (held + paying), before each call. So while
// anything is free, one may be outstanding.
func (b *board) stockAllows() uint32 {
	want := uint64(b.outstanding())
	if b.sessions.inside > b.stock.Holding {
		want += uint64(b.sessions.inside - b.stock.Holding)
	}
	mean := uint64(b.set.MeanSeats)
	if mean == 0 {
		mean = 1000
	}
	back := (uint64(b.stock.Held) + uint64(b.stock.Paying)) * uint64(b.set.Return)
	supply := uint64(b.stock.Free)*1000 + back
	return less((supply+mean-1)/mean, want)
}

func less(a, b uint64) uint32 {
	if a <= b {
		return 0
	}
	return uint32(min(a-b, math.MaxUint32))
}

// interval is the microseconds between calls; 0: there is no rate.
func (b *board) interval() int64 {
	if b.rate == 0 {
		return 0
	}
	return max(1, 1_000_000_000/int64(b.rate))
}

// burst is how far calls may be ahead of the rate, in microseconds: a second's worth, but one call at least.
func burst(interval int64) int64 { return max(0, 1_000_000-interval) }

// rateAllows is the generic cell rate algorithm, with Instants of the log.
func (b *board) rateAllows(at Instant) uint32 {
	interval := b.interval()
	switch {
	case interval == 0:
		return math.MaxUint32
	case b.gathers(interval) && at < b.lastCall+Instant(callEvery):
		return 0
	}
	ahead := max(0, b.paid-int64(at)*1000)
	if ahead > burst(interval) {
		return 0
	}
	return uint32(min((burst(interval)-ahead)/interval+1, math.MaxUint32))
}

func (b *board) gathers(interval int64) bool { return interval < int64(callEvery)*1000 }

// rateFrom is the earliest instant at which the rate allows a call.
func (b *board) rateFrom() Instant {
	interval := b.interval()
	if interval == 0 {
		return 0
	}
	from := Instant((b.paid - burst(interval) + 999) / 1000)
	if b.gathers(interval) {
		from = max(from, b.lastCall+Instant(callEvery))
	}
	return max(from, 0)
}

// spend counts calls against the rate.
func (b *board) spend(people uint32, at Instant) {
	if interval := b.interval(); interval > 0 {
		b.paid = max(b.paid, int64(at)*1000) + int64(people)*interval
		b.lastCall = at
	}
}

// callFrom is the earliest instant at which somebody who waits may be called.
func (b *board) callFrom() (at Instant, ok bool) {
	if b.counts[Waiting] == 0 || !b.serving() || b.soldOut() || b.slotsAllow() == 0 || b.stockAllows() == 0 {
		return 0, false
	}
	return max(b.rateFrom(), b.lastAt), true
}
