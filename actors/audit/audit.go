package audit

import (
	"context"
	"errors"
	"fmt"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Source is what an audit reads; every storage.Store is one. Nothing is ever written.
type Source interface {
	Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error)
	Read(ctx context.Context, key storage.SectionKey, after section.Seq, visit func(e *storage.Entry, hash storage.Hash) error) error
	LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error)
	Tickets(ctx context.Context, key storage.SectionKey, visit func(storage.TicketRow) error) error
	Events(ctx context.Context) ([]*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) ([]byte, error)
	Sections(ctx context.Context) ([]storage.SectionKey, error)
}

// Options of an audit. The zero value is usable.
type Options struct {
	// Progress is called after each section, from the calling goroutine; it must not block. nil: nobody looks.
	Progress func(done, total int)
	// Payments calls visit with every payment of the processor's books. nil: there are none at hand, and money is not looked at. An
	// error is a finding: everything else is audited all the same.
	Payments func(visit func(Payment)) error
}

// Run audits everything in the source. The error says that the audit could not be made; what it found is in the report.
//
// The source should be quiet: a section that goes on selling while it is read yields findings that are none.
func Run(ctx context.Context, source Source, options Options) (*Report, error) {
	events, err := source.Events(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: list events: %w", err)
	}
	logs, err := source.Sections(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: list logs: %w", err)
	}
	r := &run{ctx: ctx, source: source, progress: options.Progress, report: &Report{Events: []EventReport{}, UnderWay: []Finding{}, Findings: []Finding{}}, orphans: make(map[storage.SectionKey]bool)}
	r.loadPayments(options.Payments)
	for _, key := range logs {
		r.orphans[key] = true
	}
	for _, e := range events {
		r.total += len(e.Sections)
	}
	for _, e := range events {
		if err := r.event(e); err != nil {
			return nil, err
		}
	}
	r.reportOrphans(logs)
	r.reportStrayPayments()
	return r.report, nil
}

type run struct {
	ctx      context.Context
	source   Source
	progress func(done, total int)
	report   *Report
	orphans  map[storage.SectionKey]bool // logs that no event has claimed yet
	payments *payments                   // nil: money is not looked at
	strays   int                         // payments of no section of any event
	done     int
	total    int
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
	for i := range e.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		s := newSectionAudit(r, key, e, i, plan.Layout(i))
		whole, err := s.check()
		if err != nil {
			return fmt.Errorf("audit: section %v: %w", key, err)
		}
		if whole {
			s.comparePayments(e, plan.Categories)
		}
		r.unchecked(key)
		out.add(&s.totals)
		if r.orphans[key] {
			out.Logs++
			delete(r.orphans, key)
		}
		r.tick()
	}
	r.report.Events = append(r.report.Events, out)
	return nil
}

func (r *run) tick() {
	r.done++
	if r.progress != nil {
		r.progress(r.done, r.total)
	}
}

// forget keeps an unreadable event's logs from being reported a second time, as orphans.
func (r *run) forget(e *storage.Event) {
	for i := range e.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		delete(r.orphans, key)
		r.unchecked(key)
		r.tick()
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
		if seats := len(plan.Layout(i).Seats); plan.Sections[i].ID != e.Sections[i].ID || seats != int(e.Sections[i].Seats) {
			return nil, fmt.Errorf("section %d is %s with %d seats in the venue, %s with %d in the event", i, plan.Sections[i].ID, seats, e.Sections[i].ID, e.Sections[i].Seats)
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
