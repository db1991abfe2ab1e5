package actors

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

// with is the catalog with one event more, or changed, or deleted.
func (c *Catalog) with(header *storage.Event) *Catalog {
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

// Catalog lists the events.
func (e *Engine) Catalog() *Catalog { return e.shelf.Load() }

// Events lists the catalog, newest first. The list is shared: it is not to be changed.
func (e *Engine) Events() []*storage.Event { return e.shelf.Load().Events }

// reshelve makes the list anew from what the catalog holds. The caller holds mu, or is alone.
func (e *Engine) reshelve() {
	next := &Catalog{}
	if old := e.shelf.Load(); old != nil {
		next.Version = old.Version + 1
	}
	for _, ev := range *e.catalog.Load() {
		if header := ev.header.Load(); header.Sale != storage.SaleDeleted {
			next.Events = append(next.Events, header)
		}
	}
	slices.SortFunc(next.Events, newerFirst)
	e.shelf.Store(next)
}
