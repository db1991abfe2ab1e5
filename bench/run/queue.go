package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/api/wire/waitingroom"
	"holdfast/bench/lab"
	"holdfast/bench/report"
)

// frameEvery is how often the waiting room is looked at, as everybody sees it.
const frameEvery = 250 * time.Millisecond

// memoryOf is how many must wait before the server's memory says anything of each: buffers and the collector's slack
// are tens of megabytes.
const memoryOf = 100_000

// queueWatch looks at a round's waiting rooms beside the load: how many wait, how many are inside, what the server's
// memory grows by, and whether what everybody sees goes backwards.
type queueWatch struct {
	round   *Round
	last    map[string]waitingroom.Room
	waiting uint32 // most at once, of all events
	inside  uint32
	memory  int64 // before anybody came
	grown   int64 // when most waited
	back    string
	missed  int // looks that were not answered
}

// queueSidecar watches waiting rooms beside what the scenario does already.
func queueSidecar(other Sidecar) Sidecar {
	return func(ctx context.Context, r *Round) (end func() ([]report.Figure, error), err error) {
		others := func() ([]report.Figure, error) { return nil, nil }
		if other != nil {
			if others, err = other(ctx, r); err != nil {
				return nil, err
			}
		}
		w := &queueWatch{round: r, last: map[string]waitingroom.Room{}}
		if r.Running.Memory != nil {
			w.memory = r.Running.Memory()
		}
		ctx, stop := context.WithCancel(ctx)
		var watching sync.WaitGroup
		watching.Go(func() { w.watch(ctx) })
		var failed error
		if room := r.Scenario.WaitingRoom; room.Lowered > 0 {
			watching.Go(func() { failed = r.lowerCap(ctx, room) })
		}
		return func() ([]report.Figure, error) {
			stop()
			watching.Wait()
			figures, err := others()
			err = errors.Join(err, failed)
			if err == nil && w.back != "" {
				err = fmt.Errorf("run: the waiting room goes backwards: %s", w.back)
			}
			return append(figures, w.figures()...), err
		}, nil
	}
}

// lowerCap is an operator's: fewer people inside, while some are and others are on their way.
func (o *Round) lowerCap(ctx context.Context, room *lab.WaitingRoom) error {
	if lab.SleepUntil(ctx, o.Begin.Add(room.LoweredAfter)) != nil {
		return nil // the round ended before
	}
	reason := "too many inside"
	body, err := json.Marshal(&waitingroom.Change{Reason: &reason, ActiveMax: &room.Lowered})
	for i := 0; i < len(o.Events) && err == nil; i++ {
		err = o.Running.Change(ctx, "/v1/events/"+o.Events[i].ID+"/waiting-room", lab.RunName(), body)
	}
	return err
}

func (w *queueWatch) watch(ctx context.Context) {
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx)
		}
	}
}

// look reads every event's public frame: what it counts only grows (G1, G4), whatever happens to the server.
func (w *queueWatch) look(ctx context.Context) {
	waiting, inside := uint32(0), uint32(0)
	for _, event := range w.round.Events {
		var now waitingroom.Room
		if err := w.round.Running.Get(ctx, "/v1/events/"+event.ID+"/queue", &now); err != nil {
			w.missed++
			return
		}
		was, seen := w.last[event.ID]
		if seen && (now.Joined < was.Joined || now.Called < was.Called || now.Seq < was.Seq) {
			w.back = fmt.Sprintf("%d joined, %d called in record %d after %d, %d in record %d", now.Joined, now.Called,
				now.Seq, was.Joined, was.Called, was.Seq)
		}
		w.last[event.ID] = now
		waiting, inside = waiting+now.Waiting, inside+now.Inside
	}
	w.inside = max(w.inside, inside)
	if waiting <= w.waiting {
		return
	}
	w.waiting = waiting
	if w.round.Running.Memory != nil {
		w.grown = w.round.Running.Memory() - w.memory
	}
}

func (w *queueWatch) figures() []report.Figure {
	figures := []report.Figure{{Name: "waiting at once, most", Value: float64(w.waiting)},
		{Name: "inside at once, most", Value: float64(w.inside)}}
	if w.waiting >= memoryOf && w.memory > 0 {
		figures = append(figures, report.Figure{Name: "resident memory grown by, for each who waited",
			Value: float64(w.grown) / float64(w.waiting), Unit: "bytes"})
	}
	return figures
}
