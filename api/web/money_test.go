package web_test

import (
	"fmt"
	"testing"

	"holdfast/actors/money"
)

// Kind: a price whose decimals come from the browser's own table. Every currency is written with the digits of ours.
func TestPageWritesMoneyByOurTable(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "from")
	written := func(minor, event string) string {
		return value[string](p, fmt.Sprintf(`import('/assets/words.js').then((words) => words.money(%s, `+
			`%s).replace(/\s/g, ' '))`, minor, event))
	}
	for code, want := range map[string]string{
		"EUR": "1,234,567.89", "COP": "1,234,567.89", "PKR": "1,234,567.89", "IDR": "1,234,567.89",
		"JPY": "123,456,789", "KWD": "123,456.789", "ISK": "123,456,789", "XCG": "1,234,567.89",
	} {
		digits, _ := money.Exponent(code)
		got := value[string](p, fmt.Sprintf(`import('/assets/words.js').then((words) => words.money(123456789, `+
			`{currency: %q, currency_exponent: %d}).replace(/[^\d.,]/g, ''))`, code, digits))
		if got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	for event, want := range map[string]string{
		`{currency: "KWD", currency_exponent: 3}`: "free", `{currency: "QQQ"}`: "free",
	} {
		if got := written("0", event); got != want {
			t.Errorf("0 of %s: %q", event, got)
		}
	}
	if got := written("4500", `{currency: "QQQ"}`); got != "4,500 minor units of QQQ" { // an event of an earlier build
		t.Errorf("a currency that is none: %q", got)
	}
	if got := written("NaN", `{currency: "EUR", currency_exponent: 2}`); got != "no price" {
		t.Errorf("a price that is not there: %q", got)
	}
}

// Kind: money asked for where nothing is due.
func TestFreeSeatsAreConfirmedWithoutPayment(t *testing.T) {
	f, server := newFake(t, 2000)
	f.between(func() { f.free = true })
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click("#best")
	p.sees(".panel h2", "These seats are yours")
	p.sees("#buy", "free tickets")
	p.until(`!document.querySelector('#token')`)
	p.click("#buy")
	p.sees(".tickets", "HF-7Q2M-K9XD-0001")
	p.sees(".panel", "free of charge")
}
