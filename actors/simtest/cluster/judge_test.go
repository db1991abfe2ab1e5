package cluster_test

import (
	"context"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/actors/simtest"
	"holdfast/storage"
)

// judge is the dumb twin of the whole cluster: it reads every record as the store takes it, and knows nothing of
// engines.
type judge struct {
	w       *world
	models  []*simtest.Model
	effects map[section.RequestID]effect
	left    map[left]section.Seq    // the record by which a booking left a state
	holds   map[section.BuyerID]int // holds ever placed, by buyer
	rows    map[storage.WriterID]*row
	epochs  []section.Epoch
	lives   []section.Seq // by section: the first record behind the newest claim
	barred  map[int]bool  // sections whose log says that the sale is not open
	// off are the sections whose log says that the event is cancelled, with the bookings that stood then.
	off map[int]map[section.BookingNo]bool
}

// effect is what a key has done, and where.
type effect struct {
	simtest.Effect
	section int
	at      time.Duration // when it became durable
	order   int
}

type left struct {
	section int
	booking section.BookingNo
	state   section.BookingState
}

// row is the truth about a heartbeat's row.
type row struct {
	beats     []time.Duration
	there     bool
	forgotten time.Duration
}

func newJudge(w *world) *judge {
	j := &judge{
		w: w, effects: map[section.RequestID]effect{}, barred: map[int]bool{},
		off: map[int]map[section.BookingNo]bool{}, left: map[left]section.Seq{},
		holds: map[section.BuyerID]int{}, rows: map[storage.WriterID]*row{},
		epochs: make([]section.Epoch, w.sections), lives: make([]section.Seq, w.sections),
	}
	for range w.sections {
		j.models = append(j.models, simtest.NewModel(w.plan.seats))
	}
	return j
}

// follow reads what is new in a section's log.
func (j *judge) follow(no int) {
	m := j.models[no]
	entry := func(e *storage.Entry, hash storage.Hash) error { return j.entry(no, m, e, hash) }
	if err := j.w.store.Read(context.Background(), j.w.key(no), m.Tail.Seq, entry); err != nil {
		j.w.failf("the log of section %d: %w", no, err)
	}
}

func (j *judge) entry(no int, m *simtest.Model, e *storage.Entry, hash storage.Hash) error {
	before := m.Tail
	if before.Kind == storage.EntryReleased && e.Kind != storage.EntryClaim {
		j.w.failf(
			"P3: section %d was released by record %d, and record %d of the same epoch %d follows", no, before.Seq,
			e.Seq, e.Epoch,
		)
	}
	if e.Epoch < j.epochs[no] {
		j.w.failf("P3: epoch %d of section %d after %d", e.Epoch, no, j.epochs[no])
	}
	j.epochs[no] = e.Epoch
	if most := j.w.time().Add(j.w.wallMost + actors.ClockStepMaxDefault); e.At > section.Instant(most.UnixMilli()) {
		j.w.failf(
			"P4: record %d of section %d is of a time that is %v ahead", e.Seq, no,
			time.Duration(int64(e.At)-j.w.time().UnixMilli())*time.Millisecond,
		)
	}
	if e.Kind != storage.EntryChanges {
		j.w.stirs++
	}
	if e.Kind == storage.EntryClaim {
		j.claimed(no, before, e)
		j.lives[no] = e.Seq + 1
	}
	if e.Kind == storage.EntryChanges {
		note := func(c *section.Change) error { j.change(no, c, e); return nil }
		if err := section.DecodeChanges(e.Body, e.At, note); err != nil {
			return err
		}
	}
	if err := m.Entry(e, hash); err != nil || e.Kind != storage.EntryChanges {
		return err
	}
	return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		j.limited(c)
		j.priced(c)
		return nil
	})
}

// priced sees to it that every hold is logged with what its seats cost (I12), whichever node placed it.
func (j *judge) priced(c *section.Change) {
	takes := c.Kind == section.HoldPlaced || c.Kind == section.LegBound
	if takes && (c.PriceMark == 0 || c.Total != int64(len(c.Seats))*simPrice) {
		j.w.failf(
			"I12: booking %d of %d seats was logged with %d, mark %d", c.Booking, len(c.Seats), c.Total, c.PriceMark,
		)
	}
}

// takesSeats says that a booking in the state has its seats.
func takesSeats(s section.BookingState) bool {
	return s == section.BookingHeld || s == section.BookingPaying || s == section.BookingConfirmed ||
		s == section.BookingBound
}

// limited sees to it that no buyer has more seats than allowed, over all sections, at any instant (P13).
func (j *judge) limited(c *section.Change) {
	if c.Kind != section.HoldPlaced && c.Kind != section.LegBound || c.Grant.Number == 0 || c.Grant.Unbound {
		return
	}
	seats := uint32(0)
	for _, m := range j.models {
		for _, b := range m.Bookings {
			if b.Buyer == c.Buyer && takesSeats(b.State) {
				seats += uint32(len(b.Seats))
			}
		}
	}
	if most := j.w.plan.header.Rules.SeatsPerBuyerMax; seats > most {
		j.w.failf("P13: buyer %x has %d seats, %d are allowed (grant %+v)", c.Buyer[:4], seats, most, c.Grant)
	}
}

