package witness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Mark is a record that is known to have been acknowledged, and what else is known of its section.
type Mark struct {
	Seq   section.Seq // 0: nothing is known
	Epoch section.Epoch
	Hash  storage.Hash // of record Seq
	// Charged is the highest booking number that the processor has charged; 0: unknown. Not kept in the file.
	Charged section.BookingNo
	// Excused is the highest charged number whose booking an operator has accepted as lost.
	Excused section.BookingNo
}

// LostError says that a log lacks what was acknowledged. The section must not be served.
type LostError struct {
	Section storage.SectionKey
	Known   Mark
	Tail    storage.Tail
	Why     string
}

func (e *LostError) Error() string {
	return fmt.Sprintf("acknowledged records are lost: section %v: %s", e.Section, e.Why)
}

// Log is what a mark is held against; every storage.Log is one.
type Log interface {
	Read(
		ctx context.Context, key storage.SectionKey, after section.Seq,
		visit func(e *storage.Entry, hash storage.Hash) error,
	) error
}

// Witness holds the marks of all sections. Safe for concurrent use.
type Witness struct {
	mu    sync.Mutex
	seen  map[storage.SectionKey]*Seen
	dirty atomic.Bool
	file  *file // nil: memory only
}

// New makes a witness that forgets with its process.
func New() *Witness { return &Witness{seen: map[storage.SectionKey]*Seen{}} }

// Seen is what is known of one section.
type Seen struct {
	of     *Witness
	mu     sync.Mutex
	mark   Mark
	frozen bool // the log lacks the mark's record: nothing that it says later counts
}

// Of is the section's; the same one each time.
func (w *Witness) Of(key storage.SectionKey) *Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seen[key]
	if s == nil {
		s = &Seen{of: w}
		w.seen[key] = s
	}
	return s
}

// Each calls visit for every section of which something is known, in no order.
func (w *Witness) Each(visit func(storage.SectionKey, Mark)) {
	w.mu.Lock()
	all := make(map[storage.SectionKey]*Seen, len(w.seen))
	for key, s := range w.seen {
		all[key] = s
	}
	w.mu.Unlock()
	for key, s := range all {
		if m := s.Mark(); m != (Mark{}) {
			visit(key, m)
		}
	}
}

// Mark is what is known.
func (s *Seen) Mark() Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mark
}

// Saw notes a record that is durable and continues what was held against the mark before.
func (s *Seen) Saw(seq section.Seq, epoch section.Epoch, hash storage.Hash) {
	s.mu.Lock()
	grew := seq > s.mark.Seq && !s.frozen
	if grew {
		s.mark.Seq, s.mark.Epoch, s.mark.Hash = seq, epoch, hash
	}
	s.mu.Unlock()
	if grew && !s.of.dirty.Load() {
		s.of.dirty.Store(true)
	}
}

// Contradicted keeps the record that a log was found to lack: from here on it is what is known, whatever that log goes
// on to, until an operator accepts the loss.
func (s *Seen) Contradicted(m Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark.Seq, s.mark.Epoch, s.mark.Hash, s.frozen = m.Seq, m.Epoch, m.Hash, true
	s.of.dirty.Store(true)
}

// Charged notes that the processor has charged a booking.
func (s *Seen) Charged(no section.BookingNo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark.Charged = max(s.mark.Charged, no)
}

// Accept forgets what is lost: the log as it is counts from now on. It returns what had been known.
func (s *Seen) Accept(tail storage.Tail) Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.mark
	s.frozen = false
	s.mark = Mark{
		Seq: tail.Seq, Epoch: tail.Epoch, Hash: tail.Hash, Charged: was.Charged, Excused: max(was.Excused, was.Charged),
	}
	s.of.dirty.Store(true)
	return was
}

var errRead = errors.New("read")

// Check holds a log against what was known before its tail was read. *LostError: something is missing; another error:
// it could not be read.
func (m Mark) Check(ctx context.Context, log Log, key storage.SectionKey, tail storage.Tail) error {
	lost := func(why string, args ...any) error {
		return &LostError{Section: key, Known: m, Tail: tail, Why: fmt.Sprintf(why, args...)}
	}
	switch {
	case m.Seq == 0:
		return nil
	case tail.Seq < m.Seq:
		return lost("the log ends at record %d, and record %d had been acknowledged", tail.Seq, m.Seq)
	case tail.Seq == m.Seq && tail.Hash == m.Hash:
		return nil
	case tail.Seq == m.Seq:
		return lost("record %d is another one than was acknowledged", m.Seq)
	}
	var found storage.Hash
	err := log.Read(ctx, key, m.Seq-1, func(_ *storage.Entry, hash storage.Hash) error {
		found = hash
		return errRead
	})
	if !errors.Is(err, errRead) {
		return err
	}
	if found != m.Hash {
		return lost(
			"record %d is another one than was acknowledged, and the log goes on to record %d without what followed",
			m.Seq, tail.Seq,
		)
	}
	return nil
}

// CheckCharged holds the highest number that a section's log has given against what was charged.
func (m Mark) CheckCharged(key storage.SectionKey, tail storage.Tail, last section.BookingNo) error {
	if m.Charged <= max(last, m.Excused) {
		return nil
	}
	return &LostError{Section: key, Known: m, Tail: tail,
		Why: fmt.Sprintf("booking number %d was charged, and the log knows no booking above %d", m.Charged, last)}
}
