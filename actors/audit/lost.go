package audit

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Acknowledged is a record that somebody outside of the store knows to have been durable.
type Acknowledged struct {
	Section storage.SectionKey
	Seq     section.Seq
	Hash    storage.Hash
}

func (r *run) loadAcknowledged() {
	r.known = map[storage.SectionKey]Acknowledged{}
	if r.options.Acknowledged != nil {
		r.options.Acknowledged(func(a Acknowledged) {
			if a.Seq > 0 {
				r.known[a.Section] = a
			}
		})
	}
	for _, text := range r.options.Missing {
		r.report.Findings = append(r.report.Findings, Finding{Code: Lost, Detail: text})
	}
}

// compareKnown finds a log that ends before what is known.
func (s *sectionAudit) compareKnown() {
	if s.chain.seq < s.known.Seq {
		s.note(Lost, fmt.Sprintf("record %d had been acknowledged, and the log ends at %d", s.known.Seq, s.chain.seq))
	}
}

// reportLost tells of sections that are gone as a whole.
func (r *run) reportLost() {
	for _, key := range slices.SortedFunc(maps.Keys(r.known), storage.SectionKey.Compare) {
		r.report.Findings = append(
			r.report.Findings,
			Finding{Event: key.Event.String(), Section: fmt.Sprint(key.Section), Seq: r.known[key].Seq,
				Code: Lost, Detail: "the record had been acknowledged, and the event is not there or cannot be read"},
		)
	}
}
