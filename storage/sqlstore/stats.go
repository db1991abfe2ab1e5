package sqlstore

import (
	"sync/atomic"
)

// Stats counts what the store asked of the server since it opened; read with Load.
type Stats struct {
	Statements  atomic.Int64 // sent, of any kind; a merged append is one
	Appends     atomic.Int64 // append statements sent
	Records     atomic.Int64 // records made durable; Records/Appends is the grouping factor
	Retries     atomic.Int64 // statements sent again after 40001 or a deadlock: surely not written
	Unknowns    atomic.Int64 // sendings whose outcome was unknown
	Unavailable atomic.Int64 // sendings refused or not possible: surely not written
	Duplicates  atomic.Int64 // primary keys met: a takeover, or an append that stood already
	reachable   atomic.Bool
}

// Reachable tells whether the last thing heard of the server was an answer.
func (s *Stats) Reachable() bool { return s.reachable.Load() }
