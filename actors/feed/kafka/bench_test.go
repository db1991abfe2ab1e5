package kafka_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/actors/feed"
	"holdfast/actors/feed/feedtest"
	"holdfast/actors/feed/kafka"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// BenchmarkCommitToConsumer takes the time from the moment at which a commit is acknowledged to the moment at which a
// consumer of the topic has the change: changes at a steady rate over 64 sections on the embedded store, for
// HOLDFAST_FEED_SECONDS (10). With HOLDFAST_FEED_RAW each latency is written into that folder, in nanoseconds, a line
// each.
//
//	go test -run '^$' -bench CommitToConsumer -benchtime 1x ./actors/feed/kafka
func BenchmarkCommitToConsumer(b *testing.B) {
	for _, rate := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) {
			for range b.N {
				commitToConsumer(b, rate)
			}
		})
	}
}

const benchSections = 64

// clock remembers when each change was acknowledged, by the shard and record that has it alone.
type clock struct {
	mu    sync.Mutex
	acked map[string]time.Time
	early map[string]bool // a consumer had them before the commit's caller went on
	took  []time.Duration
}

func commitToConsumer(b *testing.B, rate int) {
	seconds := 10
	if text := os.Getenv("HOLDFAST_FEED_SECONDS"); text != "" {
		if _, err := fmt.Sscan(text, &seconds); err != nil {
			b.Fatal(err)
		}
	}
	store, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }() // of a benchmark
	h := feedtest.New(b, store)
	h.Open(storage.EventID{1}, benchSections)
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(12, "seats"))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	a, err := kafka.Parse("kafka://" + c.ListenAddrs()[0] + "/seats")
	if err != nil {
		b.Fatal(err)
	}
	sink, err := kafka.Open(kafka.Config{Address: a, Store: store})
	if err != nil {
		b.Fatal(err)
	}
	defer sink.Close()
	f := feed.Open(feed.Config{Store: store})
	defer f.Close()
	f.Add(sink)
	k := &clock{acked: map[string]time.Time{}, early: map[string]bool{}}
	for no := range storage.SectionNo(benchSections) { // claims, so that what is timed are changes
		h.Append(shard(1, no), storage.Entry{Kind: storage.EntryClaim, Epoch: 1, At: 1})
	}
	ctx, cancel := context.WithCancel(b.Context())
	var reading sync.WaitGroup
	reading.Go(func() { k.consume(ctx, b, c) })
	n := k.produce(b, h, f, rate, seconds)
	for waited := time.Now(); k.count() < n && time.Since(waited) < patience; {
		<-time.After(10 * time.Millisecond)
	}
	cancel()
	reading.Wait()
	k.report(b, n, rate)
}

// produce commits changes at a rate, a few milliseconds' worth at a time, each in a record of its own.
func (k *clock) produce(b *testing.B, h *feedtest.Logs, f *feed.Feed, rate, seconds int) (n int) {
	const step = 2 * time.Millisecond
	began := time.Now()
	booking := section.BookingNo(0)
	for tick := 0; time.Since(began) < time.Duration(seconds)*time.Second; tick++ {
		<-time.After(time.Until(began.Add(time.Duration(tick) * step)))
		due := int(time.Since(began).Seconds()*float64(rate)) - n
		for due > 0 {
			var batch []storage.Append
			for range min(due, benchSections) { // one record of each section at most
				booking++
				at := section.Instant(time.Now().UnixMilli())
				change := feedtest.Hold(booking, section.SeatIndex(booking%feedtest.Seats))
				change.At = at
				batch = append(batch, h.Next(shard(1, storage.SectionNo(int(booking)%benchSections)), storage.Entry{
					Kind: storage.EntryChanges, Epoch: 1, At: at, Body: section.AppendChange(nil, at, &change)}))
			}
			for _, err := range h.Store.Commit(b.Context(), batch) {
				if err != nil {
					b.Error(err)
					return n
				}
			}
			now := time.Now()
			k.mu.Lock()
			for i := range batch {
				key := id(batch[i].Section, batch[i].Entry.Seq)
				if k.early[key] {
					k.took = append(k.took, 0)
					continue
				}
				k.acked[key] = now
			}
			k.mu.Unlock()
			for i := range batch {
				f.Shard(batch[i].Section).Landed()
			}
			n, due = n+len(batch), due-len(batch)
		}
	}
	return n
}

func id(shard storage.SectionKey, seq section.Seq) string {
	return string(binary.BigEndian.AppendUint64(feed.AppendShard(nil, shard), uint64(seq)))
}

// consume reads the topic as any consumer does.
func (k *clock) consume(ctx context.Context, b *testing.B, c *kfake.Cluster) {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("seats"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		b.Error(err)
		return
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetched := client.PollFetches(ctx)
		now := time.Now()
		k.mu.Lock()
		fetched.EachRecord(func(r *kgo.Record) {
			var seq uint64
			for i := range r.Headers {
				if r.Headers[i].Key == "ce_sequence" {
					_, _ = fmt.Sscanf(string(r.Headers[i].Value), "%d", &seq) // 0: no change
				}
			}
			key := id(sectionOf(r.Key), section.Seq(seq))
			at, there := k.acked[key]
			switch {
			case there:
				k.took = append(k.took, now.Sub(at))
				delete(k.acked, key)
			case seq > 1: // the first is a claim
				k.early[key] = true
			}
		})
		k.mu.Unlock()
	}
}

// sectionOf reads a record's key.
func sectionOf(key []byte) storage.SectionKey {
	var no int
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] == '/' {
			_, _ = fmt.Sscan(string(key[i+1:]), &no) // a number of ours
			break
		}
	}
	return shard(1, storage.SectionNo(no))
}

func (k *clock) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.took)
}

func (k *clock) report(b *testing.B, n, rate int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.took) < n {
		b.Errorf("P15: of %d changes %d came", n, len(k.took))
	}
	if folder := os.Getenv("HOLDFAST_FEED_RAW"); folder != "" {
		var text []byte
		for _, d := range k.took {
			text = fmt.Appendln(text, d.Nanoseconds())
		}
		name := filepath.Join(folder, fmt.Sprintf("kafka-%d.txt", rate))
		if err := os.WriteFile(name, text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(k.took)
	at := func(share float64) float64 {
		return float64(k.took[min(int(share*float64(len(k.took))), len(k.took)-1)].Microseconds()) / 1000
	}
	if len(k.took) > 0 {
		b.ReportMetric(at(0.5), "p50-ms")
		b.ReportMetric(at(0.99), "p99-ms")
		b.ReportMetric(at(0.999), "p99.9-ms")
		b.ReportMetric(at(1), "max-ms")
	}
	b.ReportMetric(float64(n), "changes")
}
