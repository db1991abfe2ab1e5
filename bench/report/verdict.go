package report

import (
	"fmt"
	"strconv"
	"strings"
)

// Above these the client is named beside its figures even though the round counts.
const (
	loopNearLimit = 0.9  // share of one core that the busiest loop used
	lateTolerated = 0.01 // share of requests that began late by the client's fault
)

// clientVerdict says whether the client kept up with a side, in words.
type clientVerdict struct {
	Word   string // kept up, near its limit, fell behind, not known
	Good   bool
	Detail string
}

func (s *sideDigest) client() clientVerdict {
	if s.void() {
		return clientVerdict{Word: "not known", Detail: "no round counts"}
	}
	var busiest, share float64
	var late, waited, unstarted, reconnects, requests uint64
	for _, r := range s.counted {
		c := &r.Client
		busiest, share = max(busiest, c.BusiestLoop), max(share, c.CPU)
		late, waited, unstarted, reconnects = late+c.LateStarts, waited+c.Queued, unstarted+c.Unstarted,
			reconnects+c.Reconnect
		requests += r.Requests()
	}
	v := clientVerdict{Word: "kept up", Good: true}
	switch {
	case unstarted > 0 || float64(late) > lateTolerated*float64(requests):
		v = clientVerdict{Word: "fell behind"}
	case busiest >= loopNearLimit:
		v = clientVerdict{Word: "near its limit"}
	}
	v.Detail = fmt.Sprintf("busiest loop %s of a core, all of it %s of the machine; late starts %s, waited for a "+
		"connection %s, never sent %s, reconnects %s",
		percent(busiest), percent(share), whole(late), whole(waited), whole(unstarted), whole(reconnects))
	return v
}

// tally counts a side's checks by verdict.
type tally struct{ passed, failed, unchecked int }

func (s *Side) tally() (t tally) {
	for _, c := range s.Checks {
		switch c.Verdict {
		case Passed:
			t.passed++
		case Failed:
			t.failed++
		default:
			t.unchecked++
		}
	}
	return t
}

func (t tally) all() int { return t.passed + t.failed + t.unchecked }

// String is "all 4 checks passed", "1 check failed, 3 passed" …
func (t tally) String() string {
	switch {
	case t.all() == 0:
		return "nothing was checked"
	case t.passed == 1 && t.all() == 1:
		return "its check passed"
	case t.passed == t.all():
		return fmt.Sprintf("all %d checks passed", t.passed)
	}
	var parts []string
	if t.failed > 0 {
		parts = append(parts, plural(t.failed, "check")+" FAILED")
	}
	if t.unchecked > 0 {
		parts = append(parts, plural(t.unchecked, "check")+" not made")
	}
	if t.passed > 0 {
		parts = append(parts, fmt.Sprintf("%d passed", t.passed))
	}
	return strings.Join(parts, ", ")
}

// NothingOversold is the name of the check that a reader looks for first: when it passed, the headline says so in these
// words.
const NothingOversold = "nothing oversold"

func (s *Side) checksInWords() string {
	t := s.tally()
	for _, c := range s.Checks {
		if c.Name != NothingOversold || c.Verdict != Passed || t.passed != t.all() {
			continue
		}
		if t.all() == 1 {
			return NothingOversold
		}
		return fmt.Sprintf("%s, all %d checks passed", NothingOversold, t.all())
	}
	return t.String()
}

// Headline is what was found, in one sentence: the first side's rate, its ratio, the checks, the client, the aims.
func (r *Report) Headline() string {
	parts := r.digest().findings()
	if reached, all := r.aims(); all > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s met", reached, plural(all, "aim")))
	}
	if len(parts) == 0 {
		return "There is nothing to report."
	}
	return strings.Join(parts, "; ")
}

func (d *digest) findings() []string {
	if len(d.sides) == 0 {
		return d.withoutSides()
	}
	if d.growth() {
		return d.grown()
	}
	first := &d.sides[0]
	checks := fmt.Sprintf("%s in %s", first.checksInWords(), plural(len(first.Rounds), "round"))
	if len(first.Checks) == 0 {
		checks = first.checksInWords()
	}
	if first.void() {
		return []string{fmt.Sprintf("%s: no round counts (%s)", first.Name, strings.Join(first.voids(), "; ")), checks}
	}
	parts := []string{first.Name + ": " + d.rate(first), checks}
	parts = append(parts, d.failures()...)
	client := "client " + d.clientInWords()
	n := d.voidRounds()
	if n == 0 {
		return append(parts, client)
	}
	return append(parts, client+" in the rounds that count", plural(n, "round")+" void")
}

// growth says that the sides are points of curves, and none of them the one in question.
func (d *digest) growth() bool { return len(d.Curves) > 0 && len(d.sides) > 1 && len(d.Ratios) == 0 }

