package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// picture is one plot of the page with its words. Its legend is the page's, above the plot: there it breaks lines on a
// phone and never covers data.
type picture struct {
	Title, About string
	Legend       []legendEntry
	SVG          template.HTML // made by render, which escapes what it is told
}

// legendEntry is a colour and what it stands for.
type legendEntry struct {
	Paint string // a variable of the style sheet
	Dash  string // as SVG wants it; empty: a solid line
	Name  string
	Area  bool
}

// FarApart is the quotient above which a linear axis would press the smaller ones onto its floor.
const FarApart = 20

// dashes tell lines apart without colour.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2.5}, {9, 3, 2, 3}, {4, 2}, {1.2, 2}, {10, 4}, {6, 2, 1.5, 2, 1.5, 2}}

// dashesOf a line: the ninth has the first one's colour and not its dashes.
func dashesOf(index int) []vg.Length { return dashes[(index+index/sidePaints)%len(dashes)] }

func dashInWords(index int) string {
	var parts []string
	for _, d := range dashesOf(index) {
		parts = append(parts, fmt.Sprintf("%g", float64(d)))
	}
	return strings.Join(parts, " ")
}

// lineOf is the line of a side, or of a curve. The first is the one in question, and is drawn stronger.
func lineOf(index int, points []point) *trace {
	width := vg.Length(1.3)
	if index == 0 {
		width = 2
	}
	return &trace{points: points, style: draw.LineStyle{Color: sidePaint(index), Width: width, Dashes: dashesOf(index)}}
}

// lines is a plot of several lines under way.
type lines struct {
	traces []*trace
	legend []legendEntry
}

func (l *lines) add(index int, name string, t *trace) {
	if !slices.ContainsFunc(t.points, point.there) {
		return
	}
	l.traces = append(l.traces, t)
	l.legend = append(l.legend, legendEntry{Paint: sidePaint(index).name(), Dash: dashInWords(index), Name: name})
}

// ends are the least and the greatest of all points, by axis.
func (l *lines) ends() (low, high point) {
	low, high = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, t := range l.traces {
		for _, p := range t.points {
			if p.there() {
				low.X, low.Y = min(low.X, p.X), min(low.Y, p.Y)
				high.X, high.Y = max(high.X, p.X), max(high.Y, p.Y)
			}
		}
	}
	return low, high
}

// positiveOnly makes gaps of what a log axis cannot show.
func (l *lines) positiveOnly() {
	for _, t := range l.traces {
		t.points = slices.Clone(t.points)
		for i, p := range t.points {
			if !(p.Y > 0) {
				t.points[i] = gap(p.X)
			}
		}
	}
}

// typical is the greatest and the least of the lines' medians above zero: whether a linear axis could show them all.
func (l *lines) typical() (low, high float64) {
	low = math.Inf(1)
	for _, t := range l.traces {
		var values []float64
		for _, p := range t.points {
			if p.there() && p.Y > 0 {
				values = append(values, p.Y)
			}
		}
		if len(values) > 0 {
			middle := SpreadOf(values).Median
			low, high = min(low, middle), max(high, middle)
		}
	}
	return low, high
}

// draw puts the lines into a plot whose axes are set.
func (l *lines) draw(p *plot.Plot, title, about string) *picture {
	p.Add(grid{})
	for i := len(l.traces) - 1; i >= 0; i-- { // the first on top
		p.Add(l.traces[i])
	}
	return &picture{Title: title, About: about, Legend: l.legend,
		SVG: template.HTML(render(p, plotHeight, title+": "+about))}
}

// overTime draws lines over the seconds of a round; nil without any. Whether the y axis is linear is for the figures to
// say.
func (l *lines) overTime(title, about string, logarithmic bool, label func(float64) string) *picture {
	if len(l.traces) == 0 {
		return nil
	}
	if low, high := l.typical(); !logarithmic && high > FarApart*low {
		logarithmic = true
		about += "; log axis"
	}
	if logarithmic {
		l.positiveOnly()
	}
	low, high := l.ends()
	if high.Y < low.Y { // nothing above zero
		return nil
	}
	p := blank()
	timeAxis(p, high.X)
	if logarithmic {
		scale(&p.Y, low.Y, high.Y, true, label)
	} else {
		scale(&p.Y, 0, max(high.Y, 1e-9), false, label)
	}
	return l.draw(p, title, about)
}

// timeAxis ends where the data does, or at a tick that is almost there.
func timeAxis(p *plot.Plot, end float64) {
	end = max(end, 1e-3)
	scale(&p.X, 0, end, false, func(s float64) string { return short(s) + " s" })
	if p.X.Max > 1.03*end {
		p.X.Max = end
	}
}

