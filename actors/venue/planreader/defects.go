package planreader

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"holdfast/actors/venue/labels"
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

// Defects gathers what is wrong. The zero value is ready.
type Defects struct {
	list []Defect
	more int
}

// Add notes one; path is a JSON pointer into the plan.
func (d *Defects) Add(path, format string, args ...any) {
	if len(d.list) >= DefectsMax {
		d.more++
		return
	}
	d.list = append(d.list, Defect{Path: path, Problem: fmt.Sprintf(format, args...)})
}

// Total is how many were noted, those beyond DefectsMax too.
func (d *Defects) Total() int { return len(d.list) + d.more }

// Err answers nil or a *DefectsError.
func (d *Defects) Err() error {
	if len(d.list) == 0 {
		return nil
	}
	return &DefectsError{Defects: d.list, More: d.more}
}

// placesShown bounds the places one clash names, so that 200,000 seats of one id make one readable line.
const placesShown = 16

// Clash is a name that should be unique, in every spelling of it, and where each stands.
type Clash struct {
	names, Paths []string // the first placesShown
	Count        int
	differ       bool // not all are spelled alike
}

// Note takes in one more place of the name.
func (c *Clash) Note(path string) { c.NoteAs("", path) }

// NoteAs is note with the name's spelling there.
func (c *Clash) NoteAs(name, path string) {
	c.Count++
	c.differ = c.differ || len(c.names) > 0 && c.names[0] != name
	if len(c.Paths) < placesShown {
		c.names, c.Paths = append(c.names, name), append(c.Paths, path)
	}
}

// String lists where the name stands; spellings that look alike are told one by one.
func (c *Clash) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is there %d times", Spelled(c.names[0]), c.Count)
	if !c.differ {
		return b.String() + ": " + JoinPlaces(c.Paths, c.Count)
	}
	for i := range c.names {
		b.WriteString(map[bool]string{true: ", in spellings that look alike: ", false: ", "}[i == 0])
		b.WriteString(Spelled(c.names[i]) + " at " + c.Paths[i])
	}
	return b.String() + more(c.Paths, c.Count)
}

// JoinPlaces lists where something occurs; count says how often in all.
func JoinPlaces(paths []string, count int) string {
	return strings.Join(paths, ", ") + more(paths, count)
}

func more(shown []string, count int) string {
	if count <= len(shown) {
		return ""
	}
	return fmt.Sprintf(" and %d more", count-len(shown))
}

// Place is where a defect about the clash is noted: at the second, since the first was there first.
func (c *Clash) Place() string { return c.Paths[min(1, len(c.Paths)-1)] }

// Spelled quotes a name so that its unseen characters are seen, and its accents where they stand apart from their
// letters (NFD).
func Spelled(name string) string {
	var b strings.Builder
	composed := norm.NFC.IsNormalString(name)
	b.WriteByte('"')
	for _, char := range name {
		if labels.IsUnseen(char) || !unicode.IsPrint(char) || !composed && unicode.Is(unicode.Mn, char) {
			fmt.Fprintf(&b, "<%U>", char)
			continue
		}
		b.WriteRune(char)
	}
	b.WriteByte('"')
	return b.String()
}

// Occurrences finds the repeated among names that should be unique. Names are compared by their Skeleton.
type Occurrences struct {
	first map[string]occurrence // skeleton → where it was first
	Again map[string]*Clash     // those seen more than once
	Order []string              // the keys of again, in the order of their second occurrence
}

type occurrence struct{ name, path string }

// NewOccurrences has room for so many names.
func NewOccurrences(sizeHint int) *Occurrences {
	return &Occurrences{first: make(map[string]occurrence, sizeHint), Again: map[string]*Clash{}}
}

// Repeated tells whether the name, or one that looks like it, was seen more than once.
func (s *Occurrences) Repeated(name string) bool { return s.Again[labels.Skeleton(name)] != nil }

// Note takes in a name and where it stands.
func (s *Occurrences) Note(name, path string) {
	skeleton := labels.Skeleton(name)
	first, seen := s.first[skeleton]
	if !seen {
		s.first[skeleton] = occurrence{name, path}
		return
	}
	c := s.Again[skeleton]
	if c == nil {
		c = &Clash{}
		c.NoteAs(first.name, first.path)
		s.Again[skeleton] = c
		s.Order = append(s.Order, skeleton)
	}
	c.NoteAs(name, path)
}
