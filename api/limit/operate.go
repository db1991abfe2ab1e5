package limit

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// Bounds of what an operator may set. A rate below rateMin is less than a call a week.
const (
	rateMin   = 1e-6
	numberMax = 1e9
	reasonMax = 200 // characters
)

// Valid says whether a rate of so many calls a second can be kept, or is no limit.
func Valid(perSecond float64) bool {
	return perSecond == 0 || perSecond >= rateMin && perSecond <= numberMax // NaN is neither
}

// Show answers with the limits in force.
func (l *Limiters) Show(r *call.Call) error {
	return r.Encode(http.StatusOK, l.answer())
}

// Change has other limits in force from the next call on, until this server ends. It is the same done twice.
func (l *Limiters) Change(r *call.Call) error {
	var body wire.ChangeLimits
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	reason, err := reasonOf(body.Reason)
	if err != nil {
		return err
	}
	l.change.Lock()
	defer l.change.Unlock()
	old := l.bounds.Load()
	next := old.limits
	if err := apply(&body, &next); err != nil {
		return err
	}
	l.bounds.Store(old.changed(next, l.now()))
	r.Detailf("reason=%q before=[%s] now=[%s]", reason, old.limits.text(), next.text())
	return r.Encode(http.StatusOK, l.answer())
}

// now is the moment of what is no call.
func (l *Limiters) now() int64 {
	if l.clock != nil {
		return l.clock().UnixNano()
	}
	return int64(time.Since(l.epoch))
}

func reasonOf(said *string) (string, error) {
	if said == nil || strings.TrimSpace(*said) == "" {
		return "", problem.InvalidField("reason", "is needed: the log says why limits were changed")
	}
	if utf8.RuneCountInString(*said) > reasonMax {
		return "", problem.InvalidField("reason", "is longer than 200 characters")
	}
	if strings.ContainsFunc(*said, unicode.IsControl) {
		return "", problem.InvalidField("reason", "has a control character")
	}
	return *said, nil
}

// apply puts what a body says into limits; what the body leaves out stays.
func apply(body *wire.ChangeLimits, limits *Limits) error {
	changes := 0
	for _, one := range []struct {
		name string
		said *wire.ChangeRate
		rate *Rate
	}{
		{"buyer", body.Buyer, &limits.Buyer}, {"address", body.Address, &limits.Address},
		{"event", body.Event, &limits.Event}, {"global", body.Global, &limits.Global},
	} {
		if one.said == nil {
			continue
		}
		changes++
		if err := applyRate(one.name, one.said, one.rate); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		name string
		said *int64
		max  *int
	}{
		{"streams_per_address", body.StreamsPerAddress, &limits.StreamsPerAddress},
		{"streams_per_buyer", body.StreamsPerBuyer, &limits.StreamsPerBuyer},
	} {
		if one.said == nil {
			continue
		}
		changes++
		if *one.said < 0 || *one.said > numberMax {
			return problem.InvalidField(one.name, "must be from 0 to 1000000000")
		}
		*one.max = int(*one.said)
	}
	if changes == 0 {
		return problem.InvalidField("body", "changes nothing: name a limit")
	}
	return nil
}

func applyRate(name string, said *wire.ChangeRate, rate *Rate) error {
	if said.PerSecond == nil && said.Burst == nil {
		return problem.InvalidField(name, "changes nothing: give per_second or burst")
	}
	if p := said.PerSecond; p != nil {
		if !Valid(*p) {
			return problem.InvalidField(name+".per_second", "must be 0, or from 0.000001 to 1000000000")
		}
		rate.PerSecond = *p
	}
	if b := said.Burst; b != nil {
		if !(*b >= 0 && *b <= numberMax) {
			return problem.InvalidField(name+".burst", "must be from 0 to 1000000000")
		}
		rate.Burst = *b
	}
	return nil
}

func (l *Limiters) answer() *wire.Limits {
	limits := &l.bounds.Load().limits
	answer := &wire.Limits{
		Buyer: limits.Buyer.answer(), Address: limits.Address.answer(), Event: limits.Event.answer(),
		Global: limits.Global.answer(), StreamsPerAddress: limits.StreamsPerAddress,
		StreamsPerBuyer: limits.StreamsPerBuyer, Counted: wire.LimitsHere,
	}
	switch {
	case l.shared == nil:
	case l.shared.Up():
		answer.Counted = wire.LimitsTogether
	default:
		answer.Counted = wire.LimitsCutOff
	}
	return answer
}

// text is for the log.
func (l *Limits) text() string {
	return fmt.Sprintf("buyer=%s address=%s event=%s global=%s streams_per_address=%d streams_per_buyer=%d",
		l.Buyer.text(), l.Address.text(), l.Event.text(), l.Global.text(), l.StreamsPerAddress, l.StreamsPerBuyer)
}

func (r Rate) text() string {
	if r.PerSecond <= 0 {
		return "none"
	}
	return fmt.Sprintf("%g/s,%g", r.PerSecond, r.burst())
}

// answer is a rate as it works: its burst is one that it has.
func (r Rate) answer() wire.Rate {
	if r.PerSecond <= 0 {
		return wire.Rate{Burst: r.Burst}
	}
	return wire.Rate{PerSecond: r.PerSecond, Burst: r.burst()}
}
