package sqlstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast/storage/sqlstore/pgtest"
)

// TestAStatementThatArrivesLate guards P1 and S3: the append was on its way when its owner gave up on it, and it
// arrives after somebody else has taken over (refused by the key), or after it was sent again (it meets itself).
func TestAStatementThatArrivesLate(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	direct := openAt(t, address, Options{})
	stories := map[string]func() error{}
	for _, sh := range shapes {
		for _, heir := range []bool{false, true} {
			stories[fmt.Sprintf("%s, heir %v", sh.name, heir)] = func() error {
				return tellLate(ctx, t, direct, address, sh, heir)
			}
		}
	}
	manyAtOnce(t, 8, stories)
}

func tellLate(ctx context.Context, t testing.TB, direct *Store, address string, sh shape, heir bool) error {
	tr, err := newTrouble(ctx, t, direct, address, "", sh)
	if err != nil {
		return err
	}
	if err := tr.send(ctx, held("upstream")); err != nil {
		return err
	}
	claims, err := tr.heirs(ctx, heir)
	if err != nil {
		return err
	}
	if !heir { // sent again from elsewhere, with the same batch: an owner's second connection
		for _, a := range tr.sent {
			if err := settle(ctx, direct, a); err != nil {
				return err
			}
		}
	}
	if err := tr.wire.heal(); err != nil {
		return err
	}
	name := tr.through.options.Name
	if err := within(ctx, "what was held up has arrived and its connection has ended", func() (bool, error) {
		n, err := backends(ctx, direct, name)
		return n == 0, err
	}); err != nil {
		return err
	}
	return tr.resolve(ctx, claims)
}

// TestAnHeirDoesNotWaitForHalfAStatement guards P3's other side: an owner that was stopped while it wrote to its socket
// leaves half an append with the server, on a connection that stays open. Its successor must not wait for the other
// half.
func TestAnHeirDoesNotWaitForHalfAStatement(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	direct := openAt(t, address, Options{AttemptTimeout: 10 * time.Second})
	stories := map[string]func() error{}
	for _, sh := range shapes {
		for _, bytes := range []int{1, syncBytes, syncBytes + 1, 20, 60, 150, 300, 450} {
			if bytes <= syncBytes && sh.name != "refunding" {
				continue
			}
			stories[fmt.Sprintf("%s without %d bytes", sh.name, bytes)] = func() error {
				return tellHalf(ctx, t, direct, address, sh, bytes)
			}
		}
	}
	manyAtOnce(t, 12, stories)
}

// tellHalf lets all of the request through but its last bytes, and never the rest.
func tellHalf(ctx context.Context, t testing.TB, direct *Store, address string, sh shape, bytes int) error {
	tr, err := newTrouble(ctx, t, direct, address, "", sh)
	if err != nil {
		return err
	}
	if err := tr.send(ctx, withheld(bytes)); err != nil {
		return err
	}
	heir, err := openPatiently(ctx, t, address, Options{AttemptTimeout: time.Second})
	if err != nil {
		return err
	}
	tr.direct = heir
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, 2*heirPatience)
	defer cancel()
	claims, err := tr.heirs(bounded, true)
	if err != nil {
		return err
	}
	if took := time.Since(began); took > heirPatience {
		return fmt.Errorf("the heir waited %v", took)
	}
	if err := tr.wire.heal(); err != nil {
		return err
	}
	return tr.resolve(ctx, claims)
}
