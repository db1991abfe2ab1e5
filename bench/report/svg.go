package report

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A plot's colours are names that the page's style sheet gives a value, one for light and one for dark: a picture with
// its colours burnt in could only be right in one of them. The plotting library wants colours, so each name stands as a
// colour that nobody would choose until the picture is written, and is then put back.

// paint is the name of a colour.
type paint uint8

const (
	ink   paint = iota // text and axes
	muted              // tick labels
	rule               // grid
	firstSide
	firstClass = firstSide + sidePaints
)

// sidePaints is how many sides have a colour of their own; the ninth begins anew.
const sidePaints = 8

// sidePaint is the colour of a side or of a curve's line.
func sidePaint(index int) paint { return firstSide + paint(index%sidePaints) }

// classNames in the order in which areas are stacked, what buyers wish for at the bottom.
var classNames = []string{"held", "served", "taken", "sold_out", "queued", "limited", "failed", "unknown"}

// classPaint is the colour of a class of answers; those that are not known share one.
func classPaint(class string) paint {
	for i, name := range classNames {
		if name == class {
			return firstClass + paint(i)
		}
	}
	return firstClass + paint(len(classNames))
}

// name is the paint's variable in the style sheet.
func (p paint) name() string {
	switch {
	case p == ink:
		return "ink"
	case p == muted:
		return "muted"
	case p == rule:
		return "rule"
	case p < firstClass:
		return "s" + strconv.Itoa(int(p-firstSide))
	}
	return "k" + strconv.Itoa(int(p-firstClass))
}

// RGBA makes a paint a color.Color: the stand-in of its number.
func (p paint) RGBA() (r, g, b, a uint32) {
	return color.RGBA{R: 0x0b, G: 0x5e, B: uint8(p), A: 0xff}.RGBA()
}

var (
	styles  = regexp.MustCompile(`style="[^"]*"`) // text is escaped, so a quote is an attribute's
	standIn = regexp.MustCompile(`#0B5E[0-9A-F]{2}`)
	faces   = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;?`)
)

// themed puts the paints' names in the place of their stand-ins, and leaves the font to the page.
func themed(svg string) string {
	return styles.ReplaceAllStringFunc(svg, func(style string) string {
		return standIn.ReplaceAllStringFunc(faces.ReplaceAllString(style, ""), func(stand string) string {
			number, err := strconv.ParseUint(stand[5:], 16, 8)
			if err != nil {
				return stand
			}
			return "var(--" + paint(number).name() + ")"
		})
	})
}

// Plots are this wide in their own units, which are pixels when the page gives them as much room. They scale with it;
// its text is still read on a phone.
const (
	plotWidth  = 440
	plotHeight = 230
	textSize   = 11.5
	axisRoom   = 60 // of a side that an axis's own label may not use: the other axis's ticks stand there
)

// render draws a plot as an SVG element to stand in a page. label is what is read to who cannot see it.
func render(p *plot.Plot, height vg.Length, label string) string {
	canvas := &measured{Canvas: vgsvg.New(plotWidth, height)}
	left := vg.Length(0)
	if p.Y.Label.Text != "" {
		left = 3 // the label is turned, and the library forgets what hangs below its line
	}
	p.Draw(draw.Crop(draw.New(canvas), left, -1, 0, -1))
	var raw bytes.Buffer
	if _, err := canvas.WriteTo(&raw); err != nil {
		return "" // a buffer takes everything
	}
	_, body, _ := strings.Cut(raw.String(), "<svg")
	_, body, _ = strings.Cut(body, ">")
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img" aria-label="%s">%s`,
		plotWidth, float64(height), html.EscapeString(plain(label)), themed(canvas.fitted(body)))
}

// measured notes how wide each text was taken to be when its place was chosen.
type measured struct {
	*vgsvg.Canvas
	widths []vg.Length
}

// FillString implements vg.Canvas.
func (m *measured) FillString(face font.Face, at vg.Point, text string) {
	m.widths = append(m.widths, face.Width(text))
	m.Canvas.FillString(face, at, text)
}

var textElement = regexp.MustCompile(`<text[ >]`)

