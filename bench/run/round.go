package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Round is one round of one target under way, as what goes on beside it sees it.
type Round struct {
	*Session
	*Subject
	Number int
	Window *Window // nil: nothing of it is looked at apart
	Events []*buyers.Event
	Begin  time.Time
}

// beginAfter is between the decision to begin a round and its beginning, for several processes to be ready. One process
// needs none.
const beginAfter = 500 * time.Millisecond

// round puts one target under the load once.
func (r *Session) round(ctx context.Context, c *Subject, number int) error {
	one := &Round{Session: r, Subject: c, Number: number}
	_, err := one.Play(ctx, fmt.Sprintf("round %d of %d, %s", number+1, r.Rounds, c.Name))
	return err
}

// Measure puts the first server under another scenario's load, in a round of its own, and says so under a title.
func (r *Session) Measure(ctx context.Context, s Scenario, title string, number int) error {
	return r.other(ctx, s, title, number, r.Unchecked)
}

// Fill is Play with a load that is no part of the history: its events are forgotten again, so that the log's check
// passes them over, and so is its round. It returns how many changes were acknowledged.
func (r *Session) Fill(ctx context.Context, s Scenario, title string, number int) (changes uint64, err error) {
	c := r.Subjects[0]
	events, rounds := len(c.history.Header.Events), len(c.Side.Rounds)
	if err := r.other(ctx, s, title, number, true); err != nil {
		return 0, err
	}
	changes = c.Side.Rounds[rounds].Useful.Count
	c.history.Header.Events, c.Side.Rounds = c.history.Header.Events[:events], c.Side.Rounds[:rounds]
	return changes, nil
}

func (r *Session) other(ctx context.Context, s Scenario, title string, number int, unrecorded bool) error {
	c := r.Subjects[0]
	config := *r.Config
	config.Scenario, config.Unchecked = s, unrecorded
	if c.venue.Name != s.Venue.Name {
		c.venue, c.Plan = s.Venue, nil
	}
	name := c.Name
	defer func() { c.Name = name }()
	if title != "" {
		c.Name += ", " + title
	}
	return (&Session{Config: &config, folder: r.folder, Subjects: r.Subjects}).round(ctx, c, number)
}

// Play is the round, from its events to the last look at them.
func (o *Round) Play(ctx context.Context, doing string) (done *Account, err error) {
	o.say(doing + ": making its events")
	if o.Events, err = o.Open(ctx, o.Subject); err != nil {
		return nil, err
	}
	o.Begin = time.Now()
	if o.Clients > 1 {
		o.Begin = o.Begin.Add(beginAfter)
	}
	end := func() ([]report.Figure, error) { return nil, nil }
	if o.Scenario.Sidecar != nil {
		if end, err = o.Scenario.Sidecar(ctx, o); err != nil {
			return nil, err
		}
	}
	cpu := o.CPU()
	done, err = o.load(ctx, doing)
	used := o.CPU() - cpu
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

// CPU is the processor time that the server has used so far, its database included; 0: not ours to see.
func (c *Subject) CPU() time.Duration {
	if c.Running.CPU == nil {
		return 0
	}
	return c.Running.CPU()
}

// Open makes the round's events. Baselines read one plan format only: another is translated for them from the first
// target's seat map.
func (r *Session) Open(ctx context.Context, c *Subject) (events []*buyers.Event, err error) {
	if c.Blind { // it makes no events; its answers are the same for all
		for range r.Scenario.Events {
			events = append(events, &buyers.Event{ID: lab.NothingEvent, Plan: r.Subjects[0].Plan})
		}
		return events, nil
	}
	for i := range r.Scenario.Events {
		event, err := lab.OpenEvent(ctx, c.Running.Endpoint, c.venue, r.Scenario.terms(i), c.Plan)
		if err != nil {
			return nil, err
		}
		if c.Plan == nil {
			c.Plan = event.Plan
			if err := r.translateFor(ctx, c, event); err != nil {
				return nil, err
			}
		}
		c.history.Header.Events = append(c.history.Header.Events,
			history.Event{ID: event.ID, Sections: event.Plan.Sizes()})
		events = append(events, event)
	}
	return events, nil
}

func (r *Session) translateFor(ctx context.Context, c *Subject, event *buyers.Event) error {
	if c != r.Subjects[0] {
		return nil
	}
	var plain lab.Venue
	for _, other := range r.Subjects[1:] {
		if !other.Compact {
			continue
		}
		if plain.Plan == nil {
			seatmap, err := lab.ReadSeatmap(ctx, c.Running.Endpoint, event.ID)
			if err != nil {
				return err
			}
			if plain, err = lab.Translate(c.venue, seatmap); err != nil {
				return err
			}
		}
		other.venue = plain
	}
	return nil
}

// assignment is the whole of the round's load.
func (o *Round) assignment() *assignment {
	d := &o.Scenario.Load
	a := &assignment{
		Address: o.Running.Address, Job: o.Scenario.job(o.Config), Conns: d.Conns, Loops: o.Loops, Pace: d.pace(),
		Count:    d.Count,
		Duration: d.Duration, Patience: d.Patience, First: o.buyers, TokenSecret: o.TokenSecret, Window: o.Window,
	}
	header := &o.history.Header
	a.Job.Round, a.Job.Blind, a.Job.Buyers, a.Job.Keys = o.Number, o.Blind || o.Unchecked, header.BuyerPrefix,
		header.KeyPrefix
	a.Job.Start = time.Unix(0, header.StartUnixNano)
	a.Job.First, a.Job.FirstEvent = o.buyers, len(header.Events)-len(o.Events)
	for _, event := range o.Events {
		a.Job.Events = append(a.Job.Events, event.ID)
	}
	return a
}

// load sends the round's requests, from this process or from several.
func (o *Round) load(ctx context.Context, doing string) (*Account, error) {
	if o.Clients > 1 {
		a := o.assignment()
		a.Begin = o.Begin
		return a.distribute(ctx, o.Clients, o.Worker, o.Session.folder, o.log)
	}
	return o.assignment().run(ctx, o.Events, func(p load.Progress) {
		if o.Progress != nil {
			o.Progress(Status{Doing: doing, Expected: o.Scenario.Load.Duration, Progress: p})
		}
	})
}

// keepAccount adds a round to its side.
func (o *Round) keepAccount(done *Account, used time.Duration, figures []report.Figure) {
	o.buyers = max(o.buyers, done.Result.Last)
	o.history.Parts = append(o.history.Parts, done.parts...)
	round := RoundOf(done.Result, o.Number+1, max(o.Clients, 1))
	round.ServerCPU = lab.Share(used, done.Result.Elapsed)
	if done.Result.Useful == 0 && !o.Blind {
		round.Void = "nothing changed: there is no load to speak of"
	}
	o.Side.Rounds = append(o.Side.Rounds, round)
	o.Figures.Add(append(figures, done.figures()...)...)
}

// settleAfter is how long after the last answer the map is read for good. A map may be a moment old (P9): one that is
// read later than the checker allows for has to show everything.
const settleAfter = 1100 * time.Millisecond

// lastLook reads every map once more, when nothing is under way: it must be what the answers add up to.
func (o *Round) lastLook(ctx context.Context) error {
	if o.Unchecked {
		return nil
	}
	if err := lab.SleepUntil(ctx, time.Now().Add(settleAfter)); err != nil {
		return err
	}
	part, err := lookAt(ctx, o.Running.Endpoint, o.Events, len(o.history.Header.Events)-len(o.Events),
		o.history.Header.StartUnixNano)
	if err == nil {
		o.history.Parts = append(o.history.Parts, part)
	}
	return err
}
