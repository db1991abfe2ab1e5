package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/actors/fares"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Source is what an audit reads; every storage.Store is one. Nothing is ever written.
type Source interface {
	Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error)
	Read(
		ctx context.Context, key storage.SectionKey, after section.Seq,
		visit func(e *storage.Entry, hash storage.Hash) error,
	) error
	LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error)
	Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error
	Events(ctx context.Context) ([]*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) ([]byte, error)
	Sections(ctx context.Context) ([]storage.SectionKey, error)
}

// Options of an audit. The zero value is usable.
type Options struct {
	// Progress is called after each section, from the calling goroutine; it must not block. nil: nobody looks.
	Progress func(done, total int)
	// Payments is the processor's list. It is read once all sections are, and once more when a source that goes on
	// being written gives reason to. nil: there is none at hand, and money is not looked at. An error is a finding:
	// everything else is audited all the same.
	Payments PaymentList
	// Acknowledged calls visit with the newest record of each section that is known to have been acknowledged, by whoever
	// remembers it outside of the store. It is called once, before anything is read. nil: nobody remembers.
	Acknowledged func(visit func(Acknowledged))
	// Missing are losses that whoever opened the source knows of already, in words.
	Missing []string
	// Patience is how long an online audit waits before it looks once more at money that came after its payment had
	// been given up: whoever sells is about to settle it. It is spent at most once, and only if there is such money.
	// Too short reports what mends itself.
	Patience time.Duration
	// Lag is how far before its call an instant of the source may lie: the offset of clocks that a cluster of servers
	// allows. The audit waits that long after it has read the list, before it looks at suspects again, so that no
	// section is seen as it was before the list. Too short finds charges without their bookings. 0, none, is right for
	// a single server.
	Lag time.Duration
}

// Run audits everything in the source. The error says that the audit could not be made; what it found is in the report.
//
// A source that is a storage.Freezer may be written meanwhile (see the package comment); any other one must be quiet,
// or what is found may be none.
func Run(ctx context.Context, source Source, options Options) (*Report, error) {
	r := &run{ctx: ctx, source: source, options: options, orphans: make(map[storage.SectionKey]bool),
		listed: make(map[storage.EventID]bool),
		report: &Report{Events: []EventReport{}, UnderWay: []Finding{}, Findings: []Finding{}}}
	if options.Payments != nil {
		r.books = &books{of: make(map[storage.SectionKey]*sectionBooks)}
	}
	r.freezer, r.report.Online = source.(storage.Freezer)
	if err := errors.Join(r.all(), r.letGo()); err != nil {
		return nil, err
	}
	return r.report, nil
}

func (r *run) all() error {
	r.loadAcknowledged()
	logs, err := r.source.Sections(r.ctx)
	if err != nil {
		return fmt.Errorf("audit: list logs: %w", err)
	}
	for _, key := range logs {
		r.orphans[key] = true
	}
	// Only now: an event is there before its first log, so none of those listed can be of an event made meanwhile.
	events, err := r.source.Events(r.ctx)
	if err != nil {
		return fmt.Errorf("audit: list events: %w", err)
	}
	for _, e := range events {
		r.total += len(e.Sections)
		r.listed[e.ID] = true
	}
	for _, e := range events {
		if err := r.event(e); err != nil {
			return err
		}
	}
	r.reportOrphans(logs)
	r.reportLost()
	r.loadPayments()
	if err := r.reportStrayPayments(); err != nil {
		return err
	}
	return r.judgeMoney()
}

type run struct {
	ctx     context.Context
	source  Source
	freezer storage.Freezer // nil: the source is quiet
	options Options
	report  *Report
	at      storage.Frozen              // nil: no instant is held
	since   time.Time                   // when at was asked for
	orphans map[storage.SectionKey]bool // logs that no event has claimed yet
	listed  map[storage.EventID]bool
	books   *books // nil: money is not looked at
	known   map[storage.SectionKey]Acknowledged
	done    int
	total   int
}

func (r *run) event(e *storage.Event) error {
	out := EventReport{Event: e.ID.String(), Name: e.Name, Sections: len(e.Sections)}
	stored, err := r.source.Venue(r.ctx, e.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("audit: venue of event %v: %w", e.ID, err)
	}
	plan, err := decodeVenue(stored, e)
	if err != nil {
		r.report.Findings = append(r.report.Findings, Finding{Event: out.Event, Code: Unreadable, Detail: err.Error()})
		r.forget(e)
		r.report.Events = append(r.report.Events, out)
		return nil
	}
	var holds []admittedHold
	var counted stocks
	var last []section.Seq
	limits, lists := newLimits(e), fares.Of(e, labelsOf(plan))
	for i := range e.Sections {
		of := &subject{
			notes: &notes{report: r.report, show: out.Event, name: e.Sections[i].ID},
			key:   storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)},
			event: e, layout: plan.Layout(i), plan: plan, categories: plan.Categories, limits: limits,
			lists: lists,
		}
		if err := r.section(of, &out, &holds, &counted, &last); err != nil {
			return err
		}
	}
	r.orders(e, limits, &counted, last)
	r.report.Events = append(r.report.Events, out)
	return errors.Join(r.limits(limits), r.gate(e, holds, &counted))
}

