package api

import (
	"fmt"
	"sync"
	"time"
)

// streamCounts counts open streams by whose they are. It holds only what is open, so StreamsMax bounds it.
type streamCounts struct {
	mu   sync.Mutex
	open map[streamKey]int
}

type streamKey struct {
	buyer bool
	key   key
}

// streamer is who opened a stream, as far as that is known and counted.
type streamer struct {
	counts *streamCounts
	keys   []streamKey
}

// add counts n streams of the streamer in; out, when n is negative.
func (s streamer) add(n int) {
	c := s.counts
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

// streamer finds out who wants a stream, and refuses those who have enough. A stream needs no identity, so one that
// does not hold is as good as none.
func (l *limiters) streamer(r *request) (who streamer, err error) {
	who.counts = &l.streams
	if max := l.limits.StreamsPerAddress; max > 0 {
		if address, counted := l.clients.counted(r.ctx); counted {
			k := streamKey{key: address}
			if l.streams.of(k) >= max {
				return who, l.limited(r, kindStreamsAddress, l.policyOfStreams(kindStreamsAddress.limit, max), streamRetry)
			}
			who.keys = append(who.keys, k)
		}
	}
	if max := l.limits.StreamsPerBuyer; max > 0 {
		header := &r.ctx.Request.Header
		id, err := l.auth.identify(header.Peek("Authorization"), header.Peek("X-Buyer"))
		if err == nil && id.known && !id.operator {
			k := streamKey{buyer: true, key: key(id.buyer)}
			if l.streams.of(k) >= max {
				return who, l.limited(r, kindStreamsBuyer, l.policyOfStreams(kindStreamsBuyer.limit, max), streamRetry)
			}
			who.keys = append(who.keys, k)
		}
	}
	return who, nil
}

// streamRetry is what a refused stream is told: nobody knows when another one ends.
const streamRetry = 30 * time.Second

func (l *limiters) policyOfStreams(name string, max int) []byte {
	return fmt.Appendf(nil, `"%s";q=%d;qu="concurrent-requests"`, name, max)
}
