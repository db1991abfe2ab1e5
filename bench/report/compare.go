package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// The rule of Compare, in numbers.
const (
	significant = 0.05 // p below this is not noise
	relevant    = 0.03 // a change of less is of no interest, however sure
	alike       = 0.10 // the interval must stay within this for two runs to be called the same
	confidence  = 0.95
)

// Comparison is what two reports of the same scenario have between them.
type Comparison struct {
	Scenario string
	Old, New string // when and where, in words
	// Warnings are what makes the comparison less than fair: another machine, seed, setting, command.
	Warnings []string
	// Checks are verdicts that are not what they were, and every failed one of the new report.
	Checks []string
	// Figures are the single numbers that both have and that are not equal. Nobody knows their noise, so nothing is
	// concluded from them.
	Figures []string
	// Differences are the metrics that both know, the surest first.
	Differences []Difference

	worse bool
}

// The words of a Difference.
const (
	Better     = "better"
	Worse      = "worse"
	Same       = "same"
	CannotTell = "cannot tell"
)

// Difference is one metric of one side, or of the first side over another.
type Difference struct {
	Side   string
	Over   string // the other side of a ratio; empty: the metric itself
	Metric string
	AtMost bool // smaller is better
	// Old and New are the rounds that count, in their order.
	Old, New []float64
	// Factor is new over old, between Low and High with 95 % confidence; Low and High are zero when there are too few
	// rounds for that, and all three when a figure is not above zero.
	Factor, Low, High float64
	// P is the exact rank-sum test's on this metric alone, FamilyP that among all metrics of its family.
	P, FamilyP float64
	Word       string
	Why        string // of cannot tell
}

// Compare tells what changed from one report to a later one beyond noise. The rounds that count are the samples; a side
// is the other report's side of the same name. Its rule, for each metric:
//
//   - better or worse: P and FamilyP are below 0.05, and the Hodges-Lehmann factor is more than 3 % from 1. FamilyP is
//     from exchanging the rounds' labels in all ways (Westfall and Young's step-down maximum), so that a family of
//     forty metrics raises one false alarm in twenty comparisons, not two in each. A side's rates and costs are one
//     family and its latencies another, of which there are many and which are noisier; the same of the ratios.
//   - same: otherwise, if the factor's 95 % interval stays within 10 % of 1.
//   - cannot tell: otherwise. Not to have seen a difference is not to have seen that there is none. With three rounds
//     against three no difference however large can reach p < 0.05 (the least is 0.1); four against four can.
//
// Rounds of one run share the machine's mood of that hour, which no test on rounds can see. Ratios of the first side
// over the others, formed round by round, are free of it: they are compared as metrics of their own, and where there
// are any, Worse listens to them.
func Compare(before, after *Report) *Comparison {
	c := &Comparison{Scenario: after.Scenario, Old: strings.Join(before.identity(), " · "),
		New: strings.Join(after.identity(), " · ")}
	c.Warnings, c.Figures = warnings(before, after), figureChanges(before, after)
	for i := range after.Sides {
		was := before.side(after.Sides[i].Name)
		if was == nil {
			continue
		}
		c.Checks = append(c.Checks, checkChanges(was, &after.Sides[i])...)
		c.add(ownFamily(was, &after.Sides[i], rateMetrics(before.Machine.Cores), rateMetrics(after.Machine.Cores)))
		latencies := latencyMetrics(was, &after.Sides[i])
		c.add(ownFamily(was, &after.Sides[i], latencies, latencies))
	}
	if len(after.Sides) > 0 && before.side(after.Sides[0].Name) != nil {
		c.add(ratioFamily(before, after, rateMetrics(1)))
		c.add(ratioFamily(before, after, latencyMetrics(before.side(after.Sides[0].Name), &after.Sides[0])))
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(weight(a.Word), weight(b.Word)), cmp.Compare(a.FamilyP, b.FamilyP),
			cmp.Compare(a.P, b.P), cmp.Compare(b.size(), a.size()))
	})
	c.worse = c.judge(before, after)
	return c
}

