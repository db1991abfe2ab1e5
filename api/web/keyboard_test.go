package web_test

import (
	"fmt"
	"strconv"
	"testing"
)

func quoted(text string) string { return strconv.Quote(text) }

// tabTo presses Tab until an element has the focus; a reader without a mouse has no other way to it.
func (p *tab) tabTo(selector string) {
	p.Helper()
	for range 60 {
		p.key("Tab")
		if value[bool](p, fmt.Sprintf(`Boolean(document.activeElement?.matches(%q))`, selector)) {
			return
		}
	}
	p.Fatalf("Tab does not reach %s", selector)
}

// focusShows fails unless the focus can be seen: something is drawn around the focused element.
func (p *tab) focusShows() {
	p.Helper()
	if style := value[string](p, `getComputedStyle(document.activeElement).outlineStyle`); style == "none" {
		p.Errorf("the focus on %s cannot be seen", value[string](p, `document.activeElement.outerHTML.slice(0, 80)`))
	}
}

// A whole purchase without a mouse: from the list to the tickets, a declined card, more time and a bank's challenge on
// the way, and a second choice after it.
func TestPurchaseByKeyboardAlone(t *testing.T) {
	f, server := newFake(t, houseSeats)
	bank := f.bank(t, server.URL)
	f.policy = contentPolicy + "; frame-src 'self' " + bank
	f.next = map[string]any{"type": "redirect_to_url", "url": bank + "/challenge"}
	p := openTab(t)
	p.chooseByKeyboard(f, server.URL)
	p.payByKeyboard()
	p.tabTo("#again")
	p.key("Enter")
	p.sees(".bought", "Your tickets (2)")
	p.tabTo("#best")
	p.focusShows()
	p.key("Enter")
	p.sees(".panel h2", "These seats are yours")
	p.tabTo("#release")
	p.key(" ")
	p.sees(".panel h2", "Seats released")
}

func (p *tab) chooseByKeyboard(f *fake, address string) {
	p.Helper()
	p.open(address + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.tabTo("#search")
	p.key("n", "o", "r", "t", "h")
	p.until(`document.querySelectorAll('.card a').length === 1`)
	p.tabTo(".card a")
	p.focusShows()
	p.key("Enter")
	f.awaitStream(p.ctx, p.T)
	p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
	p.tabTo("#map")
	p.key("ArrowLeft")
	p.until(`__holdfast.cursor() !== '' && __holdfast.settled()`)
	p.sees("#say", "available")
	p.key("Enter")
	p.until(`__holdfast.chosen().length === 1`)
	first := value[string](p, `__holdfast.cursor()`)
	p.key("ArrowLeft")
	p.until(`__holdfast.cursor() !== '` + first + `' && __holdfast.settled()`)
	p.key("Enter")
	p.until(`__holdfast.chosen().length === 2`)
	p.tabTo("#hold")
	p.focusShows()
	p.key("Enter")
	p.sees(".panel h2", "These seats are yours")
}

func (p *tab) payByKeyboard() {
	p.Helper()
	p.tabTo("#extend")
	p.key("Enter")
	p.sees(".status", "You have more time")
	p.tabTo("#to-pay")
	p.focusShows()
	p.key("Enter")
	p.sees(".panel h2", "Pay €")
	p.tabTo("#token")
	p.key("ArrowDown") // the card that is declined
	p.until(`document.getElementById('token').value === 'tok_declined'`)
	p.tabTo("#buy")
	p.key("Enter")
	p.sees(".status", "declined")
	p.key("ShiftTab")
	p.focusIs("#token")
	p.key("ArrowDown")
	p.until(`document.getElementById('token').value === 'tok_challenge'`)
	p.tabTo("#buy")
	p.focusShows()
	p.key("Enter")
	p.answersBank(1)
	p.sees(".tickets", "HF-7Q2M-K9XD-0002")
	p.focusIs(".panel h2")
}
