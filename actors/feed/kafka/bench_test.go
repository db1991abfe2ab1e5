package kafka_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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

// BenchmarkCommitToConsumer takes the time from commit to consumer over a topic of 12 partitions, on the embedded
// store: see feedtest.Clock.
//
//	go test -run '^$' -bench CommitToConsumer -benchtime 1x ./actors/feed/kafka ./actors/feed/redisstream
func BenchmarkCommitToConsumer(b *testing.B) {
	for _, rate := range feedtest.Rates {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) {
			for range b.N {
				commitToConsumer(b, rate)
			}
		})
	}
}

func commitToConsumer(b *testing.B, rate int) {
	store, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }() // of a benchmark
	h, event := feedtest.New(b, store), storage.EventID{1}
	h.Open(event, feedtest.ClockSections)
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
	k := feedtest.NewClock()
	ctx, cancel := context.WithCancel(b.Context())
	var reading sync.WaitGroup
	reading.Go(func() { consume(ctx, b, k, c, event) })
	n := k.Produce(b, h, f, event, rate)
	k.Wait(n)
	cancel()
	reading.Wait()
	k.Report(b, n, fmt.Sprintf("kafka-%d", rate))
}

// consume reads the topic as any consumer does.
func consume(ctx context.Context, b *testing.B, k *feedtest.Clock, c *kfake.Cluster, event storage.EventID) {
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
		fetched.EachRecord(func(r *kgo.Record) {
			_, no, _ := strings.Cut(string(r.Key), "/")
			section64, err := strconv.ParseUint(no, 10, 32)
			if err != nil {
				b.Error(err)
			}
			seq := uint64(0)
			for i := range r.Headers {
				if r.Headers[i].Key == "ce_sequence" {
					if seq, err = strconv.ParseUint(string(r.Headers[i].Value), 10, 64); err != nil {
						b.Error(err)
					}
				}
			}
			k.Came(storage.SectionKey{Event: event, Section: storage.SectionNo(section64)}, section.Seq(seq), now)
		})
	}
}
