package letter

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a letter of a kind in a language, with everything that it can say.
func sample(kind Kind, language string) *Letter {
	venue := time.FixedZone("", 2*3600)
	return &Letter{
		Kind: kind, Language: language, Event: "Rök & <Roll> 2027", Booking: "bo4x7q", Reason: "the roof leaks",
		StartsAt: time.Date(2027, 5, 8, 20, 0, 0, 0, venue), Until: time.Date(2027, 3, 1, 9, 5, 0, 0, venue),
		Seats: []Seats{{"Stalls", []string{"Stalls-1-1", "Stalls-1-2"}}, {"Balcony", []string{"Balcony-A-7"}}},
		Paid:  Amount{14850, "EUR"}, Back: Amount{4950, "EUR"}, Partly: kind == Refunded,
		Parts: []Part{{"Service", Amount{1350, "EUR"}, false}, {"VAT", Amount{970, "EUR"}, true}},
		Link:  "https://tickets.example/?booking=bo4x7q", Attached: true,
		Gave: []Seats{{"Stalls", []string{"Stalls-9-9"}}},
	}
}

// TestLettersAreThese: what buyers read, word by word, in every language.
func TestLettersAreThese(t *testing.T) {
	for _, language := range Languages {
		for kind := Confirmed; kind < kinds; kind++ {
			m, err := Write(sample(kind, language))
			if err != nil {
				t.Fatal(err)
			}
			text := "Subject: " + m.Subject + "\n\n" + m.Text
			for ending, got := range map[string]string{"txt": text, "html": m.HTML} {
				path := filepath.Join("testdata", kind.String()+"."+language+"."+ending)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s is now:\n%s", path, got)
				}
			}
		}
	}
}

// TestTextAndPageSayTheSame: whoever reads only text misses nothing: each word that the letter was given is in both.
func TestTextAndPageSayTheSame(t *testing.T) {
	unescape := strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#43;", "+", "&#39;", "'")
	for _, language := range Languages {
		for kind := Confirmed; kind < kinds; kind++ {
			l := sample(kind, language)
			m, err := Write(l)
			if err != nil {
				t.Fatal(err)
			}
			page := unescape.Replace(m.HTML)
			sum := calendars[language].sum
			for _, word := range []string{l.Event, l.Booking, l.Link, sum(l.Paid), sum(l.Back), l.Reason,
				"Stalls-1-2", "Balcony-A-7", "Service", "VAT"} {
				if strings.Contains(m.Text, word) != strings.Contains(page, word) {
					t.Errorf(
						"%v in %s: %q is in one of text and page only:\n%s\n%s",
						kind,
						language,
						word,
						m.Text,
						page,
					)
				}
			}
			for _, word := range []string{l.Event, l.Booking, l.Link, "Stalls-1-2", "Balcony-A-7"} {
				if !strings.Contains(m.Text, word) {
					t.Errorf("%v in %s does not say %q", kind, language, word)
				}
			}
		}
	}
}

// TestNamesStayNames: what others wrote becomes neither a header nor a tag.
func TestNamesStayNames(t *testing.T) {
	l := sample(Cancelled, "en")
	l.Event, l.Reason = "A\r\nBcc: all@example.com", `<script src="//x"></script>`
	l.Link = "javascript:alert(1)"
	m, err := Write(l)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(m.Subject, "\r\n") || !strings.Contains(m.Subject, "A Bcc: all@example.com") {
		t.Errorf("the subject is %q", m.Subject)
	}
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `href="javascript`) {
		t.Errorf("the page is %s", m.HTML)
	}
}

// TestLettersSayNothingOfWhatIsNotKnown: without a time, a link, a price or a reason there is no empty line for it.
func TestLettersSayNothingOfWhatIsNotKnown(t *testing.T) {
	for _, language := range Languages {
		for kind := Confirmed; kind < kinds; kind++ {
			l := sample(kind, language)
			l.StartsAt, l.Link, l.Reason, l.Paid, l.Back, l.Parts = time.Time{}, "", "", Amount{}, Amount{}, nil
			m, err := Write(l)
			if err != nil {
				t.Fatal(err)
			}
			for _, trace := range []string{"\n\n\n", "0001", "minor units", "<no value>", ": \n", "  ", "<ul>\n</ul>"} {
				if strings.Contains(m.Text, trace) || strings.Contains(m.HTML, trace) {
					t.Errorf("%v in %s has %q:\n%s\n%s", kind, language, trace, m.Text, m.HTML)
				}
			}
		}
	}
}

func TestSpoken(t *testing.T) {
	for _, c := range []struct {
		wishes []string
		want   string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"de"}, "de"}, {[]string{"de-AT"}, "de"}, {[]string{"DE-ch"}, "de"},
		{[]string{"fr", "de", "en"}, "de"}, {[]string{"den"}, "en"}, {[]string{"fr"}, "en"},
	} {
		if got := Spoken(c.wishes...); got != c.want {
			t.Errorf("%q: %s", c.wishes, got)
		}
	}
}

func TestUnknownLettersAreErrors(t *testing.T) {
	for _, l := range []*Letter{{}, {Kind: kinds, Language: "en"}, {Kind: Confirmed},
		{Kind: Confirmed, Language: "xx"}} {
		if m, err := Write(l); !errors.Is(err, ErrUnknown) {
			t.Errorf("%+v: %+v %v", l, m, err)
		}
	}
}
