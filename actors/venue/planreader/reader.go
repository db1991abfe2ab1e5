package planreader

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/actors/venue/labels"
)

// CoordinateMax bounds coordinates, so that distances stay exact enough to rank by.
const CoordinateMax = 1e9

// Kinds of JSON values, by their first letter (jsontext has no names for them).
const (
	kindInvalid     jsontext.Kind = 0
	KindNull        jsontext.Kind = 'n'
	kindTrue        jsontext.Kind = 't'
	kindFalse       jsontext.Kind = 'f'
	KindString      jsontext.Kind = '"'
	KindNumber      jsontext.Kind = '0'
	KindBeginObject jsontext.Kind = '{'
	kindEndObject   jsontext.Kind = '}'
	KindBeginArray  jsontext.Kind = '['
	kindEndArray    jsontext.Kind = ']'
)

// Reader walks a plan's JSON once, without building a tree: memory follows the seats kept, not the bytes sent. A value
// of the wrong type becomes a defect and is skipped, so one pass lists all of them; only broken JSON, or a limit met,
// ends the walk early.
//
// Invariant: after err is set every method answers the zero value and more answers false, so loops end by themselves.
type Reader struct {
	decoder *jsontext.Decoder
	Defects *Defects
	Err     error
}

// errStopped ends the walk after a defect that makes going on pointless.
var errStopped = errors.New("venue: reading stopped")

// New reads a plan from its beginning; what is wrong with it goes into found.
func New(raw []byte, found *Defects) *Reader {
	return &Reader{decoder: jsontext.NewDecoder(bytes.NewBuffer(raw)), Defects: found}
}

// Path is the JSON pointer of the value read last (inside an object just opened: that object).
func (r *Reader) Path() string { return string(r.decoder.StackPointer()) }

