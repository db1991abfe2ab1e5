package chaos

import (
	"cmp"
	"slices"
	"time"

	"holdfast/bench/check/history"
)

// Recovery is how long sections were away after a nemesis: from its begin, and from its end, to the first change of
// each section that was acknowledged and asked for after that moment.
type Recovery struct {
	Nemesis string `json:"nemesis"`
	Steps   int    `json:"steps"`
	// Sections is how many times a section was looked at; Silent how many of them had no success before the run ended.
	Sections int           `json:"sections"`
	Silent   int           `json:"silent"`
	BeginP50 time.Duration `json:"from_begin_p50_ns"`
	BeginMax time.Duration `json:"from_begin_max_ns"`
	EndP50   time.Duration `json:"from_end_p50_ns"`
	EndMax   time.Duration `json:"from_end_max_ns"`
}

// acked is one acknowledged change.
type acked struct{ call, ret history.Nanos }

// successes are each section's, by call. An op's section is that of the booking it is about.
func (r *run) successes(recorders []*recorder) [][]acked {
	var base []int
	sections := 0
	for _, h := range r.events {
		base = append(base, sections)
		sections += len(h.Plan.Sections)
	}
	all := make([][]acked, sections)
	for _, one := range recorders {
		for i := range one.part.Ops {
			op := &one.part.Ops[i]
			if op.Verdict != history.Done || op.Kind == history.Look {
				continue
			}
			placed := op
			if op.Of != history.NoOp {
				placed = &one.part.Ops[op.Of]
			}
			no := base[placed.Event] + int(placed.Section)
			all[no] = append(all[no], acked{op.Call, op.Return})
		}
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b acked) int { return cmp.Compare(a.call, b.call) })
	}
	return all
}

// firstAfter is the earliest return of a success that was asked for after the moment; false: there is none.
func firstAfter(list []acked, moment history.Nanos) (history.Nanos, bool) {
	at, _ := slices.BinarySearchFunc(list, moment, func(s acked, m history.Nanos) int { return cmp.Compare(s.call, m) })
	if at == len(list) {
		return 0, false
	}
	first := list[at].ret
	for _, s := range list[at:] {
		if s.call > first {
			break
		}
		first = min(first, s.ret)
	}
	return first, true
}

// recoveries are the times by nemesis, in the order of Names; a step of two counts for its pair.
func (r *run) recoveries(recorders []*recorder) (list []Recovery) {
	all := r.successes(recorders)
	type times struct {
		begin, end []time.Duration
		steps      int
		silent     int
	}
	byName := map[string]*times{}
	var order []string
	for _, m := range r.marks {
		name := pairName(m.names)
		t := byName[name]
		if t == nil {
			t = &times{}
			byName[name] = t
			order = append(order, name)
		}
		t.steps++
		for _, section := range all {
			begin, one := firstAfter(section, m.begun)
			end, two := firstAfter(section, m.end)
			if !one || !two {
				t.silent++
				continue
			}
			t.begin = append(t.begin, time.Duration(begin-m.begun))
			t.end = append(t.end, time.Duration(end-m.end))
		}
	}
	slices.Sort(order)
	for _, name := range order {
		t := byName[name]
		one := Recovery{Nemesis: name, Steps: t.steps, Sections: t.steps * len(all), Silent: t.silent}
		one.BeginP50, one.BeginMax = middle(t.begin)
		one.EndP50, one.EndMax = middle(t.end)
		list = append(list, one)
	}
	return list
}

func pairName(names []string) string {
	sorted := slices.Sorted(slices.Values(names))
	name := sorted[0]
	for _, more := range sorted[1:] {
		name += "+" + more
	}
	return name
}

// middle is the median and the most; zero of nothing.
func middle(list []time.Duration) (p50, most time.Duration) {
	if len(list) == 0 {
		return 0, 0
	}
	slices.Sort(list)
	return list[(len(list)-1)/2], list[len(list)-1]
}
