package queue

import (
	"context"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// seats is which category each seat of an event is of, and who is whose neighbour, in the order of the live map's
// letters.
type seats struct {
	known      bool
	categories []string
	total      []int                  // by category: its seats, free or not
	of         [][]section.CategoryID // by section
	shapes     []shape                // by section
}

// stock is what is free now.
type stock struct {
	prices  *waitingroom.PriceRange
	soldOut []string // categories without a free seat
	parties *[wire.BookingSeatsMax + 1]waitingroom.Party
}

// stock looks at the live map. What cannot be told is left out: nobody is made to wait for it.
func (h *Handlers) stock(event *storage.Event, e *easel) (s stock) {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.Timeout)
	defer cancel()
	if !e.seats.known {
		plan, err := h.catalog.Venue(ctx, event.ID)
		if err != nil {
			h.cfg.Logger.Warn("a waiting room is told no prices: its plan cannot be read", "event", event.ID.String(),
				"error", err)
			return s
		}
		e.seats = seatsOf(plan)
	}
	live, err := h.catalog.Live(ctx, event.ID)
	if err != nil {
		return s // of a section that is loading, or of a sale that sleeps: the next board tells
	}
	free, side := e.seats.count(live)
	s.parties = side.parties()
	s.prices, s.soldOut = e.seats.offer(free, event)
	return s
}

// offer is the range of prices of what is free, by category, and the categories that have seats and no free one.
func (s *seats) offer(free []int, event *storage.Event) (spread *waitingroom.PriceRange, soldOut []string) {
	for i, category := range s.categories {
		switch price, priced := event.Prices[category]; {
		case s.total[i] == 0: // of a plan that names it: nothing of it was ever to be had
		case free[i] == 0:
			soldOut = append(soldOut, category)
		case !priced:
		case spread == nil:
			money := wire.Money{Amount: price, Currency: event.Currency}
			spread = &waitingroom.PriceRange{From: money, To: money}
		default:
			spread.From.Amount, spread.To.Amount = min(spread.From.Amount, price), max(spread.To.Amount, price)
		}
	}
	return spread, soldOut
}

func seatsOf(plan *venue.Venue) seats {
	s := seats{known: true, total: make([]int, len(plan.Categories))}
	for i := range plan.Categories {
		s.categories = append(s.categories, plan.Categories[i].Label)
	}
	for i := range plan.Sections {
		var of []section.CategoryID
		neighbours := shape{general: plan.Sections[i].General}
		for _, row := range plan.Sections[i].Rows {
			for j := range row.Seats {
				category := row.Seats[j].Category
				if of = append(of, category); int(category) < len(s.total) {
					s.total[category]++
				}
				neighbours.starts = append(neighbours.starts, j == 0 || row.Seats[j].BreakBefore)
			}
		}
		s.of, s.shapes = append(s.of, of), append(s.shapes, neighbours)
	}
	return s
}

// count counts the free seats of each category, and those side by side.
func (s *seats) count(live actors.LiveMap) ([]int, *runs) {
	free, side := make([]int, len(s.categories)), new(runs)
	live.Read(func(no storage.SectionNo, status actors.SectionStatus) {
		if int(no) >= len(s.of) || len(s.of[no]) != len(status.Letters) {
			return
		}
		s.shapes[no].count(side, status.Letters)
		for i, category := range s.of[no] {
			if section.SeatStatus(status.Letters[i]) == section.Available && int(category) < len(free) {
				free[category]++
			}
		}
	})
	return free, side
}