// fitted has every text take the width it was measured with. Places were chosen with Liberation Sans, and whoever reads
// the page may have another font, wider by a third: the browser narrows its letters instead of pushing them into a
// neighbour or out of the picture.
func (m *measured) fitted(svg string) string {
	next := 0
	return textElement.ReplaceAllStringFunc(svg, func(tag string) string {
		if next++; next > len(m.widths) || m.widths[next-1] <= 0 {
			return tag
		}
		return fmt.Sprintf(`<text textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s`, float64(m.widths[next-1]),
			tag[len("<text"):])
	})
}

// plain leaves out what cannot stand in a picture: control characters, and bytes that are no text.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// clipped shortens a name that would run into its neighbour.
func clipped(text string, most int) string {
	runes := []rune(plain(text))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// blank is a plot in the page's manner: a grid, no frame, small text.
func blank() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font = font.From(sans, textSize)
		axis.Tick.Label.Color = muted
		axis.Tick.Width, axis.Tick.Length = 0, 0
		axis.Label.TextStyle.Font = font.From(sans, textSize)
		axis.Label.TextStyle.Color = muted
		axis.Label.Padding = 2
		axis.LineStyle = draw.LineStyle{Color: rule, Width: 0.8}
		axis.Padding = 0
	}
	p.Y.LineStyle.Width = 0
	p.X.Padding = 5
	return p
}

// scale sets an axis: its range, its ticks and what they say.
func scale(axis *plot.Axis, low, high float64, logarithmic bool, label func(float64) string) {
	if logarithmic {
		axis.Min, axis.Max = logEnds(low, high)
		axis.Scale = plot.LogScale{}
		axis.Tick.Marker = plot.ConstantTicks(logTicks(axis.Min, axis.Max, label))
		return
	}
	step := niceStep(low, high)
	axis.Min, axis.Max = math.Floor(low/step+1e-9)*step, math.Ceil(high/step-1e-9)*step
	axis.Tick.Marker = plot.ConstantTicks(linearTicks(axis.Min, axis.Max, step, label))
}

// niceStep is 1, 2 or 5 of a power of ten, so that about six of them fill the range.
func niceStep(low, high float64) float64 {
	rough := (high - low) / 6
	if !(rough > 0) || math.IsInf(rough, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5} {
		if rough <= factor*power*1.0001 {
			return factor * power
		}
	}
	return 10 * power
}

func linearTicks(low, high, step float64, label func(float64) string) []plot.Tick {
	var ticks []plot.Tick
	for i := 0; i <= int(math.Round((high-low)/step)); i++ {
		v := low + float64(i)*step
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v)})
	}
	return ticks
}

// marks of a decade, and of so few decades that one mark each would leave the eye without a hold.
var marks = []float64{1, 2, 5}

// logEnds widens a range to marks; it is never empty.
func logEnds(low, high float64) (float64, float64) {
	low, high = markAtMost(low), markAtLeast(high)
	if high <= low {
		high = markAtLeast(low * 1.5)
	}
	return low, high
}

func markAtMost(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{5, 2} {
		if v >= m*power*(1-1e-9) {
			return m * power
		}
	}
	return power
}

func markAtLeast(v float64) float64 {
	at := markAtMost(v)
	for range marks {
		if at >= v*(1-1e-9) {
			return at
		}
		at = markAfter(at)
	}
	return at
}

// markAfter a mark is the next greater one.
func markAfter(at float64) float64 {
	if leading := at / math.Pow(10, math.Floor(math.Log10(at)+1e-9)); leading > 1.5 && leading < 3 {
		return at * 2.5
	}
	return at * 2
}

// logTicks names the decades; of a short range the marks between them too.
func logTicks(low, high float64, label func(float64) string) []plot.Tick {
	decades := math.Log10(high / low)
	every := max(1, math.Ceil(decades/6))
	var ticks []plot.Tick
	for at := low; at <= high*(1+1e-9); at = markAfter(at) {
		power := math.Log10(at)
		isDecade := math.Abs(power-math.Round(power)) < 1e-6
		if isDecade && math.Mod(math.Round(power), every) == 0 || decades <= 2.4 {
			ticks = append(ticks, plot.Tick{Value: at, Label: label(at)})
		}
	}
	return ticks
}
