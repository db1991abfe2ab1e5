package limit

import (
	"sync"
	"sync/atomic"
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
	// Each server counts its own.
	StreamsPerAddress, StreamsPerBuyer int
	// Clients says how a caller's address is found.
	Clients Clients
	// Shared counts the rates over all servers. Nil: each counts what it has seen itself.
	Shared Shared
}

// Limiters are Limits at work. Safe for concurrent use.
type Limiters struct {
	bounds  atomic.Pointer[bounds]
	change  sync.Mutex // of bounds
	clients clients
	streams streamCounts
	rooms   rateTable // of all events together; see room.go
	auth    *auth.Authenticator
	shared  Shared           // nil: every bound is this server's own
	clock   func() time.Time // nil: the moment at which a request came
	epoch   time.Time        // of moments, without a clock
}

// bounds are limits at one time; another set replaces them whole.
type bounds struct {
	buyer, addresses, event *rateLimiter
	global                  *soleLimiter
	limits                  Limits
}

// New makes limits that let operators pass. clock is the time that rates count on; nil: the machine's monotonic clock,
// as a Call's Start has it since epoch.
func New(c *Limits, auth *auth.Authenticator, clock func() time.Time, epoch time.Time) *Limiters {
	l := &Limiters{auth: auth, clock: clock, epoch: epoch, shared: c.Shared, clients: newClients(&c.Clients),
		streams: streamCounts{open: map[streamKey]int{}}, rooms: newRoomTable()}
	l.bounds.Store(&bounds{
		buyer: newRateLimiter("buyer", c.Buyer), addresses: newRateLimiter("address", c.Address),
		event: newRateLimiter("event", c.Event), global: newSoleLimiter("global", c.Global), limits: *c,
	})
	return l
}

// changed are other limits for the same callers: what they have used up stays used up.
func (b *bounds) changed(limits Limits, now int64) *bounds {
	return &bounds{
		buyer: b.buyer.changed(limits.Buyer, now), addresses: b.addresses.changed(limits.Address, now),
		event: b.event.changed(limits.Event, now), global: b.global.changed(limits.Global, now), limits: limits,
	}
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

// addressOf is under whose address a call counts; false: under nobody's.
func (l *Limiters) addressOf(r *call.Call, b *bounds) (k key, counted bool) {
	if b.addresses.step == 0 || r.Route != nil && r.Route.AnyAddress {
		return k, false
	}
	return l.clients.counted(r.Ctx)
}

// Outside counts a call before anything is known of it but where it comes from.
func (l *Limiters) Outside(r *call.Call) error {
	b, weight := l.bounds.Load(), Weight(r.Route)
	r.Left = call.Left{}
	if b.addresses.step == 0 && b.global.step == 0 || weight == 0 {
		return nil
	}
	address, counted := l.addressOf(r, b)
	if !counted && b.global.step == 0 {
		return nil
	}
	now := l.moment(r)
	if counted {
		ahead, ok := b.addresses.allow(address, weight, now)
		if !ok {
			return l.limited(r, problem.RateAddress, &b.addresses.pace, ahead)
		}
		tell(r, &b.addresses.pace, ahead)
	}
	if ahead, ok := b.global.allow(weight, now); !ok {
		return l.limited(r, problem.RateGlobal, &b.global.pace, ahead)
	}
	return nil
}

// Suspect counts a call under its address after all, as a whole one, for what it turned out to be.
func (l *Limiters) Suspect(r *call.Call) error {
	b := l.bounds.Load()
	if b.addresses.step == 0 {
		return nil
	}
	address, counted := l.clients.counted(r.Ctx)
	if !counted {
		return nil
	}
	if ahead, ok := b.addresses.allow(address, tenths, l.moment(r)); !ok {
		return l.limited(r, problem.RateAddress, &b.addresses.pace, ahead)
	}
	return nil
}

// Inside counts a call of somebody who is known, or about an event.
func (l *Limiters) Inside(r *call.Call) error {
	b, weight := l.bounds.Load(), Weight(r.Route)
	if weight == 0 || r.Who.Operator {
		return nil
	}
	if l.shared != nil {
		return l.together(r, b, weight)
	}
	return l.alone(r, b, weight)
}

// alone counts by what this server has seen.
func (l *Limiters) alone(r *call.Call, b *bounds, weight int64) error {
	byEvent := b.event.step != 0 && r.Route.OfEvent
	if (b.buyer.step == 0 || !r.Who.Known) && !byEvent {
		l.headers(r)
		return nil
	}
	now := l.moment(r)
	if b.buyer.step != 0 && r.Who.Known {
		ahead, ok := b.buyer.allow(key(r.Who.Person), weight, now)
		if !ok {
			return l.limited(r, problem.RateBuyer, &b.buyer.pace, ahead)
		}
		tell(r, &b.buyer.pace, ahead)
	}
	if byEvent {
		event, err := r.Event()
		if err != nil {
			return err
		}
		if ahead, ok := b.event.allow(key(event), weight, now); !ok {
			return l.limited(r, problem.RateEvent, &b.event.pace, ahead)
		}
	}
	l.headers(r)
	return nil
}

// limited makes the refusal in the request's own memory: a flood of them must cost nothing.
func (l *Limiters) limited(r *call.Call, k *problem.Kind, p *pace, ahead int64) error {
	return l.over(r, k, p.policy, p.wait(ahead, Weight(r.Route)))
}

func (l *Limiters) over(r *call.Call, k *problem.Kind, policy []byte, wait time.Duration) error {
	if token, ok := auth.BearerToken(r.Ctx.Request.Header.Peek("Authorization")); ok && l.auth.IsOperator(token) {
		return nil
	}
	r.Over = problem.Problem{Kind: k, Policy: policy, Wait: int((wait + time.Second - 1) / time.Second)}
	return &r.Over
}