// Worse tells whether the side in question got worse beyond noise: a check of it fails that did not, or it lost against
// another side, or it has a worse figure of its own where there is no ratio of that metric, on the same machine. What a
// request costs the client is no reason; it says nothing about the server.
func (c *Comparison) Worse() bool { return c.worse }

func (c *Comparison) judge(before, after *Report) bool {
	if len(after.Sides) == 0 {
		return false
	}
	first := &after.Sides[0]
	was := before.side(first.Name)
	if was == nil {
		return false
	}
	if len(newlyFailed(was, first)) > 0 {
		return true
	}
	withRatio := map[string]bool{}
	for _, d := range c.Differences {
		withRatio[d.Metric] = withRatio[d.Metric] || d.Over != ""
	}
	sameMachine := before.Machine.inWords() == after.Machine.inWords()
	return slices.ContainsFunc(c.Differences, func(d Difference) bool {
		absolute := d.Side == first.Name && d.Over == "" && !withRatio[d.Metric] && sameMachine &&
			d.Metric != ClientCost(1).Name
		return d.Word == Worse && (d.Over != "" || absolute)
	})
}

func weight(word string) int {
	return slices.Index([]string{Worse, Better, CannotTell, Same}, word)
}

// size is how far the factor is from one, up or down.
func (d *Difference) size() float64 {
	if d.Factor <= 0 {
		return 0
	}
	return math.Abs(math.Log(d.Factor))
}

func (r *Report) side(name string) *Side {
	for i := range r.Sides {
		if r.Sides[i].Name == name {
			return &r.Sides[i]
		}
	}
	return nil
}

// family is metrics that are judged together, since they were measured in the same rounds.
type family struct {
	differences   []Difference
	before, after []map[int]float64 // a metric's figures by round
}

func (f *family) add(d Difference, before, after map[int]float64) {
	if allZero(before) && allZero(after) {
		return // both without: a scenario that refuses nobody is not the same, it is silent
	}
	d.Old, d.New = inOrder(before), inOrder(after)
	f.differences = append(f.differences, d)
	f.before, f.after = append(f.before, before), append(f.after, after)
}

func allZero(values map[int]float64) bool {
	for _, v := range values {
		if v != 0 {
			return false
		}
	}
	return true
}

func rateMetrics(cores int) []Metric {
	return []Metric{UsefulRate(), RefusalRate(), ServerCost(cores), ClientCost(cores)}
}

// latencyMetrics are those of all calls that occur on one of the sides.
func latencyMetrics(sides ...*Side) (metrics []Metric) {
	for _, key := range callsOf(sides...) {
		metrics = append(metrics, LatencyAt(key.Kind, key.Class, 0.5), LatencyAt(key.Kind, key.Class, 0.99))
	}
	return metrics
}

