// Package limit bounds what one buyer, one address, one event and all together may ask for.
//
//	call ──► Outside: address, all ──► (who is it?) ──► Inside: buyer, event ──► handler
//
// Each bound is the generic cell rate algorithm (pace.go) over a table of fixed size (rate.go): a bucket is one
// number, a full bucket is no entry, and a refused call takes nothing. Open streams are counted by whose they are
// (streams.go). Whose address counts behind proxies is decided in client.go. A refusal is made in the call's own
// memory: a flood costs nothing (P7).
//
// Operators change rates while calls are counted (operate.go): a set of bounds is replaced whole, and buckets are
// carried over. Several servers may count together through a Shared (shared.go): a refusal that is known here still
// asks nobody, and without an answer the own count decides.
//
// An event's waiting room may bound joins, polls and new holds of one buyer besides (room.go). Its rates are the
// event's own and change with its frame of counters, so all of them share one table, and a call brings its pace with
// it.
//
// Rejected: a table for each event, which would be megabytes for each. A map of buckets that grows and is swept, which
// cost a tenth of a hold.
package limit
