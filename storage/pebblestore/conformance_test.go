package pebblestore

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/storetest"
)

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	if o.Logf == nil {
		o.Logf = t.Logf
	}
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Factory {
		dir := t.TempDir()
		return storetest.Factory{
			Open: func(t *testing.T) storage.Store { return open(t, dir, Options{}) },
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, dir, Options{})
			},
			Damage: func(t *testing.T, s storage.Store, key storage.SectionKey, seq section.Seq) {
				flip(t, s.(*Store), key, seq)
			},
		}
	})
}

// flip changes the last byte of a stored entry.
func flip(t testing.TB, s *Store, key storage.SectionKey, seq section.Seq) {
	t.Helper()
	rewrite(t, s, key, seq, func(value []byte) []byte {
		value[len(value)-1] ^= 1
		return value
	})
}

// rewrite replaces the stored value of an entry by what change makes of it; nil deletes it.
func rewrite(t testing.TB, s *Store, key storage.SectionKey, seq section.Seq, change func([]byte) []byte) {
	t.Helper()
	value, err := s.get(appendLogKey(nil, key, seq))
	if err != nil {
		t.Fatal(err)
	}
	if value = change(value); value == nil {
		err = s.db.Delete(appendLogKey(nil, key, seq), pebble.Sync)
	} else {
		err = s.db.Set(appendLogKey(nil, key, seq), value, pebble.Sync)
	}
	if err != nil {
		t.Fatal(err)
	}
}
