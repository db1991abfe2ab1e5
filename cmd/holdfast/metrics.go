package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/cluster"
	"holdfast/storage/sqlstore"
)

func counter(name, help string, v *atomic.Int64, scale float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_" + name, Help: help}, func() float64 { return float64(v.Load()) * scale })
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_" + name, Help: help}, read)
}

// engineMetrics turns the engine's counters into what /metrics shows. holdfast_ticket_guard_met_total and holdfast_fenced_total are the
// ones to alarm on: the first must stay 0 for ever, the second is ordinary only around a takeover.
func engineMetrics(s *actors.Stats) []prometheus.Collector {
	const nanosecond = 1e-9
	return []prometheus.Collector{
		gauge("sections_serving", "Sections this node serves.", func() float64 { return float64(s.SectionsServing.Load()) }),
		counter("records_total", "Records made durable.", &s.Records, 1),
		counter("changes_total", "Changes made durable; divided by records, how many share one.", &s.Changes, 1),
		counter("record_bytes_total", "Bytes of changes made durable.", &s.Bytes, 1),
		counter("store_writes_total", "Merged writes to the store; records divided by these is the grouping factor.", &s.Merged, 1),
		counter("commit_seconds_total", "Time of records from leaving their section to durable, summed.", &s.CommitNanos, nanosecond),
		counter("section_stops_total", "Sections that stopped for another reason than a drain.", &s.SectionStops, 1),
		counter("fenced_total", "Sections stopped because another writer owns their log.", &s.Fenced, 1),
		counter("append_unknown_total", "Sendings of appends whose outcome was unknown; each was sent again.", &s.Unknowns, 1),
		counter("append_unavailable_total", "Sendings of appends that the store surely did not take; each was sent again.", &s.Unavailable, 1),
		counter("ticket_guard_met_total", "ALARM unless 0: the tickets guard stopped a double sale that the log's fence had let through.", &s.TicketGuardMet, 1),
		counter("snapshots_total", "Snapshots saved.", &s.SnapshotsSaved, 1),
		counter("overloaded_total", "Requests refused before a section's mailbox.", &s.Overloaded, 1),
		counter("timeouts_total", "Requests whose waiter gave up: their outcome was unknown to it.", &s.Timeouts, 1),
	}
}

// sharedMetrics are those of a node on a database. holdfast_store_reachable is the one to wake somebody for: at 0 nothing can be sold.
func sharedMetrics(s *sqlstore.Stats, h *cluster.Heart) []prometheus.Collector {
	reachable := func() float64 {
		if s.Reachable() {
			return 1
		}
		return 0
	}
	return []prometheus.Collector{
		gauge("store_reachable", "ALARM at 0: the database does not answer, and everything is refused until it does.", reachable),
		gauge("nodes_alive", "Nodes on this database as this one knows it, itself included.", func() float64 { return float64(h.Others() + 1) }),
		counter("store_statements_total", "Statements sent to the database, of any kind.", &s.Statements, 1),
		counter("store_appends_total", "Append statements sent; a merged one is one.", &s.Appends, 1),
		counter("store_records_total", "Records made durable; divided by appends, how many share a statement.", &s.Records, 1),
		counter("store_retries_total", "Statements sent again because they surely had no effect: conflicts, and reads.", &s.Retries, 1),
		counter("store_unknown_total", "Sendings whose outcome was unknown.", &s.Unknowns, 1),
		counter("store_unavailable_total", "Sendings that were refused or not possible.", &s.Unavailable, 1),
		counter("store_duplicates_total", "Primary keys met: a takeover, or an append that stood already.", &s.Duplicates, 1),
	}
}
