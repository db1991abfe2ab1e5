package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// TestTheConnectionInDoubtIsDropped: a connection on which an answer is missing is never used again, on either side.
func TestTheConnectionInDoubtIsDropped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	direct := openAt(t, address, Options{})
	tr, err := newTrouble(ctx, t, direct, address, "", shapes[0])
	if err != nil {
		t.Fatal(err)
	}
	if n := tr.through.pool.Stat().TotalConns(); n != 1 {
		t.Fatalf("%d connections before, want 1", n)
	}
	if err := tr.send(ctx, silent("downstream")); err != nil {
		t.Fatal(err)
	}
	if err := within(ctx, "the pool has dropped the connection whose answer is missing", func() (bool, error) {
		return tr.through.pool.Stat().TotalConns() == 0, nil
	}); err != nil {
		t.Error(err)
	}
	if err := tr.wire.heal(); err != nil {
		t.Fatal(err)
	}
	if err := settle(ctx, tr.through, tr.sent[0]); err != nil {
		t.Fatal(err)
	}
	if n := tr.through.pool.Stat().NewConnsCount(); n < 2 {
		t.Errorf("%d connections were made, want a second one", n)
	}
	name := tr.through.options.Name
	if err := within(ctx, "the server has let go of the dropped connection", func() (bool, error) {
		n, err := backends(ctx, direct, name)
		return n == int(tr.through.pool.Stat().TotalConns()), err
	}); err != nil {
		t.Error(err)
	}
}

// TestASlowServerIsDoubtAndThenNormal: replies slower than the attempt's timeout are unknown, not failed; when the
// server is quick again the same append is answered and the alert ends by itself, one alarm for the whole incident.
func TestASlowServerIsDoubtAndThenNormal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	direct := openAt(t, address, Options{})
	tr, err := newTrouble(ctx, t, direct, address, "", shapes[1])
	if err != nil {
		t.Fatal(err)
	}
	alarmLog := &hearing{}
	tr.through.options.Alarm = func(a Alarm) { alarmLog.logf("%s", a) }
	slow := fault{stream: "downstream", toxic: "latency", attributes: fmt.Sprintf(`{"latency":%d}`,
		3*shortAttempt.Milliseconds())}
	if err := tr.send(ctx, slow); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the new connection is no quicker
		if err := tr.through.Commit(ctx, tr.sent)[0]; !errors.Is(err, storage.ErrUnavailable) &&
			!errors.Is(err, storage.ErrUnknown) {
			t.Errorf("while the server is slow: %v", err)
		}
	}
	if err := tr.wire.heal(); err != nil {
		t.Fatal(err)
	}
	if err := tr.resolve(ctx, make([]storage.Append, 1)); err != nil {
		t.Error(err)
	}
	if !tr.through.Stats().Reachable() || alarmLog.alarms() != 1 ||
		!strings.Contains(alarmLog.String(), "answers again") {
		t.Errorf("reachable %v; want one alarm and its end:\n%s", tr.through.Stats().Reachable(), alarmLog)
	}
}

// TestAReadIsNotRepeatedForEver guards P3: a section's first append has to read the log's tail; on a silent server that
// is one attempt and not five, because somebody waits.
func TestAReadIsNotRepeatedForEver(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := pgtest.Shared(t).Database(t)
	tr, err := newTrouble(ctx, t, openAt(t, address, Options{}), address, "", shapes[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.wire.impose(silent("downstream")); err != nil {
		t.Fatal(err)
	}
	before := tr.through.Stats().Retries.Load()
	claim := newFollower(newKey()).next(storage.EntryClaim, "owner")
	if err := tr.through.Commit(ctx, []storage.Append{claim})[0]; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable: nothing was sent but a question", err)
	}
	if n := tr.through.Stats().Retries.Load() - before; n > 0 {
		t.Errorf("the question was repeated %d times, each as long as a whole attempt", n)
	}
	if err := tr.wire.heal(); err != nil {
		t.Fatal(err)
	}
	if err := settle(ctx, tr.through, claim); err != nil {
		t.Error(err)
	}
}
