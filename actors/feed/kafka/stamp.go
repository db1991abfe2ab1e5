package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Standing is where a shard's log stands for the node that serves it: what the log has up to Seq is all that it will
// ever have of before At, for whoever serves it next stamps later.
type Standing struct {
	At  section.Instant
	Seq section.Seq
}

// Times and bounds of stamps.
const (
	stampEvery  = time.Second
	activeFor   = time.Minute // since a shard's last record was told
	stampedMost = 500         // shards in one stamp
)

// progress is how far a shard was told by this process.
type progress struct {
	seq section.Seq // of the newest record of which all changes were acknowledged
	at  time.Time   // when that was
	to  place
}

// stamp is what an event of type feed.complete says.
type stamp struct {
	Node      string         `json:"node"`
	Partition int32          `json:"partition"`
	At        string         `json:"at"`
	Shards    []stampedShard `json:"shards"`
}

type stampedShard struct {
	Shard    string `json:"shard"`
	Sequence string `json:"sequence"`
}

// reached notes what was acknowledged of a flight. The caller holds mu.
func (s *Sink) reached(shard storage.SectionKey, f *flight, acked int) {
	p := s.progress[shard]
	for i := range acked {
		if f.ends[i] {
			p.seq, p.at = f.refs[i].Seq, time.Now()
		}
	}
	p.to = f.to
	s.progress[shard] = p
}

// stampAll stamps until the sink is closed.
func (s *Sink) stampAll(ctx context.Context) {
	tick := time.NewTicker(stampEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.stamp(ctx)
		}
	}
}

// stamp says for each partition how far its shards are. A shard that was not told up to where it stands, or that this
// node does not serve for sure, is left out: the next stamp may have it.
func (s *Sink) stamp(ctx context.Context) {
	active := map[storage.SectionKey]progress{}
	s.mu.Lock()
	for shard, p := range s.progress {
		if time.Since(p.at) > activeFor {
			delete(s.progress, shard)
			continue
		}
		active[shard] = p
	}
	s.mu.Unlock()
	at, vectors := map[place]section.Instant{}, map[place][]stampedShard{}
	ctx, cancel := context.WithTimeout(ctx, stampEvery/2)
	defer cancel()
	for shard, p := range active {
		now, sure := s.cfg.Standing(ctx, shard)
		if !sure || now.Seq > p.seq {
			continue
		}
		if before, there := at[p.to]; !there || now.At < before {
			at[p.to] = now.At
		}
		vectors[p.to] = append(vectors[p.to], stampedShard{fmt.Sprintf("%v/%d", shard.Event, shard.Section),
			fmt.Sprintf("%020d", now.Seq)})
	}
	for to, shards := range vectors {
		for n := 0; len(shards) > 0; n++ {
			some := shards[:min(len(shards), stampedMost)]
			shards = shards[len(some):]
			s.send(to, at[to], n, some)
		}
	}
}

// send sends a stamp. One that is lost is followed by the next.
func (s *Sink) send(to place, at section.Instant, n int, shards []stampedShard) {
	when := time.UnixMilli(int64(at)).UTC().Format("2006-01-02T15:04:05.000Z")
	value, err := json.Marshal(stamp{s.cfg.Node, to.partition, when, shards})
	if err != nil { // texts and numbers only: it cannot fail
		panic(err)
	}
	e := envelope.Event{SpecVersion: "1.0", Type: "feed.complete", Source: "/v1/cluster", Subject: s.cfg.Node,
		ID:   fmt.Sprintf("%s/%d/%d/%d", s.cfg.Node, to.partition, at, n),
		Time: when, DataContentType: "application/json"}
	r := record(to.topic, to.partition, &e)
	r.Key, r.Value = []byte(s.cfg.Node+"/"+strconv.Itoa(int(to.partition))), value
	s.mu.Lock()
	full := s.full(to)
	s.mu.Unlock()
	if !full {
		s.client.TryProduce(s.ctx, r, func(*kgo.Record, error) {}) // the next one says more
	}
}
