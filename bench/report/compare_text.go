package report

import (
	"fmt"
	"slices"
	"strings"
)

// warnings are the circumstances that differ.
func warnings(before, after *Report) (all []string) {
	differ := func(what, a, b string) {
		if a != b {
			all = append(all, fmt.Sprintf("%s differs: %s, now %s", what, orNothing(a), orNothing(b)))
		}
	}
	differ("the scenario", before.Scenario, after.Scenario)
	differ("the machine", before.Machine.inWords(), after.Machine.inWords())
	differSettings("version of ", before.Machine.Versions, after.Machine.Versions, differ)
	differ("the seed", fmt.Sprint(before.Seed), fmt.Sprint(after.Seed))
	differSettings("setting ", before.Settings, after.Settings, differ)
	differ("the command", before.Command, after.Command)
	for _, name := range missingSides(before, after) {
		all = append(all, name+" is only in the old report")
	}
	for _, name := range missingSides(after, before) {
		all = append(all, name+" is only in the new report")
	}
	return all
}

func orNothing(text string) string {
	if text == "" {
		return nothing
	}
	return text
}

func differSettings(what string, before, after []Setting, differ func(what, a, b string)) {
	for _, name := range namesOf(before, after) {
		differ(what+name, settingOf(before, name), settingOf(after, name))
	}
}

func namesOf(lists ...[]Setting) (names []string) {
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return names
}

func settingOf(list []Setting, name string) string {
	for _, s := range list {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// missingSides are those of a that b lacks.
func missingSides(a, b *Report) (names []string) {
	for i := range a.Sides {
		if b.side(a.Sides[i].Name) == nil {
			names = append(names, a.Sides[i].Name)
		}
	}
	return names
}

// checkChanges are verdicts that changed, and failures that did not.
func checkChanges(before, after *Side) (all []string) {
	for _, c := range after.Checks {
		was := before.verdictOf(c.Name)
		switch {
		case was != c.Verdict:
			all = append(all, fmt.Sprintf("%s, %s: %s, was %s", after.Name, c.Name, verdictInWords(c.Verdict),
				orNotMade(was)))
		case c.Verdict == Failed:
			all = append(all, fmt.Sprintf("%s, %s: still FAILED", after.Name, c.Name))
		}
	}
	for _, c := range before.Checks {
		if after.verdictOf(c.Name) == "" {
			all = append(all, fmt.Sprintf("%s, %s: not made, was %s", after.Name, c.Name, verdictInWords(c.Verdict)))
		}
	}
	return all
}

func orNotMade(verdict string) string {
	if verdict == "" {
		return "not made"
	}
	return verdictInWords(verdict)
}

func (s *Side) verdictOf(check string) string {
	for _, c := range s.Checks {
		if c.Name == check {
			return c.Verdict
		}
	}
	return ""
}

func figureChanges(before, after *Report) (all []string) {
	for _, f := range after.Figures {
		for _, was := range before.Figures {
			if was.Name == f.Name && was.Unit == f.Unit && was.Value != f.Value {
				all = append(all, fmt.Sprintf("%s: %s, was %s %s", f.Name, figure(f.Value), figure(was.Value), f.Unit))
			}
		}
	}
	return all
}

func newlyFailed(before, after *Side) (names []string) {
	for _, c := range after.Checks {
		if c.Verdict == Failed && before.verdictOf(c.Name) != Failed {
			names = append(names, c.Name)
		}
	}
	return names
}

// Text is the comparison for a terminal: warnings first, since they decide what the rest is worth, then a table with
// the surest differences first, then the rule.
func (c *Comparison) Text() string {
	t := &textPage{digest: &digest{Report: &Report{}}}
	t.line("%s\n  old: %s\n  new: %s", c.Scenario, c.Old, c.New)
	t.line("%s", c.summary())
	for _, w := range c.Warnings {
		t.line("  warning: %s", w)
	}
	for _, check := range c.Checks {
		t.line("  check: %s", check)
	}
	for _, f := range c.Figures {
		t.line("  single figure, noise not known: %s", f)
	}
	rows := [][]string{{"", "metric", "old", "new", "new/old (95 %)", "p", "p of all", ""}}
	for i := range c.Differences {
		rows = append(rows, c.Differences[i].row())
	}
	if len(c.Differences) > 0 {
		t.table("medians of the rounds that count", rows)
	}
	t.line("\n%s", ruleInWords)
	return t.String()
}

const ruleInWords = `better, worse: both p < 0.05 and more than 3 % apart. same: the interval lies within 10 % of 1. cannot tell: neither.
p: exact Mann-Whitney test of this metric alone. p of all: among the side's rates and costs, or its latencies, or the ratios of either, by
exchanging rounds in every way (Westfall and Young). new/old: Hodges-Lehmann estimate with its interval. Absolute figures are of their run's
hour; ratios are not.`

// summary counts the words.
func (c *Comparison) summary() string {
	counts := map[string]int{}
	for _, d := range c.Differences {
		counts[d.Word]++
	}
	var parts []string
	for _, word := range []string{Worse, Better, Same, CannotTell} {
		parts = append(parts, fmt.Sprintf("%s: %d", word, counts[word]))
	}
	if len(c.Differences) == 0 {
		return "nothing that both reports know"
	}
	verdict := "no reason to call it worse"
	if c.Worse() {
		verdict = "IT GOT WORSE"
	}
	return verdict + " (" + strings.Join(parts, ", ") + ")"
}

func (d *Difference) row() []string {
	who := d.Side
	if d.Over != "" {
		who += " over " + d.Over
	}
	word := d.Word
	if d.Why != "" {
		word += ": " + d.Why
	}
	return []string{who, words(d.Metric), d.median(d.Old), d.median(d.New), d.factor(), probability(d.P),
		probability(d.FamilyP), word}
}

func (d *Difference) median(values []float64) string {
	switch {
	case len(values) == 0:
		return nothing
	case d.Over != "":
		return times(SpreadOf(values).Median)
	case d.isLatency():
		return lastingMS(SpreadOf(values).Median)
	}
	return figure(SpreadOf(values).Median)
}

// isLatency: every metric of which less is better is a duration in milliseconds, but for what a request costs in
// processor time.
func (d *Difference) isLatency() bool {
	return d.AtMost && d.Metric != ClientCost(1).Name && d.Metric != ServerCost(1).Name
}

func (d *Difference) factor() string {
	switch {
	case d.Factor <= 0:
		return nothing
	case d.Low <= 0:
		return fmt.Sprintf("%.3f", d.Factor)
	}
	return fmt.Sprintf("%.3f (%.3f … %.3f)", d.Factor, d.Low, d.High)
}

func probability(p float64) string {
	if p < 0.0005 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
