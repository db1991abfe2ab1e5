package views

import (
	"context"
	"holdfast/storage/sqlstore"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestProjectorNeedsFewRights: it may read what it derives from and owns one schema; readers may read the views.
func TestProjectorNeedsFewRights(t *testing.T) {
	h := newHouse(t, 20)
	h.exec("grants")
	t.Cleanup(func() { _, _ = h.conn.Exec(context.Background(), statement(t, "ungrant")) })
	store := open(t, as(t, h.address, "people_projector"), sqlstore.Options{})
	mustRound(t, projectorOn(t, store, Options{}))
	h.exec("grants_of_reader")
	want := h.dump()
	if err := store.Views().Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustRound(t, projectorOn(t, store, Options{}))
	h.equal(want, "rebuilt")
	reader, err := pgx.Connect(t.Context(), as(t, h.address, "people_reader"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close(context.Background())
	if _, err := reader.Exec(t.Context(), statement(t, "tickets"), h.id()); err != nil {
		t.Errorf("a reader's right did not outlive the rebuilding: %v", err)
	}
	if _, err := reader.Exec(t.Context(), statement(t, "reached"), h.id(), 0); err == nil {
		t.Error("a reader may look behind the views")
	}
	if err := store.Views().Drop(t.Context()); err != nil {
		t.Errorf("the owner may not drop its schema: %v", err)
	}
	if err := store.Views().Prepare(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "may not create schema people") {
		t.Errorf("without a schema of its own: %v", err)
	}
}

// as is the address with another role.
func as(t testing.TB, address, role string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.User(role)
	return parsed.String()
}
