package venue

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"holdfast/actors/venue/planreader"
)

// Side is an edge of the drawing.
type Side string

// The sides.
const (
	Top    Side = "top"
	Bottom Side = "bottom"
	Left   Side = "left"
	Right  Side = "right"
)

var sides = []Side{Top, Bottom, Left, Right}

// Front is where people look: the middle of an edge of the drawing, or a point in it. A plan's own focal points say the
// same in the plan's words, and give way to a front that somebody names when the plan is imported.
type Front struct {
	Side  Side  `json:"side,omitempty"`  // empty: Point
	Point Point `json:"point,omitempty"` // of the plan's own units
	// Text is the drawing's word at Point ("Bühne"), or assumedSide; empty: somebody has said it.
	Text string `json:"text,omitempty"`
}

// ErrFront says that a front is neither a side nor a point in the drawing.
var ErrFront = errors.New("venue: front is neither top, bottom, left, right nor a point X,Y of the drawing")

// FrontSide makes a front of an edge's name. ErrFront.
func FrontSide(name string) (*Front, error) {
	if !slices.Contains(sides, Side(name)) {
		return nil, ErrFront
	}
	return &Front{Side: Side(name)}, nil
}

// FrontPoint makes a front of a point. ErrFront when the point lies farther out than any seat may.
func FrontPoint(at Point) (*Front, error) {
	if !(math.Abs(at.X) <= planreader.CoordinateMax && math.Abs(at.Y) <= planreader.CoordinateMax) {
		return nil, ErrFront
	}
	return &Front{Point: at}, nil
}

// ParseFront reads a side, or a point such as "120,40.5". ErrFront.
func ParseFront(text string) (*Front, error) {
	x, y, two := strings.Cut(text, ",")
	if !two {
		return FrontSide(text)
	}
	left, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
	down, err2 := strconv.ParseFloat(strings.TrimSpace(y), 64)
	if err != nil || err2 != nil {
		return nil, ErrFront
	}
	return FrontPoint(Point{X: left, Y: down})
}

// assumedSide is the Text of a side that nobody has said.
const assumedSide = "assumed"

// at is the front as a point.
func (f *Front) at(seats box) Point {
	middle := Point{X: seats.x + seats.width/2, Y: seats.y + seats.height/2}
	switch f.Side {
	case Top:
		return Point{X: middle.X, Y: seats.y}
	case Bottom:
		return Point{X: middle.X, Y: seats.y + seats.height}
	case Left:
		return Point{X: seats.x, Y: middle.Y}
	case Right:
		return Point{X: seats.x + seats.width, Y: middle.Y}
	}
	return f.Point
}

// Focus is where the whole venue looks, as far as anybody has said so; nil: nobody has, or each section has a focal
// point of its own.
func (v *Venue) Focus() *Point {
	if v.FocalPoint != nil || v.Front == nil || v.ownFronts() == len(v.Sections) {
		return v.FocalPoint
	}
	at := v.Front.at(v.bounds())
	return &at
}

// DescribeFront says where the front is taken to be, and on whose word, such as "top edge (assumed; …)".
func (v *Venue) DescribeFront() string {
	own, drawn := v.ownFronts(), 0
	for _, here := range v.drawnHere() {
		if here {
			drawn++
		}
	}
	switch {
	case own > 0 && v.Front != nil:
		return v.Front.ofEachFloor()
	case own > 0 && own == drawn:
		return "each section's first row, sections in the plan's order (the plan has no coordinates)"
	case own == len(v.Sections):
		return fmt.Sprintf("focal points of the plan (%d of %d sections have their own)", own, own)
	case own > 0 && v.FocalPoint != nil:
		return fmt.Sprintf("focal points of the plan (%d of %d sections have their own, the others look at %s)", own,
			len(v.Sections), v.FocalPoint)
	case own > 0:
		return fmt.Sprintf("focal points of the plan (%d of %d sections have their own, for the others the top edge "+
			"is assumed)", own, len(v.Sections))
	case v.FocalPoint != nil:
		return fmt.Sprintf("focal point of the plan (%s)", v.FocalPoint)
	case v.Front == nil:
		return "top edge (assumed; no focal point and no stage in the plan)"
	case v.Front.Text != "":
		return fmt.Sprintf("the text %q %s", v.Front.Text, whereFrom(v.Front.Point, v.bounds()))
	case v.Front.Side != "":
		return fmt.Sprintf("%s edge (given)", v.Front.Side)
	}
	return fmt.Sprintf("point %s (given)", v.Front.Point)
}

// ownFronts counts the sections that have a focal point of their own.
func (v *Venue) ownFronts() (own int) {
	for i := range v.Sections {
		if v.Sections[i].FocalPoint != nil {
			own++
		}
	}
	return own
}