// callsOf are the calls that occur on a side, by name.
func callsOf(sides ...*Side) []callKey {
	all := map[callKey]bool{}
	for _, s := range sides {
		for _, r := range s.Counted() {
			for _, call := range r.Calls {
				for _, o := range call.Outcomes {
					all[callKey{call.Kind, o.Class}] = true
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b callKey) int { return strings.Compare(a.String(), b.String()) })
}

// ownFamily compares a side with itself. The metrics are given twice, since what a share of the machine is depends on
// the machine.
func ownFamily(was, is *Side, before, after []Metric) *family {
	f := &family{}
	for i, m := range before {
		f.add(Difference{Side: is.Name, Metric: m.Name, AtMost: m.AtMost}, m.byRound(was), after[i].byRound(is))
	}
	return f
}

// ratioFamily compares the first side's ratios over the others. What a request costs the client is no ratio of servers.
func ratioFamily(before, after *Report, metrics []Metric) *family {
	f := &family{}
	was, is := before.side(after.Sides[0].Name), &after.Sides[0]
	for i := 1; i < len(after.Sides); i++ {
		otherIs := &after.Sides[i]
		otherWas := before.side(otherIs.Name)
		if otherWas == nil {
			continue
		}
		for _, m := range metrics {
			old, now := m.ratios(was, otherWas), m.ratios(is, otherIs)
			if m.Name != ClientCost(1).Name && len(old)+len(now) > 0 {
				f.add(Difference{Side: is.Name, Over: otherIs.Name, Metric: m.Name, AtMost: m.AtMost}, old, now)
			}
		}
	}
	return f
}

// add judges a family.
func (c *Comparison) add(f *family) {
	p := f.familyP()
	for i := range f.differences {
		d := &f.differences[i]
		d.P, d.FamilyP = mannWhitney(d.Old, d.New), p[i]
		if positive(d.Old) && positive(d.New) {
			d.Factor, d.Low, d.High, _ = hodgesLehmann(d.Old, d.New, confidence)
		}
		d.Word, d.Why = d.verdict()
		c.Differences = append(c.Differences, *d)
	}
}

// familyP judges the metrics that have rounds enough to differ at all; the others have 1, and are no burden to them (R.
// E. Tarone, A Modified Bonferroni Method for Discrete Data, 1990).
func (f *family) familyP() []float64 {
	p := make([]float64, len(f.differences))
	var able []int
	for i := range f.differences {
		p[i] = 1
		if d := &f.differences[i]; leastP(len(d.Old), len(d.New)) < significant {
			able = append(able, i)
		}
	}
	rows, old := f.rows(able)
	for at, adjusted := range familyP(rows, old) {
		p[able[at]] = adjusted
	}
	return p
}

// rows are metrics by round, the old report's rounds first. Logarithms, because noise of a rate or a latency is in
// proportion to it; a metric with a zero stays as it is.
func (f *family) rows(which []int) (metrics [][]float64, old int) {
	before, after := roundsOf(f.before), roundsOf(f.after)
	for _, i := range which {
		var row []float64
		for _, number := range before {
			row = append(row, orNaN(f.before[i], number))
		}
		for _, number := range after {
			row = append(row, orNaN(f.after[i], number))
		}
		if positive(f.differences[i].Old) && positive(f.differences[i].New) {
			for j := range row {
				row[j] = math.Log(row[j])
			}
		}
		metrics = append(metrics, row)
	}
	return metrics, len(before)
}

func roundsOf(metrics []map[int]float64) []int {
	numbers := map[int]bool{}
	for _, m := range metrics {
		for number := range m {
			numbers[number] = true
		}
	}
	return slices.Sorted(maps.Keys(numbers))
}

func orNaN(values map[int]float64, number int) float64 {
	if v, ok := values[number]; ok {
		return v
	}
	return math.NaN()
}

func positive(values []float64) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v float64) bool { return !(v > 0) })
}

// verdict is the rule, see Compare.
func (d *Difference) verdict() (word, why string) {
	switch least := leastP(len(d.Old), len(d.New)); {
	case len(d.Old) == 0:
		return CannotTell, "no round of the old report has it"
	case len(d.New) == 0:
		return CannotTell, "no round of the new report has it"
	case least >= significant:
		return CannotTell, fmt.Sprintf("too few rounds (%d and %d; 4 each are needed)", len(d.Old), len(d.New))
	}
	change := d.relativeChange()
	switch {
	case d.FamilyP < significant && d.P < significant && math.Abs(change) > relevant:
		if (change > 0) == d.AtMost {
			return Worse, ""
		}
		return Better, ""
	case d.Low > 0 && d.Low >= 1/(1+alike) && d.High <= 1+alike:
		return Same, ""
	}
	return CannotTell, "noise"
}

// relativeChange is the factor's distance from one; where there is no factor, of the medians, in parts of the greater.
func (d *Difference) relativeChange() float64 {
	if d.Factor > 0 {
		return d.Factor - 1
	}
	before, after := SpreadOf(d.Old).Median, SpreadOf(d.New).Median
	if most := max(math.Abs(before), math.Abs(after)); most > 0 {
		return (after - before) / most
	}
	return 0
}
