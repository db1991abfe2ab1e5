package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast/api/wire/pay"
)

// kept is what the fake keeps of the buyer.
func (f *fake) kept() (c fakeContact, there bool) {
	f.between(func() {
		if there = f.contact != nil; there {
			c = *f.contact
		}
	})
	return c, there
}

// held counts the wishes to hold that have arrived.
func (f *fake) held() (n int) {
	f.between(func() { n = len(f.keys) })
	return n
}

// Kind: seats on a hold whose clock runs while a form is filled in, and forms that ask twice. By the keyboard alone.
func TestContactIsAskedForBeforeTheFirstHold(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	f.contact = nil
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.do(chromedp.Focus(chromedp.CSS("#best")))
	p.key("Enter")
	p.sees(panelTitle, "How do we reach you?")
	if n := f.held(); n != 0 {
		t.Errorf("%d holds are asked for before anybody was asked", n)
	}
	p.clean(axe, "contact")
	p.do(chromedp.Focus(chromedp.CSS("#contact-email")))
	p.key("Enter")
	p.sees(".status", "look at the e-mail address once more")
	p.focusIs(`#contact-email[aria-invalid="true"]`)
	p.clean(axe, "contact-refused")
	p.key("a", "@", "b", ".", "d", "e", "Tab", "1", "2", "Enter")
	p.sees(".status", "look at the telephone number once more")
	p.focusIs(`#contact-phone[aria-invalid="true"]`)
	p.key("3", "4", "5", "6", "7", "Tab", "Enter")
	p.sees(panelTitle, "These seats are yours")
	if c, _ := f.kept(); c.Email != "a@b.de" || c.Phone != "1234567" {
		t.Errorf("the server keeps %+v", c)
	}
	p.press("#release")
	p.press("#again")
	p.press("#best")
	p.sees(panelTitle, "These seats are yours") // nobody is asked twice
	stored := value[string](p, `JSON.stringify([{ ...localStorage }, { ...sessionStorage }])`)
	if strings.Contains(stored, "a@b.de") {
		t.Errorf("P14: the browser keeps %s", stored)
	}
}

// What is chosen stays chosen while the form is there, and the way back leads to it; a hold is of what is chosen then.
func TestContactIsNoTrap(t *testing.T) {
	f, server := newFake(t, 700)
	f.contact = nil
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	p.chooses(one, two)
	p.press("#hold")
	p.sees("#contact-go", "Hold 2 seats")
	p.press("#contact-back")
	p.until(`__holdfast.chosen().length === 2`)
	p.press("#hold")
	f.mark('s', 0, one) // somebody was faster
	p.sees("#contact-go", "Hold 1 seat")
	p.do(chromedp.SendKeys(chromedp.CSS("#contact-email"), "a@b.de"))
	p.press("#contact-go")
	p.sees(panelTitle, "These seats are yours")
	p.until(`document.querySelectorAll('#held-seats li').length === 1`)
}

// Kind: a sale that stands still because something beside it does. A server that keeps no contact data, or does not
// answer, is not in the way of a hold.
func TestContactDataNeverStandsInTheWayOfASeat(t *testing.T) {
	f, server := newFake(t, 700)
	f.contact = nil
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(panelTitle, "How do we reach you?")
	f.between(func() { // of a build that asks and does not keep: the page is newer than what answers
		f.scripted = []script{func(w http.ResponseWriter) bool { f.refuse(w, 404, "not_found"); return true }}
	})
	p.do(chromedp.SendKeys(chromedp.CSS("#contact-email"), "a@b.de"))
	p.press("#contact-go")
	p.sees(panelTitle, "These seats are yours")
	p.press("#release")
	p.press("#again")
	p.do(chromedp.Reload())
	f.awaitStream(p.ctx, p.T)
	p.press("#best")
	p.sees(panelTitle, "How do we reach you?")
	f.answers(http.StatusForbidden, `{"code":"forbidden","title":"x"}`)
	p.do(chromedp.SendKeys(chromedp.CSS("#contact-email"), "a@b.de"))
	p.press("#contact-go")
	p.sees(".status", "Hold the seats first")
	p.press(".status button")
	p.sees(panelTitle, "These seats are yours")
}

// Kind: data that can be given and never taken back.
func TestContactDataCanBeChangedAndErased(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.sees("#contact-line", "alice@example.net")
	p.press("#contact-change")
	p.sees(panelTitle, "How do we reach you?")
	p.do(chromedp.SetValue(chromedp.CSS("#contact-email"), "new@example.net"))
	p.press("#contact-go")
	p.sees(".status", "is kept")
	p.sees("#contact-line", "new@example.net")
	p.press("#contact-erase")
	p.sees(".status", "erased")
	p.until(`document.getElementById('contact-line').hidden`)
	if c, there := f.kept(); there {
		t.Errorf("the server still keeps %+v", c)
	}
	p.press("#best")
	p.sees(panelTitle, "How do we reach you?")
}

// Kind: money that went back and that the page never tells of: due, on its way, arrived, refused, and money that was
// taken by mistake, of bought tickets and of what ended.
func TestRefundsAreShown(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	p.press("#buy")
	p.sees(panelTitle, "Enjoy the show")
	var seats []string
	euros := func(cents int64) pay.Amount { return pay.Amount{Amount: cents, Currency: "EUR"} }
	f.between(func() {
		b := f.bookings["b1"]
		seats = b.Seats
		b.Refunds = []pay.Refund{{No: 1, State: "due", Amount: euros(4500), Seats: seats[:1]},
			{No: 2, State: "pending", Amount: euros(1000)},
			{No: 3, State: "failed", Amount: euros(100), Seats: seats[1:]}}
		b.Seats, b.Tickets = seats[1:], b.Tickets[1:]
	})
	wakes := func() { value[bool](p, `(dispatchEvent(new Event('online')), true)`) }
	wakes()
	p.sees(".refunds", "€45 goes back to you")
	p.sees(".refunds", "€10 is on its way back")
	p.sees(".refunds", "though it should not have been")
	p.sees(".refunds", "€1 could not be given back")
	p.sees(".refund.due", "Row")
	p.until(`document.querySelectorAll('.ticket').length === 1`)
	p.clean(axe, "refunds")
	f.between(func() { f.bookings["b1"].Refunds[0].State = "refunded" })
	p.press(".refunds .link")
	p.sees(".refund.refunded", "was given back to you")
	p.press("#again")
	p.press(".bought summary")
	p.sees(".bought", "was given back to you")
	f.between(func() {
		b := f.bookings["b1"]
		b.State, b.Seats, b.Tickets = "refunded", seats, nil
	})
	wakes()
	p.sees(".bought summary", "Your tickets (0)")
	p.do(chromedp.Reload()) // what ended with its money back is still told
	f.awaitStream(p.ctx, p.T)
	p.until(`document.querySelector('.bought') && !document.querySelector('.bought').hidden`)
	p.press(".bought summary")
	p.sees(".bought", "was given back to you")
}
