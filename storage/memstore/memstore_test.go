package memstore_test

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
	"holdfast/storage/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Factory {
		return storetest.Factory{
			Open: func(*testing.T) storage.Store { return memstore.New() },
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return s.(*memstore.Store).Reopen()
			},
			Damage: func(_ *testing.T, s storage.Store, key storage.SectionKey, seq section.Seq) {
				s.(*memstore.Store).Damage(key, seq)
			},
		}
	})
}
