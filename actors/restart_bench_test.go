package actors

import (
	"context"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/storage/pebblestore"
)

// BenchmarkRestart is the time from opening the store to every section serving, after 1,000,000 changes under 1,000,000
// keys that are all still remembered, and an end without a graceful stop: the write-ahead log is replayed, then
// snapshots and the records after them.
func BenchmarkRestart(b *testing.B) {
	const changes, sections = 1_000_000, 64
	dir := b.TempDir()
	e, o, inner := benchEventIn(b, dir, sections)
	drive(b, o, sections, 256, changes)
	if err := inner.Store.Close(); err != nil { // under the engine's feet: what it does from here on is lost, as in a crash
		b.Fatal(err)
	}
	id := o.sections[0].key.Event
	_ = e.Close(
		context.Background(),
	) // the old engine can only fail now; its goroutines must end before the clock starts
	gateway, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		store, err := pebblestore.Open(dir, pebblestore.Options{})
		if err != nil {
			b.Fatal(err)
		}
		again, err := Open(context.Background(), Config{Store: store, Processor: gateway})
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := again.openEvent(id, deadlineSoon()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		if n := again.Stats().SectionsServing.Load(); n != sections {
			b.Fatalf("%d sections serve", n)
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		_ = again.Close(context.Background())
	}
	b.ReportMetric(took[0].Seconds(), "first-s") // the later ones find no write-ahead log to replay
}
