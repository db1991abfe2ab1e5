package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast/actors/venue"
)

// scripts are names as real houses write them: Thai, Hebrew, Arabic, letters with loose accents, a joined emoji, and
// one long word.
var scripts = []string{
	"ยกพื้นด้านหน้าเวทีที่นั่งพิเศษสำหรับแขกผู้มีเกียรติ", "הפסנתרן – יציע עליון", "شرفة السلطان الشمالية",
	"Balko\u0301n pod veží", "👨‍👩‍👧‍👦 family", strings.Repeat("Donaudampfschifffahrtsgesellschaft", 6),
}

// hallOfScripts has a section for each name, and rows, seats and a price with such names.
func hallOfScripts() *venue.Venue {
	house := hall(block(3, 12, venue.Point{})...)
	first := &house.Sections[0]
	first.Name, first.Rows[0].Label, first.Rows[0].Seats[0].Label = scripts[1], "א־1", scripts[4]
	house.Categories[0].Label = scripts[2]
	for n, name := range scripts {
		copied := venue.Section{ID: string(rune('a' + n)), Name: name}
		for _, row := range house.Sections[0].Rows {
			seats := []venue.Seat{}
			for _, seat := range row.Seats {
				seat.ID = copied.ID + seat.ID
				seat.Y += float64(5 * (n + 1))
				seats = append(seats, seat)
			}
			copied.Rows = append(copied.Rows, venue.Row{Label: row.Label, Seats: seats})
		}
		house.Sections = append(house.Sections, copied)
	}
	return house
}

// Names of every script and length are whole somewhere, in their own direction, and push nothing off the screen.
func TestNamesOfEveryScriptAndLength(t *testing.T) {
	names, house := scripts, hallOfScripts()
	f, server := newFakeOf(t, house)
	f.name = names[5]
	p := openTab(t)
	for _, width := range []int64{1280, 390} {
		p.do(p.size(width, 844, chromedp.EmulateMobile))
		p.open(server.URL + "/")
		p.sees(".cards", "Harbour")
		p.fits(width, "list")
		p.openEvent(f, server.URL)
		for _, id := range []string{"S-1-1", "aS-1-1", "eS-1-1", "fS-1-1"} {
			p.clickSeat(id)
			p.until(`__holdfast.chosen().join() === '` + id + `'`)
			p.fits(width, id)
			p.shoot("names-" + id)
			p.press(`[data-focus="clear"]`)
		}
	}
	p.clickSeat("S-1-1")
	p.sees("#chosen", names[1])
	p.sees("#chosen", names[4])
	order := value[string](p, `[...document.querySelectorAll('#chosen bdi')].map((el) => `+
		`getComputedStyle(el).direction + el.dir).join()`)
	if strings.Count(order, "rtl")+strings.Count(order, "ltr") == 0 {
		t.Errorf("names stand in no element of their own: %s", order)
	}
	said := value[string](p, `document.querySelector('#chosen [data-focus^="remove"]').getAttribute('aria-label')`)
	if !strings.Contains(said, "\u2068"+names[1]+"\u2069") {
		t.Errorf("a name turns the words around it: %q", said)
	}
}

// fits fails when the page is wider than its window or a text leaves its box.
func (p *tab) fits(width int64, where string) {
	p.Helper()
	if wide := value[int64](p, `document.documentElement.scrollWidth`); wide > width {
		p.Errorf("%s: the page is %d px wide in a window of %d", where, wide, width)
	}
	out := value[string](p, `[...document.querySelectorAll('main *, header *')].filter((el) => el.checkVisibility()
		&& !el.closest('.legend, select, .vh, canvas')
		&& (el.getBoundingClientRect().right > innerWidth + 1
			|| el.getBoundingClientRect().left < -1)).map((el) => el.outerHTML.slice(0, 80)).join()`)
	if out != "" {
		p.Errorf("%s, %d px: off the screen: %s", where, width, out)
	}
}
