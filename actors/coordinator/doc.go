// Package coordinator holds what spans the sections of an event, as rules without clocks, goroutines or I/O. No seat is
// ever granted because of it: seats are a section's, and its log's, alone.
//
//	BuyerQuota   how many live seats a buyer has, over all sections
//	KeyIndex     which section met an idempotency key, so that a repeat goes there (P5)
//	Views        on which node a buyer's searches may run, and when that node may begin
//
// BuyerQuota and KeyIndex are on every node, rebuilt from the sections when they load and kept by following their
// records. Each is spread over locks, and a call holds one of them for a map's access.
//
// # Searches over sections
//
// A search asks one section after the other, so no single log can see two searches under one key. On several nodes that
// is for one of them to see: the buyer's coordinator, a node that the view names for each buyer of an event. When a
// view names another one, nothing that the views before allowed may still happen anywhere before it searches (P5):
//
//	view changes ──▶ a new round: Quiesce to all ──▶ requests of older rounds end ──▶ Quiesced to all who asked
//	                                                                                        │
//	             every event whose sections have been heard is safe ◀── heard from all ◀────┘
//
// It is the old trick of virtual synchrony: a member says that it has the view after everything has ended that it let
// in under the views before. A view may come back under the number it had, so a word counts only in answer to the
// present round's question. A view that only others had (they believed this node gone, say) stands in the list of views
// as unknown: in it, any node may have been any buyer's coordinator.
//
// # Rejected
//
//   - The quota in each section: a limit that a buyer meets would be one section's, and not the event's.
//   - A rule of the index's own for how long it keeps keys: sections forget by time and by count, which no second rule
//     repeats exactly. The index asks them.
//   - Waiting on a lock for a key in use: the waiter must give up at its deadline, so Enter gives a channel instead.
//   - A lock in the store for each buyer's search: a write for each loser of a sold-out event.
package coordinator
