package admission

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/bench/check/history"
)

// cite is a stock that wants to know what a section had after a record of its log.
type cite struct {
	seq   uint64
	stock *stock
}

// sectionCount follows one section's log.
type sectionCount struct {
	free, held, paying uint32
	bookings           map[string]uint32 // seats of those held or paying, and of legs
	sold               map[string]bool   // legs
	owed               map[string]bool   // bookings whose refunds name their seats: one is due, or was
	cites              []cite            // by seq
}

// countStocks adds up, for every stock that a waiting room's log cites, what the sections' logs say at the records that
// the stock names (G8).
func countStocks(ctx context.Context, all []*judge, h *history.History, o Options) error {
	if o.Sections == nil {
		return errors.New("stocks were believed: there are no sections' logs")
	}
	counts := map[string]*sectionCount{}
	for _, j := range all {
		if j.log == nil {
			continue
		}
		i := slices.IndexFunc(h.Header.Events, func(e history.Event) bool { return e.ID == j.event })
		for s, section := range h.Header.Events[i].Sections {
			counts[j.event+" "+section.ID] = newCount(uint32(section.Seats), j.log.stocks, uint32(s))
		}
	}
	source, err := o.Sections(ctx)
	if err != nil {
		return fmt.Errorf("the sections' logs: %w", err)
	}
	err = followSections(source, counts)
	if closed := source.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("the sections' logs: %w", err)
	}
	for _, c := range counts {
		c.upTo(1 << 63)
	}
	for _, j := range all {
		j.compareStocks()
	}
	return nil
}

func newCount(seats uint32, stocks []*stock, index uint32) *sectionCount {
	c := &sectionCount{free: seats, bookings: map[string]uint32{}, sold: map[string]bool{}, owed: map[string]bool{}}
	for _, s := range stocks {
		i, found := slices.BinarySearchFunc(s.Sections, index, func(at waitingroom.LogSection, want uint32) int {
			return int(at.Section) - int(want)
		})
		if !found {
			s.missed++
			continue
		}
		c.cites = append(c.cites, cite{s.Sections[i].Seq, s})
	}
	slices.SortStableFunc(c.cites, func(a, b cite) int { return int(a.seq) - int(b.seq) })
	return c
}

// upTo gives what the section has to every stock that was counted before a record.
func (c *sectionCount) upTo(seq uint64) {
	for len(c.cites) > 0 && c.cites[0].seq < seq {
		sum := &c.cites[0].stock.sum
		sum.Free, sum.Held, sum.Paying = sum.Free+c.free, sum.Held+c.held, sum.Paying+c.paying
		c.cites = c.cites[1:]
	}
}

func followSections(in io.Reader, counts map[string]*sectionCount) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), lineBytesMax)
	for n := 1; lines.Scan(); n++ {
		var l wire.LogChange
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if c := counts[l.Event+" "+l.Section]; c != nil {
			c.upTo(l.Seq)
			c.change(&l)
		}
	}
	return lines.Err()
}

func (c *sectionCount) change(l *wire.LogChange) {
	n := c.bookings[l.Booking]
	switch l.Kind {
	case wire.LogHoldPlaced, wire.LogLegBound:
		c.bookings[l.Booking] = uint32(len(l.Seats))
		c.free, c.held = c.free-uint32(len(l.Seats)), c.held+uint32(len(l.Seats))
	case wire.LogHoldReleased, wire.LogHoldExpired:
		c.free, c.held = c.free+n, c.held-n
	case wire.LogPaymentBegun:
		c.held, c.paying = c.held-n, c.paying+n
	case wire.LogPaymentFailed:
		c.held, c.paying = c.held+n, c.paying-n
	case wire.LogSold:
		c.paying -= n
	case wire.LogLegSold:
		c.held -= n
		c.sold[l.Booking] = true
	case wire.LogLegFreed:
		c.free += n
		if !c.sold[l.Booking] {
			c.held -= n
		}
	default:
		c.rest(l, n)
	}
}

// rest follows what is no hold and no sale. A refund's seats are on sale again by the first of its lines that names
// them, and of builds that owed nothing first by the one that names none.
func (c *sectionCount) rest(l *wire.LogChange, n uint32) {
	switch l.Kind {
	case wire.LogExchanged: // its seats are sold, and as many are free
		c.paying, c.free = c.paying-n, c.free+uint32(len(l.Gives))
	case wire.LogRefundDue:
		c.owed[l.Booking] = true
	case wire.LogLegSeatsFreed:
		back := uint32(len(l.Seats))
		if c.free, c.bookings[l.Booking] = c.free+back, n-min(n, back); !c.sold[l.Booking] {
			c.held -= back
		}
	case wire.LogRefunded:
		if c.free += uint32(len(l.Seats)); !c.owed[l.Booking] {
			c.free += n - uint32(len(l.Seats))
		}
	case wire.LogRefundPending:
		c.free += uint32(len(l.Seats))
	case wire.LogBlocked:
		c.free -= uint32(len(l.Seats))
	case wire.LogUnblocked:
		c.free += uint32(len(l.Seats))
	}
}

func (j *judge) compareStocks() {
	if j.log == nil {
		return
	}
	j.tally.stocks = len(j.log.stocks)
	for i, s := range j.log.stocks {
		switch {
		case s.missed > 0:
			j.calls.add(j.event, "record %d: stock %d leaves out %d sections (G8)", s.seq, i+1, s.missed)
		case s.Free != s.sum.Free || s.Held != s.sum.Held || s.Paying != s.sum.Paying:
			j.calls.add(
				j.event,
				"record %d: stock %d says %d free, %d held, %d paying; the sections' logs say %d, %d, "+
					"%d (G8)",
				s.seq,
				i+1,
				s.Free,
				s.Held,
				s.Paying,
				s.sum.Free,
				s.sum.Held,
				s.sum.Paying,
			)
		}
	}
}
