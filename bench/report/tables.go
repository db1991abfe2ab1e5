package report

import (
	"fmt"
	"slices"
	"strings"
)

// sidesTable has a row a side: what the run was about, and over the first side's rivals the ratio.
func (d *digest) sidesTable() *table {
	calls := d.main(2)
	t := &table{Head: []string{"Side", "useful/s", "refusals/s"},
		Align: "lrr" + strings.Repeat("rr", len(calls)) + "rl"}
	for _, key := range calls {
		t.Head = append(t.Head, words(key.String())+" p50", "p99")
	}
	t.Head = append(t.Head, "server CPU", "rounds")
	for i := range d.sides {
		s := &d.sides[i]
		name := s.cell()
		name.Note, name.Alert = s.About, strings.Join(s.voids(), "; ")
		cells := []cell{name, s.spreadCell(UsefulRate(), figure), s.spreadCell(RefusalRate(), figure)}
		for _, key := range calls {
			cells = append(cells, s.spreadCell(LatencyAt(key.Kind, key.Class, 0.5), lastingMS),
				s.spreadCell(LatencyAt(key.Kind, key.Class, 0.99), lastingMS))
		}
		cells = append(cells, s.spreadCell(serverShare(), percent), plainCell(s.countsShort()))
		t.add(cells...)
	}
	return t.orNil()
}

func serverShare() Metric {
	return Metric{Name: "server CPU", AtMost: true, Of: func(r *Round) (float64, bool) {
		return r.ServerCPU,
			r.ServerCPU > 0
	}}
}

// spreadCell has the median large and the ends small.
func (s *sideDigest) spreadCell(m Metric, format func(float64) string) cell {
	spread, n := s.spread(m)
	if n == 0 {
		return cell{Text: nothing}
	}
	return cell{Text: format(spread.Median), Below: endsOf(spread, n, format)}
}

func (d *digest) ratiosTable() *table {
	t := &table{Head: []string{"Ratio", "over", "median", "least … greatest", "aim"}, Align: "llrrl"}
	for i := range d.Ratios {
		r := &d.Ratios[i]
		aim := cell{Text: nothing}
		if reached, known := r.Reached(); known {
			aim = cell{Text: r.aimInWords(), Class: reachedClass(reached)}
		}
		t.add(plainCell(r.What), plainCell(r.Over), plainCell(times(r.Spread.Median)),
			plainCell(endsOf(r.Spread, 2, times)), aim)
	}
	return t.orNil()
}

func reachedClass(reached bool) string {
	if reached {
		return "good"
	}
	return "bad"
}

func (r *Report) figuresTable() *table {
	t := &table{Head: []string{"Figure", "value", "aim"}, Align: "lrl"}
	for i := range r.Figures {
		f := &r.Figures[i]
		aim := cell{Text: nothing}
		if f.Reached != nil {
			aim = cell{Text: f.aimInWords(), Class: reachedClass(*f.Reached)}
		}
		t.add(plainCell(f.Name), plainCell(strings.TrimSpace(figure(f.Value)+" "+f.Unit)), aim)
	}
	return t.orNil()
}

// callsTable has everything that was answered in rounds that count, and how fast.
func (d *digest) callsTable() *table {
	t := &table{Head: []string{"Request", "answer", "side", "count", "mean", "p50", "p90", "p99", "p99.9", "max"},
		Align: "lllrrrrrrr"}
	for _, key := range d.calls {
		for i := range d.sides {
			s := &d.sides[i]
			total := s.total(key)
			if total.Count == 0 {
				continue
			}
			t.add(plainCell(words(key.Kind)), cell{Text: words(key.Class), Paint: classPaint(key.Class).name()},
				s.cell(), plainCell(whole(total.Count)),
				plainCell(total.Mean), plainCell(total.P50), plainCell(total.P90), plainCell(total.P99),
				plainCell(total.P999), plainCell(total.Max))
		}
	}
	return t.orNil()
}

