package sqlstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

func TestRedactedNeverTellsAPassword(t *testing.T) {
	for _, address := range []string{
		"postgres://holdfast:s3cret@db/seats", "postgres://db/seats?user=holdfast&password=s3cret",
		"postgres://db/seats?sslpassword=s3cret&sslmode=verify-full",
		"host=db password=s3cret", "postgres://u:1/s3cret@db/d", "postgres://u:1?s3cret@db/d",
		"postgres://u:#s3cret@db/d",
		"postgres://holdfast:s3cret%zz@db/seats", "s3cret",
	} {
		if got := Redacted(address); strings.Contains(got, "s3cret") {
			t.Errorf("%s is told as %s", address, got)
		}
	}
	if got := Redacted("postgres://holdfast@db:5432/seats?sslmode=verify-full"); got != "postgres://holdfast@db:5432/seats?sslmode=verify-full" {
		t.Errorf("an address without a password is told as %s", got)
	}
}

func TestExposedIsLessThanVerifyFullToAnotherMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"postgres://holdfast@db.example/seats":                                  true, // prefer: encrypted, or not
		"postgres://holdfast@db.example/seats?sslmode=disable":                  true,
		"postgres://holdfast@db.example/seats?sslmode=require":                  true,
		"postgres://holdfast@db.example/seats?sslmode=verify-full":              false,
		"postgres://holdfast@127.0.0.1,db.example/seats?sslmode=disable":        true,
		"postgres://holdfast@127.0.0.1/seats?sslmode=disable":                   false,
		"postgres://holdfast@localhost/seats":                                   false,
		"postgres:///seats?host=/var/run/postgresql":                            false,
		"postgres://holdfast@[::1]:5432,[::1]:5433/seats?sslmode=disable":       false,
		"postgres://holdfast@one.example,two.example/seats?sslmode=verify-full": false,
	} {
		if got := Exposed(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// TestAStartWaitsForABusyServer: what a server that is reached does not answer in time is waited for under Patiently,
// and not without.
func TestAStartWaitsForABusyServer(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	s := openAt(t, address, Options{AttemptTimeout: 100 * time.Millisecond})
	asked := map[string]func(ctx context.Context) error{
		"a read": func(ctx context.Context) error {
			_, err := s.Nodes(ctx)
			return err
		},
		"a write": func(ctx context.Context) error {
			return s.Beat(ctx, storage.NodeBeat{Writer: storage.NewWriterID(), Name: "late", At: 1})
		},
	}
	for name, ask := range asked {
		past(t, address, func(ctx context.Context, conn *pgx.Conn) {
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "LOCK TABLE nodes IN ACCESS EXCLUSIVE MODE"); err != nil {
				t.Fatal(err)
			}
			late := make(chan error, 1)
			go func() { late <- ask(Patiently(ctx, patience)) }()
			if err := ask(ctx); !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("%s of a server that is busy: %v", name, err)
			}
			select {
			case err := <-late:
				t.Errorf("%s was not waited for: %v", name, err)
			default:
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			if err := <-late; err != nil {
				t.Errorf("%s was waited for, and then: %v", name, err)
			}
		})
	}
}
