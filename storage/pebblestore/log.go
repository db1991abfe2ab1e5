package pebblestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

// load reads the tail from disk at first use: one seek to the end of the section's range. The fence is held.
func (s *Store) load(key storage.SectionKey, st *sectionState) (err error) {
	if st.loaded {
		return nil
	}
	prefix := appendSectionKey(nil, prefixLog, key)
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return readFailure(key, 0, err)
	}
	defer func() { err = first(err, iter.Close()) }()
	if !iter.Last() {
		if err := iter.Error(); err != nil {
			return readFailure(key, 0, err)
		}
		st.tail, st.loaded = storage.Tail{}, true
		return nil
	}
	seq := seqOf(iter.Key())
	value, err := iter.ValueAndErr()
	if err != nil {
		return readFailure(key, seq, err)
	}
	entry, hash, err := decodeLogValue(key, seq, value)
	if err != nil {
		return err
	}
	st.tail, st.loaded = entry.After(hash), true
	return nil
}

// decodeLogValue takes a log value apart and checks it against its own hash and its key. The entry's body aliases
// value.
func decodeLogValue(key storage.SectionKey, seq section.Seq, value []byte) (storage.Entry, storage.Hash, error) {
	corrupt := func(why string) (storage.Entry, storage.Hash, error) {
		return storage.Entry{}, storage.Hash{}, &storage.CorruptError{Section: key, Seq: seq, Why: why}
	}
	if len(value) < hashSize {
		return corrupt("too short")
	}
	hash := storage.Hash(value[:hashSize])
	if storage.HashStored(value[hashSize:]) != hash {
		return corrupt("hash does not match")
	}
	entry, err := storage.DecodeEntry(value[hashSize:])
	if err != nil {
		return corrupt(err.Error())
	}
	if entry.Seq != seq {
		return corrupt("stored under another record's key")
	}
	return entry, hash, nil
}

// readFailure names damage that Pebble found, and passes other failures on.
func readFailure(key storage.SectionKey, seq section.Seq, err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, pebble.ErrNotFound) {
		return &storage.CorruptError{Section: key, Seq: seq, Why: err.Error()}
	}
	return fmt.Errorf("pebblestore: section %v record %d: %w", key, seq, err)
}

// Tail implements storage.Log. It waits for an append of the section that is in flight, so it never tells of an entry
// that is not durable.
func (s *Store) Tail(_ context.Context, key storage.SectionKey) (storage.Tail, error) {
	if err := s.enter(); err != nil {
		return storage.Tail{}, err
	}
	defer s.calls.Done()
	st := s.state(key)
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := s.load(key, st); err != nil {
		return storage.Tail{}, err
	}
	return st.tail, nil
}

// Read implements storage.Log. It yields what was durable when it was called; visit may call the store, except Close.
func (s *Store) Read(
	ctx context.Context, key storage.SectionKey, from section.Seq, visit func(*storage.Entry, storage.Hash) error,
) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	last, err := s.Tail(ctx, key)
	if err != nil || last.Seq <= from {
		return err
	}
	iter, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendLogKey(
			nil, key, max(from, 1),
		), // the entry before the first is read too: it vouches for the first's Prev
		UpperBound: appendLogKey(nil, key, last.Seq+1),
	})
	if err != nil {
		return readFailure(key, from, err)
	}
	defer func() { err = first(err, iter.Close()) }()
	walk := walker{key: key, from: from, visit: visit}
	for iter.First(); iter.Valid(); iter.Next() {
		if err := walk.step(ctx, iter); err != nil {
			return err
		}
	}
	if err := iter.Error(); err != nil {
		return readFailure(key, walk.tail.Seq+1, err)
	}
	if walk.tail.Hash != last.Hash {
		return &storage.CorruptError{Section: key, Seq: walk.tail.Seq + 1, Why: "log ends before its tail"}
	}
	return nil
}

// walker follows a log entry by entry.
type walker struct {
	key   storage.SectionKey
	from  section.Seq
	visit func(*storage.Entry, storage.Hash) error
	tail  storage.Tail
}

func (w *walker) step(ctx context.Context, iter *pebble.Iterator) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	seq := seqOf(iter.Key())
	value, err := iter.ValueAndErr()
	if err != nil {
		return readFailure(w.key, seq, err)
	}
	entry, hash, err := decodeLogValue(w.key, seq, value)
	if err != nil {
		return err
	}
	if w.tail.Seq == 0 && w.from > 0 { // the entry before the first wanted
		if seq != w.from {
			return &storage.CorruptError{Section: w.key, Seq: w.from, Why: "record is missing"}
		}
		w.tail = entry.After(hash)
		return nil
	}
	if w.tail, err = storage.Verify(w.key, w.tail, &entry, hash); err != nil {
		return err
	}
	return w.visit(&entry, hash)
}

// Sections implements storage.Store: one seek per section.
func (s *Store) Sections(context.Context) (keys []storage.SectionKey, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixLog}, UpperBound: []byte{prefixLog + 1}})
	if err != nil {
		return nil, fmt.Errorf("pebblestore: sections: %w", err)
	}
	defer func() { err = first(err, iter.Close()) }()
	for valid := iter.First(); valid; {
		key := sectionOf(iter.Key())
		keys = append(keys, key)
		valid = iter.SeekGE(after(appendSectionKey(nil, prefixLog, key)))
	}
	if err := iter.Error(); err != nil {
		return nil, fmt.Errorf("pebblestore: sections: %w", err)
	}
	return keys, nil
}
