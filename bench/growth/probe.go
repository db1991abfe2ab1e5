package growth

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// The names of what is measured at a point besides its loads.
const (
	figureResident   = "resident memory"
	figureHoldMemory = "resident memory of a hold"
	figureChangeDisk = "disk of a change"
	figureReady      = "ready again after kill -9"
	figureFirstMap   = "first map after kill -9"
	figureMap        = "one read of the live map"
)

// afterwards does something at the end of a load, while its events are still on sale.
func afterwards(probe func(ctx context.Context, r *run.Round) ([]report.Figure, error)) run.Sidecar {
	return func(ctx context.Context, r *run.Round) (func() ([]report.Figure, error), error) {
		return func() ([]report.Figure, error) { return probe(ctx, r) }, nil
	}
}

// inTurn does two things beside one load: the first begins first, and ends first.
func inTurn(first, second run.Sidecar) run.Sidecar {
	return func(ctx context.Context, r *run.Round) (func() ([]report.Figure, error), error) {
		endFirst, err := first(ctx, r)
		if err != nil {
			return nil, err
		}
		endSecond, err := second(ctx, r)
		if err != nil {
			return nil, err
		}
		return func() ([]report.Figure, error) {
			some, err := endFirst()
			if err != nil {
				return nil, err
			}
			more, err := endSecond()
			return append(some, more...), err
		}, nil
	}
}

// memorySidecar tells by how much a load of so many holds made the server's resident memory grow, for each of them.
func memorySidecar(holds uint64) run.Sidecar {
	return growthOf(figureHoldMemory, holds, resident)
}

// diskSidecar tells by how much a load of so many changes made the server's data grow, for each of them.
func diskSidecar(changes uint64) run.Sidecar {
	return growthOf(figureChangeDisk, changes, onDisk)
}

// growthOf weighs something before a load and after it. What is not ours to see makes no figure.
func growthOf(name string, count uint64, weigh func(*lab.Running) (bytes int64, seen bool)) run.Sidecar {
	return func(_ context.Context, r *run.Round) (func() ([]report.Figure, error), error) {
		before, _ := weigh(r.Running)
		return func() ([]report.Figure, error) {
			after, seen := weigh(r.Running)
			if !seen {
				return nil, nil
			}
			return []report.Figure{{Name: name, Value: float64(after-before) / float64(count), Unit: "B"}}, nil
		}, nil
	}
}

// resident is the server's resident memory in bytes, where it is ours to see.
func resident(r *lab.Running) (bytes int64, seen bool) { return weight(r.Memory) }

// onDisk is the size of the server's data in bytes, where it is ours to see.
func onDisk(r *lab.Running) (bytes int64, seen bool) { return weight(r.Disk) }

func weight(weigh func() int64) (bytes int64, seen bool) {
	if weigh == nil {
		return 0, false
	}
	bytes = weigh()
	return bytes, bytes > 0
}

// restart kills the server without warning and starts it again on the same data: how long until it says that it can
// serve, and until it shows a map, for which it has to read the logs of an event.
func restart(ctx context.Context, r *run.Round) ([]report.Figure, error) {
	if r.Running.Crash == nil {
		return nil, errors.New("growth: a server that is to be killed must be ours: give a binary")
	}
	r.Running.Crash()
	begin := time.Now()
	if err := r.Running.Revive(ctx); err != nil {
		return nil, err
	}
	ready := time.Since(begin)
	if err := r.Running.Get(ctx, mapOf(r), nil); err != nil {
		return nil, err
	}
	return []report.Figure{inMilliseconds(figureReady, ready), inMilliseconds(figureFirstMap, time.Since(begin))}, nil
}

const mebibyte = 1 << 20

func residentFigure(c *run.Subject) []report.Figure {
	bytes, seen := resident(c.Running)
	if !seen {
		return nil
	}
	return []report.Figure{{Name: figureResident, Value: float64(bytes) / mebibyte, Unit: "MiB"}}
}

func mapOf(r *run.Round) string { return "/v1/events/" + r.Events[0].ID + "/availability" }

func inMilliseconds(name string, d time.Duration) report.Figure {
	return report.Figure{Name: name, Value: float64(report.InMilliseconds(d)), Unit: "ms"}
}

// mapReads is how often the map is read; the median is told.
const mapReads = 21

// readMaps reads the live map while nobody books.
func readMaps(ctx context.Context, r *run.Round) ([]report.Figure, error) {
	var took []time.Duration
	for range mapReads {
		begin := time.Now()
		if err := r.Running.Get(ctx, mapOf(r), nil); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return []report.Figure{inMilliseconds(figureMap, took[len(took)/2])}, nil
}
