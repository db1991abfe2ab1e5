package api

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"holdfast/actors/section"
)

// Limits bound what one caller may do, so that one buyer, one address or one event cannot spend what belongs to all.
// The zero value bounds nothing; cmd/holdfast has the defaults, and the reasons for them.
//
//	request ──▶ address ──▶ global ──▶ identity ──▶ buyer ──▶ event ──▶ handler
//
// The narrowest bound is asked first where it can be, so that whoever is refused by it takes nothing from the wider
// ones. What an inner bound refuses has counted for the outer ones. Operators are counted and never refused: whoever
// fights an attack must get through, and their key is compared before anything is refused.
type Limits struct {
	// Buyer, Address, Event and Global bound calls; see Rate. An address is an IPv4 address or an IPv6 network of 64
	// bits, which is what one customer is given. Event counts calls under /v1/events/{event}.
	Buyer, Address, Event, Global Rate
	// StreamsPerAddress and StreamsPerBuyer bound open live-map streams (0: no bound). A buyer is known to a stream
	// only if it says who it is, which it need not. Opening several in the same instant may exceed a bound by those.
	StreamsPerAddress, StreamsPerBuyer int
	// Clients says how a caller's address is found.
	Clients Clients
}

// limiters are Limits at work.
type limiters struct {
	buyer, address, event *rateLimiter
	global                soleLimiter
	clients               clients
	streams               streamCounts
	limits                Limits
}

func newLimiters(c *Limits) *limiters {
	return &limiters{
		buyer: newRateLimiter("buyer", c.Buyer), address: newRateLimiter("address", c.Address),
		event: newRateLimiter("event", c.Event), global: soleLimiter{rateLimiter: *newRateLimiter("global", c.Global)},
		clients: newClients(&c.Clients), streams: streamCounts{open: map[streamKey]int{}}, limits: *c,
	}
}

// ratePolicy is a RateLimit-Policy item (draft-ietf-httpapi-ratelimit-headers): quota, and the seconds in which it
// comes back.
func ratePolicy(name string, quota, window float64) []byte {
	return fmt.Appendf(nil, `"%s";q=%.0f;w=%.0f`, name, quota, math.Ceil(window))
}

// moment is when a request came, in nanoseconds of a clock that nobody sets: a wall clock that steps back by an hour
// would refuse every caller for an hour.
func (s *Server) moment(r *request) int64 {
	if s.cfg.clockGiven {
		return s.cfg.Now().UnixNano()
	}
	return int64(r.start)
}

// outside counts a call before anything is known of it but where it comes from.
func (s *Server) outside(r *request, cost int64) error {
	l := s.limits
	if l.address.step == 0 && l.global.step == 0 || cost == 0 {
		return nil
	}
	address, counted := key{}, false
	if l.address.step != 0 {
		address, counted = l.clients.counted(r.ctx)
	}
	if !counted && l.global.step == 0 {
		return nil
	}
	now := s.moment(r)
	if counted {
		if wait, ok := l.address.allow(address, cost, now); !ok {
			return s.limited(r, kindRateAddress, l.address.policy, wait)
		}
	}
	if wait, ok := l.global.allow(cost, now); !ok {
		return s.limited(r, kindRateGlobal, l.global.policy, wait)
	}
	return nil
}

// inside counts a call of somebody who is known, or about an event.
func (s *Server) inside(r *request, cost int64) error {
	l := s.limits
	if l.buyer.step == 0 && l.event.step == 0 || cost == 0 {
		return nil
	}
	now := s.moment(r)
	if r.who.known && !r.who.operator {
		if wait, ok := l.buyer.allow(key(r.who.buyer), cost, now); !ok {
			return s.limited(r, kindRateBuyer, l.buyer.policy, wait)
		}
	}
	if l.event.step == 0 || !r.route.ofEvent || r.who.operator {
		return nil
	}
	event, err := r.event()
	if err != nil {
		return err
	}
	if wait, ok := l.event.allow(key(event), cost, now); !ok {
		return s.limited(r, kindRateEvent, l.event.policy, wait)
	}
	return nil
}

// limited makes the refusal in the request's own memory: a flood of them must cost nothing.
func (s *Server) limited(r *request, k *kind, policy []byte, wait time.Duration) error {
	if token, ok := bearerToken(r.ctx.Request.Header.Peek("Authorization")); ok && s.auth.isOperator(token) {
		return nil
	}
	r.over = problem{kind: k, policy: policy, wait: int((wait + time.Second - 1) / time.Second)}
	return &r.over
}

// appendRateLimit appends a RateLimit item: nothing remains, and when something will.
func appendRateLimit(dst []byte, p *problem) []byte {
	dst = append(append(append(dst, '"'), p.limit...), `";r=0;t=`...)
	return strconv.AppendInt(dst, int64(p.wait), 10)
}

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
type streamer struct{ keys []streamKey }

func (c *streamCounts) add(s streamer, n int) {
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
func (s *Server) streamer(r *request) (who streamer, err error) {
	l := s.limits
	if max := l.limits.StreamsPerAddress; max > 0 {
		if address, counted := l.clients.counted(r.ctx); counted {
			k := streamKey{key: address}
			if l.streams.of(k) >= max {
				return who, s.limited(r, kindStreamsAddress, l.policyOfStreams(kindStreamsAddress.limit, max), streamRetry)
			}
			who.keys = append(who.keys, k)
		}
	}
	if max := l.limits.StreamsPerBuyer; max > 0 {
		r.authorization, r.buyerName = r.ctx.Request.Header.Peek("Authorization"), r.ctx.Request.Header.Peek("X-Buyer")
		id, err := s.auth.identify(r)
		if err == nil && id.known && !id.operator {
			k := streamKey{buyer: true, key: key(id.buyer)}
			if l.streams.of(k) >= max {
				return who, s.limited(r, kindStreamsBuyer, l.policyOfStreams(kindStreamsBuyer.limit, max), streamRetry)
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

// policyOfMemory is the bound on remembered requests; it is a section's, and no configuration changes it.
var policyOfMemory = ratePolicy("remembered", section.RequestsPerBuyerMax, float64(section.DefaultDedupeWindow)/1000)
