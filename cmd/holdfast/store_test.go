package main

import (
	"strings"
	"testing"

	"holdfast/cmd/holdfast/nodetest"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// storeIDOf reads a database's id, and how many heartbeat rows there are.
func storeIDOf(t *testing.T, address string) (id storage.StoreID, rows int) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if id, err = store.StoreID(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := store.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id, len(all)
}

// TestACopyGetsAnIDOfItsOwnOnlyWhenAskedAndWhenNobodyLivesOnIt: the id of what is sold from must stay.
func TestACopyGetsAnIDOfItsOwnOnlyWhenAskedAndWhenNobodyLivesOnIt(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	node := nodetest.OpenShared(t, address)
	importOn(t, node)
	copied := pgtest.Shared(t).Copy(t, address)
	original, _ := storeIDOf(t, address)
	if id, rows := storeIDOf(t, copied); id != original || rows != 1 {
		t.Fatalf("the copy has id %v, the original %v; %d rows", id, original, rows)
	}
	if code, out := tool(t, "store", "new-id", "--store", address, "--yes"); code != exitFailed ||
		!strings.Contains(out, "nodes live on this database: "+node.Name()) {
		t.Errorf("of a database that is sold from: %d %s", code, out)
	}
	if code, out := tool(t, "store", "new-id", "--store", copied); code != exitFailed ||
		!strings.Contains(out, "nothing was changed") || !strings.Contains(out, "1 event(s)") {
		t.Errorf("without --yes: %d %s", code, out)
	}
	if id, rows := storeIDOf(t, copied); id != original || rows != 1 {
		t.Errorf("the copy has id %v, %d rows, and nothing was to be changed", id, rows)
	}
	if code, out := tool(t, "store", "new-id", "--store", copied, "--yes"); code != exitOK ||
		!strings.Contains(out, original.String()) {
		t.Errorf("with --yes: %d %s", code, out)
	}
	if id, rows := storeIDOf(t, copied); id == original || id == (storage.StoreID{}) || rows != 0 {
		t.Errorf("the copy has id %v, %d rows afterwards", id, rows)
	}
	if id, _ := storeIDOf(t, address); id != original {
		t.Errorf("the original has id %v, and had %v", id, original)
	}
}
