package views

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// Source is what is projected; every storage.Store is one. Nothing is ever written to it.
type Source interface {
	Read(
		ctx context.Context, key storage.SectionKey, after section.Seq,
		visit func(e *storage.Entry, hash storage.Hash) error,
	) error
	Event(ctx context.Context, id storage.EventID) (*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) ([]byte, error)
}

// Options of a projector.
type Options struct {
	// Name gives a booking's id as the API has it. Needed.
	Name func(storage.SectionKey, section.BookingNo) string
	// Parallel is how many sections are taken on at once. Default 4: each is a transaction on the server, which also
	// has a sale to run.
	Parallel int
	// Progress hears how many records of this round are done. One call at a time; it must not block. nil: nobody looks.
	Progress func(done, total uint64)
	// Now is the clock of Complete. Default time.Now.
	Now func() time.Time
}

// Projector brings a projection up to its logs. One goroutine calls it; any number of projectors may work on one
// projection.
type Projector struct {
	source Source
	tables projection.Tables
	o      Options
	plans  plans
	bounds bounds

	mu      sync.Mutex
	stopped map[storage.SectionKey]bool // told already, and not tried again
	round   *Round
}

// New makes a projector. The tables must have been prepared.
func New(source Source, tables projection.Tables, o Options) *Projector {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Projector{
		source: source, tables: tables, o: o, plans: plans{source: source, name: o.Name},
		stopped: map[storage.SectionKey]bool{}, bounds: boundsDefault,
	}
}

// Stop is a section that cannot be followed any further, and why: a *storage.CorruptError or a *CutError.
type Stop struct {
	Section storage.SectionKey
	Err     error
}

// CutError says that records which were not projected yet are no longer in the log.
type CutError struct {
	Section   storage.SectionKey
	Reached   section.Seq // the last record projected
	FirstKept section.Seq // the oldest record that is left
}

func (e *CutError) Error() string {
	return fmt.Sprintf(
		"section %v: the log begins at record %d now, and the projection stands at record %d: what it lacks cannot be "+
			"derived any more (cut logs only before the record that people.progress stands at, and never drop the projection of a log that was cut)",
		e.Section,
		e.FirstKept,
		e.Reached,
	)
}

// Round is what one look at all logs came to.
type Round struct {
	Events   int    // enrolled
	Sections int    // that had something new
	Lag      uint64 // records that were missing when the round began
	Records  uint64 // applied
	Changes  uint64 // in them
	Stopped  []Stop // not told by an earlier round
	// Complete: everything that was in any log when the round began is projected, stopped sections apart. Otherwise
	// another projector was at it too, or a transaction's outcome is not known; the next round tells.
	Complete bool
}

// Round enrols new events and takes every section on to where its log ended when the round began, so that it comes to
// an end while the engine sells. An error means that it was broken off; what was applied until then stays.
func (p *Projector) Round(ctx context.Context) (Round, error) {
	began := section.Instant(p.o.Now().UnixMilli())
	p.round = &Round{Complete: true}
	if err := p.enrol(ctx); err != nil {
		return *p.round, err
	}
	behind, err := p.tables.Behind(ctx)
	if err != nil {
		return *p.round, fmt.Errorf("views: which sections are behind: %w", err)
	}
	work := p.workable(behind)
	if err := p.catchUpAll(ctx, work); err != nil {
		return *p.round, err
	}
	if p.round.Complete && len(p.stopped) == 0 {
		if err := p.tables.Complete(ctx, began); err != nil {
			return *p.round, fmt.Errorf("views: note of completeness: %w", err)
		}
	}
	return *p.round, nil
}

// Damaged tells whether any section, ever, could not be followed.
func (p *Projector) Damaged() bool { return len(p.stopped) > 0 }

func (p *Projector) enrol(ctx context.Context) error {
	unknown, err := p.tables.Unknown(ctx)
	if err != nil {
		return fmt.Errorf("views: new events: %w", err)
	}
	for _, id := range unknown {
		whole := storage.SectionKey{Event: id}
		if p.stopped[whole] {
			continue
		}
		err := p.enrolOne(ctx, id)
		var corrupt *storage.CorruptError
		switch {
		case errors.As(err, &corrupt):
			p.stop(whole, err)
		case err != nil:
			return fmt.Errorf("views: enrol event %v: %w", id, err)
		default:
			p.round.Events++
		}
	}
	return nil
}

func (p *Projector) enrolOne(ctx context.Context, id storage.EventID) error {
	e, err := p.source.Event(ctx, id)
	if err != nil {
		return err
	}
	all, err := p.plans.load(ctx, e)
	if err != nil {
		return err
	}
	places := make([][]projection.Place, len(all))
	for i := range all {
		places[i] = all[i].Places
	}
	return p.tables.Enrol(ctx, e, places)
}

