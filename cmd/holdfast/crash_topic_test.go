package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/api/consumer"
)

// startTopic is a topic for a server that is killed, and the server's flags.
func startTopic(t *testing.T) (broker *kfake.Cluster, flags []string) {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "seats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker, []string{"--feed", "kafka://" + broker.ListenAddrs()[0] + "/seats"}
}

// checkTopic reads a topic until it has every sale: in order, without a gap, with an unbroken chain in each shard.
func checkTopic(t *testing.T, broker *kfake.Cluster, sold []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeTopics("seats"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	missing, verdicts := map[string]bool{}, map[consumer.Verdict]int{}
	for _, id := range sold {
		missing[id] = true
	}
	follower := consumer.New(nil)
	for len(missing) > 0 {
		fetched := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("P15: %d of %d sales are not in the topic: %v", len(missing), len(sold), verdicts)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			headers := map[string]string{}
			for i := range r.Headers {
				headers[r.Headers[i].Key] = string(r.Headers[i].Value)
			}
			e, err := consumer.Binary(func(name string) string { return headers[name] }, r.Value)
			if err != nil {
				t.Fatal(err)
			}
			verdict, err := follower.Take(&e)
			if err != nil {
				t.Fatalf("P15: %v", err)
			}
			verdicts[verdict]++
			var data struct{ Booking string }
			if err := json.Unmarshal(e.Data, &data); err == nil && e.Type == "booking.confirmed" {
				delete(missing, data.Booking)
			}
		})
	}
	t.Logf("the topic: %d changes, %d repeats, %d stamps", verdicts[consumer.Next], verdicts[consumer.Repeated],
		verdicts[consumer.NoChange])
}
