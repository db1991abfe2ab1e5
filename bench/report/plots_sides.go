package report

import (
	"html/template"
	"math"

	"gonum.org/v1/plot/vg"
)

// barsPlots sets a metric's medians and ends beside each other: on a linear axis, and when they are far apart on a log
// axis as well, where the smaller ones can be told from each other.
func (d *digest) barsPlots(title, about string, m Metric, figures, axis func(float64) string) []*picture {
	b := &bars{}
	low, high, known := math.Inf(1), 0.0, 0
	for i := range d.sides {
		s := &d.sides[i]
		row := bar{name: s.Name, fill: sidePaint(s.index), figure: s.show(m, figures)}
		spread, n := s.spread(m)
		switch {
		case s.void():
			row.figure = "void"
		case n > 0:
			row.spread, row.known = spread, spread.Max > 0
			known++
			high = max(high, spread.Max)
			if spread.Min > 0 {
				low = min(low, spread.Min)
			}
		}
		b.rows = append(b.rows, row)
	}
	if known < 2 || high <= 0 {
		return nil
	}
	pictures := []*picture{b.picture(title, about, 0, high, axis)}
	if high > FarApart*low {
		pictures = append(pictures, b.positive().picture(title, about+"; log axis", low, high, axis))
	}
	return pictures
}

// positive are the rows that a log axis can show.
func (b *bars) positive() *bars {
	shown := &bars{log: true}
	for _, row := range b.rows {
		row.known = row.known && row.spread.Min > 0
		shown.rows = append(shown.rows, row)
	}
	return shown
}

func (b *bars) picture(title, about string, low, high float64, axis func(float64) string) *picture {
	p := blank()
	scale(&p.X, low, high, b.log, axis)
	p.Y.Min, p.Y.Max = 0, 1
	p.Y.Tick.Marker = noTicks{}
	p.Add(grid{vertical: true}, b)
	height := vg.Length(len(b.rows)*barRow + 22)
	return &picture{Title: title, About: about, SVG: template.HTML(render(p, height, title+": "+about))}
}

// curvePlot draws how something grows. An axis is a log axis only if everything on it is above zero.
func curvePlot(c *Curve) *picture {
	l := &lines{}
	for i, line := range c.Lines {
		var points []point
		for _, xy := range line.Points {
			points = append(points, point{xy[0], xy[1]})
		}
		t := lineOf(i, points)
		t.dots = true
		l.add(i, line.Name, t)
	}
	if len(l.traces) == 0 {
		return nil
	}
	low, high := l.ends()
	p := blank()
	logX, logY := c.X.Log && low.X > 0, c.Y.Log && low.Y > 0
	scale(&p.X, low.X, widened(low.X, high.X), logX, short)
	if !logY {
		low.Y = min(0, low.Y)
	}
	scale(&p.Y, low.Y, widened(low.Y, high.Y), logY, short)
	p.X.Label.Text = shortened(c.X.Label, 60, p.X.Label.TextStyle, plotWidth-axisRoom)
	p.Y.Label.Text = shortened(c.Y.Label, 32, p.Y.Label.TextStyle, plotHeight-axisRoom)
	p.Add(grid{vertical: true})
	picture := l.draw(p, c.Title, axesInWords(c, logX, logY))
	if len(c.Lines) == 1 && c.Lines[0].Name == "" {
		picture.Legend = nil
	}
	return picture
}

// widened gives a range of one value some width.
func widened(low, high float64) float64 {
	if high > low {
		return high
	}
	return low + max(1, math.Abs(low))
}

func axesInWords(c *Curve, logX, logY bool) string {
	text := c.Y.Label + " over " + c.X.Label
	switch {
	case logX && logY:
		return text + "; log axes"
	case logX:
		return text + "; x is a log axis"
	case logY:
		return text + "; y is a log axis"
	}
	return text
}
