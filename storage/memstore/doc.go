// Package memstore is the store everyone tests with: maps under one mutex, every promise of the port kept except that
// nothing outlives the process.
//
//	New() ──► *Store ──┐
//	  Reopen() ──► *Store ──┴──► data (mutex, logs, tickets, snapshots, catalog, nodes)
//
// Several writers may use one Store, or several handles on the same data, so a test can play two nodes that fight for a
// section. It is deterministic: lists are sorted, nothing is asked of a clock, and only the store's secret is random.
// Every log entry is kept in its stored form, so that tests exercise the codec and can damage a byte (see [Store.Damage]).
package memstore
