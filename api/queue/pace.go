package queue

import (
	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
)

// How soon to poll again. Times in seconds.
const (
	pollLeast  = 2
	pollCalled = 3 // whoever waits for a slot
	pollInside = 15
	pollGone   = 300 // whoever has nothing to wait for
	pollMost   = 3600
)

// pollAfter is after how many seconds a place should be asked for again, without jitter.
//
// One half of the event's polls is for those who are not called soon: crowd / (perSecond / 2) seconds each. The other
// half is for the head: whoever is called within that time asks again after four fifths of it, so polls come closer and
// closer to the call. At a pace of p calls a second these are at most p (1 + 5/4 ln(far / least)) polls a second, below
// 11 p for every far that can be; where that is more than their half, they are stretched.
func pollAfter(f *position.Frame, queued uint32, perSecond float64, s *position.Standing) float64 {
	half := perSecond / 2
	far := min(max(float64(queued)/half, pollLeast), pollMost)
	if s.ETA == position.Unknown || s.Position == 0 {
		return far
	}
	stretch := max(1, 11*float64(f.Pace)/1000/half)
	return min(far, max(float64(s.ETA)*4/5, pollLeast)*stretch)
}

// jittered adds up to a quarter, never less than nothing, so that whoever was told the same does not come back at the
// same moment. It follows from number and record: no two polls of a place add the same.
func jittered(seconds float64, number gate.Number, seq gate.Seq) int {
	x := (uint64(number)<<32 ^ uint64(seq)) + 0x9e3779b97f4a7c15 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	spread := seconds / 4 * float64(x>>40) / (1 << 24)
	whole := int(seconds + spread)
	if float64(whole) < seconds {
		whole++
	}
	return whole
}