// overTimePlot is one line a side over its middle round. rate answers nil when a side has nothing to show.
func (d *digest) overTimePlot(title, about string, logarithmic bool, label func(float64) string,
	of func(*Series) []point) *picture {
	l := &lines{}
	for _, s := range d.sides {
		if r := s.overTime(); r != nil {
			l.add(s.index, s.Name, lineOf(s.index, of(r.Series)))
		}
	}
	return l.overTime(title, about, logarithmic, label)
}

func (d *digest) usefulOverTime() *picture {
	return d.overTimePlot("Useful changes over time",
		"durable changes acknowledged a second, in each side's middle round", false, short,
		func(s *Series) []point { return rateOver(s.Useful, s.Step, linePoints) })
}

func (d *digest) answersOverTime() *picture {
	return d.overTimePlot("Answers over time", "of all classes, a second, in each side's middle round", false, short,
		func(s *Series) []point { return rateOver(s.answers(), s.Step, linePoints) })
}

func (d *digest) medianOverTime() *picture {
	return d.overTimePlot("Latency over time: p50", "of all requests in each step, middle round; log axis", true,
		shortMS,
		func(s *Series) []point { return worstOver(s.P50, s.Step, linePoints) })
}

func (d *digest) tailOverTime() *picture {
	return d.overTimePlot("Latency over time: p99", "of all requests in each step, middle round; log axis", true,
		shortMS,
		func(s *Series) []point { return worstOver(s.P99, s.Step, linePoints) })
}

// outcomesPlot stacks the classes of answers of one side over time.
func (s *sideDigest) outcomesPlot() *picture {
	r := s.overTime()
	if r == nil {
		return nil
	}
	areas, legend := stack(r.Series)
	if len(areas) == 0 {
		return nil
	}
	top := areas[0].points
	highest := 0.0
	for _, p := range top {
		highest = max(highest, p.Y)
	}
	p := blank()
	timeAxis(p, top[len(top)-1].X)
	scale(&p.Y, 0, max(highest, 1), false, short)
	p.Add(grid{})
	for _, a := range areas {
		p.Add(a)
	}
	about := fmt.Sprintf("answers a second, round %d; scale of its own", r.Number)
	return &picture{Title: s.Name, About: about, Legend: legend,
		SVG: template.HTML(render(p, plotHeight, "Outcomes over time, "+s.Name))}
}

// stack makes an area of each class on top of those before it. The first area is the sum of all, to be drawn first;
// each later one covers a part of it.
func stack(s *Series) (areas []*area, legend []legendEntry) {
	classes := slices.Clone(s.Classes)
	slices.SortStableFunc(classes, func(a, b SeriesClass) int {
		return int(classPaint(a.Class)) - int(classPaint(b.Class))
	})
	var below []point
	for _, class := range classes {
		points := rateOver(class.Counts, s.Step, stackPoints)
		if !slices.ContainsFunc(points, func(p point) bool { return p.Y > 0 }) {
			continue
		}
		below = onTop(below, points)
		colour := classPaint(class.Class)
		areas = append(areas, &area{points: below, fill: colour})
		legend = append(legend, legendEntry{Paint: colour.name(), Name: words(class.Class), Area: true})
	}
	slices.Reverse(areas)
	return areas, legend
}

// onTop adds points to those below, which may be fewer or more.
func onTop(below, points []point) []point {
	longer, shorter := slices.Clone(points), below
	if len(below) > len(points) {
		longer, shorter = slices.Clone(below), points
	}
	for i := range shorter {
		longer[i].Y += shorter[i].Y
	}
	return longer
}

// quantilesPlot is the distribution of a call's latency, a line a side.
func (d *digest) quantilesPlot(key callKey) *picture {
	l := &lines{}
	for _, s := range d.sides {
		l.add(s.index, s.Name, lineOf(s.index, s.quantileLine(key)))
	}
	if len(l.traces) == 0 {
		return nil
	}
	low, high := l.ends()
	p := blank()
	p.X.Min, p.X.Max = 0, ninesMost
	p.X.Tick.Marker = plot.ConstantTicks(ninesTicks())
	scale(&p.Y, low.Y, high.Y, true, shortMS)
	p.Add(grid{vertical: true})
	return l.draw(p, words(key.String()), "so many of these answers were not slower; log axis")
}

func ninesTicks() []plot.Tick {
	var ticks []plot.Tick
	for _, part := range []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999} {
		ticks = append(ticks, plot.Tick{Value: min(nines(part), ninesMost), Label: fmt.Sprintf("%.6g %%", 100*part)})
	}
	ticks[0].Label = "0"
	return ticks
}
