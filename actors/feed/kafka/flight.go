package kafka

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/actors/feed"
)

// flight is the records of one shard that are on their way, in order. A shard has one at most.
type flight struct {
	to   place
	refs []feed.Ref
	ends []bool        // of each: it is the last change of its record
	over chan struct{} // all of them are decided

	mu      sync.Mutex
	decided int
	acked   int // of the first
	given   int // of these, told to the feed
	failure error
}

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// launch sends events. It does not wait.
func (s *Sink) launch(ctx context.Context, t *feed.Telling, to place) *flight {
	records, bytes := make([]*kgo.Record, 0, len(t.Events)), 0
	for i := range t.Events {
		r := record(to.topic, to.partition, &t.Events[i])
		n := size(r)
		if i > 0 && (bytes+n > flightBytes || n > aloneBytes) {
			break
		}
		records, bytes = append(records, r), bytes+n
		if n > aloneBytes {
			break
		}
	}
	f := &flight{to: to, refs: t.Refs[:len(records):len(records)], over: make(chan struct{})}
	for i := range records {
		f.ends = append(f.ends, t.Events[i].Change == t.Events[i].Changes-1)
	}
	s.mu.Lock()
	if s.full(to) {
		s.mu.Unlock()
		return nil
	}
	s.flights[t.Shard] = f
	s.buffered += bytes
	s.waiting[to] += bytes
	s.mu.Unlock()
	for _, r := range records {
		n := size(r)
		s.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			s.mu.Lock()
			s.buffered -= n
			if s.waiting[to] -= n; s.waiting[to] == 0 {
				delete(s.waiting, to)
			}
			s.mu.Unlock()
			f.decide(err)
		})
	}
	return f
}

// full says that nothing more is to be begun. The caller holds mu.
func (s *Sink) full(to place) bool {
	most := s.cfg.Address.BufferBytes
	return s.buffered >= most || s.waiting[to] >= most/4
}

// decide counts what became of the next record.
func (f *flight) decide(err error) {
	f.mu.Lock()
	f.decided++
	switch {
	case f.failure != nil:
	case err != nil:
		f.failure = err
	default:
		f.acked++
	}
	last := f.decided == len(f.refs)
	f.mu.Unlock()
	if last {
		close(f.over)
	}
}

// goesOn says whether a telling begins with what is on its way.
func (f *flight) goesOn(t *feed.Telling) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given < len(f.refs) && f.refs[f.given] == t.Refs[0]
}

// take is how many more were acknowledged since it was last asked, and whether there is anything left to wait for.
func (f *flight) take() (acked, more int, over bool, failure error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	more = f.acked - f.given
	f.given = f.acked
	return f.acked, more, f.decided == len(f.refs), f.failure
}
