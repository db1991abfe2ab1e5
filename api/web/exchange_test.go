package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast/api/wire"
	"holdfast/api/wire/pay"
)

// exchange holds seats in the place of others, as the server does.
func (f *fake) exchange(w http.ResponseWriter, r *http.Request) {
	of := f.bookings[r.PathValue("b")]
	var wish pay.ExchangeRequest
	if err := json.NewDecoder(r.Body).Decode(&wish); err != nil || of == nil || len(wish.Gives) != len(wish.Seats) {
		f.refuse(w, 409, "exchange_uneven")
		return
	}
	var seats []string
	for _, seat := range wish.Seats {
		seats = append(seats, seat.ID)
	}
	total, credit := f.total(seats), f.total(wish.Gives)
	due := wire.Money{Amount: max(0, total.Amount-credit.Amount), Currency: "EUR"}
	b := &wire.Booking{ID: "b" + strconv.Itoa(len(f.bookings)+1), Event: eventID, State: "held", Seats: seats,
		Total: due, Exchange: &pay.Exchange{Booking: of.ID, Gives: wish.Gives, Credit: pay.Amount(credit),
			Difference: pay.Amount{Amount: total.Amount - credit.Amount, Currency: "EUR"}}}
	f.expireIn(b, f.ttl)
	f.mark('h', 0, seats...)
	f.bookings[b.ID] = b
	f.answer(w, 201, b)
}

// exchanged gives the first booking what the exchange held.
func (f *fake) exchanged(b *wire.Booking) {
	of := f.bookings[b.Exchange.Booking]
	b.State = "exchanged"
	of.Seats = append(slices.DeleteFunc(slices.Clone(of.Seats), func(seat string) bool {
		return slices.Contains(b.Exchange.Gives, seat)
	}), b.Seats...)
	f.mark('a', 0, b.Exchange.Gives...)
	f.sell(of)
}

// Kind: a fan who exchanges a seat without knowing what it costs, or loses the one that they have by looking. All of it
// by keyboard alone but for the map, on a telephone too.
func TestSeatsAreExchangedOnTheMap(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	p.clickSeat(one)
	p.until(`__holdfast.chosen().length === 1`)
	p.press("#hold")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	p.press("#buy")
	p.sees(panelTitle, "Enjoy the show")
	p.press(".exchange summary")
	p.sees(".exchange legend", "Which seats do you give up?")
	p.until(`document.querySelector('.exchange .wide').getAttribute('aria-disabled') === 'true'`)
	p.do(chromedp.Focus(chromedp.CSS(".exchange input")))
	p.key(" ")
	p.sees(".exchange .wide", "Choose another seat on the map")
	p.clean(axe, "exchange-offered")
	p.press(".exchange .wide")
	p.sees("section[aria-label='Exchange seats']", "You give up")
	p.press("#keep-seats")
	p.until(`document.querySelector("section[aria-label='Exchange seats']").hidden`)
	p.press(".bought > summary")
	p.press(".bought .exchange summary")
	p.do(chromedp.Focus(chromedp.CSS(".bought .exchange input")))
	p.key(" ")
	p.press(".bought .exchange .wide")
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 1`)
	p.sees("#difference", "It costs nothing.")
	p.clean(axe, "exchange-chosen")
	p.press("#hold")
	p.sees(panelTitle, "Exchange your seats")
	p.sees("#difference", "It costs nothing.")
	p.clean(axe, "exchange-held")
	p.press("#buy")
	p.sees(panelTitle, "Enjoy the show")
	f.between(func() {
		if b := f.bookings["b1"]; !slices.Equal(b.Seats, []string{two}) || f.bookings["b2"].State != "exchanged" {
			t.Errorf("%+v, %+v", b, f.bookings["b2"])
		}
	})
	p.until(`__holdfast.seatLetter('` + one + `') === 'a'`)
}
