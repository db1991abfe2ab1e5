package pebblestore

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

const benchSections = 64

// load is one call's worth of appends: an entry for each of 64 sections, of random bytes as real records nearly are.
type load struct {
	chains []*chain
	call   []storage.Append
}

func newLoad(bodyBytes int) *load {
	l := &load{call: make([]storage.Append, benchSections)}
	rng := rand.NewChaCha8([32]byte{1})
	for i := range benchSections {
		l.chains = append(l.chains, newChain(storage.SectionNo(i)))
		body := make([]byte, bodyBytes)
		_, _ = rng.Read(body)
		l.call[i] = l.chains[i].next(body)
	}
	return l
}

// advance prepares the next call; the owner's own hashing is not the store's cost.
func (l *load) advance() {
	for i, c := range l.chains {
		c.advance(&l.call[i])
		l.call[i] = c.next(l.call[i].Entry.Body)
	}
}

func (l *load) commit(b *testing.B, s *Store) {
	for _, err := range s.Commit(ctx, l.call) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// bare writes the same bytes under the same keys without asking anything: the floor.
func (l *load) bare(b *testing.B, db *pebble.DB, seq section.Seq) {
	batch := db.NewBatch(pebble.WithMaxRetainedSizeBytes(batchRetained))
	for i, c := range l.chains {
		if err := batch.Set(appendLogKey(nil, c.key, seq), l.call[i].Entry.Body, nil); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		b.Fatal(err)
	}
	if err := batch.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommit is the store alone: what one call with 64 entries costs and allocates.
func BenchmarkCommit(b *testing.B) {
	for _, kib := range []int{4, 16, 64} {
		b.Run(fmt.Sprintf("64x%dKiB", kib), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			defer s.Close()
			l := newLoad(kib<<10 - 256)
			b.SetBytes(int64(benchSections * kib << 10))
			b.ReportAllocs()
			for b.Loop() {
				l.commit(b, s)
				b.StopTimer()
				l.advance()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkCommitAgainstBare takes turns, call by call, with a bare Pebble batch of the same bytes on the same disk. "bare/store" is
// the part of the bare speed that remains (1 would be no cost at all).
func BenchmarkCommitAgainstBare(b *testing.B) {
	for _, kib := range []int{4, 16} {
		b.Run(fmt.Sprintf("64x%dKiB", kib), func(b *testing.B) {
			s, bare := open(b, b.TempDir(), Options{}), open(b, b.TempDir(), Options{})
			defer s.Close()
			defer bare.Close()
			l := newLoad(kib<<10 - 256)
			var storeTime, bareTime time.Duration
			calls := 0
			for b.Loop() {
				commit := func() { l.commit(b, s) }
				write := func() { l.bare(b, bare.db, l.call[0].Entry.Seq) }
				if calls%2 == 0 { // whoever comes second finds a warmer disk
					storeTime += timed(commit)
					bareTime += timed(write)
				} else {
					bareTime += timed(write)
					storeTime += timed(commit)
				}
				l.advance()
				calls++
			}
			mb := float64(calls*benchSections*kib) / 1024
			b.ReportMetric(mb/storeTime.Seconds(), "store-MiB/s")
			b.ReportMetric(mb/bareTime.Seconds(), "bare-MiB/s")
			b.ReportMetric(bareTime.Seconds()/storeTime.Seconds(), "bare/store")
		})
	}
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
