package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/check"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// roundRun is one round of one contestant under way, as what goes on beside it sees it.
type roundRun struct {
	*runner
	*contest
	number int
	window *window // nil: nothing of it is looked at apart
	houses []*buyers.House
	begin  time.Time
}

// beginAfter is between the decision to begin a round and its beginning, for several processes to be ready. One process needs none.
const beginAfter = 500 * time.Millisecond

// round puts one contestant under the load once.
func (r *runner) round(ctx context.Context, c *contest, number int) error {
	one := &roundRun{runner: r, contest: c, number: number}
	_, err := one.play(ctx, fmt.Sprintf("round %d of %d, %s", number+1, r.Rounds, c.Name))
	return err
}

// play is the round, from its events to the last look at them.
func (o *roundRun) play(ctx context.Context, doing string) (done *account, err error) {
	o.say(doing + ": making its events")
	if o.houses, err = o.open(ctx, o.contest); err != nil {
		return nil, err
	}
	o.begin = time.Now()
	if o.Clients > 1 {
		o.begin = o.begin.Add(beginAfter)
	}
	end := func() ([]report.Figure, error) { return nil, nil }
	if o.Scenario.beside != nil {
		if end, err = o.Scenario.beside(ctx, o); err != nil {
			return nil, err
		}
	}
	cpu := o.cpu()
	done, err = o.load(ctx, doing)
	used := o.cpu() - cpu
	figures, endErr := end()
	if err = errors.Join(err, endErr); err != nil {
		return nil, err
	}
	o.keepAccount(done, used, figures)
	if o.Blind {
		return done, nil
	}
	return done, o.lastLook(ctx)
}

func (c *contest) cpu() time.Duration {
	if c.running.CPU == nil {
		return 0
	}
	return c.running.CPU()
}

// open makes the round's events. Peers read one plan format only: another is translated for them from the first contestant's seat map.
func (r *runner) open(ctx context.Context, c *contest) (houses []*buyers.House, err error) {
	if c.Blind { // it makes no events; its answers are the same for all
		for range r.Scenario.Houses {
			houses = append(houses, &buyers.House{Event: nullEvent, Plan: r.contests[0].plan})
		}
		return houses, nil
	}
	for i := range r.Scenario.Houses {
		house, err := OpenHouse(ctx, c.running.Target, c.venue, r.Scenario.terms(i), c.plan)
		if err != nil {
			return nil, err
		}
		if c.plan == nil {
			c.plan = house.Plan
			if err := r.translateFor(ctx, c, house); err != nil {
				return nil, err
			}
		}
		c.history.Header.Events = append(c.history.Header.Events, check.Event{ID: house.Event, Sections: house.Plan.Sizes()})
		houses = append(houses, house)
	}
	return houses, nil
}

func (r *runner) translateFor(ctx context.Context, c *contest, house *buyers.House) error {
	if c != r.contests[0] {
		return nil
	}
	var plain Venue
	for _, other := range r.contests[1:] {
		if !other.Compact {
			continue
		}
		if plain.Plan == nil {
			seatmap, err := readSeatmap(ctx, c.running.Target, house.Event)
			if err != nil {
				return err
			}
			if plain, err = translate(c.venue, seatmap); err != nil {
				return err
			}
		}
		other.venue = plain
	}
	return nil
}

// assignment is the whole of the round's load.
func (o *roundRun) assignment() *assignment {
	d := &o.Scenario.Load
	a := &assignment{
		Address: o.running.Address, Job: o.Scenario.job(o.RunConfig), Conns: d.Conns, Loops: o.Loops, Pace: d.pace(), Count: d.Count,
		Duration: d.Duration, Patience: d.Patience, First: o.buyers, TokenSecret: o.TokenSecret, Window: o.window,
	}
	header := &o.history.Header
	a.Job.Round, a.Job.Blind, a.Job.Buyers, a.Job.Keys = o.number, o.Blind || o.Unchecked, header.BuyerPrefix, header.KeyPrefix
	a.Job.Start = time.Unix(0, header.StartUnixNano)
	a.Job.First, a.Job.FirstEvent = o.buyers, len(header.Events)-len(o.houses)
	for _, house := range o.houses {
		a.Job.Events = append(a.Job.Events, house.Event)
	}
	return a
}

// load sends the round's requests, from this process or from several.
func (o *roundRun) load(ctx context.Context, doing string) (*account, error) {
	if o.Clients > 1 {
		a := o.assignment()
		a.Begin = o.begin
		return a.distribute(ctx, o.Clients, o.Worker, o.runner.folder, o.log)
	}
	return o.assignment().run(ctx, o.houses, func(p load.Progress) {
		if o.Progress != nil {
			o.Progress(Status{Doing: doing, Expected: o.Scenario.Load.Duration, Progress: p})
		}
	})
}

// keepAccount adds a round to its side.
func (o *roundRun) keepAccount(done *account, used time.Duration, figures []report.Figure) {
	o.buyers = max(o.buyers, done.Result.Last)
	o.history.Parts = append(o.history.Parts, done.parts...)
	round := roundOf(done.Result, o.number+1, max(o.Clients, 1))
	round.ServerCPU = share(used, done.Result.Elapsed)
	if done.Result.Useful == 0 && !o.Blind {
		round.Void = "nothing changed: there is no load to speak of"
	}
	o.side.Rounds = append(o.side.Rounds, round)
	o.figures.add(append(figures, done.figures()...)...)
}

// settleAfter is how long after the last answer the map is read for good. A map may be a moment old (P9): one that is read later than the
// checker allows for has to show everything.
const settleAfter = 1100 * time.Millisecond

// lastLook reads every map once more, when nothing is under way: it must be what the answers add up to.
func (o *roundRun) lastLook(ctx context.Context) error {
	if o.Unchecked {
		return nil
	}
	if err := sleepUntil(ctx, time.Now().Add(settleAfter)); err != nil {
		return err
	}
	part, err := lookAt(ctx, o.running.Target, o.houses, len(o.history.Header.Events)-len(o.houses), o.history.Header.StartUnixNano)
	if err == nil {
		o.history.Parts = append(o.history.Parts, part)
	}
	return err
}
