package api

import (
	"sync"
	"sync/atomic"
	"time"
)

// document is one encoded answer, shared by everybody who asks for it. Immutable.
type document struct {
	version uint64
	etag    []byte
	body    []byte
}

// fresh keeps the newest document of something that changes, and bounds what rebuilding costs.
//
// A reader who finds it stale rebuilds it, one at a time, while the budget lasts: builds refill at one per `every`, up to
// `burst` saved up. So a quiet server always answers fresh, and a busy one is at most `every` behind while a thousand
// readers share each build. Rejected: a fixed minimum age, which would make even a lone buyer's map late.
type fresh struct {
	every, burst time.Duration

	current  atomic.Pointer[document]
	spentTil atomic.Int64 // the moment, on the server's monotonic clock, at which the budget is full again; written under building
	building sync.Mutex
}

// get returns the document of at least one recent version. build must make the newest; now is monotonic.
func (f *fresh) get(version uint64, now time.Duration, build func() (*document, error)) (*document, error) {
	if d := f.current.Load(); d != nil && (d.version == version || f.broke(now)) {
		return d, nil
	}
	f.building.Lock()
	defer f.building.Unlock()
	if d := f.current.Load(); d != nil && (d.version >= version || f.broke(now)) {
		return d, nil
	}
	d, err := build()
	if err != nil {
		return nil, err
	}
	f.spentTil.Store(int64(max(time.Duration(f.spentTil.Load()), now) + f.every))
	f.keep(d)
	return d, nil
}

// newest is the document that was made last; nil: none yet.
func (f *fresh) newest() *document { return f.current.Load() }

// keep makes a document the newest.
func (f *fresh) keep(d *document) { f.current.Store(d) }

func (f *fresh) broke(now time.Duration) bool { return time.Duration(f.spentTil.Load())-now > f.burst }
