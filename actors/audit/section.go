package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/audit/reconcile"
	"holdfast/actors/fares"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// subject is what one section is by its event, and where its findings go.
type subject struct {
	*notes
	key        storage.SectionKey
	event      *storage.Event
	layout     *section.Layout
	plan       *venue.Venue
	categories []venue.Category
	limits     *limits
	lists      *fares.Lists
}

// sectionAudit reads one section's log once and holds everything else against it.
type sectionAudit struct {
	*subject
	ctx      context.Context
	at       storage.Frozen
	seq      section.Seq // the entry being read
	chain    chain
	ledger   *ledger
	state    *section.State // nil once its replay was refused
	snapshot *storage.Snapshot
	known    Acknowledged // zero: nobody remembers anything
	totals   Totals
	admitted []admittedHold
	counts   *sectionCounts // nil: no gate counts on the section
	prices   *tariff.Prices // those that the log set last; nil: none
	accounts map[section.BookingNo]*reconcile.Account
	sale     saleLog
}

func newSectionAudit(ctx context.Context, at storage.Frozen, of *subject) *sectionAudit {
	s := &sectionAudit{subject: of, ctx: ctx, at: at, accounts: map[section.BookingNo]*reconcile.Account{}}
	s.ledger = newLedger(len(of.layout.Seats), of.event.FirstRules(), s.note)
	s.state = section.NewState(of.layout, of.event.FirstRules())
	if of.event.WaitingRoom != nil {
		s.counts = new(sectionCounts)
	}
	return s
}

func (s *sectionAudit) note(code Code, detail string) { s.add(s.seq, code, detail) }

// check holds everything but money against the log; whole is false when the log breaks off.
func (s *sectionAudit) check() (whole bool, err error) {
	if err := s.loadSnapshot(); err != nil {
		return false, err
	}
	whole, err = s.readLog()
	if err != nil {
		return false, err
	}
	s.seq = 0
	s.ledger.totals(&s.totals)
	s.compareKnown()
	if !whole {
		return false, nil // what follows would only repeat that the log ends too early
	}
	s.compareState()
	s.checkCancelled()
	if s.snapshot != nil {
		s.note(
			SnapshotDiffers,
			fmt.Sprintf("snapshot stands at record %d, the log ends at %d", s.snapshot.Seq, s.chain.seq),
		)
	}
	return true, s.compareTickets()
}

func (s *sectionAudit) loadSnapshot() error {
	snapshot, err := s.at.LoadSnapshot(s.ctx, s.key)
	var corrupt *storage.CorruptError
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case errors.As(err, &corrupt):
		s.note(Damaged, "snapshot: "+corrupt.Why)
		return nil
	case err != nil:
		return fmt.Errorf("load snapshot: %w", err)
	}
	s.snapshot = &snapshot
	return nil
}

// readLog follows the log to its end; whole is false when the chain broke before it.
func (s *sectionAudit) readLog() (whole bool, err error) {
	err = s.at.Read(s.ctx, s.key, 0, s.entry)
	var corrupt *storage.CorruptError
	var broke *broken
	switch {
	case errors.As(err, &broke):
		s.note(broke.code, broke.detail)
		return false, nil
	case errors.As(err, &corrupt):
		s.seq = corrupt.Seq
		s.note(Damaged, corrupt.Why)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read log: %w", err)
	}
	tail, err := s.at.Tail(s.ctx, s.key)
	if err != nil {
		return false, fmt.Errorf("read tail: %w", err)
	}
	if broke := s.chain.end(tail); broke != nil {
		s.seq = tail.Seq
		s.note(broke.code, broke.detail)
		return false, nil
	}
	return true, nil
}

func (s *sectionAudit) entry(e *storage.Entry, hash storage.Hash) error {
	s.seq = e.Seq
	if broke := s.chain.follow(e, hash); broke != nil {
		return broke
	}
	if e.Seq == s.known.Seq && hash != s.known.Hash {
		s.note(Lost, "another record was acknowledged under this number")
	}
	s.totals.Records++
	s.totals.Bytes += uint64(len(e.Body))
	if s.state != nil {
		s.state.Begin(e.Seq)
	}
	switch e.Kind {
	case storage.EntryChanges:
		if err := section.DecodeChanges(e.Body, e.At, s.change); err != nil {
			return breakf(Unreadable, "%v", err)
		}
	case storage.EntryClaim:
		s.totals.Claims++
		s.ledger.claim(e.At)
	case storage.EntryReleased:
	}
	s.ledger.close()
	if s.counts != nil {
		s.counts.close(s.ledger, e.Seq)
	}
	if s.snapshot != nil && s.snapshot.Seq == e.Seq {
		s.compareSnapshot(hash)
	}
	return s.ctx.Err()
}

