package actors

import (
	"holdfast/actors/catalog"
	"holdfast/storage"
)

// Catalog is every event as known at one moment; see package catalog.
type Catalog = catalog.Catalog

// Catalog lists the events.
func (e *Engine) Catalog() *Catalog { return e.shelf.Load() }

// Events lists the catalog, newest first. The list is shared: it is not to be changed.
func (e *Engine) Events() []*storage.Event { return e.shelf.Load().Events }

// reshelve makes the list anew from what the catalog holds. The caller holds mu, or is alone.
func (e *Engine) reshelve() {
	version := uint64(0)
	if old := e.shelf.Load(); old != nil {
		version = old.Version + 1
	}
	var events []*storage.Event
	for _, ev := range *e.catalog.Load() {
		if header := ev.header.Load(); header.Sale != storage.SaleDeleted {
			events = append(events, header)
		}
	}
	e.shelf.Store(catalog.New(version, events))
}
