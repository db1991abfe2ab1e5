package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func allKinds() (list []int) {
	for i := range kinds {
		list = append(list, i)
	}
	return list
}

func named(schedule []step) (lines []string) {
	for _, s := range schedule {
		line := fmt.Sprint(s.quiet, s.length)
		for _, n := range s.nemeses {
			if l, ok := n.(leave); ok {
				l.gone = nil
				n = l
			}
			line += fmt.Sprintf(" %s %+v", n.name(), n)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestScheduleIsTheSeeds: the same seed gives the same steps, and a longer run begins as a shorter one.
func TestScheduleIsTheSeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, nodes := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, nodesMax).Draw(t, "nodes")
		short := named(newSchedule(seed, allKinds(), nodes, time.Minute))
		again, long := named(newSchedule(seed, allKinds(), nodes, time.Minute)),
			named(newSchedule(seed, allKinds(), nodes, 3*time.Minute))
		if !slices.Equal(short, again) {
			t.Fatalf("two schedules of one seed:\n%v\n%v", short, again)
		}
		if len(long) < len(short) || !slices.Equal(short, long[:len(short)]) {
			t.Fatalf("the longer one begins otherwise:\n%v\n%v", short, long)
		}
	})
}

// TestScheduleMeetsAll: kinds are dealt from a deck, so that ten steps meet all; some steps do two things, never to one
// node.
func TestScheduleMeetsAll(t *testing.T) {
	met, pairs := map[string]int{}, 0
	for _, s := range newSchedule(7, allKinds(), 3, 10*time.Minute) {
		for _, n := range s.nemeses {
			met[n.name()]++
		}
		if len(s.nemeses) == 2 {
			pairs++
			if a, b := targetOf(s.nemeses[0]), targetOf(s.nemeses[1]); a == b && a >= 0 {
				t.Errorf("%v: both meet node %d", named([]step{s}), a)
			}
		}
		for _, n := range s.nemeses {
			if p, ok := n.(pause); ok && s.length < 2500*time.Millisecond {
				t.Errorf("%+v for only %v: no heartbeat lapses", p, s.length)
			}
		}
	}
	for _, name := range Names() {
		if met[name] < 3 {
			t.Errorf("%s: %d times in ten minutes", name, met[name])
		}
	}
	if pairs == 0 {
		t.Error("never two at once")
	}
}

func targetOf(n nemesis) int {
	switch n := n.(type) {
	case kill:
		return n.node
	case pause:
		return n.node
	case leave:
		return n.node
	case drain:
		return n.node
	case clock:
		return n.node
	case storecut:
		return n.node
	case partition:
		return n.node
	}
	return -1
}
