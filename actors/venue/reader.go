package venue

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// coordinateMax bounds coordinates, so that distances stay exact enough to rank by.
const coordinateMax = 1e9

// Kinds of JSON values, by their first letter (jsontext has no names for them).
const (
	kindInvalid     jsontext.Kind = 0
	kindNull        jsontext.Kind = 'n'
	kindTrue        jsontext.Kind = 't'
	kindFalse       jsontext.Kind = 'f'
	kindString      jsontext.Kind = '"'
	kindNumber      jsontext.Kind = '0'
	kindBeginObject jsontext.Kind = '{'
	kindEndObject   jsontext.Kind = '}'
	kindBeginArray  jsontext.Kind = '['
	kindEndArray    jsontext.Kind = ']'
)

// reader walks a plan's JSON once, without building a tree: memory follows the seats kept, not the bytes sent. A value
// of the wrong type becomes a defect and is skipped, so one pass lists all of them; only broken JSON, or a limit met,
// ends the walk early.
//
// Invariant: after err is set every method answers the zero value and more answers false, so loops end by themselves.
type reader struct {
	decoder *jsontext.Decoder
	defects *defects
	err     error
}

// errStopped ends the walk after a defect that makes going on pointless.
var errStopped = errors.New("venue: reading stopped")

func newReader(raw []byte, found *defects) *reader {
	return &reader{decoder: jsontext.NewDecoder(bytes.NewBuffer(raw)), defects: found}
}

// path is the JSON pointer of the value read last (inside an object just opened: that object).
func (r *reader) path() string { return string(r.decoder.StackPointer()) }

