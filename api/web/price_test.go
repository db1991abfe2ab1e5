package web_test

import (
	"testing"

	"holdfast/actors/venue"
)

// Kind: a price without its fees where people choose, and a total that nobody explains.
func TestBasketShowsTotalsAndWhatTheyAreMadeOf(t *testing.T) {
	f, server := newFakeOf(t, hall(block(3, 12, venue.Point{})...))
	f.between(func() {
		f.composed = func(total int64) map[string]any {
			return map[string]any{"face": total - 500, "total": total,
				"fees":  []any{map[string]any{"code": "service", "name": "Service fee", "amount": 500}},
				"taxes": []any{map[string]any{"code": "vat", "rate": "19", "amount": 123, "included": true}}}
		}
	})
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.clickSeat("S-1-1")
	p.clickSeat("S-1-2")
	p.until(`__holdfast.chosen().length === 2`)
	text := value[string](p, `document.querySelector('.price-parts').innerText.replace(/\s+/g, ' ').trim()`)
	lines := value[bool](p, `(() => {
		const numberIn = (text) => Number(text.replace(/^[^·]*·/, '').replace(/[^\d.]/g, ''));
		const numbers = (where) => [...document.querySelectorAll(where)].map((e) => numberIn(e.textContent));
		const amounts = numbers('.price-parts li > :last-child');
		const seats = numbers('#chosen .amount');
		const hold = numberIn(document.querySelector('#hold').textContent);
		const [face, fees, tax, total] = amounts;
		return amounts.length === 4 && fees === 10 && Math.abs(face + fees - total) < 0.001 && tax === 2.46 &&
			hold === total && Math.abs(seats[0] + seats[1] - total) < 0.001;
	})()`)
	if !lines {
		t.Errorf("the basket says %q", text)
	}
	p.shoot("price-parts")
	free := value[string](p, `import('/assets/price.js').then(({ priceLines, sumOf }) =>
		JSON.stringify([priceLines(null), priceLines({ face: 5, total: 5 }), sumOf({ prices: { A: 5 } }, ['A'])]))`)
	if free != "[[],[],null]" {
		t.Errorf("a face alone is broken down: %s", free)
	}
}
