package document

import (
	"sync"
	"sync/atomic"
	"time"
)

// Document is one encoded answer, shared by everybody who asks for it. Immutable.
type Document struct {
	Version uint64
	ETag    []byte
	Body    []byte
}

// Fresh keeps the newest document of something that changes, and bounds what rebuilding costs.
//
// A reader who finds it stale rebuilds it, one at a time, while the budget lasts: builds refill at one per `every`, up
// to `burst` saved up. So a quiet server always answers fresh, and a busy one is at most `every` behind while a
// thousand readers share each build. Rejected: a fixed minimum age, which would make even a lone buyer's map late.
type Fresh struct {
	Every, Burst time.Duration

	current atomic.Pointer[Document]
	// The moment, on the server's monotonic clock, at which the budget is full again; written under building.
	spentTil atomic.Int64
	building sync.Mutex
}

// Get returns the document of at least one recent version. build must make the newest; now is monotonic.
func (f *Fresh) Get(version uint64, now time.Duration, build func() (*Document, error)) (*Document, error) {
	if d := f.current.Load(); d != nil && (d.Version == version || f.broke(now)) {
		return d, nil
	}
	f.building.Lock()
	defer f.building.Unlock()
	if d := f.current.Load(); d != nil && (d.Version >= version || f.broke(now)) {
		return d, nil
	}
	d, err := build()
	if err != nil {
		return nil, err
	}
	f.spentTil.Store(int64(max(time.Duration(f.spentTil.Load()), now) + f.Every))
	f.Keep(d)
	return d, nil
}

// Newest is the document that was made last; nil: none yet.
func (f *Fresh) Newest() *Document { return f.current.Load() }

// Keep makes a document the newest.
func (f *Fresh) Keep(d *Document) { f.current.Store(d) }

func (f *Fresh) broke(now time.Duration) bool { return time.Duration(f.spentTil.Load())-now > f.Burst }