func (s *sectionAudit) change(c *section.Change) error {
	s.totals.Changes++
	if s.counts != nil {
		s.counts.apply(s.ledger, c)
	} else {
		s.ledger.apply(c)
	}
	s.ledger.orders(c, s.seq)
	s.follow(c)
	s.heldUnder(c)
	s.priced(c)
	s.turned(c)
	s.limits.follow(s.key.Section, s.seq, c, s.note)
	if s.state != nil {
		s.replay(c)
	}
	return nil
}

// replay lets the core apply the change too. The core asserts what can never be; here that is a finding, and the core
// is asked no more about this section.
func (s *sectionAudit) replay(c *section.Change) {
	defer func() {
		if p := recover(); p != nil {
			s.note(StateDiffers, fmt.Sprintf("the core refuses to replay a change of kind %d: %v", c.Kind, p))
			s.state = nil
		}
	}()
	s.state.Apply(c, nil)
}

// compareState holds the core's replay against the ledger: every seat, and every booking that is alive (the core may
// forget those that ended).
func (s *sectionAudit) compareState() {
	if s.state == nil {
		return
	}
	for seat := range s.ledger.seats {
		if mine, core := s.ledger.letter(seat), s.state.Status(seat); mine != core {
			s.note(StateDiffers, fmt.Sprintf("seat %d is %c by the ledger and %c by the core", seat, mine, core))
		}
	}
	var d section.Decision
	for _, no := range slices.Sorted(maps.Keys(s.ledger.bookings)) {
		b := s.ledger.bookings[no]
		known := s.state.Lookup(no, &d)
		alive := b.state <= section.BookingConfirmed || b.state == section.BookingBound
		if !known && alive || known && !b.equals(&d.Outcome) {
			s.note(
				StateDiffers,
				fmt.Sprintf(
					"booking %d is in state %d by the ledger and %d by the core, or has other seats", no, b.state,
					d.Outcome.State,
				),
			)
		}
	}
}

func (s *sectionAudit) compareSnapshot(hash storage.Hash) {
	snapshot := s.snapshot
	s.snapshot = nil
	if snapshot.Hash != hash || snapshot.Epoch != s.chain.epoch {
		s.note(SnapshotDiffers, "snapshot carries another hash or epoch than its record")
		return
	}
	restored, err := section.Restore(s.layout, s.event.FirstRules(), snapshot.Body)
	if err != nil {
		s.note(Unreadable, "snapshot: "+err.Error())
		return
	}
	if s.state != nil && !sameState(restored, s.state, s.chain.seq+1) {
		s.note(SnapshotDiffers, "snapshot is not the state that the log replays to")
	}
}

// sameState compares two states by their canonical form, at the door of the same record: a writer that stops has opened
// its next record already, one that goes on has not.
func sameState(a, b *section.State, next section.Seq) bool {
	if a.Seq() > next || b.Seq() > next {
		return false
	}
	a.Begin(next)
	b.Begin(next)
	return bytes.Equal(a.AppendTruth(nil), b.AppendTruth(nil))
}

// compareTickets holds the second guard's table against the ledger, both ways.
func (s *sectionAudit) compareTickets() error {
	rows := make(map[section.SeatIndex]bool)
	err := s.at.Tickets(s.ctx, s.key, func(row section.Ticket) error {
		rows[row.Seat] = true
		no, taken := s.ledger.taken[row.Seat]
		if !taken || no != row.Booking || s.ledger.letter(row.Seat) != section.Sold {
			s.note(
				TicketStray,
				fmt.Sprintf("ticket for seat %d of booking %d, which the log did not sell", row.Seat, row.Booking),
			)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read tickets: %w", err)
	}
	for seat := range s.ledger.seats {
		if s.ledger.letter(seat) == section.Sold && !rows[seat] {
			s.note(
				TicketMissing,
				fmt.Sprintf("seat %d is sold to booking %d, but has no ticket", seat, s.ledger.taken[seat]),
			)
		}
	}
	return nil
}
