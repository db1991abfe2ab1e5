package venue

import (
	"fmt"
	"strings"
	"unicode"

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

// clash is a name that should be unique, in every spelling of it, and where each stands.
type clash struct {
	names, paths []string // the first placesShown
	count        int
	differ       bool // not all are spelled alike
}

func (c *clash) note(path string) { c.noteAs("", path) }

// noteAs is note with the name's spelling there.
func (c *clash) noteAs(name, path string) {
	c.count++
	c.differ = c.differ || len(c.names) > 0 && c.names[0] != name
	if len(c.paths) < placesShown {
		c.names, c.paths = append(c.names, name), append(c.paths, path)
	}
}

// String lists where the name stands; spellings that look alike are told one by one.
func (c *clash) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is there %d times", Spelled(c.names[0]), c.count)
	if !c.differ {
		return b.String() + ": " + joinPlaces(c.paths, c.count)
	}
	for i := range c.names {
		b.WriteString(map[bool]string{true: ", in spellings that look alike: ", false: ", "}[i == 0])
		b.WriteString(Spelled(c.names[i]) + " at " + c.paths[i])
	}
	return b.String() + more(c.paths, c.count)
}

// joinPlaces lists where something occurs; count says how often in all.
func joinPlaces(paths []string, count int) string {
	return strings.Join(paths, ", ") + more(paths, count)
}

func more(shown []string, count int) string {
	if count <= len(shown) {
		return ""
	}
	return fmt.Sprintf(" and %d more", count-len(shown))
}

// place is where a defect about the clash is noted: at the second, since the first was there first.
func (c *clash) place() string { return c.paths[min(1, len(c.paths)-1)] }

// Spelled quotes a name so that its unseen characters are seen, and its accents where they stand apart from their
// letters (NFD).
func Spelled(name string) string {
	var b strings.Builder
	composed := norm.NFC.IsNormalString(name)
	b.WriteByte('"')
	for _, char := range name {
		if isUnseen(char) || !unicode.IsPrint(char) || !composed && unicode.Is(unicode.Mn, char) {
			fmt.Fprintf(&b, "<%U>", char)
			continue
		}
		b.WriteRune(char)
	}
	b.WriteByte('"')
	return b.String()
}

// sightings finds the repeated among names that should be unique. Names are compared by their Skeleton.
type sightings struct {
	first map[string]sighting // skeleton → where it was first
	again map[string]*clash   // those seen more than once
	order []string            // the keys of again, in the order of their second sighting
}

type sighting struct{ name, path string }

func newSightings(sizeHint int) *sightings {
	return &sightings{first: make(map[string]sighting, sizeHint), again: map[string]*clash{}}
}

// repeated tells whether the name, or one that looks like it, was seen more than once.
func (s *sightings) repeated(name string) bool { return s.again[Skeleton(name)] != nil }

func (s *sightings) note(name, path string) {
	skeleton := Skeleton(name)
	first, seen := s.first[skeleton]
	if !seen {
		s.first[skeleton] = sighting{name, path}
		return
	}
	c := s.again[skeleton]
	if c == nil {
		c = &clash{}
		c.noteAs(first.name, first.path)
		s.again[skeleton] = c
		s.order = append(s.order, skeleton)
	}
	c.noteAs(name, path)
}
