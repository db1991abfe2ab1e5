// Package telemetry is where what happens in the engine becomes counters and log lines: one place for each, so that an
// error is logged once, by whoever can do nothing else with it.
//
//	engine, sections, coordinators ─▶ Stats, read by /metrics
//	                               └▶ Log ─▶ slog ─▶ package oplog, which gathers lines of one outage
//
// Rejected: lines where things happen, which say one thing in several words and are forgotten in the next place.
package telemetry
