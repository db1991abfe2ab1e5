package redisstream_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/actors/feed"
	"holdfast/actors/feed/feedtest"
	"holdfast/actors/feed/redisstream"
	"holdfast/actors/feed/redisstream/redistest"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// BenchmarkCommitToConsumer takes the time from commit to consumer over streams in a real Redis, on the embedded store:
// see feedtest.Clock.
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
	address := redistest.Start(b)
	a, err := redisstream.Parse(address + "?stream=seats")
	if err != nil {
		b.Fatal(err)
	}
	sink := redisstream.Open(redisstream.Config{Address: a})
	defer sink.Close()
	f := feed.Open(feed.Config{Store: store})
	defer f.Close()
	f.Add(sink)
	k := feedtest.NewClock()
	ctx, cancel := context.WithCancel(b.Context())
	var reading sync.WaitGroup
	reading.Go(func() { consume(ctx, b, k, address, event) })
	n := k.Produce(b, h, f, event, rate)
	k.Wait(n)
	cancel()
	reading.Wait()
	k.Report(b, n, fmt.Sprintf("redis-%d", rate))
}

// consume reads all streams with one blocking call at a time, as a consumer does.
func consume(ctx context.Context, b *testing.B, k *feedtest.Clock, address string, event storage.EventID) {
	options, err := redis.ParseURL(address)
	if err != nil {
		b.Error(err)
		return
	}
	options.ContextTimeoutEnabled = true
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }() // nothing is lost with it
	at := map[string]string{}
	for no := range feedtest.ClockSections {
		at[fmt.Sprintf("seats:%v/%d", event, no)] = "0"
	}
	for ctx.Err() == nil {
		var streams, ids []string
		for stream, last := range at {
			streams, ids = append(streams, stream), append(ids, last)
		}
		found, err := client.XRead(ctx, &redis.XReadArgs{Streams: append(streams, ids...), Block: time.Second}).Result()
		if err != nil {
			continue // nothing yet, or the end
		}
		now := time.Now()
		for _, stream := range found {
			section64, err := strconv.ParseUint(stream.Stream[strings.LastIndexByte(stream.Stream, '/')+1:], 10, 32)
			if err != nil {
				b.Error(err)
			}
			for _, entry := range stream.Messages {
				at[stream.Stream] = entry.ID
				text, _, _ := strings.Cut(entry.ID, "-")
				seq, err := strconv.ParseUint(text, 10, 64)
				if err != nil {
					b.Error(err)
				}
				k.Came(storage.SectionKey{Event: event, Section: storage.SectionNo(section64)}, section.Seq(seq), now)
			}
		}
	}
}