// workable picks what can be worked on, and stops what cannot: a log that ends before its projection, or ends there
// otherwise.
func (p *Projector) workable(behind []projection.Lag) (work []projection.Lag) {
	for _, lag := range behind {
		switch {
		case p.stopped[lag.Section]:
		case lag.Tail <= lag.Reached.Seq:
			p.stop(lag.Section, &storage.CorruptError{Section: lag.Section, Seq: lag.Tail,
				Why: fmt.Sprintf(
					"the log ends here, and the projection stands at record %d of another log: rebuild",
					lag.Reached.Seq,
				)})
		default:
			work = append(work, lag)
			p.round.Lag += uint64(lag.Tail - lag.Reached.Seq)
		}
	}
	p.round.Sections = len(work)
	return work
}

// stop remembers and reports a section that cannot be followed. The caller holds mu or is alone.
func (p *Projector) stop(key storage.SectionKey, err error) {
	p.stopped[key] = true
	p.round.Stopped = append(p.round.Stopped, Stop{Section: key, Err: err})
}

// catchUpAll works on the sections in parallel; the first error ends it.
func (p *Projector) catchUpAll(ctx context.Context, work []projection.Lag) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan projection.Lag, len(work))
	for _, lag := range work {
		jobs <- lag
	}
	close(jobs)
	var workers sync.WaitGroup
	for range min(p.o.Parallel, len(work)) {
		workers.Go(func() {
			for lag := range jobs {
				if err := p.catchUp(ctx, lag); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// catchUp takes one section on to its tail. What ends only this section is noted, and nil.
func (p *Projector) catchUp(ctx context.Context, lag projection.Lag) error {
	at, err := p.follow(ctx, lag)
	var corrupt *storage.CorruptError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, projection.ErrMoved), errors.Is(err, storage.ErrUnknown):
		p.mu.Lock()
		defer p.mu.Unlock()
		p.round.Complete = false
		return nil
	case errors.As(err, &corrupt):
		return p.diagnose(ctx, lag.Section, at, corrupt)
	}
	return fmt.Errorf("views: section %v: %w", lag.Section, err)
}

// follow applies page after page up to the tail, or to the last record before the first that is damaged.
func (p *Projector) follow(ctx context.Context, lag projection.Lag) (at projection.Point, damage error) {
	at = lag.Reached
	plan, err := p.plans.of(ctx, lag.Section)
	if err != nil {
		return at, err
	}
	for last := lag.Tail; at.Seq < last; {
		next, err := p.page(ctx, plan, lag.Section, at, last)
		var corrupt *storage.CorruptError
		switch {
		case err == nil:
			at = next
		case errors.As(err, &corrupt) && corrupt.Seq > at.Seq+1 && corrupt.Seq <= last:
			last, damage = corrupt.Seq-1, err
		default:
			return at, err
		}
	}
	return at, damage
}

var errPageFull = errors.New("views: page is full")

// page applies the next page, up to the record last at most, and tells where the section stands afterwards.
func (p *Projector) page(
	ctx context.Context, plan *Plan, key storage.SectionKey, from projection.Point, last section.Seq,
) (projection.Point, error) {
	page := NewPage(key, from)
	err := p.source.Read(ctx, key, from.Seq, func(e *storage.Entry, hash storage.Hash) error {
		if err := page.Add(e, hash); err != nil {
			return err
		}
		if page.full(p.bounds) || e.Seq >= last {
			return errPageFull
		}
		return nil
	})
	if err == nil {
		return from, &storage.CorruptError{Section: key, Seq: page.to.Seq + 1, Why: "record is missing"}
	}
	if !errors.Is(err, errPageFull) {
		return from, err
	}
	err = p.tables.Advance(
		ctx, key, from, page.to, page.Touched(),
		func(previous []projection.Booking) (projection.Page, error) {
			return page.Fold(plan, previous)
		},
	)
	if err != nil {
		return from, err
	}
	p.applied(page)
	return page.to, nil
}

func (p *Projector) applied(page *Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round.Records += uint64(page.Records())
	p.round.Changes += uint64(page.Changes())
	if p.o.Progress != nil {
		p.o.Progress(p.round.Records, max(p.round.Lag, p.round.Records))
	}
}

// diagnose tells a log that was cut from one that is damaged, and stops the section.
func (p *Projector) diagnose(
	ctx context.Context, key storage.SectionKey, at projection.Point, corrupt *storage.CorruptError,
) error {
	first, err := p.tables.FirstKept(ctx, key)
	if err != nil {
		return fmt.Errorf("views: section %v: %w", key, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first > max(at.Seq, 1) {
		p.stop(key, &CutError{Section: key, Reached: at.Seq, FirstKept: first})
		return nil
	}
	p.stop(key, corrupt)
	return nil
}
