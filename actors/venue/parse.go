package venue

import (
	"bytes"
	"embed"

	"holdfast/actors/nesting"
	"holdfast/actors/venue/planreader"
)

// Limits of a plan. They bound what a hostile one can cost, and are far above the largest venues there are.
const (
	SeatsMax    = planreader.SeatsMax
	SectionsMax = 10_000
	// DepthMax is how deeply a plan's JSON may nest; the deepest known, seats.io's charts of several floors, has ten
	// levels.
	DepthMax = 64
)

// Options of an import.
type Options struct {
	Name string // the venue's name where the plan carries none
	// where people look, over whatever the plan says; nil: the plan's focal points, its stage, or the top edge
	Front *Front
}

// shape is a plan format, told from the top-level members.
type shape uint8

const (
	shapeUnknown shape = iota
	shapePretix
	shapeSeatsio
	shapeRowList
	shapeCompact
)

// Parse imports a plan in any of the four formats, detected by shape. The error is a *DefectsError naming everything
// that is wrong. raw is not kept.
func Parse(raw []byte, options Options) (*Venue, error) {
	raw = WithoutMark(raw)
	var found planreader.Defects
	if at, deeper := nesting.Deeper(raw, DepthMax); deeper {
		found.Add("", "nests deeper than %d levels, at byte %d", DepthMax, at)
		return nil, found.Err()
	}
	kind := detect(planreader.New(raw, &found))
	if err := found.Err(); err != nil {
		return nil, err
	}
	d := &draft{reader: planreader.New(raw, &found), names: map[string]string{}, given: options.Front}
	switch kind {
	case shapePretix:
		d.readPretix()
	case shapeSeatsio:
		d.readSeatsio()
	case shapeRowList:
		d.readRowList()
	case shapeCompact:
		d.readCompact()
	default:
		found.Add("", `format not known: wanted "zones" (pretix), "subChart" (seats.io), "tribunes" or "sections" (row list, compact plan)`)
		return nil, found.Err()
	}
	if d.name == "" {
		d.name = options.Name
	}
	d.settleFront()
	v := d.build()
	if err := found.Err(); err != nil {
		return nil, err
	}
	return v, nil
}

// WithoutMark is text without the byte order mark that some editors put before UTF-8; JSON has no place for one (RFC
// 8259 §8.1).
func WithoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// detect reads the whole plan once, which also proves that it is valid JSON before anything is kept of it.
func detect(r *planreader.Reader) shape {
	found := shapeUnknown
	if r.Kind() != planreader.KindBeginObject {
		r.Refuse("an object")
		r.End()
		return shapeUnknown
	}
	r.OpenObject()
	for r.More() {
		name, kind := r.Name(), r.Kind()
		array, object := kind == planreader.KindBeginArray, kind == planreader.KindBeginObject
		switch {
		case name == "subChart" && object, name == "subChartFloors" && array:
			found = shapeSeatsio
		case name == "zones" && array && found == shapeUnknown:
			found = shapePretix
		case (name == "tribunes" || name == "sectors") && array && found == shapeUnknown:
			found = shapeRowList
		case name == "sections" && array && found == shapeUnknown:
			found = detectSections(r)
			continue
		}
		r.Skip()
	}
	r.End()
	return found
}

// detectSections tells a row list's sections (they have names or sectors) from the compact plan's (they have ids).
func detectSections(r *planreader.Reader) shape {
	found := shapeUnknown
	r.OpenArray()
	for r.More() {
		if found != shapeUnknown || r.Kind() != planreader.KindBeginObject {
			r.Skip()
			continue
		}
		found = detectSection(r)
	}
	if found == shapeUnknown {
		return shapeCompact
	}
	return found
}

func detectSection(r *planreader.Reader) shape {
	var id, nested, named bool
	r.OpenObject()
	for r.More() {
		switch r.Name() {
		case "id", "general":
			id = true
		case "sectors", "tribunes", "sections":
			nested = true
		case "name", "key":
			named = true
		}
		r.Skip()
	}
	if nested || named && !id {
		return shapeRowList
	}
	return shapeCompact
}

// Schemas holds a JSON Schema (draft 2020-12) of each plan format that is ours: schema/plan-compact.json and
// schema/plan-rowlist.json. A plan that Parse accepts is valid under its format's; what a schema cannot say (unique
// ids, known categories, sums) Parse alone refuses.
//
//go:embed schema/*.json
var Schemas embed.FS