// fail notes broken JSON once.
func (r *Reader) fail(err error) {
	if r.Err != nil {
		return
	}
	r.Err = err
	var broken *jsontext.SyntacticError
	if errors.As(err, &broken) {
		r.Defects.Add(string(broken.JSONPointer), "not valid JSON at byte %d: %v", broken.ByteOffset, broken.Err)
		return
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.Defects.Add(r.Path(), "not valid JSON at byte %d: %v", r.decoder.InputOffset(), err)
}

// Stop notes a defect and ends the walk.
func (r *Reader) Stop(path, format string, args ...any) {
	if r.Err == nil {
		r.Defects.Add(path, format, args...)
		r.Err = errStopped
	}
}

// Token reads whatever comes next.
func (r *Reader) Token() jsontext.Token {
	if r.Err != nil {
		return jsontext.Null
	}
	token, err := r.decoder.ReadToken()
	if err != nil {
		r.fail(err)
		return jsontext.Null
	}
	return token
}

// Kind is the next value's, which is not read yet.
func (r *Reader) Kind() jsontext.Kind {
	if r.Err != nil {
		return kindInvalid
	}
	return r.decoder.PeekKind()
}

// Skip passes over one value of any kind.
func (r *Reader) Skip() {
	if r.Err == nil {
		if err := r.decoder.SkipValue(); err != nil {
			r.fail(err)
		}
	}
}

// Refuse skips a value of the wrong type and notes what was wanted. null counts as absent, not as wrong.
func (r *Reader) Refuse(wanted string) {
	kind := r.Kind()
	r.Skip()
	if r.Err == nil && kind != KindNull {
		r.Defects.Add(r.Path(), "must be %s", wanted)
	}
}

// OpenObject goes into an object; false: it is none, which is noted.
func (r *Reader) OpenObject() bool { return r.open(KindBeginObject, "an object") }

// OpenArray goes into an array; false: it is none, which is noted.
func (r *Reader) OpenArray() bool { return r.open(KindBeginArray, "an array") }

// open enters an object or array; false means that there was none, and that the value is behind us.
func (r *Reader) open(kind jsontext.Kind, wanted string) bool {
	if r.Kind() != kind {
		r.Refuse(wanted)
		return false
	}
	r.Token()
	return r.Err == nil
}

// More says whether another member or element follows; it leaves the object or array otherwise.
func (r *Reader) More() bool {
	switch r.Kind() {
	case kindEndObject, kindEndArray, kindInvalid:
		r.Token()
		return false
	}
	return r.Err == nil
}

// Name reads a member's name; its value must be read or skipped next.
func (r *Reader) Name() string { return r.Token().String() }

// Text reads a label: a string, or a whole number written without quotes (row 7 is often 7 and not "7").
func (r *Reader) Text() string { return r.TextOf(labels.LabelCharactersMax) }

// TextOf is text with a limit of its own, in characters.
func (r *Reader) TextOf(charactersMax int) string {
	var text string
	switch r.Kind() {
	case KindString:
		text = strings.TrimSpace(r.Token().String())
	case KindNumber:
		text = r.Token().String()
		if strings.ContainsAny(text, ".eE") {
			r.Defects.Add(r.Path(), "must be a string or a whole number")
			return ""
		}
	default:
		r.Refuse("a string")
		return ""
	}
	if r.Err != nil {
		return ""
	}
	if problem := labels.CheckName(text, charactersMax); problem != "" {
		r.Defects.Add(r.Path(), "%s", problem)
		if utf8.RuneCountInString(text) > charactersMax {
			return ""
		}
	}
	return text // refused or not: what looks like another label is then told together with that one
}

// LongText reads a string that is not a label (a list of ranges).
func (r *Reader) LongText() string {
	if r.Kind() != KindString {
		r.Refuse("a string")
		return ""
	}
	return r.Token().String()
}

// Place is a number where null is a defect: it is no place, and not 0.
func (r *Reader) Place() (value float64, ok bool) {
	if r.Kind() == KindNull {
		r.Skip()
		r.Defects.Add(r.Path(), "must be a number: null is no place, and not 0")
		return 0, false
	}
	return r.Number()
}

// Number reads a coordinate or length; ok is false when there was none.
func (r *Reader) Number() (value float64, ok bool) {
	if r.Kind() != KindNumber {
		r.Refuse("a number")
		return 0, false
	}
	text := r.Token().String()
	value, err := strconv.ParseFloat(text, 64)
	if r.Err != nil {
		return 0, false
	}
	if err != nil || math.Abs(value) > CoordinateMax {
		r.Defects.Add(r.Path(), "number out of bounds (±%g)", CoordinateMax)
		return 0, false
	}
	return value, true
}

// Coordinate reads a number, absent being 0.
func (r *Reader) Coordinate() float64 {
	value, _ := r.Place()
	return value
}

// Count reads how many seats: a whole number, 1 to SeatsMax. ok is false when it was not one, which is then noted.
func (r *Reader) Count() (n int, ok bool) {
	if r.Kind() != KindNumber {
		r.Refuse("a whole number")
		return 0, false
	}
	text := r.Token().String()
	if r.Err != nil {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value != math.Trunc(value) || value < 1 || value > SeatsMax {
		r.Defects.Add(r.Path(), "must be a whole number from 1 to %d", SeatsMax)
		return 0, false
	}
	return int(value), true
}

// Flag reads true or false.
func (r *Reader) Flag() bool {
	switch r.Kind() {
	case kindTrue, kindFalse:
		return r.Token().Bool()
	}
	r.Refuse("true or false")
	return false
}

// Mark reads a flag as other systems write it: true, 1, "true" and "yes" set it; false, 0, "", "false" and "no" do not.
func (r *Reader) Mark() bool {
	switch r.Kind() {
	case KindString, KindNumber:
		switch strings.ToLower(strings.TrimSpace(r.Token().String())) {
		case "true", "yes", "1":
			return true
		case "false", "no", "0", "":
			return false
		}
		if r.Err == nil {
			r.Defects.Add(r.Path(), "must be true or false")
		}
		return false
	}
	return r.Flag()
}

// Point reads {"x":…,"y":…}; ok is false for anything else. Other members are ignored.
func (r *Reader) Point() (p Point, ok bool) {
	if !r.OpenObject() {
		return p, false
	}
	for r.More() {
		switch r.Name() {
		case "x":
			p.X = r.Coordinate()
		case "y":
			p.Y = r.Coordinate()
		default:
			r.Skip()
		}
	}
	return p, true
}

// End wants nothing after the plan.
func (r *Reader) End() {
	if r.Err != nil {
		return
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		r.Stop("", "something follows the plan at byte %d", r.decoder.InputOffset())
	}
}

// Spot reads a drawing's place; what is none is (0, 0).
func (r *Reader) Spot() (p Point) {
	if r.Kind() != KindBeginObject {
		r.Skip()
		return p
	}
	for r.OpenObject(); r.More(); {
		name := r.Name()
		if r.Kind() != KindNumber {
			r.Skip()
			continue
		}
		switch value := r.Token().Float(); name {
		case "x":
			p.X = bounded(value)
		case "y":
			p.Y = bounded(value)
		}
	}
	return p
}

// bounded keeps a drawing's number where seats may be.
func bounded(value float64) float64 { return min(max(value, -CoordinateMax), CoordinateMax) }
