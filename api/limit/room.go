package limit

import (
	"holdfast/api/call"
	"holdfast/api/problem"
)

// RoomCall is a kind of call that an event's waiting room bounds.
type RoomCall uint8

// The kinds. Each call counts one.
const (
	Joins RoomCall = iota
	Polls          // with a place
	Holds          // new ones
	roomCalls
)

// roomKinds are what each is refused with.
var roomKinds = [roomCalls]*problem.Kind{Joins: problem.RateJoins, Polls: problem.RatePolls, Holds: problem.RateHolds}

// Room is how much one buyer may ask of an event with a waiting room. It never changes.
type Room struct{ paces [roomCalls]pace }

// NewRoom makes the limits of an event; a rate of 0 bounds nothing.
func NewRoom(joins, polls, holds Rate) *Room {
	room := &Room{}
	for what, rate := range [roomCalls]Rate{joins, polls, holds} {
		room.paces[what] = newPace(roomKinds[what].Limit, rate)
	}
	return room
}

// newRoomTable has the size of a limiter of few calls: those who ask seldom fill their slots for longest. It is made
// with the first call.
func newRoomTable() rateTable {
	return rateTable{sets: rateSetsMax, shards: make([]rateShard, rateShards)}
}

// OfRoom counts a call of a buyer by an event's own limits. buyer is the pseudonym of that event, so that no other
// event meets it. The answer says what the nearest limit leaves. Operators pass.
func (l *Limiters) OfRoom(r *call.Call, room *Room, what RoomCall, buyer [16]byte) error {
	p := &room.paces[what]
	if p.step == 0 || r.Who.Operator {
		return nil
	}
	k, now := key(buyer), l.moment(r)
	k[len(k)-1] ^= byte(what) // pseudonyms are drawn: no two differ by so little
	ahead, ok := l.rooms.ask(p, k, tenths, now, l.shared == nil)
	if ok && l.shared != nil {
		ahead, ok = l.roomTogether(p, k, now)
	}
	if !ok {
		return l.over(r, roomKinds[what], p.policy, p.wait(ahead, tenths))
	}
	tell(r, p, ahead)
	r.Out = problem.WriteLeft(&r.Ctx.Response, r.Left.Policy, r.Left.Limit, r.Left.Calls, r.Left.Seconds, r.Out)
	return nil
}

// roomTogether counts over all servers; without an answer this one's own count decides.
func (l *Limiters) roomTogether(p *pace, k key, now int64) (ahead int64, ok bool) {
	buckets := []Bucket{{Limit: p.name, Key: k, Cost: p.step * tenths, Burst: p.burst}}
	refuses, answered := l.shared.Take(buckets)
	if !answered {
		return l.rooms.ask(p, k, tenths, now, true)
	}
	l.rooms.learn(k, buckets[0].Ahead, 0, now)
	return buckets[0].Ahead, refuses < 0
}
