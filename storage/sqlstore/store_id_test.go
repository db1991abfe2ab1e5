package sqlstore

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// TestADatabaseOfAnEarlierBuildGetsAStoreIDAndItsNodesBeatOn: the first new node of a rolling upgrade migrates; the old
// ones write and read their rows as before, and what they do not say is "not said".
func TestADatabaseOfAnEarlierBuildGetsAStoreIDAndItsNodesBeatOn(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	past(t, address, func(ctx context.Context, conn *pgx.Conn) {
		for _, s := range steps[:9] { // what the build before the store id had
			if _, err := conn.Exec(ctx, s.statement); err != nil {
				t.Fatal(err)
			}
		}
	})
	old := storage.NodeBeat{Writer: storage.NewWriterID(), Name: "old", At: 7}
	beatOfOldBuild(t, address, old)
	s := openAt(t, address, Options{Migrate: true})
	id, err := s.StoreID(t.Context())
	if err != nil || id == (storage.StoreID{}) {
		t.Fatalf("the id after the migration is %v, %v", id, err)
	}
	old.At = 8
	beatOfOldBuild(t, address, old)
	fresh := storage.NodeBeat{Writer: storage.NewWriterID(), Name: "new", At: 9, Gossip: "10.0.0.1:7946"}
	if err := s.Beat(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Nodes(t.Context())
	if err != nil || len(rows) != 2 || !slices.Contains(rows, old) || !slices.Contains(rows, fresh) {
		t.Errorf("rows %+v, %v", rows, err)
	}
}

// beatOfOldBuild writes a row as builds without the column do.
func beatOfOldBuild(t *testing.T, address string, b storage.NodeBeat) {
	t.Helper()
	behind(t, address, testSQL("beat_of_old_build"), [16]byte(b.Writer), b.Name, stamp(b.At))
}

// TestAllNodesReadOneStoreIDUntilItIsReplaced: nodes that see different ids of one store would shut each other out.
func TestAllNodesReadOneStoreIDUntilItIsReplaced(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	first := openAt(t, address, Options{Migrate: true})
	behind(t, address, testSQL("store_id_lost")) // as after a restore of some tables only
	ids := make([]storage.StoreID, 8)
	var nodes sync.WaitGroup
	for i := range ids {
		nodes.Go(func() {
			var err error
			if ids[i], err = first.StoreID(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	if others := slices.Compact(slices.Clone(ids)); len(others) != 1 || others[0] == (storage.StoreID{}) {
		t.Fatalf("nodes read %v", ids)
	}
	before, after, err := first.NewStoreID(t.Context())
	if err != nil || before != ids[0] || after == before {
		t.Fatalf("replaced %v by %v: %v", before, after, err)
	}
	if now, err := openAt(t, address, Options{}).StoreID(t.Context()); err != nil || now != after {
		t.Errorf("another node reads %v, %v; want %v", now, err, after)
	}
	if other, err := openAt(t, pgtest.Shared(t).Database(t), Options{Migrate: true}).StoreID(t.Context()); err != nil ||
		other == after || other == before {
		t.Errorf("another database has id %v, %v", other, err)
	}
}