// fail notes broken JSON once.
func (r *reader) fail(err error) {
	if r.err != nil {
		return
	}
	r.err = err
	var broken *jsontext.SyntacticError
	if errors.As(err, &broken) {
		r.defects.add(string(broken.JSONPointer), "not valid JSON at byte %d: %v", broken.ByteOffset, broken.Err)
		return
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.defects.add(r.path(), "not valid JSON at byte %d: %v", r.decoder.InputOffset(), err)
}

// stop notes a defect and ends the walk.
func (r *reader) stop(path, format string, args ...any) {
	if r.err == nil {
		r.defects.add(path, format, args...)
		r.err = errStopped
	}
}

func (r *reader) token() jsontext.Token {
	if r.err != nil {
		return jsontext.Null
	}
	token, err := r.decoder.ReadToken()
	if err != nil {
		r.fail(err)
		return jsontext.Null
	}
	return token
}

func (r *reader) kind() jsontext.Kind {
	if r.err != nil {
		return kindInvalid
	}
	return r.decoder.PeekKind()
}

// skip passes over one value of any kind.
func (r *reader) skip() {
	if r.err == nil {
		if err := r.decoder.SkipValue(); err != nil {
			r.fail(err)
		}
	}
}

// refuse skips a value of the wrong type and notes what was wanted. null counts as absent, not as wrong.
func (r *reader) refuse(wanted string) {
	kind := r.kind()
	r.skip()
	if r.err == nil && kind != kindNull {
		r.defects.add(r.path(), "must be %s", wanted)
	}
}

func (r *reader) openObject() bool { return r.open(kindBeginObject, "an object") }
func (r *reader) openArray() bool  { return r.open(kindBeginArray, "an array") }

// open enters an object or array; false means that there was none, and that the value is behind us.
func (r *reader) open(kind jsontext.Kind, wanted string) bool {
	if r.kind() != kind {
		r.refuse(wanted)
		return false
	}
	r.token()
	return r.err == nil
}

// more says whether another member or element follows; it leaves the object or array otherwise.
func (r *reader) more() bool {
	switch r.kind() {
	case kindEndObject, kindEndArray, kindInvalid:
		r.token()
		return false
	}
	return r.err == nil
}

// name reads a member's name; its value must be read or skipped next.
func (r *reader) name() string { return r.token().String() }

// text reads a label: a string, or a whole number written without quotes (row 7 is often 7 and not "7").
func (r *reader) text() string { return r.textOf(LabelCharactersMax) }

// textOf is text with a limit of its own, in characters.
func (r *reader) textOf(charactersMax int) string {
	var text string
	switch r.kind() {
	case kindString:
		text = strings.TrimSpace(r.token().String())
	case kindNumber:
		text = r.token().String()
		if strings.ContainsAny(text, ".eE") {
			r.defects.add(r.path(), "must be a string or a whole number")
			return ""
		}
	default:
		r.refuse("a string")
		return ""
	}
	if r.err != nil {
		return ""
	}
	if problem := CheckName(text, charactersMax); problem != "" {
		r.defects.add(r.path(), "%s", problem)
		if utf8.RuneCountInString(text) > charactersMax {
			return ""
		}
	}
	return text // refused or not: what looks like another label is then told together with that one
}

// longText reads a string that is not a label (a list of ranges).
func (r *reader) longText() string {
	if r.kind() != kindString {
		r.refuse("a string")
		return ""
	}
	return r.token().String()
}

// place is a number where null is a defect: it is no place, and not 0.
func (r *reader) place() (value float64, ok bool) {
	if r.kind() == kindNull {
		r.skip()
		r.defects.add(r.path(), "must be a number: null is no place, and not 0")
		return 0, false
	}
	return r.number()
}

// number reads a coordinate or length; ok is false when there was none.
func (r *reader) number() (value float64, ok bool) {
	if r.kind() != kindNumber {
		r.refuse("a number")
		return 0, false
	}
	text := r.token().String()
	value, err := strconv.ParseFloat(text, 64)
	if r.err != nil {
		return 0, false
	}
	if err != nil || math.Abs(value) > coordinateMax {
		r.defects.add(r.path(), "number out of bounds (±%g)", coordinateMax)
		return 0, false
	}
	return value, true
}

// coordinate reads a number, absent being 0.
func (r *reader) coordinate() float64 {
	value, _ := r.place()
	return value
}

// count reads how many seats: a whole number, 1 to SeatsMax. ok is false when it was not one, which is then noted.
func (r *reader) count() (n int, ok bool) {
	if r.kind() != kindNumber {
		r.refuse("a whole number")
		return 0, false
	}
	text := r.token().String()
	if r.err != nil {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value != math.Trunc(value) || value < 1 || value > SeatsMax {
		r.defects.add(r.path(), "must be a whole number from 1 to %d", SeatsMax)
		return 0, false
	}
	return int(value), true
}

func (r *reader) flag() bool {
	switch r.kind() {
	case kindTrue, kindFalse:
		return r.token().Bool()
	}
	r.refuse("true or false")
	return false
}

// mark reads a flag as other systems write it: true, 1, "true" and "yes" set it; false, 0, "", "false" and "no" do not.
func (r *reader) mark() bool {
	switch r.kind() {
	case kindString, kindNumber:
		switch strings.ToLower(strings.TrimSpace(r.token().String())) {
		case "true", "yes", "1":
			return true
		case "false", "no", "0", "":
			return false
		}
		if r.err == nil {
			r.defects.add(r.path(), "must be true or false")
		}
		return false
	}
	return r.flag()
}

// point reads {"x":…,"y":…}; ok is false for anything else. Other members are ignored.
func (r *reader) point() (p Point, ok bool) {
	if !r.openObject() {
		return p, false
	}
	for r.more() {
		switch r.name() {
		case "x":
			p.X = r.coordinate()
		case "y":
			p.Y = r.coordinate()
		default:
			r.skip()
		}
	}
	return p, true
}

// end wants nothing after the plan.
func (r *reader) end() {
	if r.err != nil {
		return
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		r.stop("", "something follows the plan at byte %d", r.decoder.InputOffset())
	}
}