// grown are the findings of a report whose curves are what it is about.
func (d *digest) grown() []string {
	bad := 0
	for i := range d.sides {
		if t := d.sides[i].tally(); t.failed > 0 || t.unchecked > 0 || len(d.sides[i].Checks) == 0 {
			bad++
		}
	}
	parts := []string{"how cost grows, in " + plural(len(d.Curves), "curve"),
		"all checks passed at " + plural(len(d.sides), "point")}
	if bad > 0 {
		parts[1] = fmt.Sprintf("NOT all checks passed at %d of %s", bad, plural(len(d.sides), "point"))
	}
	if n := d.voidRounds(); n > 0 {
		parts = append(parts, plural(n, "round")+" void")
	}
	return append(parts, "client "+d.clientInWords())
}

func (d *digest) withoutSides() (parts []string) {
	if len(d.Figures) > 0 {
		f := &d.Figures[0]
		parts = append(parts, fmt.Sprintf("%s: %s %s", f.Name, figure(f.Value), f.Unit))
	}
	if len(d.Curves) > 0 {
		parts = append(parts, "how cost grows, in "+plural(len(d.Curves), "curve"))
	}
	return parts
}

// rate is the first side's figure that the run was about, and its ratio if there is one.
func (d *digest) rate(first *sideDigest) string {
	metric := UsefulRate()
	for _, m := range []Metric{UsefulRate(), RefusalRate(), answersRate()} {
		if spread, _ := first.spread(m); spread.Median > 0 {
			metric = m
			break
		}
	}
	spread, _ := first.spread(metric)
	text := figure(spread.Median) + " " + metric.Name
	if ratio := d.mainRatio(metric.Name); ratio != nil {
		text += fmt.Sprintf(", %s %s%s", times(ratio.Spread.Median), ratio.Over, ratio.ends())
	}
	return text
}

func answersRate() Metric {
	return Metric{Name: "answers/s", Of: func(r *Round) (float64, bool) { return r.answers(), true }}
}

// mainRatio is the ratio that has an aim, or else the first.
func (d *digest) mainRatio(what string) *Ratio {
	var first *Ratio
	for i := range d.Ratios {
		r := &d.Ratios[i]
		if r.What != what {
			continue
		}
		if r.Aim != nil {
			return r
		}
		if first == nil {
			first = r
		}
	}
	return first
}

// failures are the other sides whose checks failed.
func (d *digest) failures() (parts []string) {
	for i := range d.sides[1:] {
		s := &d.sides[1+i]
		if n := s.tally().failed; n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s FAILED", s.Name, plural(n, "check")))
		}
	}
	return parts
}

// clientInWords is the worst verdict of all sides.
func (d *digest) clientInWords() string {
	var bad []string
	for i := range d.sides {
		s := &d.sides[i]
		if v := s.client(); !v.Good && !s.void() {
			bad = append(bad, fmt.Sprintf("%s with %s", v.Word, s.Name))
		}
	}
	if len(bad) > 0 {
		return strings.Join(bad, ", ")
	}
	return "kept up"
}

// voidRounds are those of all sides together.
func (d *digest) voidRounds() (n int) {
	for i := range d.sides {
		n += len(d.sides[i].Rounds) - len(d.sides[i].counted)
	}
	return n
}

// aims counts the ratios and figures that have an aim, and those that met it.
func (r *Report) aims() (reached, all int) {
	count := func(good, known bool) {
		if known {
			all++
		}
		if known && good {
			reached++
		}
	}
	for i := range r.Ratios {
		count(r.Ratios[i].Reached())
	}
	for _, f := range r.Figures {
		count(f.Reached != nil && *f.Reached, f.Reached != nil)
	}
	return reached, all
}

// inWords is "12.4 × (11.8 … 13.1)".
func (r *Ratio) inWords() string { return times(r.Spread.Median) + r.ends() }

func (r *Ratio) ends() string {
	if ends := endsOf(r.Spread, 2, figure); ends != "" {
		return " (" + ends + ")"
	}
	return ""
}

// aimInWords is "at least 10 ×: met", empty without an aim.
func (r *Ratio) aimInWords() string {
	reached, known := r.Reached()
	if !known {
		return ""
	}
	bound := "≥"
	if r.AtMost {
		bound = "≤"
	}
	verdict := "NOT MET"
	switch {
	case reached && r.alwaysReached():
		verdict = "met"
	case reached:
		verdict = "met by the median, not by every round"
	}
	return fmt.Sprintf("aim %s %s ×: %s", bound, strconv.FormatFloat(*r.Aim, 'g', 4, 64), verdict)
}

// aimInWords of a figure.
func (f *Figure) aimInWords() string {
	switch {
	case f.Reached == nil:
		return ""
	case *f.Reached:
		return "aim " + f.Aim + ": met"
	}
	return "aim " + f.Aim + ": NOT MET"
}