// ofEachFloor is the front of a plan of several floors, each of which has one at its own place.
func (f *Front) ofEachFloor() string {
	switch {
	case f.Text == assumedSide:
		return fmt.Sprintf("each floor's focal point, else its %s edge (assumed)", f.Side)
	case f.Text != "":
		return fmt.Sprintf("each floor's focal point, else its text %q, else its top edge (assumed)", f.Text)
	case f.Side != "":
		return fmt.Sprintf("%s edge of each floor (given)", f.Side)
	}
	return fmt.Sprintf("point %s of each floor (given)", f.Point)
}

// whereFrom says where a point is as seen from the seats.
func whereFrom(p Point, seats box) string {
	over, under := seats.y-p.Y, p.Y-(seats.y+seats.height)
	before, after := seats.x-p.X, p.X-(seats.x+seats.width)
	switch most := max(over, under, before, after); {
	case most <= 0:
		return "among the rows"
	case most == over:
		return "above the rows"
	case most == under:
		return "below the rows"
	case most == before:
		return "left of the rows"
	}
	return "right of the rows"
}

// problem says what keeps a stored front from being one; "" is nothing.
func (f *Front) problem() string {
	switch {
	case f == nil:
		return ""
	case f.Side != "" && !slices.Contains(sides, f.Side), !finite(&f.Point):
		return "front out of bounds"
	}
	return ""
}

// stageText is a word on the drawing.
type stageText struct {
	text string
	at   Point
}

// noteStage keeps a text of the drawing that names the stage.
func (d *draft) noteStage(text string, at Point) {
	if len(d.stages) < stagesMax && namesStage(text) {
		d.stages = append(d.stages, stageText{text, at})
	}
}

// stagesMax bounds the texts kept; the first is the front.
const stagesMax = 16

// stageWords are what drawings call the place that people look at.
var stageWords = stageNames("stage", "main stage", "screen", "Bühne", "Buehne", "Hauptbühne", "Podium", "Leinwand",
	"scène", "grande scène",
	"écran", "escenario", "escenario principal", "escena", "pantalla", "palco", "palcoscenico", "scena", "schermo",
	"tela", "podio", "toneel",
	"scherm", "scen", "näyttämö", "jeviště", "javisko", "színpad", "pozornica", "сцена", "экран", "σκηνή", "οθόνη",
	"sahne", "ekran", "במה", "מסך",
	"舞台", "ステージ", "スクリーン", "屏幕", "银幕", "무대", "스크린", "เวที", "مسرح", "المسرح", "خشبة المسرح", "شاشة", "صحنه", "मंच",
	"மேடை", "ឆាក")

func stageNames(names ...string) (plain []string) {
	for _, name := range names {
		plain = append(plain, plainWords(name))
	}
	return plain
}

// plainWords is a text in small letters without accents and marks.
func plainWords(text string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
	return strings.Join(strings.FieldsFunc(bare, func(r rune) bool { return !unicode.IsLetter(r) }), " ")
}

// namesStage tells whether a text of the drawing is the stage's name. Only whole texts count: "backstage" and "box at
// the stage" are not it.
func namesStage(text string) bool {
	if len(text) > 100 {
		return false
	}
	named := false
	// one name in several languages
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("/|\n·•", r) }) {
		plain := plainWords(part)
		switch {
		case plain == "":
		case slices.Contains(stageWords, plain), slices.Contains(stageWords, unspacedLetters(plain)):
			named = true
		default:
			return false
		}
	}
	return named
}

// unspacedLetters is "s t a g e" written together; other texts stay as they are.
func unspacedLetters(plain string) string {
	letters := strings.Fields(plain)
	if slices.ContainsFunc(letters, func(word string) bool { return utf8.RuneCountInString(word) > 1 }) {
		return plain
	}
	return strings.Join(letters, "")
}

// settleFront decides where people look: what somebody has said, else the plan's focal points, else its stage.
func (d *draft) settleFront() {
	given := d.given
	switch {
	case d.storeys: // see settleFloors
	case given != nil:
		said := Front{Side: given.Side, Point: given.Point}
		d.front, d.focal = &said, nil
		for i := range d.sections {
			d.sections[i].focal = nil
		}
	case len(d.stages) > 0 && d.focal == nil && !slices.ContainsFunc(d.sections, func(s draftSection) bool {
		return s.focal != nil
	}):
		d.front = &Front{Point: d.stages[0].at, Text: d.stages[0].text}
	}
}

// moveStages moves the stages found since by their zone's own origin.
func (d *draft) moveStages(since int, origin Point) {
	for i := since; i < len(d.stages); i++ {
		at := &d.stages[i].at
		*at = Point{X: cents(at.X + origin.X), Y: cents(at.Y + origin.Y)}
	}
}
