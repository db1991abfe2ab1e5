package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
)

// engineMetrics turns the engine's counters into what /metrics shows. holdfast_ticket_guard_met_total and holdfast_fenced_total are the
// ones to alarm on: the first must stay 0 for ever, the second is ordinary only around a takeover.
func engineMetrics(s *actors.Stats) []prometheus.Collector {
	counter := func(name, help string, v *atomic.Int64, scale float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_" + name, Help: help}, func() float64 { return float64(v.Load()) * scale })
	}
	const nanosecond = 1e-9
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_sections_serving", Help: "Sections this node serves."},
			func() float64 { return float64(s.SectionsServing.Load()) }),
		counter("records_total", "Records made durable.", &s.Records, 1),
		counter("changes_total", "Changes made durable; divided by records, how many share one.", &s.Changes, 1),
		counter("record_bytes_total", "Bytes of changes made durable.", &s.Bytes, 1),
		counter("store_writes_total", "Merged writes to the store; records divided by these is the grouping factor.", &s.Merged, 1),
		counter("commit_seconds_total", "Time of records from leaving their section to durable, summed.", &s.CommitNanos, nanosecond),
		counter("section_stops_total", "Sections that stopped for another reason than a drain.", &s.SectionStops, 1),
		counter("fenced_total", "Sections stopped because another writer owns their log.", &s.Fenced, 1),
		counter("append_unknown_total", "Appends whose outcome was unknown and that were asked again.", &s.Unknowns, 1),
		counter("ticket_guard_met_total", "ALARM unless 0: the tickets guard stopped a double sale that the log's fence had let through.", &s.TicketGuardMet, 1),
		counter("snapshots_total", "Snapshots saved.", &s.SnapshotsSaved, 1),
		counter("overloaded_total", "Requests refused before a section's mailbox.", &s.Overloaded, 1),
		counter("timeouts_total", "Requests whose waiter gave up: their outcome was unknown to it.", &s.Timeouts, 1),
	}
}
