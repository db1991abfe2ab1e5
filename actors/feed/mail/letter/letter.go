package letter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"slices"
	"strings"
	text "text/template"
	"time"
)

// Kind is what a letter is about.
type Kind uint8

// The kinds. Their numbers are stored: they never change.
const (
	Confirmed Kind = iota + 1 // the booking is paid for, or there was nothing to pay
	Reminder                  // the hold ends soon
	Refunded                  // money goes back, for the whole booking or for some of its seats
	Cancelled                 // the event was called off, and the money goes back
	Returned                  // money came when the seats were not the buyer's any more, and goes back
	Exchanged                 // seats were given up for others
	kinds
)

var kindNames = [...]string{Confirmed: "confirmed", Reminder: "reminder", Refunded: "refunded", Cancelled: "cancelled",
	Returned: "returned", Exchanged: "exchanged"}

func (k Kind) String() string {
	if k == 0 || k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Languages are those that letters are written in; the first serves where none is known.
var Languages = []string{"en", "de"}

// Spoken is the first of Languages that a list of BCP 47 tags has, best first: de-AT is de. Languages[0] where none
// has.
func Spoken(tags ...string) string {
	for _, tag := range tags {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if slices.Contains(Languages, base) {
			return base
		}
	}
	return Languages[0]
}

// Letter is what a mail is to say. Fields that do not apply are zero.
type Letter struct {
	Kind     Kind
	Language string    // of Languages
	Event    string    // its name
	StartsAt time.Time // with the venue's offset; zero: no time is known
	Booking  string    // its id
	Seats    []Seats
	Gave     []Seats   // of an exchange: the seats that were given up; Seats took their place
	Paid     Amount    // what the booking's seats cost in all
	Parts    []Part    // what that is made of; nil: nothing but the seats
	Back     Amount    // what goes back
	Partly   bool      // some seats stay the buyer's
	Until    time.Time // when the hold ends
	Reason   string    // the operator's words
	Link     string    // where the booking is looked at; empty: nobody has said where the house is
	Attached bool      // the tickets are attached
}

// Seats are seats of one section, in public words.
type Seats struct {
	Section string
	Seats   []string
}

// Amount is money in minor units.
type Amount struct {
	Minor    int64
	Currency string
}

// Part is a fee or a tax in a price.
type Part struct {
	Name     string
	Amount   Amount
	Included bool // it is in the other amounts already, as a tax may be
}

// Mail is a letter that was written.
type Mail struct{ Subject, Text, HTML string }

//go:embed templates
var files embed.FS

type templates struct {
	text *text.Template
	html *html.Template
}

var written = func() map[string]templates {
	all := map[string]templates{}
	for _, language := range Languages {
		functions := map[string]any{"when": calendars[language].when, "sum": calendars[language].sum, "clock": clockOf,
			"join": join}
		pattern := "templates/" + language + "/*"
		all[language] = templates{
			text: text.Must(text.New("").Funcs(functions).Option("missingkey=error").ParseFS(files, pattern+".txt")),
			html: html.Must(html.New("").Funcs(functions).Option("missingkey=error").ParseFS(files, pattern+".html")),
		}
	}
	return all
}()

// ErrUnknown: there is no such kind or language.
var ErrUnknown = errors.New("letter: no such kind or language")

// Write writes a letter.
func Write(l *Letter) (m Mail, err error) {
	t, known := written[l.Language]
	if !known || l.Kind == 0 || l.Kind >= kinds {
		return m, fmt.Errorf("%w: %v, %q", ErrUnknown, l.Kind, l.Language)
	}
	var subject, plain, page bytes.Buffer
	name := l.Kind.String()
	if err := errors.Join(t.text.ExecuteTemplate(&subject, name+".subject", l),
		t.text.ExecuteTemplate(&plain, name+".txt", l), t.html.ExecuteTemplate(&page, name+".html", l)); err != nil {
		return m, fmt.Errorf("letter: %w", err)
	}
	return Mail{Subject: oneLine(subject.String()), Text: tidy(plain.String()), HTML: page.String()}, nil
}

// oneLine keeps a name with a line's end in it from becoming a header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// tidy leaves at most one empty line between two others.
func tidy(s string) string {
	var kept []string
	empty := true
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRight(line, " \t")
		if line == "" && empty {
			continue
		}
		empty = line == ""
		kept = append(kept, line)
	}
	return strings.TrimRight(strings.Join(kept, "\n"), "\n") + "\n"
}

func join(list []string) string { return strings.Join(list, ", ") }

func clockOf(t time.Time) string { return t.Format("15:04") }
