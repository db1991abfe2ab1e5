package rig

import (
	"context"
	"fmt"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// Shape is how a scenario is driven.
type Shape struct {
	Conns    int
	Duration time.Duration // of one round
	Rate     load.Rate     // 0: closed loop
}

func (s Shape) load() *requestLoad {
	l := &requestLoad{Conns: s.Conns, Duration: s.Duration}
	if s.Rate > 0 {
		pace := load.Steady(s.Rate)
		l.Pace = &pace
	}
	return l
}

// workload makes loads of one kind. A figure counts only if every request had the outcome that the kind is about.
type workload interface {
	// prepare makes the load of the next round; its Address is not set.
	prepare(ctx context.Context) (*requestLoad, error)
	// done tells where the round against the real server ended.
	done(Result)
	want() load.Outcome
}

// Workloads are the scenarios of one kind of request, by name.
const (
	WorkHolds        = "holds"        // every request a successful hold of a named seat, each by another buyer
	WorkRefusals     = "refusals"     // every request for a seat that is on hold already: 409 seat_taken
	WorkAvailability = "availability" // the live map of 40,000 seats
	WorkJoins        = "joins"        // every request another buyer who joins a waiting room
	WorkPolls        = "polls"        // where a place in a waiting room stands
)

func newWorkload(ctx context.Context, name string, t lab.Endpoint, s Shape) (workload, error) {
	switch name {
	case WorkHolds:
		return &holdsWork{target: t, shape: s}, nil
	case WorkRefusals:
		return newRefusals(ctx, t, s)
	case WorkAvailability:
		return newAvailability(ctx, t, s)
	case WorkJoins:
		return newJoins(ctx, t, s)
	case WorkPolls:
		return newPolls(ctx, t, s)
	}
	return nil, fmt.Errorf("rig: there is no scenario %q", name)
}

// Shapes of the events. 64 hot sections, and as many seats as one event may have: nobody else's seat is in the way.
var (
	holdsPlan        = eventPlan{Sections: 64, SeatsPerSection: 3125, HoldTTL: time.Hour}
	refusalsPlan     = eventPlan{Sections: 64, SeatsPerSection: 50, HoldTTL: 6 * time.Hour}
	availabilityPlan = eventPlan{Sections: 64, SeatsPerSection: 625, HoldTTL: time.Hour}
)

// holdsWork goes through one event's seats, and opens another before a round that could run out.
type holdsWork struct {
	target lab.Endpoint
	shape  Shape
	event  *soldEvent
	next   uint64
}

// holdsRoundMin is how many seats a round finds at least. A faster server ends its round early, which is measured
// correctly.
const holdsRoundMin = 180_000

func (w *holdsWork) want() load.Outcome { return load.Held }

func (w *holdsWork) prepare(ctx context.Context) (l *requestLoad, err error) {
	if w.event == nil || uint64(holdsPlan.seats())-w.next < holdsRoundMin {
		if w.event, err = openEvent(ctx, w.target, holdsPlan); err != nil {
			return nil, err
		}
		w.next = 0
	}
	event := w.event
	l = w.shape.load()
	l.First, l.Count = requestNo(w.next), uint64(holdsPlan.seats())-w.next
	l.Request = func(dst []byte, n requestNo) []byte { return event.appendHold(dst, uint64(n), 'h', n) }
	return l, nil
}

func (w *holdsWork) done(r Result) { w.next = uint64(r.Last) }

// refusalsWork asks for seats that somebody has.
type refusalsWork struct {
	shape Shape
	event *soldEvent
	next  requestNo
}

func newRefusals(ctx context.Context, t lab.Endpoint, s Shape) (*refusalsWork, error) {
	event, err := openEvent(ctx, t, refusalsPlan)
	if err != nil {
		return nil, err
	}
	return &refusalsWork{shape: s, event: event}, event.fill(ctx, 's')
}

// fill holds every seat of the event.
func (h *soldEvent) fill(ctx context.Context, who byte) error {
	l := requestLoad{Address: h.host, Conns: 32, Count: uint64(h.Plan.seats()),
		Request: func(dst []byte, n requestNo) []byte { return h.appendHold(dst, uint64(n), who, n) }}
	result, err := l.run(ctx)
	if err == nil && !result.Outcomes.Only(load.Held) {
		err = fmt.Errorf("rig: filling a hall: %s", &result.Outcomes)
	}
	return err
}

func (w *refusalsWork) want() load.Outcome { return load.Taken }

func (w *refusalsWork) prepare(context.Context) (*requestLoad, error) {
	l := w.shape.load()
	seats := uint64(refusalsPlan.seats())
	l.First = w.next
	l.Request = func(dst []byte, n requestNo) []byte { return w.event.appendHold(dst, uint64(n)%seats, 'r', n) }
	return l, nil
}

func (w *refusalsWork) done(r Result) { w.next = r.Last }

// availabilityWork reads one map again and again, whole: no ETag, so that every answer carries all its bytes.
type availabilityWork struct {
	shape   Shape
	event   *soldEvent
	request []byte
}

func newAvailability(ctx context.Context, t lab.Endpoint, s Shape) (*availabilityWork, error) {
	event, err := openEvent(ctx, t, availabilityPlan)
	if err != nil {
		return nil, err
	}
	return &availabilityWork{shape: s, event: event, request: event.appendGet(nil, "availability")}, nil
}

func (w *availabilityWork) want() load.Outcome { return load.Served }

func (w *availabilityWork) prepare(context.Context) (*requestLoad, error) {
	l := w.shape.load()
	l.Request = func(dst []byte, _ requestNo) []byte { return append(dst, w.request...) }
	return l, nil
}

func (w *availabilityWork) done(Result) {}

// round runs one round against the real server.
func (r *Rig) round(ctx context.Context, w workload) (Result, error) {
	l, err := w.prepare(ctx)
	if err != nil {
		return Result{}, err
	}
	result, err := runAgainst(ctx, l, r.Target.Address, r.Server)
	w.done(result)
	return result, expect(result, err, w.want())
}

func expect(r Result, err error, want load.Outcome) error {
	if err == nil && !r.Outcomes.Only(want) {
		return fmt.Errorf("rig: every answer should be %s; there were: %s", want, &r.Outcomes)
	}
	return err
}

// Measure runs one kind of request once, after a round of a quarter of the length that does not count.
func (r *Rig) Measure(ctx context.Context, name string, s Shape) (Result, error) {
	w, err := newWorkload(ctx, name, r.Target, s)
	if err != nil {
		return Result{}, err
	}
	warm, err := w.prepare(ctx)
	if err != nil {
		return Result{}, err
	}
	warm.Duration /= 4
	warmed, err := runAgainst(ctx, warm, r.Target.Address, nil)
	if err != nil {
		return warmed, err
	}
	w.done(warmed)
	return r.round(ctx, w)
}

// CompareNull runs one kind of request against the server and against one that does nothing but send the same bytes.
func (r *Rig) CompareNull(ctx context.Context, name string, s Shape, rounds int) (*Comparison, error) {
	w, err := newWorkload(ctx, name, r.Target, s)
	if err != nil {
		return nil, err
	}
	sample, err := w.prepare(ctx)
	if err != nil {
		return nil, err
	}
	null, err := startNull(ctx, r.null, r.Target.Address, sample.Request(nil, sample.First), r.folder, r.logWriter())
	if err != nil {
		return nil, err
	}
	defer null.Stop()
	w.done(Result{Last: sample.First + 1})
	serving := comparedTarget{Name: "holdfast", Round: func(ctx context.Context, _ int) (Result,
		error) {
		return r.round(ctx, w)
	}}
	nothing := comparedTarget{Name: "do nothing", Round: func(ctx context.Context, _ int) (Result, error) {
		l, err := w.prepare(ctx)
		if err != nil {
			return Result{}, err
		}
		result, err := runAgainst(ctx, l, null.Address, null)
		return result, expect(result, err, w.want())
	}}
	return compare(ctx, name, serving, nothing, rounds)
}
