package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"holdfast/storage"
)

func keyedEvent(t *testing.T, s *Store) (storage.EventID, storage.EventKey) {
	t.Helper()
	e := &storage.Event{ID: storage.NewEventID(), Name: "over", Currency: "EUR", Sale: storage.SaleClosed,
		Pseudonyms: storage.PseudonymsKeyed}
	key := storage.NewEventKey()
	if err := errors.Join(s.PutEventKey(context.Background(), e.ID, key),
		s.CreateEvent(context.Background(), e, []byte("venue"))); err != nil {
		t.Fatal(err)
	}
	return e.ID, key
}

// TestForgettingSurvivesTheMains guards P14 and P2: at any file operation the power may go. What was acknowledged as
// forgotten has no key; what is marked has none once it is opened; what is not marked has its own; and a repeat ends
// it.
func TestForgettingSurvivesTheMains(t *testing.T) {
	ctx := context.Background()
	for at := 1; ; at++ {
		p := &plug{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(uint64(at), 14))}
		s := open(t, "d", Options{FS: errorfs.Wrap(p.mem, p)})
		id, key := keyedEvent(t, s)
		p.mu.Lock()
		p.countdown = at
		p.mu.Unlock()
		why := storage.Forgetting{At: 7, Reason: "over"}
		if err := s.ForgetEvent(ctx, id, why, storage.OperatorKey{}); err != nil {
			t.Fatal(err)
		}
		cut := p.pulled()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !cut { // the call has fewer operations: all of them were cut off
			if at < 4 {
				t.Fatalf("only %d file operations", at)
			}
			return
		}
		s = open(t, "d", Options{FS: p.after})
		e, err := s.Event(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.EventKey(ctx, id)
		switch {
		case e.Forgotten != nil && !errors.Is(err, storage.ErrNotFound):
			t.Errorf("P14: cut at operation %d, it is marked and has a key (%v)", at, err)
		case e.Forgotten == nil && (err != nil || got != key):
			t.Errorf("P2: cut at operation %d, it is not marked and has lost its key: %v", at, err)
		}
		if err := s.ForgetEvent(ctx, id, why, storage.OperatorKey{}); err != nil {
			t.Errorf("the repeat: %v", err)
		}
		if _, err := s.EventKey(ctx, id); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("P14: after the repeat: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAKeySurvivesTheMains guards P2: a key that was acknowledged is there whole, whatever happens to the next one.
func TestAKeySurvivesTheMains(t *testing.T) {
	ctx := context.Background()
	for at := 1; at < 30; at++ {
		p := &plug{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(uint64(at), 15))}
		s := open(t, "d", Options{FS: errorfs.Wrap(p.mem, p)})
		first, second := storage.NewEventID(), storage.NewEventID()
		keys := [2]storage.EventKey{storage.NewEventKey(), storage.NewEventKey()}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.PutEventKey(ctx, first, keys[0]))
		p.mu.Lock()
		p.countdown = at
		p.mu.Unlock()
		must(s.PutEventKey(ctx, second, keys[1]))
		cut := p.pulled()
		must(s.Close())
		if !cut {
			return
		}
		s = open(t, "d", Options{FS: p.after})
		if got, err := s.EventKey(ctx, first); err != nil || got != keys[0] {
			t.Errorf("P2: cut at operation %d: %v", at, err)
		}
		if got, err := s.EventKey(ctx, second); err == nil && got != keys[1] ||
			err != nil && !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("P2: cut at operation %d, half a key: %v", at, err)
		}
		must(s.PutEventKey(ctx, second, keys[1]))
		must(s.Close())
	}
}

// TestADestroyedKeyIsInNoFile guards P14: not in what is deleted, not in what is kept for later, and its file is its
// owner's alone as long as it is there.
func TestADestroyedKeyIsInNoFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	id, key := keyedEvent(t, s)
	name := filepath.Join(dir, eventKeysFolder, id.String())
	file, err := os.Open(name) // whoever has it open sees it overwritten
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != fileMode {
		t.Errorf("P14: the key's file has mode %v: %v", info.Mode(), err)
	}
	if err := s.ForgetEvent(t.Context(), id, storage.Forgetting{At: 1}, storage.OperatorKey{}); err != nil {
		t.Fatal(err)
	}
	left := make([]byte, eventKeySize)
	if _, err := file.ReadAt(left, 0); err != nil || bytes.Contains(left, key[:8]) {
		t.Errorf("P14: the file was removed and not overwritten: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, key[:8]) {
			t.Errorf("P14: the key is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
