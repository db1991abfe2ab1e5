package sqlstore

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
	"holdfast/storage/storetest"
)

// grant makes the roles of least_privilege.sql on a migrated database and gives the addresses of a node and of an
// auditor.
func grant(t *testing.T, owner string) (node, auditor string) {
	t.Helper()
	text, err := os.ReadFile("least_privilege.sql")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	statements := strings.Split(withoutComments(string(text)), ";")
	for _, name := range []string{"make_node", "make_auditor", "node_is_engine", "auditor_is_auditor"} {
		statements = append(statements, rightsSQL(name))
	}
	for _, statement := range statements {
		_, err := conn.Exec(ctx, statement)
		if err != nil && sqlState(err) != "42710" { // roles are the server's, and another test made them
			t.Fatalf("%s: %v", statement, err)
		}
	}
	server, database := pgtest.Shared(t), conn.Config().Database
	return server.URLAs("holdfast_test_node", database), server.URLAs("holdfast_test_auditor", database)
}

// forbidden tells that a statement, sent past the store, is refused for want of rights.
func forbidden(t *testing.T, address, name string) {
	t.Helper()
	past(t, address, func(ctx context.Context, conn *pgx.Conn) {
		if _, err := conn.Exec(ctx, rightsSQL(name)); sqlState(err) != stateInsufficientPrivilege {
			t.Errorf("P10: %s: got %v, want it refused with 42501", name, err)
		}
	})
}

// TestTheEngineNeedsNoMoreThanItsRole: all that a node does is done by a role that cannot rewrite the log (P10).
func TestTheEngineNeedsNoMoreThanItsRole(t *testing.T) {
	owner := pgtest.Shared(t).Database(t)
	openAt(t, owner, Options{})
	node, _ := grant(t, owner)
	open := func(t *testing.T) storage.Store { return openAt(t, node, Options{}) }
	storetest.Run(t, func(t *testing.T) storetest.Factory {
		return storetest.Factory{
			Open: open,
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t)
			},
			Damage: func(t *testing.T, _ storage.Store, key storage.SectionKey, seq section.Seq) {
				damage(t, owner, key, seq)
			},
		}
	})
	s := openAt(t, node, Options{})
	if _, err := s.PutPayment(t.Context(), storage.PaymentRow{ID: "p", Status: "charged"}); err != nil {
		t.Error(err)
	}
	if _, err := s.PutPayment(t.Context(), storage.PaymentRow{ID: "p", Status: "refunded"}, "charged"); err != nil {
		t.Error(err)
	}
	for name := range rightsStatements() {
		if strings.HasPrefix(name, "forbidden_") {
			forbidden(t, node, name)
		}
	}
}

// TestARoleThatMayNotMigrateSaysWhoMust: a node of a new build in a least-privilege house.
func TestARoleThatMayNotMigrateSaysWhoMust(t *testing.T) {
	owner := pgtest.Shared(t).Database(t)
	openAt(t, owner, Options{})
	node, _ := grant(t, owner)
	behind(t, owner, rightsSQL("forget_step"), int64(len(steps)))
	_, err := Open(t.Context(), node, Options{Migrate: true})
	if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), steps[len(steps)-1].name) ||
		!strings.Contains(err.Error(), "as the owner") {
		t.Errorf("got %v", err)
	}
}

// TestTheAuditorOnlyLooks: the role of `holdfast audit` reads all that an audit reads, and neither writes nor learns
// the key of tickets.
func TestTheAuditorOnlyLooks(t *testing.T) {
	owner := pgtest.Shared(t).Database(t)
	all := openAt(t, owner, Options{})
	_, auditor := grant(t, owner)
	w := newFollower(newKey())
	claim := w.next(storage.EntryClaim, "owner")
	if err := all.Commit(t.Context(), []storage.Append{claim})[0]; err != nil {
		t.Fatal(err)
	}
	if err := all.SaveSnapshot(t.Context(), w.key, storage.Snapshot{Seq: 1, Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	w.advance(claim)

	s := openAt(t, auditor, Options{})
	f, err := s.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if tail, err := f.Tail(t.Context(), w.key); err != nil || tail != w.tail {
		t.Errorf("tail %+v, %v", tail, err)
	}
	if _, err := f.LoadSnapshot(t.Context(), w.key); err != nil {
		t.Error(err)
	}
	if err := f.Tickets(t.Context(), w.key, func(section.Ticket) error { return nil }); err != nil {
		t.Error(err)
	}
	if keys, err := s.Sections(t.Context()); err != nil || !slices.Contains(keys, w.key) {
		t.Errorf("sections %v, %v", keys, err)
	}
	if err := s.Payments(t.Context(), func(storage.PaymentRow) error { return nil }); err != nil {
		t.Error(err)
	}
	if _, err := s.Secret(t.Context()); sqlState(err) != stateInsufficientPrivilege {
		t.Errorf("the key of tickets: got %v, want 42501", err)
	}
	late := w.next(storage.EntryChanges, "late")
	if err := s.Commit(t.Context(), []storage.Append{late})[0]; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("P10: an auditor's append got %v", err)
	}
	forbidden(t, auditor, "forbidden_log_delete")
}
