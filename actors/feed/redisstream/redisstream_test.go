package redisstream_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"holdfast/actors/feed"
	"holdfast/actors/feed/feedtest"
	"holdfast/actors/feed/redisstream"
	"holdfast/actors/feed/redisstream/redistest"
	"holdfast/api/consumer"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

const patience = time.Minute

// inBoth runs a test with the imitation and with the real one.
func inBoth(t *testing.T, test func(t *testing.T, address string)) {
	t.Run("imitated", func(t *testing.T) { test(t, "redis://"+miniredis.RunT(t).Addr()) })
	t.Run("real", func(t *testing.T) { test(t, redistest.Start(t)) })
}

type teller struct {
	*feed.Feed
	sink *redisstream.Sink
}

func (n *teller) close() {
	n.Feed.Close()
	n.sink.Close()
}

func tell(t *testing.T, store feed.Store, address string) *teller {
	t.Helper()
	a, err := redisstream.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n := &teller{feed.Open(feed.Config{Store: store}), redisstream.Open(redisstream.Config{Address: a})}
	n.Add(n.sink)
	t.Cleanup(n.close)
	return n
}

func (n *teller) land(h *feedtest.Logs) {
	for _, shard := range h.Shards() {
		n.Shard(shard).Landed()
	}
}

// reader follows every stream from its first entry.
type reader struct {
	*consumer.Follower
	t        *testing.T
	client   *redis.Client
	at       map[string]string
	verdicts map[consumer.Verdict]int
}

func read(t *testing.T, address string) *reader {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Follower: consumer.New(nil), t: t, client: redis.NewClient(options), at: map[string]string{},
		verdicts: map[consumer.Verdict]int{}}
	t.Cleanup(func() { _ = r.client.Close() }) // nothing is lost with it
	return r
}

func (r *reader) until(what string, h *feedtest.Logs) {
	r.t.Helper()
	for waited := time.Now(); !r.all(h); <-time.After(5 * time.Millisecond) {
		if time.Since(waited) > patience {
			r.t.Fatalf("P15: never came: %s: %v", what, r.Positions())
		}
		for _, stream := range r.client.SMembers(r.t.Context(), "seats:shards").Val() {
			from := "-"
			if r.at[stream] != "" {
				from = "(" + r.at[stream]
			}
			for _, entry := range r.client.XRange(r.t.Context(), stream, from, "+").Val() {
				r.at[stream] = entry.ID
				r.take(entry)
			}
		}
	}
}

func (r *reader) take(entry redis.XMessage) {
	r.t.Helper()
	body, _ := entry.Values["event"].(string)
	e, err := consumer.Structured([]byte(body))
	if err != nil {
		r.t.Fatal(err)
	}
	verdict, err := r.Take(&e)
	if err != nil {
		r.t.Fatalf("P15: %v", err)
	}
	r.verdicts[verdict]++
	if want := fmt.Sprintf("%d-%d", e.Sequence, e.Change+1); entry.ID != want {
		r.t.Fatalf("the entry of %s has the id %s", e.ID, entry.ID)
	}
}

func (r *reader) all(h *feedtest.Logs) bool {
	for _, shard := range h.Shards() {
		tail, at := h.Tail(shard), r.Positions()[fmt.Sprintf("%v/%d", shard.Event, shard.Section)]
		if at.Sequence != uint64(tail.Seq) || at.Taken != at.Changes || at.Hash != hex.EncodeToString(tail.Hash[:]) {
			return false
		}
	}
	return true
}

func shard(no storage.SectionNo) storage.SectionKey {
	return storage.SectionKey{Event: storage.EventID{1}, Section: no}
}

func newLogs(t *testing.T, sections int) *feedtest.Logs {
	h := feedtest.New(t, memstore.New())
	h.Open(storage.EventID{1}, sections)
	for no := range storage.SectionNo(sections) {
		h.Story(shard(no), 4, 1000)
	}
	return h
}

// TestP15EveryChangeStandsOnceInItsStream: whatever is told again, after a crash, or by two nodes at once.
func TestP15EveryChangeStandsOnceInItsStream(t *testing.T) {
	inBoth(t, func(t *testing.T, address string) {
		h, where := newLogs(t, 4), address+"?stream=seats"
		r := read(t, address)
		n := tell(t, h.Store, where)
		r.until("what was there", h)
		n.sink.Close() // it crashes: what it has not saved is told again
		other := tell(t, h.Store, where)
		both := tell(t, h.Store, where)
		for no := range storage.SectionNo(4) {
			h.Story(shard(no), 30, 2000)
		}
		other.land(h)
		both.land(h)
		r.until("what came", h)
		if r.verdicts[consumer.Repeated] > 0 || both.sink.Lost()+other.sink.Lost() > 0 {
			t.Errorf("P15: %v, %d lost", r.verdicts, both.sink.Lost())
		}
	})
}

