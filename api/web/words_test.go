package web_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// speaksForItself are the codes that no press of a button here leads to. The server's own title and detail are shown
// for them.
var speaksForItself = []string{"event_deleted", "event_has_bookings", "last_node",
	"event_not_cancelled", "event_not_over", "no_test_clock", "forbidden_role", "not_forgettable", "bad_signature",
	"bad_request", "invalid", "header_too_large", "method_not_allowed", "plan_invalid", "node_unknown",
	"node_ambiguous", "not_clustered", "not_confirmed", "not_paying", "refund_too_large", "seats_not_free"}

// woven are the codes whose words are made of the answer's figures.
var woven = []string{"seat_taken", "not_together"}

// Kind: words for codes that no server says, two texts for one code, and codes that a fan meets without words of ours.
func TestWordsAndCodesOfTheServerMatch(t *testing.T) {
	var document struct {
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct{ Code struct{ Enum []string } }
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "openapi.json"))
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	if err != nil {
		t.Fatal(err)
	}
	words, err := os.ReadFile("words.js")
	if err != nil {
		t.Fatal(err)
	}
	codes := document.Components.Schemas.Problem.Properties.Code.Enum
	table := regexp.MustCompile(`(?s)const problemWords = \{(.*?)\n\};`).FindSubmatch(words)
	if table == nil || len(codes) < 20 {
		t.Fatalf("no table of words, or only %d codes", len(codes))
	}
	said := map[string]bool{"offline": true} // no answer at all has words too, and is no code
	for _, entry := range regexp.MustCompile(`(?m)^  (\w+):`).FindAllSubmatch(table[1], -1) {
		code := string(entry[1])
		if code != "offline" && (said[code] || !slices.Contains(codes, code)) {
			t.Errorf("the words of %q stand there twice, or the server has no such code", code)
		}
		said[code] = true
	}
	for _, code := range codes {
		if !said[code] && !slices.Contains(speaksForItself, code) && !slices.Contains(woven, code) {
			t.Errorf("the page has no words for %q", code)
		}
	}
}

// Kind: a state of a booking or of a refund that the page shows as something else, or without words; a payment under
// way, or a refund, that the page takes for over.
func TestPageKnowsEveryStateOfABooking(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []any }
			}
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	states := document.Components.Schemas["Booking"].Properties["state"].Enum
	refunds := document.Components.Schemas["BookingRefund"].Properties["state"].Enum
	if len(states) < 6 || len(refunds) < 4 {
		t.Fatalf("only the states %q, %q", states, refunds)
	}
	live := regexp.MustCompile(`const phases = \{(.*?)\};`).FindString(read(t, "booking.js"))
	over := regexp.MustCompile(`(?s)const endWords = \{(.*?)\n\};`).FindString(read(t, "words.js"))
	back := regexp.MustCompile(`(?s)const refundWords = \{(.*?)\n\};`).FindString(read(t, "words.js"))
	waits := regexp.MustCompile(`(?s)const payWords = \{(.*?)\n\};`).FindString(read(t, "words.js"))
	for _, one := range states {
		state, _ := one.(string)
		if !strings.Contains(live, " "+state+": ") && !strings.Contains(over, "  "+state+": [") {
			t.Errorf("the page does not know bookings that are %q", state)
		}
		if strings.Contains(live, " "+state+": 'paying'") && !strings.Contains(waits, "  "+state+": [") {
			t.Errorf("the page has no words for a payment that is %q", state)
		}
	}
	for _, one := range refunds {
		state, _ := one.(string)
		if !strings.Contains(back, "  "+state+": '") {
			t.Errorf("the page does not know refunds that are %q", state)
		}
	}
}

// Kind: a way of the sandbox's that nobody can try out on the page.
func TestPageOffersEveryTokenOfTheSandbox(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("..", "..", "actors", "checkout", "sandbox", "doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	tokens := regexp.MustCompile(`(?m)^//\t(tok_\w+) `).FindAllSubmatch(table, -1)
	if len(tokens) < 5 {
		t.Fatalf("only %d tokens in the table", len(tokens))
	}
	offered := regexp.MustCompile(`\['(tok_\w+)', '`).FindAllStringSubmatch(read(t, "words.js"), -1)
	if len(offered) != len(tokens) {
		t.Errorf("the page offers %d tokens, the sandbox has %d", len(offered), len(tokens))
	}
	for _, found := range tokens {
		if !strings.Contains(read(t, "words.js"), "['"+string(found[1])+"', '") {
			t.Errorf("the page does not offer %s", found[1])
		}
	}
}

// Kind: a refusal that is true and helps nobody. A closed sale gives no more time; the fan hears that the seats can be
// bought.
func TestClosedSaleGivesNoMoreTime(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	f.answers(http.StatusConflict, `{"code":"sale_not_open","title":"The sale is not open","detail":"the sale has `+
		`ended"}`)
	p.press("#extend")
	p.sees(".status", "nobody gets more time. What you hold can still be bought")
	p.focusIs("#extend")
	p.toPay()
	p.press("#buy")
	p.sees(".panel h2", "Enjoy the show")
}

// Kind: an alarm that is always on. The clock of a hold that lasts a minute is not red from its first second.
func TestClockWarnsOnlyNearTheEnd(t *testing.T) {
	f, server := newFake(t, 700)
	f.ttl = time.Minute
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	const late = `document.getElementById('countdown').classList.contains('late')`
	if value[bool](p, late) {
		t.Error("the clock warns at once")
	}
	f.between(func() {
		for _, b := range f.bookings {
			f.expireIn(b, 14*time.Second)
		}
	})
	p.do(chromedp.Reload())
	p.sees(".panel h2", "These seats are yours")
	p.until(late)
}
