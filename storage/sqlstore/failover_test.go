package sqlstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// TestNothingIsAcknowledgedBeforeItsStandbyHasIt (P2, S2): where the operator has made PostgreSQL wait for a standby, a commit that the
// standby has not confirmed is not durable, though the primary shows its row to everybody as soon as the one who waits for it hangs up.
func TestNothingIsAcknowledgedBeforeItsStandbyHasIt(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	s := openAt(t, address, Options{AttemptTimeout: 300 * time.Millisecond})
	owner := newFollower(newKey())
	mustClaim(t, s, owner)
	plain := owner.next(storage.EntryChanges, "hold")

	behind(t, address, "ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
	behind(t, address, "SELECT pg_reload_conf()")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := within(ctx, "the server waits for its standby", func() (bool, error) {
		probe := newFollower(newKey())
		return errors.Is(s.Commit(ctx, []storage.Append{probe.next(storage.EntryClaim, "probe")})[0], storage.ErrUnknown), nil
	}); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		if err := s.Commit(ctx, []storage.Append{plain})[0]; !errors.Is(err, storage.ErrUnknown) {
			t.Fatalf("P2: sending %d, which no standby has confirmed: %v", n, err)
		}
	}
	if tail, err := s.Tail(ctx, owner.key); err != nil || tail.Batch != plain.Entry.Batch {
		t.Fatalf("the primary does not show what its standby lacks, so this test tests nothing: %+v, %v", tail, err)
	}
	behind(t, address, "ALTER SYSTEM RESET synchronous_standby_names")
	behind(t, address, "SELECT pg_reload_conf()")
	if err := settle(ctx, s, plain); err != nil {
		t.Fatalf("the standby is no longer waited for: %v", err)
	}
}

// TestAServerThatForgotIsFoundOut (P1, S3, S5): a standby is promoted that lacks the last records. Whoever knows them learns of it before the
// next record, and never writes one behind a hole, where an heir's epoch would not be seen.
func TestAServerThatForgotIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name string
		heir bool
	}{{"and nobody noticed", false}, {"and an heir took over", true}} {
		t.Run(c.name, func(t *testing.T) {
			address := pgtest.Shared(t).Database(t)
			s := openAt(t, address, Options{Name: "owner"})
			owner := newFollower(newKey())
			mustClaim(t, s, owner)
			for range 3 {
				a := owner.next(storage.EntryChanges, "hold")
				if err := s.Commit(t.Context(), []storage.Append{a})[0]; err != nil {
					t.Fatal(err)
				}
				owner.advance(a)
			}
			behind(t, address, "DELETE FROM section_log WHERE event_id = $1::UUID AND seq > 2", [16]byte(owner.key.Event))
			behind(t, address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", "owner")
			if c.heir {
				other := openAt(t, address, Options{Name: "heir"})
				if _, _, err := takeOver(t.Context(), other, owner.key); err != nil {
					t.Fatal(err)
				}
			}
			err := settle(t.Context(), s, owner.next(storage.EntryChanges, "hold"))
			var fence *storage.FencedError
			if c.heir && !errors.As(err, &fence) || !c.heir && !errors.Is(err, storage.ErrGap) {
				t.Errorf("P1: a record behind a hole: %v", err)
			}
			if _, err := batchesOf(t.Context(), s, owner.key); err != nil {
				t.Errorf("P10: the log is no longer whole: %v", err)
			}
		})
	}
}
