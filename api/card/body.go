package card

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/problem"
	"holdfast/api/wire"
)

// Where card numbers are looked for (P12): in headers, the query and the whole body of every call, before anything else
// is done with them, and by the same judgement in an import without a server. The answer names the place and never the
// number.
//
// Text is refused for any card number. Ids are not text: a plan's seats may be numbered with 16 digits, of which one in
// ten has a right check digit by chance. So a number without gaps, where a plan has ids and labels, is judged with its
// column, the strings under members of one name: when most numbers of a column are cards' the column is one of cards,
// otherwise it is one of ids. Where a request names a seat, section or category, a number without gaps is refused
// unless the plan has that name.

// Refusal is the refusal of a card number at a place.
func Refusal(place string) error {
	return &problem.Problem{Kind: problem.CardData, Field: place, Detail: place +
		" holds what looks like a card number; an id of so many digits needs a letter"}
}

// SettleDoubt ends the doubt about a number where a name of the plan belongs: the plan does not have the name, so it is
// a card's number.
func SettleDoubt(doubt string, err error) error {
	if doubt == "" {
		return err
	}
	switch p, _ := problem.Classify(err); p.Kind {
	case problem.SeatUnknown, problem.SectionUnknown, problem.CategoryUnknown:
		return Refusal(doubt)
	}
	return err
}

// Places is what was found in a body.
type Places struct {
	Place string // of the first card number: a JSON pointer, or "body"; "" is none
	Doubt string // of the first number that is a card's unless a plan has it as a name
}

// InBody looks through a JSON body, valid or not.
func InBody(body []byte, plan bool) Places {
	if !mayHold(body, plan) {
		return Places{}
	}
	w := newWalk(body)
	w.planAt = -1
	if plan {
		w.planAt = 1
	}
	return w.verdict(w.walk())
}

// CheckPlan looks for card numbers in a plan alone, as POST /v1/events does for the plan in its body. The error
// names the place.
func CheckPlan(plan []byte) error {
	if !mayHold(plan, true) {
		return nil
	}
	w := newWalk(plan)
	if found := w.verdict(w.walk()); found.Place != "" {
		return Refusal(found.Place)
	}
	return nil
}

// mayHold is the quick look: without allocations, and right whenever it says no. Numbers outside of strings are
// coordinates in a plan.
func mayHold(body []byte, plan bool) bool {
	if !plan && findIn(body, false) >= number {
		return true
	}
	if !plan && bytes.IndexByte(body, '\\') < 0 {
		return false
	}
	var scratch []byte
	for {
		from := bytes.IndexByte(body, '"')
		if from < 0 {
			return false
		}
		quoted := quotedPrefix(body[from:])
		if len(quoted) > DigitsMin {
			content := unquoted(quoted, &scratch)
			if findIn(content, false) >= number {
				return true
			}
			// A name is written without quotes too: its number is looked at by the walk.
			if plan && freeText(content) && numberFollows(body[from+len(quoted):]) {
				return true
			}
		} else if plan && len(quoted) > 2 && freeText(quoted[1:len(quoted)-1]) &&
			numberFollows(body[from+len(quoted):]) {
			return true
		}
		body = body[from+len(quoted):]
	}
}

// numberFollows says whether a member's name is followed by a number as long as a card's.
func numberFollows(rest []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	if !ok {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	end := 0
	for end < len(rest) && rest[end]-'0' <= 9 {
		end++
	}
	return end >= DigitsMin
}

// quotedPrefix is the string literal at the start of text (which starts with a quote), or all of text if it never ends.
func quotedPrefix(text []byte) []byte {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return text
}

// unquoted is a string literal's content; what cannot be decoded to its end is looked at as far as it can.
func unquoted(quoted []byte, scratch *[]byte) []byte {
	content := bytes.TrimSuffix(quoted[1:], []byte(`"`))
	if bytes.IndexByte(content, '\\') < 0 {
		return content
	}
	*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], quoted) // the parser refuses the rest
	return *scratch
}

// freeText are the members of a plan that people fill with words, whatever the format.
func freeText(member []byte) bool {
	switch string(member) {
	case "name", "venue", "text", "title", "description", "caption", "displayLabel",
		"displayedLabel", "note", "comment":
		return true
	}
	return false
}

// walk goes through a body value by value, once the quick look has found something.
type walk struct {
	decoder *jsontext.Decoder
	names   [][]byte // by depth: the member being read
	planAt  int      // depth of the object whose member "plan" is a plan; 0: the body is one, -1: there is none
	scratch []byte
	columns map[string]*tally
	found   Places
}

