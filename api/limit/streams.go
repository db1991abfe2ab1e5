package limit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/api/call"
	"holdfast/api/problem"
)

// streamCounts counts open streams by whose they are. It holds only what is open, so StreamsMax bounds it.
type streamCounts struct {
	all  atomic.Int64 // of whatever is streamed
	mu   sync.Mutex
	open map[streamKey]int
}

type streamKey struct {
	buyer bool
	key   key
}

// Streamer is who opened a stream, as far as that is known and counted.
type Streamer struct {
	counts *streamCounts
	keys   []streamKey
}

// Add counts n streams of the streamer in; out, when n is negative.
func (s Streamer) Add(n int) {
	c := s.counts
	c.all.Add(int64(n))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range s.keys {
		if c.open[k] += n; c.open[k] <= 0 {
			delete(c.open, k)
		}
	}
}

func (c *streamCounts) of(k streamKey) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[k]
}

// Streams is how many streams are open: maps and waiting rooms share one bound, for they share the connections.
func (l *Limiters) Streams() int64 { return l.streams.all.Load() }

// Streamer finds out who wants a stream, and refuses those who have enough. A stream needs no identity, so one that
// does not hold is as good as none.
func (l *Limiters) Streamer(r *call.Call) (who Streamer, err error) {
	who.counts = &l.streams
	limits := &l.bounds.Load().limits
	if max := limits.StreamsPerAddress; max > 0 {
		if address, counted := l.clients.counted(r.Ctx); counted {
			k := streamKey{key: address}
			if l.streams.of(k) >= max {
				return who, l.over(r, problem.StreamsAddress, l.policyOfStreams(problem.StreamsAddress.Limit, max),
					streamRetry)
			}
			who.keys = append(who.keys, k)
		}
	}
	if max := limits.StreamsPerBuyer; max > 0 {
		header := &r.Ctx.Request.Header
		id, err := l.auth.Identify(header.Peek("Authorization"), header.Peek("X-Buyer"))
		if err == nil && id.Known && !id.Operator {
			k := streamKey{buyer: true, key: key(id.Person)}
			if l.streams.of(k) >= max {
				return who, l.over(r, problem.StreamsBuyer, l.policyOfStreams(problem.StreamsBuyer.Limit, max),
					streamRetry)
			}
			who.keys = append(who.keys, k)
		}
	}
	return who, nil
}

// streamRetry is what a refused stream is told: nobody knows when another one ends.
const streamRetry = 30 * time.Second

func (l *Limiters) policyOfStreams(name string, max int) []byte {
	return fmt.Appendf(nil, `"%s";q=%d;qu="concurrent-requests"`, name, max)
}