func (r *run) section(
	of *subject, out *EventReport, holds *[]admittedHold, counted *stocks, last *[]section.Seq,
) error {
	s, whole, err := r.look(of)
	if err != nil {
		return err
	}
	*holds, *last = append(*holds, s.admitted...), append(*last, s.chain.seq)
	counted.sections = append(counted.sections, countedSection{s.counts, s.ledger, of})
	r.keepBooks(s, whole)
	of.limits.sections[of.key.Section].notes, of.limits.sections[of.key.Section].whole = of.notes, whole
	out.add(&s.totals)
	if r.orphans[of.key] || s.totals.Records > 0 { // the log may have begun after the list was made
		out.Logs++
		delete(r.orphans, of.key)
	}
	r.tick()
	return nil
}

// look reads everything about one section in one instant.
func (r *run) look(of *subject) (s *sectionAudit, whole bool, err error) {
	if err := r.freeze(); err != nil {
		return nil, false, fmt.Errorf("audit: section %v: freeze: %w", of.key, err)
	}
	s = newSectionAudit(r.ctx, r.at, of)
	s.known = r.known[of.key]
	delete(r.known, of.key)
	if whole, err = s.check(); err != nil {
		return nil, false, fmt.Errorf("audit: section %v: %w", of.key, err)
	}
	if r.freezer != nil {
		r.report.To = time.Now().UTC() // the instant may have begun as late as at the first reading in it
	}
	return s, whole, nil
}

// quiet is a source that nobody writes: all of it is one instant.
type quiet struct{ Source }

func (quiet) Close() error { return nil }

// instantMax is how long one instant serves section after section. One for the whole audit would be a transaction as
// long as the audit: a PostgreSQL server keeps every row that was deleted meanwhile, in all its tables, for as long as
// somebody may look at the past, and a CockroachDB server refuses to look back beyond its garbage collection. One for
// each section costs a connection each, which on PostgreSQL is a process, and more than the reading of a small section.
// A second hurts nobody.
const instantMax = time.Second

// freeze makes r.at an instant to look at the next section in: the present one while it is young, else a new one.
func (r *run) freeze() (err error) {
	if r.freezer == nil {
		r.at = quiet{r.source}
		return nil
	}
	if r.at != nil && time.Since(r.since) < instantMax {
		return nil
	}
	if err := r.letGo(); err != nil {
		return err
	}
	r.since = time.Now()
	if r.report.From.IsZero() {
		r.report.From = r.since.UTC()
	}
	r.at, err = r.freezer.Freeze(r.ctx)
	return err
}

// letGo ends the present instant; what is looked at next is seen as it is then.
func (r *run) letGo() error {
	if r.at == nil {
		return nil
	}
	at := r.at
	r.at = nil
	return at.Close()
}

func (r *run) tick() {
	r.done++
	if r.options.Progress != nil {
		r.options.Progress(r.done, r.total)
	}
}

// forget keeps an unreadable event's logs from being reported a second time, as orphans.
func (r *run) forget(e *storage.Event) {
	for i := range e.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		delete(r.orphans, key)
		if r.books != nil {
			r.books.of[key] = &sectionBooks{}
		}
		r.tick()
	}
	delete(r.orphans, storage.SectionKey{Event: e.ID, Section: storage.GateNo})
	for i := range e.Coordinators {
		delete(r.orphans, storage.SectionKey{Event: e.ID, Section: storage.CoordinatorNo + storage.SectionNo(i)})
	}
}

func decodeVenue(stored []byte, e *storage.Event) (*venue.Venue, error) {
	plan, err := venue.Decode(stored)
	if err != nil {
		return nil, fmt.Errorf("venue does not decode: %w", err)
	}
	if len(plan.Sections) != len(e.Sections) {
		return nil, fmt.Errorf("venue has %d sections, the event %d", len(plan.Sections), len(e.Sections))
	}
	for i := range plan.Sections {
		if seats := len(plan.Layout(i).Seats); plan.Sections[i].ID != e.Sections[i].ID ||
			seats != int(e.Sections[i].Seats) {
			return nil, fmt.Errorf(
				"section %d is %s with %d seats in the venue, %s with %d in the event", i, plan.Sections[i].ID, seats,
				e.Sections[i].ID, e.Sections[i].Seats,
			)
		}
	}
	return plan, nil
}

func (r *run) reportOrphans(logs []storage.SectionKey) {
	for _, key := range logs {
		if r.orphans[key] {
			r.report.Findings = append(r.report.Findings, Finding{
				Event: key.Event.String(), Section: fmt.Sprint(key.Section), Code: Orphan, Detail: "a log that belongs to no section of any event",
			})
		}
	}
}

// labelsOf are the labels of a plan's categories, by number.
func labelsOf(plan *venue.Venue) (labels []string) {
	for i := range plan.Categories {
		labels = append(labels, plan.Categories[i].Label)
	}
	return labels
}
