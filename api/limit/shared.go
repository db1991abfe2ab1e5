package limit

import (
	"holdfast/api/call"
	"holdfast/api/problem"
)

// Shared counts calls over all servers. Its methods are safe for concurrent use, and their time is bounded: when nobody
// answers, this server's own count decides. Nobody is refused because the others cannot be asked.
type Shared interface {
	// Take takes from the buckets in their order, each call's whole weight or nothing, until one refuses; those before
	// it have counted. It returns the index of the one that refuses (-1: none does), with Ahead of all up to there. ok
	// false: there is no answer, and what was taken is not known.
	Take(buckets []Bucket) (refuses int, ok bool)
	// Up says whether calls are counted over all servers at the moment.
	Up() bool
}

// Bucket is one that several servers share. All times are in nanoseconds.
type Bucket struct {
	Limit string   // the limit's name
	Key   [16]byte // whose bucket; zero: everybody's
	Cost  int64    // what the call puts the bucket ahead
	Burst int64    // how far ahead it may be
	Ahead int64    // the answer: how long until it is full
}

// claim is a bucket that a call is to take from, and where this server keeps its own count of that.
type claim struct {
	pace  *pace
	kind  *problem.Kind
	own   *rateLimiter // nil: the global one
	outer bool         // counted here before anybody knew who calls
}

// claims are those of one call. They live on the heap, as the request to the other side does.
type claims struct {
	of      [4]claim
	buckets [4]Bucket
	n       int
}

func (c *claims) add(one claim, k key, weight int64) {
	c.of[c.n] = one
	c.buckets[c.n] = Bucket{Limit: one.pace.name, Key: k, Cost: one.pace.step * weight, Burst: one.pace.burst}
	c.n++
}

// together counts a call over all servers. What this server knows of a bucket is kept here with each answer: a refusal
// by that asks nobody and costs nothing. What this server refuses so, and what ends before anybody knows who calls,
// counts for the address and all together on this server alone.
func (l *Limiters) together(r *call.Call, b *bounds, weight int64) error {
	now := l.moment(r)
	if r.Who.Known && b.buyer.step != 0 {
		if ahead, ok := b.buyer.look(key(r.Who.Person), weight, now); !ok {
			return l.limited(r, problem.RateBuyer, &b.buyer.pace, ahead)
		}
	}
	event, byEvent := key{}, b.event.step != 0 && r.Route.OfEvent
	if byEvent {
		id, err := r.Event()
		if err != nil {
			return err
		}
		event = key(id)
		if ahead, ok := b.event.look(event, weight, now); !ok {
			if r.Who.Known { // what the event refuses has counted for the buyer
				b.buyer.allow(key(r.Who.Person), weight, now)
			}
			return l.limited(r, problem.RateEvent, &b.event.pace, ahead)
		}
	}
	all := l.claims(r, b, weight, event, byEvent)
	if all.n == 0 {
		return nil
	}
	refuses, ok := l.shared.Take(all.buckets[:all.n])
	if !ok {
		return l.alone(r, b, weight)
	}
	return l.settle(r, b, all, refuses, now)
}

// settle keeps what the others know of a call's buckets, and refuses the call if one of them does.
func (l *Limiters) settle(r *call.Call, b *bounds, all *claims, refuses int, now int64) error {
	for i := range all.buckets[:all.n] {
		one, ahead, back := &all.of[i], all.buckets[i].Ahead, int64(0)
		if i == refuses && one.outer {
			back = all.buckets[i].Cost // a refusal takes nothing
		}
		if one.own != nil {
			one.own.learn(all.buckets[i].Key, ahead, back, now)
		} else {
			b.global.learn(ahead, back, now)
		}
		if i == refuses {
			return l.limited(r, one.kind, one.pace, ahead)
		}
		if one.kind == problem.RateBuyer || one.kind == problem.RateAddress {
			tell(r, one.pace, ahead)
		}
	}
	l.headers(r)
	return nil
}

// claims lists whom a call counts for, from the narrowest that is known outside to the event.
func (l *Limiters) claims(r *call.Call, b *bounds, weight int64, event key, byEvent bool) *claims {
	all := new(claims)
	if address, counted := l.addressOf(r, b); counted {
		one := claim{pace: &b.addresses.pace, kind: problem.RateAddress, own: b.addresses, outer: true}
		all.add(one, address, weight)
	}
	if b.global.step != 0 {
		all.add(claim{pace: &b.global.pace, kind: problem.RateGlobal, outer: true}, key{}, weight)
	}
	if b.buyer.step != 0 && r.Who.Known {
		all.add(claim{pace: &b.buyer.pace, kind: problem.RateBuyer, own: b.buyer}, key(r.Who.Person), weight)
	}
	if byEvent {
		all.add(claim{pace: &b.event.pace, kind: problem.RateEvent, own: b.event}, event, weight)
	}
	return all
}