// TestP15RedisGoneAndBackLosesNothing, as long as Redis keeps what it had.
func TestP15RedisGoneAndBackLosesNothing(t *testing.T) {
	server := miniredis.RunT(t)
	h, address := newLogs(t, 2), "redis://"+server.Addr()
	r := read(t, address)
	n := tell(t, h.Store, address+"?stream=seats")
	r.until("what was there", h)
	server.SetError("LOADING it is not there")
	h.Story(shard(0), 5, 2000)
	n.land(h)
	for waited := time.Now(); n.sink.Trouble() == nil; <-time.After(time.Millisecond) {
		if time.Since(waited) > patience {
			t.Fatal("nobody says that Redis is gone")
		}
	}
	server.SetError("")
	r.until("what came meanwhile", h)
	if err := n.sink.Trouble(); err != nil {
		t.Error(err)
	}
}

// TestP15WhatRedisForgotIsSaid: a stream that ends before what it was told is counted, and a stream that has another
// log is not told.
func TestP15WhatRedisForgotIsSaid(t *testing.T) {
	inBoth(t, func(t *testing.T, address string) {
		h, where := newLogs(t, 1), address+"?stream=seats"
		r := read(t, address)
		n := tell(t, h.Store, where)
		r.until("what was there", h)
		n.close()
		r.client.FlushAll(t.Context())
		h.Story(shard(0), 1, 2000)
		n = tell(t, h.Store, where)
		n.land(h)
		for waited := time.Now(); n.sink.Lost() == 0 || r.client.DBSize(t.Context()).Val() == 0; {
			if time.Since(waited) > patience {
				t.Fatal("P15: what was lost is not said, or what came later is not told")
			}
			<-time.After(time.Millisecond)
		}
		n.close()
		another := newLogs(t, 1)
		another.Story(shard(0), 3, 3000)
		n = tell(t, another.Store, where)
		n.land(another)
		for waited := time.Now(); n.sink.Trouble() == nil; <-time.After(time.Millisecond) {
			if time.Since(waited) > patience {
				t.Fatal("P15: a stream of another log is told")
			}
		}
		if err := n.sink.Trouble(); !strings.Contains(err.Error(), "another event") {
			t.Error(err)
		}
	})
}

// TestStreamsAreCapped: about so many entries, the newest.
func TestStreamsAreCapped(t *testing.T) {
	address := redistest.Start(t)
	h := newLogs(t, 1)
	h.Story(shard(0), 1500, 2000)
	n := tell(t, h.Store, address+"?stream=seats&maxlen=1000")
	n.land(h)
	r := read(t, address)
	last := ""
	for waited := time.Now(); !strings.HasPrefix(last, fmt.Sprint(h.Tail(shard(0)).Seq)+"-"); {
		if time.Since(waited) > patience {
			t.Fatalf("the newest entry is %s", last)
		}
		<-time.After(time.Millisecond)
		for _, entry := range r.client.XRevRangeN(t.Context(), fmt.Sprintf("seats:%v/0", storage.EventID{1}), "+", "-",
			1).Val() {
			last = entry.ID
		}
	}
	if n := r.client.XLen(t.Context(), fmt.Sprintf("seats:%v/0", storage.EventID{1})).Val(); n < 1000 || n > 1200 {
		t.Errorf("%d entries are kept, not about 1000", n)
	}
}

func TestAddressesOfStreams(t *testing.T) {
	a, err := redisstream.Parse("rediss://shop@host:6380/2?stream=seats&maxlen=5000&password_file=f&name=n")
	if err != nil || a.Stream != "seats" || a.Capped != 5000 || a.PasswordFile != "f" || a.Name != "n" ||
		a.Options.Username != "shop" || a.Options.DB != 2 || a.Options.TLSConfig == nil {
		t.Errorf("%+v %v", a, err)
	}
	for text, want := range map[string]string{"http://host": "redis://", "redis://a:hunter2@host": "password_file",
		"redis://host?stream=a b": "stream", "redis://host?maxlen=5": "maxlen", "redis://host?speed=1": "speed",
		"redis://host?ca_file=x": "rediss"} {
		if _, err := redisstream.Parse(text); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
