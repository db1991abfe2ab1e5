package catalog

import (
	"math"

	"holdfast/actors/gate/bound"
	"holdfast/api/problem"
	"holdfast/api/wire/roomrules"
)

// LimitBurstMax bounds the calls at once that an event's own limit may let pass.
const LimitBurstMax = 1_000_000

// limitsOf reads what one buyer may ask of the event; nil: as much as the server lets pass.
func limitsOf(l *roomrules.Limits) (*bound.Limits, error) {
	const at = "waiting_room.limits"
	if l == nil || *l == (roomrules.Limits{}) {
		return nil, nil
	}
	out := &bound.Limits{}
	for _, one := range []struct {
		name string
		said *roomrules.Limit
		into *bound.Limit
	}{{".joins", l.Joins, &out.Joins}, {".polls", l.Polls, &out.Polls}, {".holds", l.Holds, &out.Holds}} {
		if one.said == nil || *one.said == (roomrules.Limit{}) {
			continue
		}
		if one.said.PerSecond == nil {
			return nil, problem.BadField(at+one.name+".per_second", "is missing")
		}
		rate, burst, err := ReadLimit(at+one.name, one.said)
		if err != nil {
			return nil, err
		}
		one.into.Rate = *rate
		if burst != nil {
			one.into.Burst = *burst
		}
	}
	return out, nil
}

// ReadLimit gives calls in 1000 seconds and calls at once; what is absent is nil. Errors name the member below field.
func ReadLimit(field string, l *roomrules.Limit) (rate, burst *uint32, err error) {
	if p := l.PerSecond; p != nil {
		if !(*p == 0 || *p >= AdmitMin && *p <= AdmitMax) { // NaN is neither
			return nil, nil, problem.BadField(
				field+".per_second",
				"is out of bounds: 0 for no limit, or 0.001 to 100000",
			)
		}
		n := uint32(math.Round(*p * 1000))
		rate = &n
	}
	if b := l.Burst; b != nil {
		if *b < 0 || *b > LimitBurstMax {
			return nil, nil, problem.BadField(field+".burst", "is out of bounds: 0 to 1000000")
		}
		n := uint32(*b)
		burst = &n
	}
	return rate, burst, nil
}

// LimitAnswer shows a limit; nil: there is none.
func LimitAnswer(rate, burst uint32) *roomrules.Limit {
	if rate == 0 {
		return nil
	}
	perSecond, atOnce := float64(rate)/1000, int64(burst)
	if atOnce == 0 {
		atOnce = max(1, int64(perSecond))
	}
	return &roomrules.Limit{PerSecond: &perSecond, Burst: &atOnce}
}
