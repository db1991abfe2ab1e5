// Package catalog is the list of a server's events, as anyone who lists them sees it: sorted, immutable, and made anew
// at every change.
//
//	all headers ── New ──▶ Catalog ── With(one header) ──▶ the next Catalog ──▶ …
//	                          └── After(cursor) ──▶ where a page begins
//
// # Rejected
//
//   - Sorting at each listing: thousands of events would be copied and sorted for each page.
//   - A sorted map under a lock: a listing would hold it, or see two moments on two pages of one answer.
package catalog

import (
	"cmp"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Catalog is every event as known at one moment, newest first, ties in the order of ids. Immutable: every change makes
// a new one, so that whoever lists events neither sorts nor copies, however many there are.
type Catalog struct {
	Version uint64           // grows by one with every change, of this engine
	Events  []*storage.Event // none of them ever changes
}

func newerFirst(a, b *storage.Event) int {
	return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
}

// After is the index of the first event that stands behind the one with this creation and id, whether or not that one
// is there.
func (c *Catalog) After(created section.Instant, id storage.EventID) int {
	at, found := slices.BinarySearchFunc(c.Events, &storage.Event{CreatedAt: created, ID: id}, newerFirst)
	if found {
		at++
	}
	return at
}

// With is the catalog with one event more, or changed, or deleted.
func (c *Catalog) With(header *storage.Event) *Catalog {
	at, found := slices.BinarySearchFunc(c.Events, header, newerFirst)
	next := &Catalog{Version: c.Version + 1, Events: make([]*storage.Event, 0, len(c.Events)+1)}
	next.Events = append(next.Events, c.Events[:at]...)
	if header.Sale != storage.SaleDeleted {
		next.Events = append(next.Events, header)
	}
	if found {
		at++
	}
	next.Events = append(next.Events, c.Events[at:]...)
	return next
}

// New sorts the events, which it keeps, into a catalog of that version. Deleted ones are not to be among them.
func New(version uint64, events []*storage.Event) *Catalog {
	slices.SortFunc(events, newerFirst)
	return &Catalog{Version: version, Events: events}
}
