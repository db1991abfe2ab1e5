package venue

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// DefectsMax bounds the list a refusal carries; the rest is counted. It keeps the answer to a hostile plan small.
const DefectsMax = 10_000

// Defect is one reason why a plan is refused.
type Defect struct {
	Path    string `json:"path"` // JSON pointer into the plan; "" is the plan itself
	Problem string `json:"problem"`
}

// DefectsError refuses a plan with every reason found.
type DefectsError struct {
	Defects []Defect // at most DefectsMax, in the order found
	More    int      // how many more there are
}

// Error tells the first defect and how many there are.
func (e *DefectsError) Error() string {
	first := e.Defects[0]
	where := first.Path
	if where == "" {
		where = "/"
	}
	return fmt.Sprintf("venue: plan refused, %d defects; first: %s: %s", len(e.Defects)+e.More, where, first.Problem)
}

// defects gathers what is wrong. The zero value is ready.
type defects struct {
	list []Defect
	more int
}

func (d *defects) add(path, format string, args ...any) {
	if len(d.list) >= DefectsMax {
		d.more++
		return
	}
	d.list = append(d.list, Defect{Path: path, Problem: fmt.Sprintf(format, args...)})
}

func (d *defects) total() int { return len(d.list) + d.more }

// err answers nil or a *DefectsError.
func (d *defects) err() error {
	if len(d.list) == 0 {
		return nil
	}
	return &DefectsError{Defects: d.list, More: d.more}
}

// placesShown bounds the places one clash names, so that 200,000 seats of one id make one readable line.
const placesShown = 16

// joinPlaces lists where something occurs; count says how often in all.
func joinPlaces(paths []string, count int) string {
	text := strings.Join(paths, ", ")
	if count > len(paths) {
		text += fmt.Sprintf(" and %d more", count-len(paths))
	}
	return text
}

// repeated tells whether the name was seen more than once.
func (s *sightings) repeated(name string) bool { return s.again[sameName(name)] != nil }

// clash is a name that should be unique, and where it stands.
type clash struct {
	paths []string // the first placesShown
	count int
}

func (c *clash) note(path string) {
	c.count++
	if len(c.paths) < placesShown {
		c.paths = append(c.paths, path)
	}
}

// sameName is one spelling for all that look alike letter by letter (Unicode's NFC): "é" may be one code point or two, and two seats
// of that name are one to whoever reads the tickets. Names are compared by it and kept as they were written.
func sameName(name string) string { return norm.NFC.String(name) }

// sightings finds the repeated among names that should be unique. Names are compared by sameName.
type sightings struct {
	first map[string]string // name → where it was first
	again map[string]*clash // those seen more than once
	order []string          // the keys of again, in the order of their second sighting
}

func newSightings(sizeHint int) *sightings {
	return &sightings{first: make(map[string]string, sizeHint), again: map[string]*clash{}}
}

func (s *sightings) note(name, path string) {
	name = sameName(name)
	first, seen := s.first[name]
	if !seen {
		s.first[name] = path
		return
	}
	c := s.again[name]
	if c == nil {
		c = &clash{}
		c.note(first)
		s.again[name] = c
		s.order = append(s.order, name)
	}
	c.note(path)
}
