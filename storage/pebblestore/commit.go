package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

// hashSize is the part of a log value before the entry's stored form.
const hashSize = len(storage.Hash{})

// sectionState is a section's fence in memory.
type sectionState struct {
	mu sync.Mutex
	// Invariant, under mu: when loaded, tail is the last durable entry of the log, and nobody but the holder of mu is
	// appending.
	loaded bool
	tail   storage.Tail
}

// state returns the section's fence, which lives as long as the store.
func (s *Store) state(key storage.SectionKey) *sectionState {
	s.mu.RLock()
	st := s.sections[key]
	s.mu.RUnlock()
	if st != nil {
		return st
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st = s.sections[key]; st == nil {
		st = new(sectionState)
		s.sections[key] = st
	}
	return st
}

// commit is the scratch of one Commit call, reused.
type commit struct {
	order  []int           // indexes of appends in key order
	states []*sectionState // of appends[i]
	staged []bool          // appends[i] is in the batch
	table  ticketReader
}

var commits = sync.Pool{New: func() any { return new(commit) }}

// Commit implements storage.Log: one batch and one sync for the whole call. ctx is looked at once, before anything is
// written.
func (s *Store) Commit(ctx context.Context, appends []storage.Append) []error {
	errs := make([]error, len(appends))
	err := s.enterWrite()
	if err != nil {
		return fill(errs, err)
	}
	defer s.calls.Done()
	if ctx.Err() != nil {
		return fill(errs, fmt.Errorf("%w: %w", storage.ErrUnavailable, ctx.Err()))
	}
	c := commits.Get().(*commit)
	defer commits.Put(c)
	c.lock(s, appends)
	defer c.unlock()

	batch := s.db.NewBatchWithSize(batchSize(appends), pebble.WithMaxRetainedSizeBytes(batchRetained))
	for i := range appends {
		c.staged[i], errs[i] = s.stage(batch, c.states[i], &c.table, &appends[i])
	}
	c.table.close()
	if !batch.Empty() {
		s.guard.pending.add(batch.Len())
		err = batch.Commit(pebble.Sync)
	}
	if err != nil {
		c.doubt(errs, err)
		s.markBroken()
		return errs // the batch is not reused: Pebble may still hold on to it
	}
	if err := batch.Close(); err != nil {
		s.markBroken() // cannot happen after a successful commit; what is durable stays acknowledged
	}
	return errs
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// batchSize guesses the bytes of a batch, so that its buffer is grown once.
func batchSize(appends []storage.Append) int {
	const recordOverhead = 1 + 2 + 4 // kind and two lengths
	size := 64
	for i := range appends {
		a := &appends[i]
		size += recordOverhead + logKeySize + hashSize + storage.EntrySize(&a.Entry)
		size += (len(a.Sell) + len(a.Refund)) * (recordOverhead + ticketKeySize + 8)
	}
	return size
}

// lock takes the fences of all sections in the call, in key order.
func (c *commit) lock(s *Store, appends []storage.Append) {
	c.order, c.states, c.staged = c.order[:0], c.states[:0], c.staged[:0]
	for i := range appends {
		c.order = append(c.order, i)
		c.states = append(c.states, s.state(appends[i].Section))
		c.staged = append(c.staged, false)
	}
	slices.SortFunc(c.order, func(i, j int) int { return appends[i].Section.Compare(appends[j].Section) })
	for n, i := range c.order {
		if c.leads(n) {
			c.states[i].mu.Lock()
		}
	}
}

func (c *commit) unlock() {
	for n, i := range c.order {
		if c.leads(n) {
			c.states[i].mu.Unlock()
		}
	}
	clear(c.states)
}

// leads tells whether the nth in key order is the first of its section: the port forbids two in one call, but a
// caller's bug must not become a deadlock.
func (c *commit) leads(n int) bool {
	return n == 0 || c.states[c.order[n]] != c.states[c.order[n-1]]
}

// doubt turns the answer of everything in a failed batch into "unknown" and forgets the tails that went with it.
func (c *commit) doubt(errs []error, cause error) {
	for i, staged := range c.staged {
		if staged {
			errs[i] = fmt.Errorf("%w: %w", storage.ErrUnknown, cause)
			c.states[i].loaded = false
		}
	}
}

// stage judges one append and, if it is to be written, puts it into the batch and moves the tail. The fence is held.
func (s *Store) stage(batch *pebble.Batch, st *sectionState, table *ticketReader, a *storage.Append) (bool, error) {
	if err := s.load(a.Section, st); err != nil {
		return false, notWritten(err)
	}
	write, err := storage.Judge(st.tail, a, func(seq section.Seq) (storage.BatchID, error) {
		return s.standing(a.Section, seq)
	})
	if err != nil || !write {
		return false, err
	}
	err = storage.CheckTickets(a, func(seat section.SeatIndex) (bool, error) {
		return table.has(s.db, a.Section, seat)
	})
	if err != nil {
		return false, err
	}
	hash, err := stageEntry(batch, a)
	if err == nil {
		err = stageTickets(batch, a)
	}
	if err != nil {
		// A batch in memory refuses nothing; if it ever does, half an append must not be written (S1).
		panic(fmt.Sprintf("pebblestore: batch refused a write: %v", err))
	}
	st.tail = a.Entry.After(hash)
	return true, nil
}

// stageEntry encodes the entry straight into the batch's buffer: no copy, and the hash is taken over those very bytes.
func stageEntry(batch *pebble.Batch, a *storage.Append) (storage.Hash, error) {
	size := storage.EntrySize(&a.Entry)
	op := batch.SetDeferred(logKeySize, hashSize+size)
	appendLogKey(op.Key[:0], a.Section, a.Entry.Seq)
	stored := storage.AppendEntry(op.Value[hashSize:hashSize:hashSize+size], &a.Entry)
	hash := storage.HashStored(stored)
	copy(op.Value, hash[:])
	return hash, op.Finish()
}

func stageTickets(batch *pebble.Batch, a *storage.Append) error {
	for _, seat := range a.Refund {
		op := batch.DeleteDeferred(ticketKeySize)
		appendTicketKey(op.Key[:0], a.Section, seat)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	for _, row := range a.Sell {
		op := batch.SetDeferred(ticketKeySize, 8)
		appendTicketKey(op.Key[:0], a.Section, row.Seat)
		binary.BigEndian.PutUint64(op.Value, uint64(row.Booking))
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return nil
}

// standing answers the batch of a stored entry (S4).
func (s *Store) standing(key storage.SectionKey, seq section.Seq) (batch storage.BatchID, err error) {
	value, closer, err := s.db.Get(appendLogKey(make([]byte, 0, logKeySize), key, seq))
	if err != nil {
		return batch, readFailure(key, seq, err)
	}
	entry, _, err := decodeLogValue(key, seq, value)
	return entry.Batch, first(err, closer.Close())
}

func (s *Store) exists(key []byte) (bool, error) {
	_, closer, err := s.db.Get(key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return false, nil
	case err != nil:
		return false, notWritten(err)
	}
	return true, closer.Close()
}

// notWritten says of a failure before the write that nothing was written; damage keeps its own name.
func notWritten(err error) error {
	var corrupt *storage.CorruptError
	if errors.As(err, &corrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
}
