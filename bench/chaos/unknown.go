package chaos

import (
	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// A request whose answer never came may have had its effect, or not; the log, read when every node is gone, knows. One
// that is not in it had none, and is told to the checker as refused. That is not only for speed (each unknown request
// may explain a refusal, and there are thousands of them): a seat that was refused to somebody because of a hold that
// never came to be in the log was refused too early (P2), and would otherwise be excused by the request of whoever
// never heard.
//
// Of confirmations only those are settled whose booking the log never shows on its way to a sale: money names no
// request when it comes late.

// inLog is what the log shows to have had an effect.
type inLog struct {
	requests map[string]bool
	paying   map[string]bool // bookings
}

func readInLog(changes []wire.LogChange) inLog {
	l := inLog{map[string]bool{}, map[string]bool{}}
	for i := range changes {
		c := &changes[i]
		if c.Request != "" {
			l.requests[c.Request] = true
		}
		if c.Kind == wire.LogPaymentBegun || c.Kind == wire.LogSold {
			l.paying[c.Booking] = true
		}
	}
	return l
}

// settleUnknown refuses what the log does not show, and counts how many requests it left open. It comes after retell,
// whose refunds have names of their own.
func settleUnknown(recorders []*recorder, changes []wire.LogChange, t *telling) (settled, open int) {
	l := readInLog(changes)
	for operator, buyer := range t.names {
		l.requests[buyer] = l.requests[operator]
	}
	for _, buyer := range t.owners {
		l.requests[buyer] = true
	}
	for name, one := range requestsByName(recorders) {
		if one.answer || len(one.unknown) == 0 {
			continue
		}
		if l.requests[name] || l.shows(one) {
			open++
			continue
		}
		settled++
		for _, op := range one.unknown {
			refuse(op)
		}
	}
	return settled, open
}

// shows says that an unknown confirmation may be what a booking's sale came of.
func (l *inLog) shows(one *requestFacts) bool {
	return one.kind == history.Confirm && l.paying[one.booking]
}
