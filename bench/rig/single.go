package rig

import (
	"context"
	"errors"
	"time"

	"holdfast/bench/load"
)

// SingleResult is the latency of one buyer alone, next to what the disk itself takes.
type SingleResult struct {
	Hold load.Quantiles `json:"hold"`
	// Sync is a bare append of 64 bytes and an fsync, on the same disk, in turns with the holds.
	Sync load.Quantiles `json:"sync"`
	// Over is the median hold minus the median sync: what Holdfast adds to the disk.
	Over time.Duration `json:"over_ns"`
	// FirstLook is the first availability of a fresh event of 200,000 seats in 64 sections, which nobody had used
	// before.
	FirstLook time.Duration `json:"first_look_ns"`
	Outcomes  load.Outcomes `json:"outcomes"`
}

// singleTurn is how many holds, then syncs, make a turn: short enough that a change of the disk's mood meets both.
const singleTurn = 20

// Single measures count holds of one buyer's connection, one after another.
func (r *Rig) Single(ctx context.Context, count int) (s SingleResult, err error) {
	event, err := openEvent(ctx, r.Target,
		eventPlan{Sections: 64, SeatsPerSection: max(rowSeats, (count/64+rowSeats)/rowSeats*rowSeats),
			HoldTTL: time.Hour})
	if err != nil {
		return s, err
	}
	fresh, err := openEvent(ctx, r.Target, holdsPlan)
	if err != nil {
		return s, err
	}
	s.FirstLook = fresh.firstLook
	disk, err := openDisk(r.folder)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	c, err := load.Dial(r.Target.Address)
	if err != nil {
		return s, err
	}
	defer c.Close()
	holds, syncs := load.NewLatencies(), load.NewLatencies()
	for n := 0; n < count && ctx.Err() == nil; n += singleTurn {
		for i := n; i < min(n+singleTurn, count); i++ {
			took, outcome, err := singleHold(c, event, i)
			if err != nil {
				return s, err
			}
			holds.Record(took)
			s.Outcomes[outcome]++
		}
		for range singleTurn {
			took, err := disk.append()
			if err != nil {
				return s, err
			}
			syncs.Record(took)
		}
	}
	s.Hold, s.Sync = holds.Quantiles(), syncs.Quantiles()
	s.Over = s.Hold.P50 - s.Sync.P50
	return s, expect(Result{Outcomes: s.Outcomes}, nil, load.Held)
}

func singleHold(c *load.Conn, event *soldEvent, n int) (time.Duration, load.Outcome, error) {
	request := event.appendHold(nil, uint64(n), 'h', requestNo(n))
	c.SetDeadline(time.Now().Add(patienceDefault)) // fails only when closed; the next read says so
	begin := time.Now()
	a, err := c.RoundTrip(request)
	return time.Since(begin), load.Classify(a.Status, a.Body), err
}
