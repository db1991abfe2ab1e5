package views

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// fold is (*Page).Fold, or one with a mistake planted in it.
type fold func(*Page, *Plan, []projection.Booking) (projection.Page, error)

// tables are the projection's of one section, in memory.
type tables struct {
	bookings map[section.BookingNo]projection.Booking
	seats    map[section.SeatIndex]projection.Seat
}

func (m *tables) apply(page *Page, plan *Plan, with fold) error {
	var previous []projection.Booking
	for _, no := range page.Touched() {
		if row, there := m.bookings[no]; there {
			previous = append(previous, row)
		}
	}
	rows, err := with(page, plan, previous)
	if err != nil {
		return err
	}
	for i := range rows.Bookings {
		m.bookings[rows.Bookings[i].No] = rows.Bookings[i]
	}
	for _, row := range rows.Seats {
		m.seats[row.Seat] = row
	}
	return nil
}

// compare holds the tables against the core's replay: every seat's status and owner, every booking.
func (m *tables) compare(state *section.State, last section.BookingNo) error {
	var d section.Decision
	for i := range section.SeatIndex(state.Seats()) {
		row := m.seats[i]
		status := section.Available
		switch {
		case row.Booking != 0 && m.bookings[row.Booking].State == section.BookingConfirmed:
			status = section.Sold
		case row.Booking != 0:
			status = section.Held
		case row.Blocked:
			status = section.Blocked
		}
		if core := state.Status(i); status != core {
			return fmt.Errorf("seat %d is %c, by the core %c", i, status, core)
		}
		if row.Booking != 0 && (!state.Lookup(row.Booking, &d) || !slices.Contains(d.Outcome.Seats, i)) {
			return fmt.Errorf("seat %d belongs to booking %d, by the core to another", i, row.Booking)
		}
	}
	for no := section.BookingNo(1); no <= last; no++ {
		b, o := m.bookings[no], &d.Outcome
		if !state.Lookup(no, &d) {
			return fmt.Errorf("the core has forgotten booking %d: the rules of this test are wrong", no)
		}
		if buyer, _ := state.Owner(no); b.State != o.State || b.ExpiresAt != o.ExpiresAt || b.Split != o.Split ||
			b.Buyer != buyer ||
			!slices.Equal(b.Seats, o.Seats) {
			return fmt.Errorf("booking %d is %+v, by the core %+v", no, b, *o)
		}
	}
	if len(m.bookings) != int(last) {
		return fmt.Errorf("%d bookings of %d", len(m.bookings), last)
	}
	return nil
}

// story lets an author write records into pages of chance length, folds each page, and compares after each.
func story(t *testing.T, seed uint64, with fold) error {
	e, v := newEvent(t)
	which := int(seed % 3)
	key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(which)}
	plan := &Plan{Places: placesOf(e, v, which), Name: func(no section.BookingNo) string { return fmt.Sprint("b", no) }}
	m := &tables{
		bookings: map[section.BookingNo]projection.Booking{},
		seats:    map[section.SeatIndex]projection.Seat{},
	}
	page := NewPage(key, projection.Point{})
	a := newAuthor(t, key, v.Layout(which), seed, func(e *storage.Entry, hash storage.Hash) {
		if err := page.Add(e, hash); err != nil {
			t.Fatal(err)
		}
	})
	for range 40 {
		for range 1 + a.chance.IntN(5) {
			a.record(1 + a.chance.IntN(6))
		}
		if err := m.apply(page, plan, with); err != nil {
			return err
		}
		if err := m.compare(a.state, a.last); err != nil {
			return err
		}
		page = NewPage(key, page.to)
	}
	return nil
}

const stories = 60

func TestFoldIsTheCoresReplay(t *testing.T) { // P10
	for seed := range uint64(stories) {
		if err := story(t, seed, (*Page).Fold); err != nil {
			t.Fatalf("story %d: %v", seed, err)
		}
	}
}

// on plants a mistake in the changes of one kind, before they are folded.
func on(kind section.ChangeKind, wrong func(*section.Change)) fold {
	return func(p *Page, plan *Plan, previous []projection.Booking) (projection.Page, error) {
		own := *p
		own.changes = slices.Clone(p.changes)
		for i := range own.changes {
			if own.changes[i].change.Kind == kind {
				wrong(&own.changes[i].change)
			}
		}
		return own.Fold(plan, previous)
	}
}

// after plants a mistake in what was folded.
func after(wrong func(*Page, *projection.Page)) fold {
	return func(p *Page, plan *Plan, previous []projection.Booking) (projection.Page, error) {
		rows, err := p.Fold(plan, previous)
		wrong(p, &rows)
		return rows, err
	}
}

// keep does not give back the seats of bookings that end so.
func keep(state section.BookingState) fold {
	return after(func(_ *Page, rows *projection.Page) {
		for i := range rows.Bookings {
			if rows.Bookings[i].State == state {
				rows.Seats = slices.DeleteFunc(rows.Seats, func(s projection.Seat) bool {
					return s.Booking == 0 && slices.Contains(rows.Bookings[i].Seats, s.Seat)
				})
			}
		}
	})
}