// cardColumn counts the numbers as long as a card's under one member name.
type tally struct {
	numbers, cards int
	first          string // where the first card number stands
}

// columnsMax bounds the columns of a hostile plan; the rest count as one.
const columnsMax = 1000

func newWalk(body []byte) *walk {
	return &walk{columns: map[string]*tally{}, decoder: jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

var errFound = errors.New("api: a card number is found")

// walk ends with an io.EOF at the body's end, errCardFound, or what is wrong with the JSON.
func (w *walk) walk() error {
	for {
		var err error
		switch w.decoder.PeekKind() {
		case '"', '0':
			err = w.value()
		default:
			_, err = w.decoder.ReadToken()
		}
		if err != nil {
			return err
		}
	}
}

func (w *walk) verdict(err error) Places {
	var broken *jsontext.SyntacticError
	if errors.As(err, &broken) && w.found.Place == "" {
		w.found.Place = "body" // the quick look has seen one, and no parser will say where
	}
	for _, column := range w.columns {
		if 2*column.cards > column.numbers && w.found.Place == "" {
			w.found.Place = column.first
		}
	}
	return w.found
}

// value reads one string, name or number, and judges what is in it.
func (w *walk) value() error {
	depth := w.decoder.StackDepth()
	kind, length := w.decoder.StackIndex(depth)
	isName := kind == '{' && length%2 == 0
	raw, err := w.decoder.ReadValue()
	if err != nil {
		return err
	}
	content, quoted := []byte(raw), raw.Kind() == '"'
	if quoted {
		content = unquoted(raw, &w.scratch)
	}
	if isName {
		w.name(depth, content)
	}
	if len(content) < DigitsMin {
		return nil
	}
	sight := findIn(content, false)
	if sight == noNumber {
		return nil
	}
	return w.judge(sight, isName, quoted)
}

// name remembers the member being read at a depth.
func (w *walk) name(depth int, content []byte) {
	for len(w.names) <= depth {
		w.names = append(w.names, nil)
	}
	w.names[depth] = append(w.names[depth][:0], content...)
}

// member is the name of the member that the last value belongs to, through any lists around it.
func (w *walk) member(isName bool) []byte {
	depth := w.decoder.StackDepth()
	if isName {
		depth-- // a name stands in the object that is the value of the member outside
	}
	for ; depth > 0; depth-- {
		if kind, _ := w.decoder.StackIndex(depth); kind == '{' {
			return w.names[depth]
		}
	}
	return nil
}

func (w *walk) judge(sight finding, isName, quoted bool) error {
	member := w.member(isName)
	switch {
	case w.inPlan() && freeText(member):
	case w.inPlan() && !quoted:
		return nil // a coordinate
	case w.inPlan() || w.planAt == 1 && isName && string(member) == "prices":
		if sight < spoken {
			w.count(member, sight, isName)
			return nil
		}
	case sight == number && !isName && quoted && namesOfPlan(member):
		if w.found.Doubt == "" {
			w.found.Doubt = w.pointer(isName)
		}
		return nil
	}
	if sight < number {
		return nil
	}
	w.found.Place = w.pointer(isName)
	return errFound
}

func (w *walk) inPlan() bool {
	return w.planAt == 0 || w.planAt > 0 && len(w.names) > 1 && string(w.names[1]) == "plan" &&
		w.decoder.StackDepth() > 1
}

// namesOfPlan are the members of requests that name what a plan has.
func namesOfPlan(member []byte) bool {
	switch string(member) {
	case "seats", "section", "category":
		return true
	}
	return false
}

func (w *walk) count(member []byte, sight finding, isName bool) {
	column := w.columns[string(member)]
	if column == nil {
		key := string(member)
		if len(w.columns) >= columnsMax {
			key = ""
		}
		if column = w.columns[key]; column == nil {
			column = &tally{}
			w.columns[key] = column
		}
	}
	column.numbers++
	if sight == number {
		column.cards++
		if column.first == "" {
			column.first = w.pointer(isName)
		}
	}
}

// pointer is where the last value stands (RFC 6901); a name is told by the object that it is in, and nothing told holds
// a card number.
func (w *walk) pointer(isName bool) string {
	at := w.decoder.StackPointer()
	if isName {
		at = at.Parent()
	}
	for at != "" && InText([]byte(at)) {
		at = at.Parent()
	}
	if at == "" {
		return "body"
	}
	return wire.Field(at, wire.Pointer)
}
