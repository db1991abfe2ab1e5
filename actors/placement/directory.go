package placement

import (
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Ownership is what a node has heard of who serves a section.
type Ownership struct {
	Writer storage.WriterID
	Epoch  section.Epoch
	// Announced by the owner itself, over the link that is up now: its records come in.
	Announced bool
}

// Entry is a node's directory entry of one section. The zero Entry knows nothing. It is safe for concurrent use, and
// takes no lock.
type Entry struct {
	owner      atomic.Pointer[Ownership] // nil: no other node is known to serve it
	tailIsOurs atomic.Bool
}

// Owner is who serves the section elsewhere; false: no node is known.
func (e *Entry) Owner() (Ownership, bool) {
	if o := e.owner.Load(); o != nil {
		return *o, true
	}
	return Ownership{}, false
}

// Hear takes note of who serves the section. What was true of an earlier epoch is not believed any more. An epoch of 0
// is a hint by a node that only passes it on: it is taken when nothing better is known. The zero id is no word at all.
func (e *Entry) Hear(who storage.WriterID, epoch section.Epoch, announced bool) {
	for {
		old := e.owner.Load()
		next := &Ownership{who, epoch, announced}
		switch {
		case who == (storage.WriterID{}):
			return
		case old == nil:
		case old.Announced && !announced && epoch <= old.Epoch, epoch != 0 && epoch < old.Epoch:
			return // what its owner says goes before what others believe
		case epoch == 0:
			next.Epoch = old.Epoch
		}
		if e.owner.CompareAndSwap(old, next) {
			return
		}
	}
}

// Forget is for an owner that has said that it is one no more, up to that epoch.
func (e *Entry) Forget(who storage.WriterID, epoch section.Epoch) {
	if old := e.owner.Load(); old != nil && old.Writer == who && old.Epoch <= epoch {
		e.owner.CompareAndSwap(old, nil)
	}
}

// Clear forgets whatever was heard: the section is served here.
func (e *Entry) Clear() { e.owner.Store(nil) }

// TailIsOurs says that the newest record known is this node's, and no release.
func (e *Entry) TailIsOurs() bool { return e.tailIsOurs.Load() }

// SetTailIsOurs notes whether it is.
func (e *Entry) SetTailIsOurs(ours bool) { e.tailIsOurs.Store(ours) }
