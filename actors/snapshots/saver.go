// Package snapshots saves sections' snapshots off their path.
//
//	section ─▶ Save: the newest of each section waits ─▶ a few savers ─▶ the store, which keeps the newer of two
//
// Rejected: a queue of all of them, which grows without end while a store is slow.
package snapshots

import (
	"context"
	"sync"

	"holdfast/storage"
)

// Saver saves snapshots off the sections' path, a few at a time; while one is being saved a newer one of the same
// section replaces the waiting one. Two of one section may be on their way at once: the store keeps the newer (see
// storage.Snapshots).
type Saver struct {
	ctx    context.Context // of every save
	store  storage.Snapshots
	saved  func()
	failed func(key storage.SectionKey, err error)

	mu      sync.Mutex
	waiting map[storage.SectionKey]storage.Snapshot
	wake    chan struct{} // capacity 1
	closed  bool
	savers  sync.WaitGroup
}

// New starts so many savers; ctx is of every save. They tell what they have saved, and what not.
func New(
	ctx context.Context, savers int, store storage.Snapshots, saved func(),
	failed func(key storage.SectionKey, err error),
) *Saver {
	s := &Saver{
		ctx: ctx, store: store, saved: saved, failed: failed, waiting: map[storage.SectionKey]storage.Snapshot{},
		wake: make(chan struct{}, 1),
	}
	for range savers {
		s.savers.Go(s.run)
	}
	return s
}

// Save has a snapshot be saved soon. It does not wait.
func (s *Saver) Save(key storage.SectionKey, snap storage.Snapshot) {
	s.mu.Lock()
	s.waiting[key] = snap
	s.mu.Unlock()
	s.signal()
}

func (s *Saver) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close saves what waits, then ends.
func (s *Saver) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
	s.savers.Wait()
}

func (s *Saver) run() {
	for range s.wake {
		key, snap, found := s.next()
		for ; found; key, snap, found = s.next() {
			s.Keep(key, snap)
		}
		if s.ending() {
			s.signal() // the other savers must see it too
			return
		}
	}
}

// Keep saves one snapshot, and waits for the store.
func (s *Saver) Keep(key storage.SectionKey, snap storage.Snapshot) {
	if err := s.store.SaveSnapshot(s.ctx, key, snap); err != nil {
		s.failed(key, err)
		return
	}
	s.saved()
}

func (s *Saver) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// next takes a snapshot that waits, and wakes another saver when there are more.
func (s *Saver) next() (key storage.SectionKey, snap storage.Snapshot, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, snap = range s.waiting {
		delete(s.waiting, key)
		found = true
		break
	}
	if len(s.waiting) > 0 {
		s.signal()
	}
	return key, snap, found
}

// Take takes the snapshot of one section that waits out of the list.
func (s *Saver) Take(key storage.SectionKey) (snap storage.Snapshot, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap, found = s.waiting[key]
	delete(s.waiting, key)
	return snap, found
}

// Waits says that a snapshot is to be saved.
func (s *Saver) Waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting) > 0
}
