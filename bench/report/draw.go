package report

import (
	"math"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// point is one of a line; one with NaN is a gap.
type point struct{ X, Y float64 }

// gap in a line: nothing was measured here, and a line drawn through would claim that something was.
func gap(x float64) point { return point{x, math.NaN()} }

func (p point) there() bool {
	return !math.IsNaN(p.Y) && !math.IsInf(p.Y, 0) && !math.IsNaN(p.X) && !math.IsInf(p.X, 0)
}

// grid draws a line at each tick that has a label.
type grid struct{ vertical bool }

// Plot draws it.
func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: rule, Width: 0.7}
	axis := &p.Y
	if g.vertical {
		axis = &p.X
	}
	for _, tick := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
		switch {
		case tick.Value < axis.Min || tick.Value > axis.Max*(1+1e-9):
		case g.vertical:
			c.StrokeLine2(style, x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
		default:
			c.StrokeLine2(style, c.Min.X, y(tick.Value), c.Max.X, y(tick.Value))
		}
	}
}

// trace is a line, in pieces where it has gaps.
type trace struct {
	points []point
	style  draw.LineStyle
	dots   bool // mark every point
}

// Plot draws it within the axes.
func (t *trace) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var piece []vg.Point
	flush := func() {
		if len(piece) > 1 {
			c.StrokeLines(t.style, c.ClipLinesXY(piece)...)
		}
		if t.dots || len(piece) == 1 {
			for _, at := range piece {
				c.DrawGlyph(draw.GlyphStyle{Color: t.style.Color, Radius: 2.2, Shape: draw.CircleGlyph{}}, at)
			}
		}
		piece = piece[:0]
	}
	for _, at := range t.points {
		if !at.there() {
			flush()
			continue
		}
		piece = append(piece, vg.Point{X: x(at.X), Y: y(at.Y)})
	}
	flush()
}

// area fills from the axis up to a line.
type area struct {
	points []point
	fill   paint
}

// Plot draws it.
func (a *area) Plot(c draw.Canvas, p *plot.Plot) {
	if len(a.points) == 0 {
		return
	}
	x, y := p.Transforms(&c)
	floor := y(p.Y.Min)
	outline := []vg.Point{{X: x(a.points[0].X), Y: floor}}
	for _, at := range a.points {
		outline = append(outline, vg.Point{X: x(at.X), Y: y(at.Y)})
	}
	outline = append(outline, vg.Point{X: x(a.points[len(a.points)-1].X), Y: floor})
	c.FillPolygon(a.fill, c.ClipPolygonXY(outline))
}

// bar is one row of bars: a name and its figure above, the median as a bar, the ends as whiskers.
type bar struct {
	name, figure string
	spread       Spread
	fill         paint
	known        bool // else there is no bar, and figure says why
}

const (
	barRow   = 34 // a row with its line of text
	barThick = 11
)

// barGap is the least room between a row's name and its figure.
const barGap = 8

// barInset leaves room for half of the first tick's label, which would else be cut off at the picture's edge.
const barInset = 15

// bars are rows from the top down. Their text stands above the bars and never runs into them.
type bars struct {
	rows []bar
	log  bool
}

// Plot draws them. On a log axis the length of a bar would mean nothing, since there is no zero: there the median is a
// dot.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for i, row := range b.rows {
		top := c.Max.Y - vg.Length(i)*barRow
		name, figure := label(ink, draw.XLeft), label(muted, draw.XRight)
		room := c.Max.X - c.Min.X - figure.Width(row.figure) - barGap
		c.FillText(name, vg.Point{X: c.Min.X, Y: top - 13}, shortened(row.name, 40, name, room))
		c.FillText(figure, vg.Point{X: c.Max.X, Y: top - 13}, row.figure)
		if row.known {
			b.draw(&c, row, x, top-17-barThick/2)
		}
	}
}

// GlyphBoxes tells the plot of the inset.
func (b *bars) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	return []plot.GlyphBox{{Rectangle: vg.Rectangle{Min: vg.Point{X: -barInset}}}}
}

func (b *bars) draw(c *draw.Canvas, row bar, x func(float64) vg.Length, middle vg.Length) {
	median := x(row.spread.Median)
	if b.log {
		c.StrokeLine2(draw.LineStyle{Color: rule, Width: 1}, c.Min.X, middle, median, middle)
	} else {
		c.FillPolygon(row.fill, []vg.Point{
			{X: c.Min.X, Y: middle - barThick/2}, {X: c.Min.X, Y: middle + barThick/2},
			{X: median, Y: middle + barThick/2}, {X: median, Y: middle - barThick/2},
		})
	}
	whisker := draw.LineStyle{Color: ink, Width: 1.2}
	low, high := x(row.spread.Min), x(row.spread.Max)
	c.StrokeLine2(whisker, low, middle, high, middle)
	c.StrokeLine2(whisker, low, middle-3, low, middle+3)
	c.StrokeLine2(whisker, high, middle-3, high, middle+3)
	if b.log {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: row.fill, Radius: 4.5, Shape: draw.CircleGlyph{}},
			vg.Point{X: median, Y: middle})
	}
}

// label is the style of text inside a plot.
func label(colour paint, align text.XAlignment) text.Style {
	return text.Style{Color: colour, Font: font.From(sans, textSize), XAlign: align, YAlign: draw.YBottom,
		Handler: plot.DefaultTextHandler}
}

// shortened is as much of a text as there is room for, and at most so many letters.
func shortened(text string, most int, style text.Style, room vg.Length) string {
	text = clipped(text, most)
	for most = utf8.RuneCountInString(text) - 1; most > 1 && style.Width(text) > room; most-- {
		text = clipped(text, most)
	}
	return text
}

// noTicks is an axis that says nothing.
type noTicks struct{}

// Ticks are none.
func (noTicks) Ticks(_, _ float64) []plot.Tick { return nil }
