package limit

import (
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/auth"
	"holdfast/api/call"
	"holdfast/api/problem"
)

// Limits bound what one caller may do, so that one buyer, one address or one event cannot spend what belongs to all.
// The zero value bounds nothing; cmd/holdfast has the defaults, and the reasons for them.
//
//	request ──▶ address ──▶ global ──▶ identity ──▶ buyer ──▶ event ──▶ handler
//
// The narrowest bound is asked first where it can be, so that a caller whom it refuses takes nothing from the wider
// ones. What an inner bound refuses has counted for the outer ones. Operators are counted and never refused: an
// operator who fights an attack must get through, and the key is compared before anything is refused.
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

// Limiters are Limits at work.
type Limiters struct {
	buyer, addresses, event *rateLimiter
	global                  soleLimiter
	clients                 clients
	streams                 streamCounts
	limits                  Limits
	auth                    *auth.Authenticator
	clock                   func() time.Time // nil: the moment at which a request came
}

// New makes limits that let operators pass. clock is the time that rates count on; nil: the machine's monotonic
// clock.
func New(c *Limits, auth *auth.Authenticator, clock func() time.Time) *Limiters {
	return &Limiters{
		auth: auth, clock: clock,
		buyer: newRateLimiter("buyer", c.Buyer), addresses: newRateLimiter("address", c.Address),
		event: newRateLimiter("event", c.Event), global: soleLimiter{rateLimiter: *newRateLimiter("global", c.Global)},
		clients: newClients(&c.Clients), streams: streamCounts{open: map[streamKey]int{}}, limits: *c,
	}
}

// Costs of calls, in tenths.
const (
	costProbe    = 0 // health checks and metrics: operators watch the server under attack
	costRead     = 1
	costMutation = 10
)

// cost is what a call counts; of a path or method that is none, what a read does.
func cost(r *call.Route) int64 {
	switch {
	case r == nil:
		return costRead
	case r.Probe:
		return costProbe
	case r.Mutates || r.Stream:
		return costMutation
	}
	return costRead
}

// moment is when a request came, in nanoseconds of a clock that nobody sets: a wall clock that steps back by an hour
// would refuse every caller for an hour.
func (l *Limiters) moment(r *call.Call) int64 {
	if l.clock != nil {
		return l.clock().UnixNano()
	}
	return int64(r.Start)
}

// Address is the caller's address as logs tell it.
func (l *Limiters) Address(ctx *fasthttp.RequestCtx) string {
	if address, ok := l.clients.address(ctx); ok {
		return address.String()
	}
	return ctx.RemoteAddr().String()
}

// Outside counts a call before anything is known of it but where it comes from.
func (l *Limiters) Outside(r *call.Call) error {
	cost := cost(r.Route)
	if l.addresses.step == 0 && l.global.step == 0 || cost == 0 {
		return nil
	}
	address, counted := key{}, false
	if l.addresses.step != 0 {
		address, counted = l.clients.counted(r.Ctx)
	}
	if !counted && l.global.step == 0 {
		return nil
	}
	now := l.moment(r)
	if counted {
		if wait, ok := l.addresses.allow(address, cost, now); !ok {
			return l.limited(r, problem.RateAddress, l.addresses.policy, wait)
		}
	}
	if wait, ok := l.global.allow(cost, now); !ok {
		return l.limited(r, problem.RateGlobal, l.global.policy, wait)
	}
	return nil
}

// Inside counts a call of somebody who is known, or about an event.
func (l *Limiters) Inside(r *call.Call) error {
	cost := cost(r.Route)
	if l.buyer.step == 0 && l.event.step == 0 || cost == 0 {
		return nil
	}
	now := l.moment(r)
	if r.Who.Known && !r.Who.Operator {
		if wait, ok := l.buyer.allow(key(r.Who.Buyer), cost, now); !ok {
			return l.limited(r, problem.RateBuyer, l.buyer.policy, wait)
		}
	}
	if l.event.step == 0 || !r.Route.OfEvent || r.Who.Operator {
		return nil
	}
	event, err := r.Event()
	if err != nil {
		return err
	}
	if wait, ok := l.event.allow(key(event), cost, now); !ok {
		return l.limited(r, problem.RateEvent, l.event.policy, wait)
	}
	return nil
}

// limited makes the refusal in the request's own memory: a flood of them must cost nothing.
func (l *Limiters) limited(r *call.Call, k *problem.Kind, policy []byte, wait time.Duration) error {
	if token, ok := auth.BearerToken(r.Ctx.Request.Header.Peek("Authorization")); ok && l.auth.IsOperator(token) {
		return nil
	}
	r.Over = problem.Problem{Kind: k, Policy: policy, Wait: int((wait + time.Second - 1) / time.Second)}
	return &r.Over
}
