package kafka_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"holdfast/actors/feed"
	"holdfast/actors/feed/feedtest"
	"holdfast/actors/feed/kafka"
	"holdfast/api/consumer"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

const patience = time.Minute

// broker is Kafka in the test's process.
func broker(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.DefaultNumPartitions(4)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func address(t *testing.T, c *kfake.Cluster, rest string) *kafka.Address {
	t.Helper()
	a, err := kafka.Parse("kafka://" + strings.Join(c.ListenAddrs(), ",") + "/" + rest)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// teller is a node that tells a topic.
type teller struct {
	*feed.Feed
	sink *kafka.Sink
}

func (n *teller) close() {
	n.Feed.Close()
	n.sink.Close()
}

// tell begins to tell a topic what a store has.
func tell(t *testing.T, store feed.Store, a *kafka.Address, here func(storage.SectionKey) bool) *teller {
	t.Helper()
	sink, err := kafka.Open(kafka.Config{Address: a, Store: store, Node: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	n := &teller{feed.Open(feed.Config{Store: store, Here: here}), sink}
	n.Add(sink)
	t.Cleanup(n.close)
	return n
}

// reader is a consumer of everything that a topic has.
type reader struct {
	*consumer.Follower
	t          *testing.T
	client     *kgo.Client
	partitions map[string]map[int32]bool // by shard
	last       map[string]string         // hash of the last record, by shard
	repeats    int
	raw        []*kgo.Record
	stamp      func(partition int32, s consumer.Stamp) // sees stamps; nil: nobody does
}

func read(t *testing.T, c *kfake.Cluster, options ...kgo.Opt) *reader {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeRegex(),
		kgo.ConsumeTopics("^seats.*"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(50 * time.Millisecond), kgo.MetadataMaxAge(200 * time.Millisecond)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &reader{Follower: consumer.New(nil), t: t, client: client, partitions: map[string]map[int32]bool{},
		last: map[string]string{}}
}

// until reads until enough is there. A fault ends the test.
func (r *reader) until(what string, enough func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for !enough() {
		fetched := r.client.PollFetches(ctx)
		if ctx.Err() != nil {
			r.t.Fatalf("P15: never came: %s; read %d records", what, len(r.raw))
		}
		fetched.EachRecord(func(record *kgo.Record) { r.take(record) })
	}
}

func (r *reader) take(record *kgo.Record) {
	r.t.Helper()
	r.raw = append(r.raw, record)
	e, err := consumer.Binary(func(name string) string {
		for i := range record.Headers {
			if record.Headers[i].Key == name {
				return string(record.Headers[i].Value)
			}
		}
		return ""
	}, record.Value)
	if err != nil {
		r.t.Fatal(err)
	}
	verdict, err := r.Take(&e)
	var fault *consumer.Fault
	if errors.As(err, &fault) || err != nil {
		r.t.Fatalf("P15: %v", err)
	}
	if verdict == consumer.Repeated {
		r.repeats++
	}
	if verdict == consumer.NoChange {
		stamp, err := e.Stamp()
		if err != nil {
			r.t.Fatal(err)
		}
		if r.stamp != nil {
			r.stamp(record.Partition, stamp)
		}
		return
	}
	if string(record.Key) != e.Shard {
		r.t.Fatalf("the key of %s is %q", e.ID, record.Key)
	}
	if r.partitions[e.Shard] == nil {
		r.partitions[e.Shard] = map[int32]bool{}
	}
	r.partitions[e.Shard][record.Partition] = true
	r.last[e.Shard] = e.Hash
}

// all says whether everything that was written has been read.
func (r *reader) all(h *feedtest.Logs) bool {
	for _, shard := range h.Shards() {
		tail, at := h.Tail(shard), r.Positions()[fmt.Sprintf("%v/%d", shard.Event, shard.Section)]
		if at.Sequence != uint64(tail.Seq) || at.Taken != at.Changes || at.Hash != hex.EncodeToString(tail.Hash[:]) {
			return false
		}
	}
	return true
}

func shard(event byte, no storage.SectionNo) storage.SectionKey {
	return storage.SectionKey{Event: storage.EventID{event}, Section: no}
}

func newHouse(t *testing.T, sections int) *feedtest.Logs {
	h := feedtest.New(t, memstore.New())
	h.Open(storage.EventID{1}, sections)
	return h
}

// land nudges a feed of what was written.
func (n *teller) land(h *feedtest.Logs) {
	for _, shard := range h.Shards() {
		n.Shard(shard).Landed()
	}
}

// TestP15EveryRecordComesInOrderWithItsChain: what was there before and what comes later, of several sections, each in
// one partition; and the node that goes on after a crash repeats and leaves nothing out.
func TestP15EveryRecordComesInOrderWithItsChain(t *testing.T) {
	c, h := broker(t), newHouse(t, 6)
	for no := range storage.SectionNo(6) {
		h.Story(shard(1, no), 5, 1000)
	}
	r, a := read(t, c), address(t, c, "seats")
	n := tell(t, h.Store, a, nil)
	r.until("what was there", func() bool { return r.all(h) })
	for no := range storage.SectionNo(6) {
		h.Story(shard(1, no), 20, 2000)
	}
	n.land(h)
	r.until("what came", func() bool { return r.all(h) })
	n.sink.Close() // it crashes: what it has not saved is told again
	h.Story(shard(1, 0), 3, 3000)
	next := tell(t, h.Store, a, nil)
	next.land(h)
	r.until("what the next one tells", func() bool { return r.all(h) })
	for at, partitions := range r.partitions {
		if len(partitions) != 1 {
			t.Errorf("P15: %s stands in %d partitions", at, len(partitions))
		}
	}
	if len(r.partitions) != 6 {
		t.Errorf("%d of 6 sections were told", len(r.partitions))
	}
	headers := map[string]string{}
	for _, header := range r.raw[0].Headers {
		headers[header.Key] = string(header.Value)
	}
	if headers["content-type"] != "application/json" || headers["ce_specversion"] != "1.0" ||
		len(headers["ce_sequence"]) != 20 || len(headers["ce_hash"]) != 64 || headers["ce_source"] == "" {
		t.Errorf("the headers are %v", headers)
	}
}

// TestP15AddedPartitionsTakeNewShardsOnly: shards that were told of stay where they are, after a restart too.
func TestP15AddedPartitionsTakeNewShardsOnly(t *testing.T) {
	c, h := broker(t), newHouse(t, 8)
	a := address(t, c, "seats?partitions=2&replication=1")
	for no := range storage.SectionNo(8) {
		h.Story(shard(1, no), 2, 1000)
	}
	r := read(t, c)
	n := tell(t, h.Store, a, nil)
	r.until("the first event", func() bool { return r.all(h) })
	admin, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := kadm.NewClient(admin).CreatePartitions(t.Context(), 14, "seats"); err != nil {
		t.Fatal(err)
	}
	n.close()
	n = tell(t, h.Store, a, nil)
	h.Open(storage.EventID{2}, 40)
	for no := range storage.SectionNo(40) {
		h.Story(shard(2, no), 1, 1000)
	}
	for no := range storage.SectionNo(8) {
		h.Story(shard(1, no), 2, 2000)
	}
	n.land(h)
	r.until("both events", func() bool { return r.all(h) })
	used := map[int32]bool{}
	for at, partitions := range r.partitions {
		for partition := range partitions {
			if used[partition] = true; strings.HasPrefix(at, storage.EventID{1}.String()) && partition > 1 {
				t.Errorf("P15: %s moved to partition %d", at, partition)
			}
		}
		if len(partitions) != 1 {
			t.Errorf("P15: %s stands in %d partitions", at, len(partitions))
		}
	}
	if len(used) < 8 {
		t.Errorf("of 16 partitions %d are used", len(used))
	}
}

// TestP15ABrokerThatIsAwayCostsLagAndBoundedBytes: what waits is bounded, whatever is written; answers that are lost
// lose nothing.
func TestP15ABrokerThatIsAwayCostsLagAndBoundedBytes(t *testing.T) {
	c, h := broker(t), newHouse(t, 30)
	var away atomic.Bool
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if away.Load() {
			return nil, errors.New("cut"), true
		}
		return nil, nil, false
	})
	a := address(t, c, "seats?buffer_bytes=1048576&replication=1")
	r := read(t, c)
	n := tell(t, h.Store, a, nil)
	for no := range storage.SectionNo(30) {
		h.Story(shard(1, no), 2, 1000)
	}
	n.land(h)
	r.until("before the cut", func() bool { return r.all(h) })
	away.Store(true)
	for no := range storage.SectionNo(30) {
		h.Story(shard(1, no), 100, 2000)
	}
	n.land(h)
	for waited := time.Now(); n.sink.Trouble() == nil; {
		if time.Since(waited) > patience {
			t.Fatal("P15: nobody says that the broker is away")
		}
		<-time.After(10 * time.Millisecond)
		if b := n.sink.Buffered(); b > 2<<20 {
			t.Fatalf("P15: %d bytes wait", b)
		}
	}
	if s := n.Status()[0]; s.Behind == 0 {
		t.Errorf("P15: the lag is not shown: %+v", s)
	}
	away.Store(false)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: errAfterAppend, Count: 5})
	r.until("after the cut", func() bool { return r.all(h) })
	for waited := time.Now(); (n.sink.Trouble() != nil || n.sink.Buffered() > 0) && time.Since(waited) < patience; {
		<-time.After(10 * time.Millisecond)
	}
	if err := n.sink.Trouble(); err != nil || n.sink.Buffered() != 0 {
		t.Errorf("after the cut: %v, %d bytes wait", err, n.sink.Buffered())
	}
}
