package memstore

import (
	"maps"
	"slices"

	"holdfast/storage"
)

// Clone makes a store of its own with all that this one has now, heartbeat rows included: what a dump restored
// elsewhere is.
func (s *Store) Clone() *Store {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	d := &data{
		logs: make(map[storage.SectionKey]*log, len(s.data.logs)), tickets: maps.Clone(s.data.tickets),
		snapshots: maps.Clone(s.data.snapshots), events: maps.Clone(s.data.events), venues: maps.Clone(s.data.venues),
		nodes: maps.Clone(s.data.nodes), secret: s.data.secret,
		keys: maps.Clone(s.data.keys), eventKeys: maps.Clone(s.data.eventKeys),
		contacts: maps.Clone(s.data.contacts), feed: maps.Clone(s.data.feed),
		ticketKeys: slices.Clone(s.data.ticketKeys),
	}
	for id, e := range d.events { // whose switch and mark are changed in place
		d.events[id] = e.Clone()
	}
	for key, l := range s.data.logs {
		d.logs[key] = &log{tail: l.tail, records: slices.Clone(l.records)}
	}
	for key, rows := range d.tickets {
		d.tickets[key] = maps.Clone(rows)
	}
	return &Store{data: d}
}
