package buyers

import (
	"strconv"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// The kinds of requests that buyers make, as the load counts them.
const (
	KindHold load.Kind = iota
	KindBest
	KindConfirm
	KindRelease
	KindExtend
	KindLook
	KindSeatmap
	KindJoin
	KindPoll
	KindTurn
	KindDepart
	KindBorrowed
	KindChallenge
)

// Kinds are their names, and Useful which of them change something durably.
var (
	Kinds = []string{
		"hold", "best", "confirm", "release", "extend", "look", "seatmap", "join", "poll", "turn", "depart", "borrowed",
		"challenge",
	}
	Useful = []bool{KindHold: true, KindBest: true, KindConfirm: true, KindRelease: true, KindExtend: true,
		KindJoin: true, KindTurn: true, KindDepart: true}
)

// asker makes requests. Everything that does not change is written once, before the load.
type asker struct {
	host     string
	identity Identity
	buyers   string   // prefix of buyers' names
	keys     string   // prefix of their keys
	book     [][]byte // by event: a booking's head up to who asks
	look     [][]byte // by event: the whole request
	seatmap  [][]byte
	queue    [][]byte // by event: the path of its waiting room
	// admission is sent with new holds; empty: the event has no waiting room.
	admission []byte
	from      []byte // address of whoever asks, as a proxy would tell it; empty: nobody tells
	name      []byte // scratch
	body      []byte // scratch
}

func newAsker(host string, identity Identity, buyers, keys string, events []*Event) *asker {
	a := &asker{host: host, buyers: buyers, keys: keys}
	a.identity = func(dst, buyer []byte) []byte {
		if dst = identity(dst, buyer); len(a.from) > 0 {
			dst = append(append(append(dst, "X-Forwarded-For: "...), a.from...), "\r\n"...)
		}
		return dst
	}
	for _, h := range events {
		event := "/v1/events/" + h.ID
		a.book = append(a.book, []byte(
			"POST "+event+"/bookings HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\n"))
		a.look = append(a.look, []byte("GET "+event+"/availability HTTP/1.1\r\nHost: "+host+"\r\n\r\n"))
		a.queue = append(a.queue, []byte(event+"/queue"))
		a.seatmap = append(a.seatmap, []byte("GET "+event+"/seatmap HTTP/1.1\r\nHost: "+host+"\r\n\r\n"))
	}
	return a
}

// who appends the buyer and the key.
func (a *asker) who(dst []byte, buyer, key uint64) []byte {
	a.name = history.AppendName(a.name[:0], a.buyers, buyer)
	dst = a.identity(dst, a.name)
	dst = history.AppendName(append(dst, "Idempotency-Key: "...), a.keys, key)
	return append(dst, "\r\n"...)
}

func withBody(dst []byte, length int) []byte {
	dst = strconv.AppendInt(append(dst, "Content-Length: "...), int64(length), 10)
	return append(dst, "\r\n\r\n"...)
}

// hold asks for named seats of one section.
func (a *asker) hold(dst []byte, event int, section *Section, seats []uint32, buyer, key uint64) []byte {
	length := len(`{"seats":[]}`) + 3*len(seats) - 1
	for _, seat := range seats {
		length += len(section.SeatID(seat))
	}
	dst = a.admitted(a.who(append(dst, a.book[event]...), buyer, key))
	dst = append(withBody(dst, length), `{"seats":[`...)
	for i, seat := range seats {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), section.SeatID(seat)...), '"')
	}
	return append(dst, "]}"...)
}

// best asks for any seats: of one section, or with an empty id of all.
func (a *asker) best(dst []byte, event int, section string, quantity uint32, buyer, key uint64) []byte {
	dst = a.admitted(a.who(append(dst, a.book[event]...), buyer, key))
	body := strconv.AppendUint(append(a.body[:0], `{"best_available":{"quantity":`...), uint64(quantity), 10)
	if section != "" {
		body = append(append(append(body, `,"section":"`...), section...), '"')
	}
	body = append(body, "}}"...)
	a.body = body
	return append(withBody(dst, len(body)), body...)
}

// onBooking asks for something about a booking; action is empty for a release.
func (a *asker) onBooking(dst []byte, method, action string, booking []byte, body string, buyer, key uint64) []byte {
	dst = append(append(append(dst, method...), " /v1/bookings/"...), booking...)
	dst = append(append(append(append(dst, action...), " HTTP/1.1\r\nHost: "...), a.host...), "\r\n"...)
	if body != "" {
		dst = append(dst, "Content-Type: application/json\r\n"...)
	}
	return append(withBody(a.who(dst, buyer, key), len(body)), body...)
}
