package sqlstore

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// TestNothingIsAcknowledgedBeforeItsStandbyHasIt (P2, S2): where the operator has made PostgreSQL wait for a standby, a
// commit that the standby has not confirmed is not durable, though the primary shows its row to everybody as soon as
// the one who waits for it hangs up.
func TestNothingIsAcknowledgedBeforeItsStandbyHasIt(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	s := openAt(t, address, Options{AttemptTimeout: 300 * time.Millisecond})
	owner := newFollower(newKey())
	mustClaim(t, openAt(t, address, Options{}), owner) // one that waits for a busy machine
	plain := owner.next(storage.EntryChanges, "hold")

	behind(t, address, "ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
	behind(t, address, "SELECT pg_reload_conf()")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := within(ctx, "the server waits for its standby", func() (bool, error) {
		probe := newFollower(newKey())
		return errors.Is(s.Commit(ctx, []storage.Append{probe.next(storage.EntryClaim, "probe")})[0],
			storage.ErrUnknown), nil
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

// TestOfSeveralServersTheOneThatCanWrite: the address of a primary and its standbys opens on the primary, wherever in
// the list it stands. One server alone is not asked: an audit may well look at a standby.
func TestOfSeveralServersTheOneThatCanWrite(t *testing.T) {
	standby, primary := pgtest.Start(t), pgtest.Shared(t)
	address, err := url.Parse(primary.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	alone := openAt(t, address.String(), Options{})
	claim := newFollower(newKey())
	mustClaim(t, alone, claim)
	name := strings.TrimPrefix(address.Path, "/")
	behind(t, standby.URL("postgres"), "CREATE DATABASE "+name)
	behind(t, standby.URL("postgres"), "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	address.Host = standby.Addr() + "," + address.Host
	if tail, err := openAt(t, address.String(), Options{}).Tail(t.Context(), claim.key); err != nil ||
		tail != claim.tail {
		t.Errorf("S8: the log ends at %+v (%v), want %+v", tail, err, claim.tail)
	}
	for address, several := range map[string]bool{
		"postgres://a/d": false, "postgres://a/d?sslmode=prefer": false, "postgres://a,b/d": true,
		"postgres://a:1,a:2/d": true,
	} {
		config, err := configure(address, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		if asked := config.ConnConfig.ValidateConnect != nil; asked != several {
			t.Errorf("%s: asked whether it can write: %v", address, asked)
		}
	}
}

// TestAServerThatForgotIsFoundOut (P1, S3, S5): a standby is promoted that lacks the last records. Whoever knows them
// learns of it before the next record, and never writes one behind a hole, where a successor's epoch would not be seen.
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
			behind(t, address, "DELETE FROM section_log WHERE event_id = $1::UUID AND seq > 2",
				[16]byte(owner.key.Event))
			behind(t, address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
				"owner")
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
