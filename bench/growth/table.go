package growth

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// Dimension is one way in which a deployment becomes larger, in steps far enough apart to show a slope.
type Dimension struct {
	Name  string
	About string
	// Axis is what the steps count.
	Axis  string
	Steps []uint64
	// Ordinary is the largest step that is measured unless more is asked for.
	Ordinary uint64

	point  func(at uint64, s growthShape) growthPoint
	curves []growthCurve
}

// growthShape is how every point is driven unless its dimension says otherwise.
type growthShape struct {
	conns    int
	duration time.Duration
}

// growthPoint is one step of a dimension: what is made before, and what is measured then, on a server of its own.
type growthPoint struct {
	before   []growthLoad
	measured []growthLoad
}

// growthLoad is one load of a point. The scenario's name is what its buyers do.
type growthLoad struct {
	title    string // within the point; empty: its only load
	scenario run.Scenario
	// makes is how many durable changes it must make; 0: as many as it happens to.
	makes uint64
}

// Numbers of the points' events.
const (
	growthTTL = time.Hour // longer than the longest point: what is on hold stays so
	// wholeSection is the most seats that one section may have: beyond it the server splits a section, and one would
	// not be one.
	wholeSection   = 5_000
	growthSections = 40
	fillEvents     = 5 // of 200,000 seats each: room for a million holds
	// warmUpBuyers hold and release before anything is measured, on every point alike: a process's first second is not
	// its second one.
	warmUpBuyers  = 2_000
	changesOfTurn = 2 // of a buyer who holds and releases
)

// Dimensions lists them in the order in which they are told.
func Dimensions() []Dimension {
	return []Dimension{bySections(), bySeats(), byClients(), byHolds(), byHistory()}
}

// chooseDimensions finds dimensions by their names, all of them for none, and cuts their steps at to (0: at what is
// ordinary). left says in words which steps were not asked for.
func chooseDimensions(names []string, to uint64) (chosen []Dimension, left []string, err error) {
	all := Dimensions()
	for _, name := range names {
		if !slices.ContainsFunc(all, func(d Dimension) bool { return d.Name == name }) {
			return nil, nil, fmt.Errorf("growth: nothing grows by %q", name)
		}
	}
	for _, d := range all {
		if len(names) > 0 && !slices.Contains(names, d.Name) {
			continue
		}
		kept, rest := d.cut(to)
		if len(kept) == 0 {
			return nil, nil, fmt.Errorf("growth: the first step of %s is %d, which is above %d", d.Name, d.Steps[0], to)
		}
		if len(rest) > 0 {
			left = append(left, fmt.Sprintf("%s ends at %s. Steps left out: %s; --to %d measures them.",
				d.Name, grouped(kept[len(kept)-1]), listed(rest), rest[len(rest)-1]))
		}
		d.Steps = kept
		chosen = append(chosen, d)
	}
	return chosen, left, nil
}

func (d *Dimension) cut(to uint64) (kept, rest []uint64) {
	if to == 0 {
		to = d.Ordinary
	}
	i := slices.IndexFunc(d.Steps, func(at uint64) bool { return at > to })
	if i < 0 {
		return d.Steps, nil
	}
	return d.Steps[:i], d.Steps[i:]
}

func listed(steps []uint64) string {
	var words []string
	for _, at := range steps {
		words = append(words, grouped(at))
	}
	return strings.Join(words, ", ")
}

