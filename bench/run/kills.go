package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Killed has the server killed with -9 every so often while the round's buyers come, and started again on the same
// data; between the two its own verifier looks at what is there.
func (s *Scenario) Killed(every time.Duration) {
	other := s.Sidecar
	s.Sidecar = func(ctx context.Context, r *Round) (end func() ([]report.Figure, error), err error) {
		if r.Running.Crash == nil {
			return nil, errors.New("run: a server that is to be killed must be ours: give a binary")
		}
		others := func() ([]report.Figure, error) { return nil, nil }
		if other != nil {
			if others, err = other(ctx, r); err != nil {
				return nil, err
			}
		}
		k := &kills{round: r, every: every}
		ctx, stop := context.WithCancel(ctx)
		var killing sync.WaitGroup
		killing.Go(func() { k.err = k.run(ctx) })
		return func() ([]report.Figure, error) {
			stop()
			killing.Wait()
			figures, err := others()
			if err = errors.Join(err, k.err); err == nil && k.dirty > 0 {
				err = fmt.Errorf("run: %d audits after a kill found something; the last: %s", k.dirty, k.said)
			}
			return append(figures, k.figures()...), err
		}, nil
	}
}

// kills are those of one round.
type kills struct {
	round  *Round
	every  time.Duration
	pauses []time.Duration // from the kill to the next join that was answered, without the audit's time
	dirty  int
	said   string // what the last audit that found something said
	err    error
}

// lastKill is the part of the arrivals' time that no kill comes after: what is in doubt then has time to settle.
const lastKill = 0.9

func (k *kills) run(ctx context.Context) error {
	length := k.round.Scenario.Load.Duration
	if d := &k.round.Scenario.Load; d.Count > 0 && d.Rate > 0 {
		length = min(length, time.Duration(float64(d.Count)/float64(d.Rate)*float64(time.Second)))
	}
	for at := k.every; at < time.Duration(lastKill*float64(length)); at += k.every {
		if lab.SleepUntil(ctx, k.round.Begin.Add(at)) != nil {
			return nil // the round ended before
		}
		if err := k.kill(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (k *kills) kill(ctx context.Context) error {
	r := k.round.Running
	begin := time.Now()
	r.Crash()
	looked := time.Now()
	if r.Audit != nil {
		clean, words, err := r.Audit(ctx)
		if err != nil {
			return err
		}
		if !clean {
			k.dirty++
			k.said = words
		}
	}
	audit := time.Since(looked)
	if err := r.Revive(ctx); err != nil {
		return err
	}
	if k.round.Scenario.WaitingRoom != nil {
		if err := k.join(ctx); err != nil {
			return err
		}
	}
	k.pauses = append(k.pauses, time.Since(begin)-audit)
	return nil
}

// joinPoll is between two attempts of the stranger who joins after a kill.
const joinPoll = 5 * time.Millisecond

// join waits until the waiting room gives a place again: to somebody who is none of the round's buyers.
func (k *kills) join(ctx context.Context) error {
	c, err := load.Dial(k.round.Running.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	request := fmt.Appendf(nil, "POST /v1/events/%s/queue HTTP/1.1\r\nHost: %s\r\nX-Buyer: stranger-%s\r\n"+
		"Content-Length: 0\r\n\r\n", k.round.Events[0].ID, k.round.Running.Address, lab.RunName())
	for {
		answer, err := c.RoundTrip(request)
		switch {
		case err != nil:
			return fmt.Errorf("run: joining after a kill: %w", err)
		case answer.Status == 201 || answer.Status == 200:
			return nil
		case answer.Status != 503 && answer.Status != 429:
			return fmt.Errorf("run: joining after a kill: %d %s", answer.Status, bytes.TrimSpace(answer.Body))
		}
		if lab.SleepUntil(ctx, time.Now().Add(joinPoll)) != nil {
			return nil //nolint:nilerr // the round ended before
		}
	}
}

func (k *kills) figures() []report.Figure {
	figures := []report.Figure{{Name: "kill -9", Value: float64(len(k.pauses))},
		{Name: "audits after a kill that found something", Value: float64(k.dirty)}}
	if len(k.pauses) == 0 {
		return figures
	}
	slices.Sort(k.pauses)
	milliseconds := func(d time.Duration) float64 { return float64(report.InMilliseconds(d)) }
	return append(figures,
		report.Figure{Name: "from a kill to the next place given, median", Unit: "ms",
			Value: milliseconds(k.pauses[len(k.pauses)/2])},
		report.Figure{Name: "from a kill to the next place given, longest", Unit: "ms",
			Value: milliseconds(k.pauses[len(k.pauses)-1])})
}
