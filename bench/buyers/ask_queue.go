package buyers

import (
	"strconv"

	"holdfast/bench/check/history"
)

// What the waiting room is asked. The buyer is a join's key, so none of these has one.

// admitted appends the admission, where there is one.
func (a *asker) admitted(dst []byte) []byte {
	if len(a.admission) == 0 {
		return dst
	}
	return append(append(append(dst, "Queue-Admission: "...), a.admission...), "\r\n"...)
}

// toQueue begins a request to an event's waiting room, as somebody.
func (a *asker) toQueue(dst []byte, method string, event int, path string, buyer uint64) []byte {
	dst = append(append(append(dst, method...), ' '), a.queue[event]...)
	dst = append(append(append(append(dst, path...), " HTTP/1.1\r\nHost: "...), a.host...), "\r\n"...)
	a.name = history.AppendName(a.name[:0], a.buyers, buyer)
	return a.identity(dst, a.name)
}

func withPlace(dst, place []byte) []byte {
	return append(append(append(dst, "Queue-Place: "...), place...), "\r\n"...)
}

func (a *asker) challenge(dst []byte, event int, buyer uint64) []byte {
	return append(a.toQueue(dst, "GET", event, "/challenge", buyer), "\r\n"...)
}

// join asks for a place, with a proof of work or without (empty).
func (a *asker) join(dst []byte, event int, party uint32, buyer uint64, proof []byte) []byte {
	dst = append(a.toQueue(dst, "POST", event, "", buyer), "Content-Type: application/json\r\n"...)
	a.body = strconv.AppendUint(append(a.body[:0], `{"party":`...), uint64(party), 10)
	if len(proof) > 0 {
		a.body = append(append(append(a.body, `,"proof":"`...), proof...), '"')
	}
	a.body = append(a.body, '}')
	return append(withBody(dst, len(a.body)), a.body...)
}

func (a *asker) poll(dst []byte, event int, place []byte, buyer uint64) []byte {
	return append(withPlace(a.toQueue(dst, "GET", event, "", buyer), place), "\r\n"...)
}

func (a *asker) turn(dst []byte, event int, place []byte, buyer uint64) []byte {
	return withBody(withPlace(a.toQueue(dst, "POST", event, "/admission", buyer), place), 0)
}

func (a *asker) depart(dst []byte, event int, buyer uint64) []byte {
	return withBody(a.toQueue(dst, "DELETE", event, "", buyer), 0)
}
