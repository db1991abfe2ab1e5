package chaos

import (
	"errors"
	"fmt"
	"holdfast/bench/chaos/testbed"
	"math/rand/v2"
	"slices"
	"time"
)

// kinds are all nemeses, what each needs, and how one is drawn. Targets are indexes of nodes, all different.
var kinds = []struct {
	name                     string
	split, clustered, clocks bool
	shortest, longest        time.Duration
	draw                     func(rng *rand.Rand, targets []int) nemesis
}{
	{"kill", false, false, false, 1 * time.Second, 4 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return kill{t[0]} }},
	{"pause", false, false, false, 2500 * time.Millisecond, 5 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return pause{t[0]} }},
	{"partition", true, true, false, 3 * time.Second, 6 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return partition{t[0]} }},
	{"oneway", true, true, false, 3 * time.Second, 6 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return oneway{t[0], t[1]} }},
	{"storecut", true, false, false, 3 * time.Second, 6 * time.Second,
		func(r *rand.Rand, t []int) nemesis { return storecut{t[0], r.IntN(2) == 0} }},
	{"storerestart", false, false, false, 500 * time.Millisecond, 3 * time.Second,
		func(r *rand.Rand, _ []int) nemesis { return storerestart{r.IntN(2) == 0} }},
	{"join", false, false, false, 3 * time.Second, 6 * time.Second, func(*rand.Rand, []int) nemesis { return join{} }},
	{"leave", false, false, false, 2 * time.Second, 4 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return leave{t[0], make(chan struct{})} }},
	{"drain", false, true, false, 2 * time.Second, 5 * time.Second,
		func(_ *rand.Rand, t []int) nemesis { return drain{t[0], t[1]} }},
	{"clock", false, false, true, 3 * time.Second, 6 * time.Second,
		func(r *rand.Rand, t []int) nemesis { return clock{t[0], drawStep(r)} }},
}

// Names are the nemeses that there are.
func Names() (names []string) {
	for i := range kinds {
		names = append(names, kinds[i].name)
	}
	return names
}

// drawStep is forward or back: one that is believed, by a tenth of the most at least, or one that must not be.
func drawStep(rng *rand.Rand) time.Duration {
	by := between(rng, clockMost/10, clockMost)
	if rng.IntN(2) == 0 {
		by = between(rng, clockWild/100, clockWild)
	}
	if rng.IntN(2) == 0 {
		return -by
	}
	return by
}

// step is a quiet time, and then one nemesis or two at once.
type step struct {
	quiet   time.Duration
	length  time.Duration
	nemeses []nemesis
}

// possible says why a kind cannot be used here; "": it can.
func (r *run) possible(kind int) string {
	k := &kinds[kind]
	switch {
	case k.split && !r.bed.Machines.Split():
		return "it needs network namespaces (" + r.bed.WhyLoopback + ")"
	case k.clustered && !r.bed.Clustered:
		return "the binary knows no cluster"
	case k.clustered && r.cfg.Nodes < 2:
		return "it needs two nodes"
	case k.clocks && !r.bed.Clocked:
		return "the binary reads no " + testbed.ClockVariable + ": build it with make planted"
	}
	return ""
}

// choose gives the kinds to use, and names those that are left out with the reason.
func (r *run) choose() (chosen []int, leftOut []string, err error) {
	for i := range kinds {
		name, why := kinds[i].name, r.possible(i)
		wanted := slices.Contains(r.cfg.Nemeses, name)
		switch {
		case wanted && why != "":
			return nil, nil, fmt.Errorf("chaos: nemesis %s: %s", name, why)
		case why != "":
			leftOut = append(leftOut, name+": "+why)
		case wanted || len(r.cfg.Nemeses) == 0:
			chosen = append(chosen, i)
		}
	}
	if len(chosen) == 0 {
		return nil, nil, errors.New("chaos: no nemesis is left")
	}
	return chosen, leftOut, nil
}

// Of a schedule: how long it is quiet, how many steps in eight do two things at once, and what a run's last part is
// kept for.
const (
	quietLeast  = 1500 * time.Millisecond
	quietMost   = 3500 * time.Millisecond
	pairsOf8    = 3
	scheduleMin = 1
)

// newSchedule draws a run's steps. The same seed, kinds and nodes give the same steps; a longer run begins as a shorter
// one does. Kinds are dealt from a shuffled deck, so that a run of some length has met them all.
func newSchedule(seed uint64, chosen []int, nodes int, length time.Duration) (schedule []step) {
	rng := rand.New(rand.NewPCG(seed, 0x6368616f73))
	var deck []int
	deal := func() int {
		if len(deck) == 0 {
			deck = slices.Clone(chosen)
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		kind := deck[0]
		deck = deck[1:]
		return kind
	}
	for at := time.Duration(0); ; {
		s := step{quiet: between(rng, quietLeast, quietMost)}
		targets := rng.Perm(nodes)
		s.add(rng, deal(), targets)
		if rng.IntN(8) < pairsOf8 && len(chosen) > 1 && nodes > 1 {
			s.add(rng, deal(), append(targets[1:], targets[0]))
		}
		if at += s.quiet + s.length; at > length && len(schedule) >= scheduleMin {
			return schedule
		}
		schedule = append(schedule, s)
	}
}

// add draws a nemesis. Two of one kind that has no target would be one, and the second is left out.
func (s *step) add(rng *rand.Rand, kind int, targets []int) {
	k := &kinds[kind]
	if len(targets) < 2 {
		targets = append(targets, targets...)
	}
	n, length := k.draw(rng, targets), between(rng, k.shortest, k.longest)
	if len(s.nemeses) > 0 && s.nemeses[0].name() == n.name() {
		return
	}
	s.nemeses = append(s.nemeses, n)
	s.length = max(s.length, length)
}

func between(rng *rand.Rand, least, most time.Duration) time.Duration {
	return (least + time.Duration(rng.Int64N(int64(most-least)))).Round(time.Millisecond)
}
