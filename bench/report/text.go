package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	callsInText = 4
	callsInRow  = 6 // plots of one sort
)

// Text is the summary for a terminal: what was found, sides, latencies, ratios, checks, the client, notes. A void round
// is told with its reason and has no figure.
func (r *Report) Text() string {
	t := &textPage{digest: r.digest()}
	t.line("%s", strings.Join(r.identity(), " · "))
	t.line("%s", r.Headline())
	t.sidesTable()
	t.latencies()
	t.ratios()
	t.figures()
	t.checks()
	t.clients()
	t.notes()
	return t.String()
}

// identity is which run it was.
func (r *Report) identity() []string {
	parts := []string{r.Scenario, fmt.Sprintf("seed %d", r.Seed)}
	if !r.Started.IsZero() {
		parts = append(parts, r.Started.UTC().Format(time.DateTime)+" UTC")
	}
	if m := r.Machine.inWords(); m != "" {
		parts = append(parts, m)
	}
	return parts
}

// inWords is the machine in a few words.
func (m *Machine) inWords() string {
	var parts []string
	if m.OS != "" {
		parts = append(parts, m.OS)
	}
	if m.Cores > 0 {
		parts = append(parts, plural(m.Cores, "core"))
	}
	if m.Processor != "" {
		parts = append(parts, m.Processor)
	}
	if m.MemoryGiB > 0 {
		parts = append(parts, fmt.Sprintf("%.3g GiB", m.MemoryGiB))
	}
	return strings.Join(parts, ", ")
}

type textPage struct {
	*digest
	strings.Builder
}

func (t *textPage) line(format string, values ...any) { fmt.Fprintf(t, format+"\n", values...) }

// table aligns rows of cells under a title.
func (t *textPage) table(title string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t.line("\n%s", title)
	w := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.TrimRight(strings.Join(row, "\t"), "\t "))
	}
	_ = w.Flush() // a strings.Builder takes everything
}

func (t *textPage) sidesTable() {
	if len(t.sides) == 0 {
		return
	}
	rows := [][]string{{"", "useful/s", "refusals/s", "rounds"}}
	for i := range t.sides {
		s := &t.sides[i]
		rows = append(rows, []string{s.Name, s.show(UsefulRate(), figure), s.show(RefusalRate(), figure), s.counts()})
	}
	t.table("sides: median (least … greatest) of the rounds", rows)
	for i := range t.sides {
		for _, void := range t.sides[i].voids() {
			t.line("  %s, %s", t.sides[i].Name, void)
		}
	}
}

func (t *textPage) latencies() {
	var rows [][]string
	for _, key := range t.main(callsInText) {
		for _, s := range t.alive() {
			if total := s.total(key); total.Count > 0 {
				rows = append(rows, []string{words(key.String()), s.Name, whole(total.Count), total.P50, total.P99,
					total.Max})
			}
		}
	}
	if len(rows) > 0 {
		rows = append([][]string{{"", "", "answers", "p50", "p99", "max"}}, rows...)
	}
	t.table("latency: median of the rounds; max of all", rows)
}

func (t *textPage) ratios() {
	var rows [][]string
	for i := range t.Ratios {
		r := &t.Ratios[i]
		rows = append(rows, []string{r.What, "over " + r.Over, r.inWords(), r.aimInWords()})
	}
	title := "ratios, round by round"
	if len(t.sides) > 0 {
		title += ": " + t.sides[0].Name
	}
	t.table(title, rows)
}

func (t *textPage) figures() {
	var rows [][]string
	for i := range t.Figures {
		f := &t.Figures[i]
		rows = append(rows, []string{f.Name, strings.TrimSpace(figure(f.Value) + " " + f.Unit), f.aimInWords()})
	}
	t.table("figures", rows)
	for i := range t.Curves {
		t.line("\ncurve: %s (%s over %s): on the page", t.Curves[i].Title, t.Curves[i].Y.Label, t.Curves[i].X.Label)
	}
}

func (t *textPage) checks() {
	var rows [][]string
	for i := range t.sides {
		s := &t.sides[i]
		for _, c := range s.Checks {
			rows = append(rows, []string{s.Name, verdictInWords(c.Verdict), c.Name, c.Detail})
			for _, fault := range c.Faults {
				rows = append(rows, []string{"", "", "", "- " + fault})
			}
		}
	}
	t.table("checks", rows)
}

// verdictInWords shouts what must not be overlooked.
func verdictInWords(verdict string) string {
	switch verdict {
	case Passed:
		return "passed"
	case Failed:
		return "FAILED"
	case NotChecked:
		return "NOT CHECKED"
	}
	return "NOT CHECKED (" + verdict + ")"
}

func (t *textPage) clients() {
	var rows [][]string
	for i := range t.sides {
		v := t.sides[i].client()
		rows = append(rows, []string{t.sides[i].Name, v.Word, v.Detail})
	}
	t.table("client", rows)
}

func (t *textPage) notes() {
	if len(t.Notes) > 0 {
		t.line("\nnotes")
	}
	for _, note := range t.Notes {
		t.line("  * %s", note)
	}
	if t.Command != "" {
		t.line("\nagain: %s", t.Command)
	}
}
