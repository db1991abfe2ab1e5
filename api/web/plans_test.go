package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast/actors/section"
	"holdfast/actors/venue"
)

// hall is a house of one section whose rows hold seats at the points given; every seat is of category 0.
func hall(rows ...[]venue.Point) *venue.Venue {
	house := &venue.Venue{Name: "Hall", Categories: []venue.Category{{Label: "Stalls"}}}
	stalls := venue.Section{ID: "S", Name: "Stalls"}
	for r, points := range rows {
		row := venue.Row{Label: fmt.Sprint(r + 1)}
		for n, at := range points {
			row.Seats = append(row.Seats, venue.Seat{ID: fmt.Sprintf("S-%d-%d", r+1, n+1),
				Label: fmt.Sprint(n + 1), X: at.X, Y: at.Y})
		}
		stalls.Rows = append(stalls.Rows, row)
	}
	house.Sections = []venue.Section{stalls}
	return house
}

// block is rows × seats one unit apart, beginning at a corner.
func block(rows, seats int, corner venue.Point) [][]venue.Point {
	out := make([][]venue.Point, rows)
	for r := range out {
		for n := range seats {
			out[r] = append(out[r], venue.Point{X: corner.X + float64(n), Y: corner.Y + float64(r)})
		}
	}
	return out
}

// A number of a category that wraps round shows the price of another.
func TestEveryCategoryHasItsOwnPrice(t *testing.T) {
	house := hall(block(1, 300, venue.Point{})[0])
	house.Categories = nil
	for i := range house.Sections[0].Rows[0].Seats {
		house.Categories = append(house.Categories, venue.Category{Label: fmt.Sprintf("P%03d", i)})
		house.Sections[0].Rows[0].Seats[i].Category = section.CategoryID(i)
	}
	f, server := newFakeOf(t, house)
	f.price = func(c section.CategoryID) int64 { return 100 * (1000 - int64(c)) }
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.clickSeat("S-1-1")
	p.sees("#chosen", "€1,000")
	p.clickSeat("S-1-257")
	p.sees("#chosen", "€744")
	p.click("#hold")
	p.sees("#to-pay", "€1,744")
	counted := value[int](p, `[...document.querySelectorAll('.legend li')].filter((li) =>
		/^P\d{3} €[\d,]+\s*[01] free$/.test(li.innerText.replaceAll('\n', ' '))).length`)
	if counted != 300 {
		t.Fatalf("the legend has a price and a count for %d of 300 categories", counted)
	}
	if high := value[float64](p, `document.getElementById('map').clientHeight`); high < 300 {
		t.Fatalf("a legend of 300 prices leaves %v px to the map", high)
	}
	p.shoot("plan-prices")
}

// Houses of odd shapes: whatever the plan's unit and wherever its seats, one can be seen, chosen and held, and two
// neighbours are two places on the screen.
func TestHousesOfEveryShapeCanBeSold(t *testing.T) {
	const far = 900_000_000
	corner := venue.Point{}
	shapes := map[string]*venue.Venue{
		"one-seat":       hall([]venue.Point{{X: 5, Y: 5}}),
		"one-spot":       hall([]venue.Point{{X: 5, Y: 5}, {X: 5, Y: 5}, {X: 5, Y: 5}}),
		"two-far-apart":  hall([]venue.Point{{}, {X: far}}),
		"two-and-far":    hall([]venue.Point{{}, {X: 1}, {X: far}}),
		"a-line":         hall(block(1, 3000, corner)...),
		"block-and-far":  hall(append(block(30, 30, corner), []venue.Point{{X: far, Y: -far}})...),
		"large-and-far":  hall(append(block(200, 200, corner), []venue.Point{{X: -far, Y: far}})...),
		"far-from-zero":  hall(block(30, 30, venue.Point{X: far, Y: -far})...),
		"beyond-doubles": hall(append(block(30, 30, corner), []venue.Point{{X: 1e308, Y: -1e308}})...),
	}
	p := openTab(t)
	for name, house := range shapes {
		f, server := newFakeOf(t, house)
		p.sellsOneSeat(f, server.URL, name)
	}
}

func (p *tab) sellsOneSeat(f *fake, address, name string) {
	p.Helper()
	house := f.house
	p.openEvent(f, address)
	p.shoot("plan-" + name)
	if first := house.Sections[0].Rows[0].Seats; len(first) > 1 && name != "one-spot" {
		p.show(first[0].ID)
		if gap := value[float64](p, fmt.Sprintf(`__holdfast.seatPoint(%q).x - __holdfast.seatPoint(%q).x`, first[1].ID,
			first[0].ID)); gap < 10 {
			p.Errorf("%s: neighbours are %v px apart", name, gap)
		}
	}
	p.clickSeat(house.Sections[0].Rows[0].Seats[0].ID)
	p.until(`__holdfast.chosen().length === 1`)
	p.click("#hold")
	p.sees(".panel h2", "These seats are yours")
	value[bool](p, `(document.querySelector('[aria-label="Show the whole house"]').click(), true)`)
	p.until(`__holdfast.settled()`)
	if drawn := value[int](p, `__holdfast.stats.visibleSeats`); drawn > house.SeatCount() {
		p.Errorf("%s: %d seats are drawn of %d", name, drawn, house.SeatCount())
	}
}

// What a finger may not reach under a button cannot be bought: nothing lies on the map, on any screen.
func TestNothingCoversSeats(t *testing.T) {
	f, server := newFake(t, 500)
	p := openTab(t)
	p.openEvent(f, server.URL)
	for _, size := range [][2]int64{{1280, 800}, {820, 1180}, {390, 844}, {320, 640}, {844, 390},
		{640, 512}, {320, 256}} {
		p.do(p.size(size[0], size[1], chromedp.EmulateMobile))
		p.until(fmt.Sprintf(`innerWidth === %d && __holdfast.settled()`, size[0]))
		covered := value[string](p, `(() => { const map = document.getElementById('map'),
			box = map.getBoundingClientRect(), found = new Set();
			for (let x = box.left + 2; x < box.right; x += 7) for (let y = box.top + 2; y < box.bottom; y += 7) {
				const top = document.elementFromPoint(x, y);
					if (top !== map) found.add(top ? top.outerHTML.slice(0, 60) : 'nothing'); }
			return [...found].join(); })()`)
		if covered != "" {
			t.Errorf("%d × %d: over the map lies %s", size[0], size[1], covered)
		}
		chips := value[bool](p, `[...document.querySelectorAll('.live, .map-tools button')].every((el) => {
			const a = el.getBoundingClientRect(),
			b = document.getElementById('map').getBoundingClientRect();
				return a.top >= b.bottom || a.left >= b.right || a.bottom <= b.top; })`)
		if !chips {
			t.Errorf("%d × %d: a control overlaps the map", size[0], size[1])
		}
		if high := value[float64](p, `document.getElementById('map').clientHeight`); high < 140 {
			t.Errorf("%d × %d: the map is %v px high", size[0], size[1], high)
		}
	}
}

// The seat farthest off is reached with the keyboard: arrows stop at no distance.
func TestArrowsReachTheFarthestSeat(t *testing.T) {
	house := hall(append(block(30, 30, venue.Point{}), []venue.Point{{X: 900_000_000, Y: 3}})...)
	f, server := newFakeOf(t, house)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.clickSeat("S-4-30")
	p.until(`__holdfast.cursor() === 'S-4-30'`)
	p.key("ArrowRight")
	p.until(`__holdfast.cursor() === 'S-31-1' && __holdfast.settled()`)
	p.key("Enter")
	p.until(`__holdfast.chosen().includes('S-31-1')`)
}