func (d *digest) checksTable() *table {
	t := &table{Head: []string{"Side", "verdict", "check", "what it saw"}, Align: "lllw"}
	for i := range d.sides {
		s := &d.sides[i]
		for _, c := range s.Checks {
			t.add(s.cell(), cell{Text: verdictInWords(c.Verdict), Class: verdictClass(c.Verdict)}, plainCell(c.Name),
				cell{Text: c.Detail, Lines: c.Faults})
		}
		if len(s.Checks) == 0 {
			t.add(s.cell(), cell{Text: verdictInWords(NotChecked), Class: "warn"}, plainCell(nothing),
				plainCell("no check was made"))
		}
	}
	return t.orNil()
}

// verdictClass is a colour; anything that is neither passed nor failed is amber.
func verdictClass(verdict string) string {
	switch verdict {
	case Passed:
		return "good"
	case Failed:
		return "bad"
	}
	return "warn"
}

func (d *digest) clientsTable() *table {
	t := &table{Head: []string{"Side", "client", "processes", "loops", "busiest loop", "share of the machine",
		"started late", "waited", "never sent", "start lag p99"},
		Align: "llrrrrrrrr"}
	for i := range d.sides {
		s := &d.sides[i]
		v := s.client()
		verdict := cell{Text: v.Word, Class: "warn"}
		if v.Good {
			verdict.Class = "good"
		}
		if s.void() {
			verdict.Alert = strings.Join(s.voids(), "; ")
			t.add(append([]cell{s.cell(), verdict}, slices.Repeat([]cell{{Text: nothing}}, len(t.Head)-2)...)...)
			continue
		}
		c := &s.middle.Client
		t.add(s.cell(), verdict, plainCell(fmt.Sprint(c.Processes)), plainCell(fmt.Sprint(c.Loops)),
			s.clientCell(percent, func(c *Client) float64 { return c.BusiestLoop }),
			s.clientCell(percent, func(c *Client) float64 { return c.CPU }),
			s.clientCell(roundly, func(c *Client) float64 { return float64(c.LateStarts) }),
			s.clientCell(roundly, func(c *Client) float64 { return float64(c.Queued) }),
			s.clientCell(roundly, func(c *Client) float64 { return float64(c.Unstarted) }),
			s.clientCell(lastingMS, func(c *Client) float64 { return milliseconds(c.StartLag.P99) }))
	}
	return t.orNil()
}

func (s *sideDigest) clientCell(format func(float64) string, of func(*Client) float64) cell {
	return s.spreadCell(Metric{Of: func(r *Round) (float64, bool) { return of(&r.Client), true }}, format)
}

// roundsTable has every round, the void ones with their reason and no figure.
func (d *digest) roundsTable() *table {
	t := &table{Head: []string{"Side", "round", "length", "useful/s", "refusals/s", "answers/s", "busiest loop",
		"server CPU", "counts"}, Align: "lrrrrrrrl"}
	for i := range d.sides {
		s := &d.sides[i]
		for j := range s.Rounds {
			r := &s.Rounds[j]
			cells := []cell{s.cell(), plainCell(fmt.Sprint(r.Number)), plainCell(lasting(r.Elapsed))}
			if r.Counted() {
				t.add(append(cells, plainCell(figure(r.Useful.PerSecond)), plainCell(figure(r.Refusals.PerSecond)),
					plainCell(figure(r.answers())),
					plainCell(percent(r.Client.BusiestLoop)), plainCell(percentOrNothing(r.ServerCPU)),
					cell{Text: "yes", Class: "good"})...)
				continue
			}
			dash := plainCell(nothing)
			t.add(append(cells, dash, dash, dash, dash, dash, cell{Text: "void", Class: "warn", Alert: r.Void})...)
		}
	}
	return t.orNil()
}

func percentOrNothing(share float64) string {
	if share <= 0 {
		return nothing
	}
	return percent(share)
}
