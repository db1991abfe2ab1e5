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

// seats is which category each seat of an event is of, in the order of the live map's letters.
type seats struct {
	known      bool
	categories []string
	of         [][]section.CategoryID // by section
}

// prices are the range of what is free now and the categories without a free seat, from the live map. What cannot be
// told is left out: nobody is made to wait for it.
func (h *Handlers) prices(event *storage.Event, e *easel) (*waitingroom.PriceRange, []string) {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.Timeout)
	defer cancel()
	if !e.seats.known {
		plan, err := h.catalog.Venue(ctx, event.ID)
		if err != nil {
			h.cfg.Logger.Warn("a waiting room is told no prices: its plan cannot be read", "event", event.ID.String(),
				"error", err)
			return nil, nil
		}
		e.seats = seatsOf(plan)
	}
	live, err := h.catalog.Live(ctx, event.ID)
	if err != nil {
		return nil, nil // of a section that is loading, or of a sale that sleeps: the next board tells
	}
	free := e.seats.count(live)
	var (
		spread  *waitingroom.PriceRange
		soldOut []string
	)
	for i, category := range e.seats.categories {
		if free[i] == 0 {
			soldOut = append(soldOut, category)
			continue
		}
		price, priced := event.Prices[category]
		if !priced {
			continue
		}
		if spread == nil {
			spread = &waitingroom.PriceRange{From: wire.Money{Amount: price, Currency: event.Currency},
				To: wire.Money{Amount: price, Currency: event.Currency}}
		}
		spread.From.Amount, spread.To.Amount = min(spread.From.Amount, price), max(spread.To.Amount, price)
	}
	return spread, soldOut
}

func seatsOf(plan *venue.Venue) seats {
	s := seats{known: true}
	for i := range plan.Categories {
		s.categories = append(s.categories, plan.Categories[i].Label)
	}
	for i := range plan.Sections {
		var of []section.CategoryID
		for _, row := range plan.Sections[i].Rows {
			for j := range row.Seats {
				of = append(of, row.Seats[j].Category)
			}
		}
		s.of = append(s.of, of)
	}
	return s
}

// count counts the free seats of each category.
func (s *seats) count(live actors.LiveMap) []int {
	free := make([]int, len(s.categories))
	live.Read(func(no storage.SectionNo, status actors.SectionStatus) {
		if int(no) >= len(s.of) || len(s.of[no]) != len(status.Letters) {
			return
		}
		for i, category := range s.of[no] {
			if section.SeatStatus(status.Letters[i]) == section.Available && int(category) < len(free) {
				free[category]++
			}
		}
	})
	return free
}
