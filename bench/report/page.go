package report

import (
	_ "embed" // the page's parts
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed page.tmpl
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// WriteHTML writes the report as one page that needs nothing else: its plots are inside, it asks no network and runs no
// script. Everything that the report says is escaped. It reads well in light and in dark, on a phone and on paper.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := pageTemplate.Execute(w, r.page()); err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	return nil
}

// page is what the template is given: words and tables, nothing to be worked out.
type page struct {
	Style            template.CSS
	Scenario, About  string
	Headline         string
	Identity         []string
	Badges           []badge
	Command          string
	Sides, Ratios    *table
	Figures          *table
	Bars             []*picture
	OverTime         []*picture
	Outcomes         []*picture
	Quantiles        []*picture
	Curves           []*picture
	CurveNotes       []string
	Calls, Checks    *table
	Clients, Rounds  *table
	Machine, Setting *table
	Missing          []string // sides that no plot shows, with the reason
	Notes            []string
}

// badge is a verdict to be seen at once: its colour and the same in words.
type badge struct{ Class, Text string }

// table is a table's head and rows. Align has a letter a column: l for text, w for text that wants width, r for
// figures.
type table struct {
	Head  []string
	Rows  [][]cell
	Align string
}

// cell is one cell: a text, perhaps a smaller one below (in one line, or a Note or an Alert of many words), a colour of
// a side, a verdict's class.
type cell struct {
	Text, Below, Note, Alert string
	Paint, Class             string
	Lines                    []string
	Figure, Wide             bool
}

// Long names break their line; short ones stay beside their colour.
func (c cell) Long() bool { return len(c.Text) > 30 }

func (t *table) add(cells ...cell) {
	for i := range cells {
		cells[i].Figure, cells[i].Wide = t.is('r', i), t.is('w', i)
	}
	t.Rows = append(t.Rows, cells)
}

func (t *table) is(align byte, column int) bool {
	return column < len(t.Align) && t.Align[column] == align
}

// Columns are the head's cells, aligned as what is below them.
func (t *table) Columns() (columns []cell) {
	for i, name := range t.Head {
		columns = append(columns, cell{Text: name, Figure: t.is('r', i)})
	}
	return columns
}

// orNil leaves out a table without rows.
func (t *table) orNil() *table {
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func plainCell(text string) cell { return cell{Text: text} }

func (s *sideDigest) cell() cell { return cell{Text: s.Name, Paint: sidePaint(s.index).name()} }

func (r *Report) page() *page {
	d := r.digest()
	p := &page{
		Style: template.CSS(pageStyle), Scenario: r.Scenario, About: r.About, Headline: r.Headline(),
		Identity: r.identity(),
		Badges:   d.badges(), Command: r.Command, Sides: d.sidesTable(), Ratios: d.ratiosTable(),
		Figures: r.figuresTable(),
		Bars:    d.allBars(), Calls: d.callsTable(), Checks: d.checksTable(), Clients: d.clientsTable(),
		Rounds:  d.roundsTable(),
		Machine: r.machineTable(), Setting: r.settingsTable(), Missing: d.missing(), Notes: r.Notes,
	}
	p.OverTime = pictures(d.usefulOverTime(), d.answersOverTime(), d.medianOverTime(), d.tailOverTime())
	for i := range d.sides {
		p.Outcomes = append(p.Outcomes, pictures(d.sides[i].outcomesPlot())...)
	}
	for _, key := range d.main(callsInRow) {
		if d.growth() {
			break // a line for each point of each curve would be a thicket
		}
		p.Quantiles = append(p.Quantiles, pictures(d.quantilesPlot(key))...)
	}
	for i := range r.Curves {
		p.Curves = append(p.Curves, pictures(curvePlot(&r.Curves[i]))...)
		if note := r.Curves[i].Note; note != "" {
			p.CurveNotes = append(p.CurveNotes, r.Curves[i].Title+": "+note)
		}
	}
	return p
}

// pictures are those that there are.
func pictures(all ...*picture) (drawn []*picture) {
	for _, one := range all {
		if one != nil && one.SVG != "" {
			drawn = append(drawn, one)
		}
	}
	return drawn
}

// missing are the sides that no plot shows.
func (d *digest) missing() (words []string) {
	for i := range d.sides {
		if s := &d.sides[i]; s.void() {
			words = append(words, s.Name+": "+strings.Join(s.voids(), "; "))
		}
	}
	return words
}

func (d *digest) allBars() []*picture {
	if d.growth() { // the curves show them
		return nil
	}
	all := d.barsPlots("Useful changes a second", "median of the rounds; whiskers from the least to the greatest",
		UsefulRate(), figure, short)
	all = append(all, d.barsPlots("Refusals a second", "taken and sold out: losers should be cheap", RefusalRate(),
		figure, short)...)
	for _, key := range d.main(2) {
		all = append(all, d.barsPlots(words(key.String())+": p99",
			"latency, the smaller the better; median and ends of the rounds",
			LatencyAt(key.Kind, key.Class, 0.99), lastingMS, shortMS)...)
	}
	return all
}

// badges are the verdicts in order of weight: checks, aims, the client, void rounds.
func (d *digest) badges() (all []badge) {
	all = d.checkBadges()
	if reached, aims := d.aims(); aims > 0 {
		all = append(
			all, badge{reachedClass(reached == aims), fmt.Sprintf("%d of %s met", reached, plural(aims, "aim"))},
		)
	}
	if len(d.alive()) > 0 {
		verdict := d.clientInWords()
		class := "warn"
		if verdict == "kept up" {
			class = "good"
		}
		all = append(all, badge{class, "client " + verdict})
	}
	if n := d.voidRounds(); n > 0 {
		all = append(all, badge{"warn", plural(n, "round") + " void"})
	}
	return all
}

// checkBadges name the first side and whoever did not pass; the others are counted.
func (d *digest) checkBadges() (all []badge) {
	passed := 0
	for i := range d.sides {
		s := &d.sides[i]
		t := s.tally()
		class := "good"
		switch {
		case t.failed > 0:
			class = "bad"
		case t.unchecked > 0 || t.all() == 0:
			class = "warn"
		case i > 0:
			passed++
			continue
		}
		all = append(all, badge{class, s.Name + ": " + t.String()})
	}
	if passed > 0 {
		all = append(all, badge{"good", plural(passed, "other side") + ": all checks passed"})
	}
	return all
}

func (r *Report) machineTable() *table {
	t := &table{Head: []string{"Machine", ""}, Align: "ll"}
	for _, one := range []Setting{{"where", r.Machine.inWords()}, {"seed", fmt.Sprint(r.Seed)},
		{"started", started(r.Started)}} {
		if one.Value != "" {
			t.add(plainCell(one.Name), plainCell(one.Value))
		}
	}
	for _, v := range r.Machine.Versions {
		t.add(plainCell(v.Name), plainCell(v.Value))
	}
	return t.orNil()
}

func started(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateTime) + " UTC"
}

func (r *Report) settingsTable() *table {
	t := &table{Head: []string{"Setting", ""}, Align: "ll"}
	for _, s := range r.Settings {
		t.add(plainCell(s.Name), plainCell(s.Value))
	}
	return t.orNil()
}