// grouped writes 1,000,000.
func grouped(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// turns is a closed loop of buyers who hold and release.
func (s growthShape) turns(behaviour string, v lab.Venue) run.Scenario {
	return run.Scenario{Name: behaviour, Venue: v, Events: 1, HoldTTL: growthTTL,
		Load: run.Drive{Conns: s.conns, Duration: s.duration}}
}

// keeps is a closed loop of buyers who hold one of a stadium's seats each and keep it. It ends early when each seat is
// on hold.
func (s growthShape) keeps() run.Scenario {
	made := s.turns("single", run.Stadium)
	made.Load.Count = stadiumSeats
	return made
}

const stadiumSeats = 200_000

func (s growthShape) warmUp() growthLoad {
	made := s.turns("holdrelease", spreadVenue(wholeSection, growthSections))
	made.Load.Duration, made.Load.Count = 0, warmUpBuyers
	return growthLoad{title: "warming up", scenario: made, makes: changesOfTurn * warmUpBuyers}
}

func bySections() Dimension {
	return Dimension{
		Name: "sections", Axis: "sections that share 5,000 seats", Steps: []uint64{1, 4, 16, 64, 250, 1000},
		Ordinary: 1000,
		About: "A section has one writer. The same seats in more sections: what one writer can do, what more of them " +
			"add, and what too many cost.",
		point: func(at uint64, s growthShape) growthPoint {
			return growthPoint{
				before:   []growthLoad{s.warmUp()},
				measured: []growthLoad{{scenario: s.turns("holdrelease", spreadVenue(wholeSection, int(at)))}},
			}
		},
		curves: curvesOf([]growthLine{useful(0, "holds and releases")}, held(0, "hold", ""),
			[]growthLine{costs(0, "holds and releases")}),
	}
}

func bySeats() Dimension {
	dimension := Dimension{
		Name: "seats", Axis: "seats of one event in 40 sections", Steps: []uint64{1_000, 5_000, 20_000, 40_000, 70_000},
		Ordinary: 70_000,
		About: "A larger house behind the same writers: named seats, the best two of a section, and the whole " +
			"live map.",
		point: func(at uint64, s growthShape) growthPoint {
			venue := spreadVenue(int(at), growthSections)
			named, best := s.turns("holdrelease", venue), s.turns("bestrelease", venue)
			named.Sidecar = afterwards(readMaps)
			return growthPoint{before: []growthLoad{s.warmUp()},
				measured: []growthLoad{{"named seats", named, 0}, {"best available", best, 0}}}
		},
		curves: curvesOf(
			[]growthLine{useful(0, "named seats"), useful(1, "best available")},
			slices.Concat(held(0, "hold", "named, "), held(1, "best", "best available, ")),
			[]growthLine{costs(0, "named seats"), costs(1, "best available")}),
	}
	dimension.curves = append(dimension.curves, growthCurve{title: "the whole live map", unit: "ms",
		lines: []growthLine{measured(figureMap, "one read, by itself")}})
	return dimension
}

func byClients() Dimension {
	return Dimension{
		Name: "clients", Axis: "connections", Steps: []uint64{1, 4, 16, 64, 256, 1024, 4096}, Ordinary: 4096,
		About: "More buyers at once, each waiting for an answer before asking again: how many it takes to fill the " +
			"log's writes, and what each of too many costs.",
		point: func(at uint64, s growthShape) growthPoint {
			many := growthShape{conns: int(at), duration: s.duration}
			return growthPoint{before: []growthLoad{s.warmUp()},
				measured: []growthLoad{{scenario: many.turns("holdrelease", run.Stadium)}}}
		},
		curves: curvesOf([]growthLine{useful(0, "holds and releases")}, held(0, "hold", ""),
			[]growthLine{costs(0, "holds and releases")}),
	}
}

func byHolds() Dimension {
	dimension := Dimension{
		Name: "holds", Axis: "holds that are live beside", Steps: []uint64{1_000, 10_000, 100_000, 1_000_000},
		Ordinary: 1_000_000,
		About: "Seats on hold in five other events of 200,000 each, one seat a hold: what they take of memory, and " +
			"whether new holds and refusals feel them.",
		point: func(at uint64, s growthShape) growthPoint {
			fill, refused := s.keeps(), s.turns("contested", run.Stadium)
			fill.Events, fill.Load.Duration, fill.Load.Count, fill.Sidecar = fillEvents, 0, at, memorySidecar(at)
			return growthPoint{
				before:   []growthLoad{s.warmUp(), {"placing the live holds", fill, at}},
				measured: []growthLoad{{"new holds", s.keeps(), 0}, {"refused", refused, 0}},
			}
		},
		curves: curvesOf(
			[]growthLine{useful(0, "new holds"), {name: "refusals", values: ofRounds(1, report.RefusalRate())}},
			append(held(0, "hold", "new holds, "), latencies(1, "hold", "taken", "refusals, ")...),
			[]growthLine{costs(0, "new holds"), costs(1, "refusals")}),
	}
	dimension.curves = append(dimension.curves, growthCurve{title: "resident memory of a hold", unit: "bytes",
		logY: true, lines: []growthLine{measured(figureHoldMemory, "one live hold")}})
	return dimension
}

func byHistory() Dimension {
	dimension := Dimension{
		Name: "history", Axis: "changes in the logs before (1: none)",
		Steps: []uint64{0, 10_000, 100_000, 1_000_000, 10_000_000}, Ordinary: 1_000_000,
		About: "Holds and releases of another event, over and done with: what they take of the disk, how long a " +
			"server that is killed with -9 when they are made is away, and whether new holds feel them afterwards.",
		point: func(at uint64, s growthShape) growthPoint {
			fill := s.turns("holdrelease", run.Stadium)
			fill.Load.Duration, fill.Load.Count, fill.Sidecar = 0, max(at/changesOfTurn, 1), afterwards(restart)
			if at > 0 {
				fill.Sidecar = inTurn(diskSidecar(at), fill.Sidecar)
			}
			return growthPoint{
				before:   []growthLoad{{"making the history", fill, fill.Load.Count * changesOfTurn}, s.warmUp()},
				measured: []growthLoad{{scenario: s.keeps()}},
			}
		},
		curves: curvesOf([]growthLine{useful(0, "new holds")}, held(0, "hold", ""),
			[]growthLine{costs(0, "new holds")}),
	}
	dimension.curves = append(
		dimension.curves,
		growthCurve{
			title: "disk", unit: "bytes a change", lines: []growthLine{measured(figureChangeDisk, "one change")},
		},
		growthCurve{title: "restart after kill -9", unit: "ms",
			lines: []growthLine{measured(figureReady, "until ready"), measured(figureFirstMap, "until the first map")}},
	)
	return dimension
}

// spreadVenue is lab's, with a name that is easy to read.
func spreadVenue(seats, sections int) lab.Venue {
	v := lab.SpreadVenue(seats, sections)
	v.Name = fmt.Sprintf("%s seats in %s sections", grouped(uint64(seats)), grouped(uint64(sections)))
	return v
}
