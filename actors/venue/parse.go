package venue

import (
	"bytes"

	"holdfast/actors/nesting"
)

// Limits of a plan. They bound what a hostile one can cost, and are far above the largest venues there are.
const (
	SeatsMax    = 200_000
	SectionsMax = 10_000
	// DepthMax is how deeply a plan's JSON may nest; the deepest known, seats.io's charts of several floors, has ten
	// levels.
	DepthMax = 64
)

// Options of an import.
type Options struct {
	Name  string // the venue's name where the plan carries none
	Front *Front // where people look, over whatever the plan says; nil: the plan's focal points, its stage, or the top edge
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
	var found defects
	if at, deeper := nesting.Deeper(raw, DepthMax); deeper {
		found.add("", "nests deeper than %d levels, at byte %d", DepthMax, at)
		return nil, found.err()
	}
	kind := detect(newReader(raw, &found))
	if err := found.err(); err != nil {
		return nil, err
	}
	d := &draft{reader: newReader(raw, &found), names: map[string]string{}, given: options.Front}
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
		found.add("", `format not known: wanted "zones" (pretix), "subChart" (seats.io), "tribunes" or "sections" (row list, compact plan)`)
		return nil, found.err()
	}
	if d.name == "" {
		d.name = options.Name
	}
	d.settleFront()
	v := d.build()
	if err := found.err(); err != nil {
		return nil, err
	}
	return v, nil
}

// WithoutMark is text without the byte order mark that some editors put before UTF-8; JSON has no place for one (RFC
// 8259 §8.1).
func WithoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// detect reads the whole plan once, which also proves that it is valid JSON before anything is kept of it.
func detect(r *reader) shape {
	found := shapeUnknown
	if r.kind() != kindBeginObject {
		r.refuse("an object")
		r.end()
		return shapeUnknown
	}
	r.openObject()
	for r.more() {
		name, kind := r.name(), r.kind()
		array, object := kind == kindBeginArray, kind == kindBeginObject
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
		r.skip()
	}
	r.end()
	return found
}

// detectSections tells a row list's sections (they have names or sectors) from the compact plan's (they have ids).
func detectSections(r *reader) shape {
	found := shapeUnknown
	r.openArray()
	for r.more() {
		if found != shapeUnknown || r.kind() != kindBeginObject {
			r.skip()
			continue
		}
		found = detectSection(r)
	}
	if found == shapeUnknown {
		return shapeCompact
	}
	return found
}

func detectSection(r *reader) shape {
	var id, nested, named bool
	r.openObject()
	for r.more() {
		switch r.name() {
		case "id", "general":
			id = true
		case "sectors", "tribunes", "sections":
			nested = true
		case "name", "key":
			named = true
		}
		r.skip()
	}
	if nested || named && !id {
		return shapeRowList
	}
	return shapeCompact
}
