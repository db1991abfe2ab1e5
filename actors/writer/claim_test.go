package writer

import (
	"context"
	"errors"
	"holdfast/storage"
	"holdfast/storage/memstore"
	"testing"
	"testing/synctest"
	"time"
)

var testKey = storage.SectionKey{Event: storage.EventID{7}, Section: 3}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func ifAllowed(yes bool) func(storage.SectionKey, storage.Tail) bool {
	return func(storage.SectionKey, storage.Tail) bool { return yes }
}

// TestClaimAsks: a log is taken from another writer only if that is allowed; one's own is not asked for.
func TestClaimAsks(t *testing.T) {
	ctx, me, other := context.Background(), storage.WriterID{1}, storage.WriterID{2}
	for _, row := range []struct {
		name   string
		before storage.WriterID
		may    bool
		want   error
	}{
		{"mine", me, false, nil}, {"another's", other, false, ErrNotOurs}, {"another's, who is gone", other, true, nil},
		{"nobody's, not allowed", storage.WriterID{}, false, ErrNotOurs}, {"nobody's", storage.WriterID{}, true, nil},
	} {
		log := memstore.New()
		if row.before != (storage.WriterID{}) {
			if _, err := Claim(ctx, log, testKey, Claimant{Writer: row.before, Name: "before", May: ifAllowed(true), Pause: pause}, 1); err != nil {
				t.Fatal(err)
			}
		}
		entry, err := Claim(
			ctx, log, testKey, Claimant{Writer: me, Name: "me", May: ifAllowed(row.may), Pause: pause}, 1,
		)
		if !errors.Is(err, row.want) || err == nil && entry.Writer != me {
			t.Errorf("%s: %v %+v, want %v", row.name, err, entry, row.want)
		}
	}
}

// unsureLog does not know what became of an append the first few times.
type unsureLog struct {
	storage.Log
	unknown int
	sent    []storage.BatchID
}

func (l *unsureLog) Commit(_ context.Context, appends []storage.Append) []error {
	if l.sent = append(l.sent, appends[0].Entry.Batch); len(l.sent) <= l.unknown {
		return []error{storage.ErrUnknown}
	}
	return []error{nil}
}

// TestClaimInDoubtWaits: P3, the same bytes are sent again, with growing pauses, until the log answers or the node
// stops.
func TestClaimInDoubtWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who := Claimant{Pause: pause}
		log, start := &unsureLog{unknown: 4}, time.Now()
		err := who.commit(context.Background(), log, storage.Append{Entry: storage.Entry{Batch: storage.BatchID{7}}})
		if took := time.Since(start); err != nil || took != 150*time.Millisecond || len(log.sent) != 5 ||
			log.sent[4] != log.sent[0] {
			t.Errorf("%v after %v and %d sendings, want 10+20+40+80 ms and 5 of the same", err, took, len(log.sent))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		log, start = &unsureLog{unknown: 1000}, time.Now()
		err = who.commit(ctx, log, storage.Append{})
		if took := time.Since(start); !errors.Is(err, storage.ErrUnknown) || took != 5*time.Millisecond {
			t.Errorf("stopped: %v after %v", err, took)
		}
	})
}

// decidingLog answers with the given errors, one after the other.
type decidingLog struct {
	storage.Log
	answers []error
	sent    int
}

func (l *decidingLog) Commit(context.Context, []storage.Append) []error {
	l.sent++
	return []error{l.answers[l.sent-1]}
}

// TestClaimBelievesNotWrittenOnlyWithoutDoubt: S6.
func TestClaimBelievesNotWrittenOnlyWithoutDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, unknown := storage.ErrUnavailable, storage.ErrUnknown
		for _, row := range []struct {
			answers []error
			want    error
			sent    int
		}{
			{[]error{away, nil}, away, 1},
			{[]error{unknown, away, away, nil}, nil, 4},
			{[]error{unknown, storage.ErrGap}, storage.ErrGap, 2},
		} {
			log := &decidingLog{answers: row.answers}
			who := Claimant{Pause: pause}
			if err := who.commit(t.Context(), log, storage.Append{}); !errors.Is(err, row.want) ||
				log.sent != row.sent {
				t.Errorf("%v: %v after %d sendings", row.answers, err, log.sent)
			}
		}
	})
}