// change notes what the model of one section cannot know: what a key did elsewhere, and when a booking left its state.
func (j *judge) change(no int, c *section.Change, e *storage.Entry) {
	if c.Request != (section.RequestID{}) {
		if was, twice := j.effects[c.Request]; twice {
			j.w.failf(
				"P5: request %x had an effect in section %d and has one in section %d", c.Request[:4], was.section, no,
			)
		}
		did := simtest.Effect{Kind: c.Kind, Booking: c.Booking, Fingerprint: c.Fingerprint, Writer: e.Writer}
		j.effects[c.Request] = effect{did, no, j.w.now, len(j.effects)}
	}
	j.orderly(no, c, e)
	j.calledOff(no, c)
	switch {
	case c.Kind == section.HoldPlaced:
		j.holds[c.Buyer]++
		return
	case c.Kind == section.SaleSwitched:
		j.barred[no] = c.Sale.State() != sales.Open
	case c.Kind == section.GrantsFenced && c.Grant.Number == 1:
		j.w.tally["fence: of a new epoch"]++
	case c.Kind == section.GrantsFenced:
		j.w.tally["fence: of a grant in doubt"]++
	}
	if c.Booking != 0 {
		j.left[left{no, c.Booking, simtest.Leaves(c.Kind)}] = e.Seq
	}
}

func (j *judge) row(id storage.WriterID) *row {
	r := j.rows[id]
	if r == nil {
		r = &row{forgotten: -time.Hour}
		j.rows[id] = r
	}
	return r
}

// beat hears that a row has changed.
func (j *judge) beat(id storage.WriterID) {
	r := j.row(id)
	r.beats, r.there = append(r.beats, j.w.now), true
}

func (j *judge) forgotten(id storage.WriterID) {
	r := j.row(id)
	r.forgotten, r.there = j.w.now, false
}

// claimed judges a claim by the rule of takeover: from another writer only if that one released it, or stood still for
// the lapse. What the claimant can have seen is bounded: its newest look was at most a lapse old, and the stillness in
// it ended there.
func (j *judge) claimed(no int, tail storage.Tail, e *storage.Entry) {
	w := j.w
	switch {
	case tail.Seq == 0:
		w.tally["claim: first"]++
		return
	case tail.Kind == storage.EntryReleased:
		w.tally["claim: released"]++
		return
	case tail.Writer == e.Writer:
		w.tally["claim: own"]++
		return
	}
	from := w.byID[e.Writer].tailRead[storage.SectionNo(no)].at - 2*lapse
	row := j.row(tail.Writer)
	if !row.there || row.forgotten >= from {
		w.tally["claim: without a row"]++
		return
	}
	last := from
	for _, at := range append(slices.Clone(row.beats), w.now) {
		if at-last >= lapse {
			w.tally["claim: lapsed"]++
			return
		}
		last = max(last, at)
	}
	w.failf(
		"section %d was claimed by n%d from n%d, which has not released it and whose heart beats", no,
		w.numberOf(e.Writer), w.numberOf(tail.Writer),
	)
}

// look is what is judged after every moment of a process.
func (j *judge) look(h *host) {
	if h.e != nil && h.e.Stats().InState(actors.Condemned) > j.w.lost.closes() {
		j.w.failf("a section is condemned on n%d, and nothing was damaged", h.number)
	}
	if h.opened && h.ev.CondemnedCoordinators() > 0 {
		j.w.failf("a coordinator is condemned on n%d, and nothing was damaged", h.number)
	}
}

// was says that a booking was in a state at some moment after that record.
func (j *judge) was(no int, booking section.BookingNo, state section.BookingState, since section.Seq) bool {
	b := j.models[no].Bookings[booking]
	return b != nil && (b.State == state || j.left[left{no, booking, state}] > since)
}

// shown says how far each section's map is on the node that is furthest behind.
func (j *judge) shown() []section.Seq {
	seqs := j.tails()
	for _, h := range j.w.living() {
		for no := range seqs {
			if h.opened {
				seqs[no] = min(seqs[no], h.ev.Map().Seq(storage.SectionNo(no)))
			}
		}
	}
	return seqs
}

// tails says how long each log is, as far as anybody can know: a record whose writer has not heard of it yet may be
// left out of account.
func (j *judge) tails() (seqs []section.Seq) {
	for no, m := range j.models {
		seq := m.Tail.Seq
		if h := j.w.byID[m.Tail.Writer]; h != nil && !h.dead && h.opened &&
			h.ev.Map().Seq(storage.SectionNo(no)) < seq {
			seq--
		}
		seqs = append(seqs, seq)
	}
	return seqs
}