// become takes a change for another one.
func become(kind section.ChangeKind) func(*section.Change) {
	return func(c *section.Change) { c.Kind = kind }
}

// TestPlantedMistakesAreFound: the comparison above would see a fold that is wrong in any of these ways.
func TestPlantedMistakesAreFound(t *testing.T) {
	for name, with := range map[string]fold{
		"released keeps seats": keep(section.BookingReleased), "expired keeps seats": keep(section.BookingExpired), "refunded keeps seats": keep(section.BookingRefunded),
		"expiry told as release":      on(section.HoldExpired, become(section.HoldReleased)),
		"failed payment told as sale": on(section.PaymentFailed, become(section.BookingSold)),
		"block overlooked":            on(section.SeatsBlocked, func(c *section.Change) { c.Seats = nil }),
		"unblock blocks":              on(section.SeatsUnblocked, become(section.SeatsBlocked)),
		"extension overlooked":        on(section.HoldExtended, func(c *section.Change) { c.ExpiresAt = evening }),
		"split forgotten":             on(section.HoldPlaced, func(c *section.Change) { c.Split = false }),
		"one seat of a hold lost":     on(section.HoldPlaced, func(c *section.Change) { c.Seats = c.Seats[1:] }),
		"earlier owner wins": after(func(p *Page, rows *projection.Page) {
			for i := range rows.Seats {
				for _, c := range p.changes {
					if c.change.Kind == section.HoldPlaced && slices.Contains(c.change.Seats, rows.Seats[i].Seat) {
						rows.Seats[i].Booking = c.change.Booking
						break
					}
				}
			}
		}),
		"rows from before forgotten": func(p *Page, plan *Plan, _ []projection.Booking) (projection.Page, error) {
			return p.Fold(plan, nil)
		},
		"a booking left out": after(func(_ *Page, rows *projection.Page) {
			if len(rows.Bookings) > 6 {
				rows.Bookings = rows.Bookings[1:]
			}
		}),
	} {
		found := false
		for seed := uint64(0); seed < stories && !found; seed++ {
			found = story(t, seed, with) != nil
		}
		if !found {
			t.Errorf("%s: not found in %d stories", name, stories)
		}
	}
}

func TestRowsAreNamedAndPriced(t *testing.T) {
	e, v := newEvent(t)
	key := storage.SectionKey{Event: e.ID}
	plan := &Plan{Places: placesOf(e, v, 0), Name: func(no section.BookingNo) string { return fmt.Sprint("b", no) }}
	page := NewPage(key, projection.Point{})
	page.changes = []logged{
		{
			2,
			section.Change{
				Kind: section.HoldPlaced, Booking: 1, At: 10, ExpiresAt: 99, Seats: []section.SeatIndex{8, 9},
			},
		},
		{2, section.Change{Kind: section.PaymentBegun, Booking: 1, At: 11}},
		{3, section.Change{Kind: section.BookingSold, Booking: 1, At: 12}},
		{4, section.Change{Kind: section.BookingRefundedChange, Booking: 1, At: 13}},
	}
	rows, err := page.Fold(plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := rows.Bookings[0]
	if b.ID != "b1" || !slices.Equal(b.SeatIDs, []string{"A-1-9", "A-2-1"}) || b.Amount != 9000 {
		t.Errorf("%+v", b)
	}
	if b.PlacedAt != 10 || b.ExpiresAt != 99 || b.ConfirmedAt != 12 || b.EndedAt != 13 || b.ChangedAt != 13 {
		t.Errorf("times %+v", b)
	}
}

// TestImpossibleChangesAreDamage: what cannot follow is told with its record, never guessed around.
func TestImpossibleChangesAreDamage(t *testing.T) {
	e, v := newEvent(t)
	plan := &Plan{Places: placesOf(e, v, 1), Name: func(section.BookingNo) string { return "" }}
	hold := section.Change{Kind: section.HoldPlaced, Booking: 1, Seats: []section.SeatIndex{3}}
	for name, changes := range map[string][]section.Change{
		"seat beyond the plan":  {{Kind: section.HoldPlaced, Booking: 1, Seats: []section.SeatIndex{12}}},
		"placed twice":          {hold, hold},
		"never placed":          {{Kind: section.HoldExpired, Booking: 2}},
		"sold without paying":   {hold, {Kind: section.BookingSold, Booking: 1}},
		"refunded while held":   {hold, {Kind: section.BookingRefundedChange, Booking: 1}},
		"released after expiry": {hold, {Kind: section.HoldExpired, Booking: 1}, {Kind: section.HoldReleased, Booking: 1}},
		"unknown kind":          {hold, {Kind: 99, Booking: 1}},
	} {
		page := NewPage(storage.SectionKey{Event: e.ID, Section: 1}, projection.Point{Seq: 6})
		for i := range changes {
			page.changes = append(page.changes, logged{7, changes[i]})
		}
		_, err := page.Fold(plan, nil)
		var corrupt *storage.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Seq != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
