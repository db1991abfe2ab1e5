package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast/bench/report"
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

// beside is Scenario's: it begins before a round's load, and what it returns is done at its end.
type beside = func(ctx context.Context, r *roundRun) (end func() ([]report.Figure, error), err error)

// afterwards does something at the end of a load, while its events are still on sale.
func afterwards(probe func(ctx context.Context, r *roundRun) ([]report.Figure, error)) beside {
	return func(ctx context.Context, r *roundRun) (func() ([]report.Figure, error), error) {
		return func() ([]report.Figure, error) { return probe(ctx, r) }, nil
	}
}

// inTurn does two things beside one load: the first begins first, and ends first.
func inTurn(first, second beside) beside {
	return func(ctx context.Context, r *roundRun) (func() ([]report.Figure, error), error) {
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

// memoryBeside tells by how much a load of so many holds made the server's resident memory grow, for each of them.
func memoryBeside(holds uint64) beside {
	return growthOf(figureHoldMemory, holds, (*contest).resident)
}

// diskBeside tells by how much a load of so many changes made the server's data grow, for each of them.
func diskBeside(changes uint64) beside {
	return growthOf(figureChangeDisk, changes, (*contest).onDisk)
}

// growthOf weighs something before a load and after it. What is not ours to see makes no figure.
func growthOf(name string, count uint64, weigh func(*contest) (bytes int64, seen bool)) beside {
	return func(_ context.Context, r *roundRun) (func() ([]report.Figure, error), error) {
		before, _ := weigh(r.contest)
		return func() ([]report.Figure, error) {
			after, seen := weigh(r.contest)
			if !seen {
				return nil, nil
			}
			return []report.Figure{{Name: name, Value: float64(after-before) / float64(count), Unit: "B"}}, nil
		}, nil
	}
}

func (c *contest) resident() (bytes int64, seen bool) {
	if c.running.Memory == nil {
		return 0, false
	}
	bytes = c.running.Memory()
	return bytes, bytes > 0
}

// onDisk is the size of the files in the server's folder of data.
func (c *contest) onDisk() (bytes int64, seen bool) {
	err := filepath.WalkDir(filepath.Join(c.folder, dataFolder), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return ignoreGone(err)
	})
	return bytes, err == nil && bytes > 0
}

// ignoreGone lets files go away while they are counted: a store tidies up when it likes.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// residentOf is the resident memory of a process in bytes, 0 where /proc does not tell.
func residentOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	return parseStatm(string(text), os.Getpagesize())
}

// parseStatm takes the second figure: pages that are resident.
func parseStatm(text string, pageBytes int) int64 {
	var size, resident int64
	if _, err := fmt.Sscan(text, &size, &resident); err != nil {
		return 0
	}
	return resident * int64(pageBytes)
}

// restart kills the server without warning and starts it again on the same data: how long until it says that it can serve, and until it shows a
// map, for which it has to read the logs of an event.
func restart(ctx context.Context, r *roundRun) ([]report.Figure, error) {
	if r.running.Crash == nil {
		return nil, errors.New("bench: a server that is to be killed must be ours: give a binary")
	}
	r.running.Crash()
	begin := time.Now()
	if err := r.running.Revive(ctx); err != nil {
		return nil, err
	}
	ready := time.Since(begin)
	if err := r.running.get(ctx, mapOf(r), nil); err != nil {
		return nil, err
	}
	return []report.Figure{inMilliseconds(figureReady, ready), inMilliseconds(figureFirstMap, time.Since(begin))}, nil
}

const mebibyte = 1 << 20

func residentFigure(c *contest) []report.Figure {
	bytes, seen := c.resident()
	if !seen {
		return nil
	}
	return []report.Figure{{Name: figureResident, Value: float64(bytes) / mebibyte, Unit: "MiB"}}
}

func mapOf(r *roundRun) string { return "/v1/events/" + r.houses[0].Event + "/availability" }

func inMilliseconds(name string, d time.Duration) report.Figure {
	return report.Figure{Name: name, Value: float64(milliseconds(d)), Unit: "ms"}
}

// mapReads is how often the map is read; the median is told.
const mapReads = 21

// readMaps reads the live map while nobody books.
func readMaps(ctx context.Context, r *roundRun) ([]report.Figure, error) {
	var took []time.Duration
	for range mapReads {
		begin := time.Now()
		if err := r.running.get(ctx, mapOf(r), nil); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return []report.Figure{inMilliseconds(figureMap, took[len(took)/2])}, nil
}
