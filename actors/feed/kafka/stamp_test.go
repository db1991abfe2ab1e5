package kafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"holdfast/actors/feed"
	"holdfast/actors/feed/kafka"
	"holdfast/api/consumer"
	"holdfast/storage"
)

// TestP15StampsSayWhatThePartitionHas: never more than what was told before them in their partition, only of shards
// that this node serves, and in the end of all that has come.
func TestP15StampsSayWhatThePartitionHas(t *testing.T) {
	const sections = 6
	c, h := broker(t), newHouse(t, sections)
	var mu sync.Mutex // guards what h has
	standing := func(_ context.Context, shard storage.SectionKey) (kafka.Standing, bool) {
		mu.Lock()
		defer mu.Unlock()
		return kafka.Standing{At: h.Tail(shard).At, Seq: h.Tail(shard).Seq}, shard.Section > 0 // 0 is another node's
	}
	sink, err := kafka.Open(kafka.Config{Address: address(t, c, "seats"), Store: h.Store, Node: "n1",
		Standing: standing})
	if err != nil {
		t.Fatal(err)
	}
	n := &teller{feed.Open(feed.Config{Store: h.Store}), sink}
	n.Add(sink)
	t.Cleanup(n.close)
	r := read(t, c)
	stamped := map[string]string{}
	r.stamp = func(partition int32, s consumer.Stamp) {
		if s.Node != "n1" || s.Partition != partition || s.At == "" {
			t.Errorf("P15: partition %d has the stamp %+v", partition, s)
		}
		for _, one := range s.Shards {
			stamped[one.Shard] = one.Sequence
		}
	}
	for round := range 3 {
		mu.Lock()
		for no := range storage.SectionNo(sections) {
			h.Story(shard(1, no), 3+round, 1000)
		}
		mu.Unlock()
		n.land(h)
		r.until("the round's records and its stamps", func() bool {
			if !r.all(h) {
				return false
			}
			for no := storage.SectionNo(1); no < sections; no++ {
				last := fmt.Sprintf("%020d", h.Tail(shard(1, no)).Seq)
				if stamped[fmt.Sprintf("%v/%d", storage.EventID{1}, no)] != last {
					return false
				}
			}
			return true
		})
	}
	if at, there := stamped[fmt.Sprintf("%v/0", storage.EventID{1})]; there {
		t.Errorf("P15: a section that another node serves is stamped at %s", at)
	}
}
