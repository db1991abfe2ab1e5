package history

import "net/http"

// Answer is what a server said to one request, as far as that decides what the answer is worth.
type Answer struct {
	Status int    // of HTTP; 0: there was none, or none that was read whole
	Sent   bool   // of no answer: the request may have reached the server
	Code   []byte // of a refusal, the problem's code; nil: it has none
	State  []byte // of a success, the booking's state; nil: the answer shows none
}

// Verdict says what the answer proves. Refused promises that nothing was done; where a server promises less, the
// verdict is Unknown, for a wrong Refused makes a right server look wrong. A success that does not say what it must is
// Unknown: nobody can rely on it.
func (a *Answer) Verdict(kind Kind) Verdict {
	switch {
	case a.Status == 0 && !a.Sent:
		return Refused // nobody heard it
	case a.Status == 0 || a.Status == http.StatusAccepted:
		return Unknown
	case a.Status/100 == 2 || a.Status == http.StatusNotModified:
		return a.success(kind)
	case a.Status >= 500 || a.Status == http.StatusTooManyRequests:
		return a.turnedAway()
	}
	return a.refusal()
}

func (a *Answer) success(kind Kind) Verdict {
	switch state := string(a.State); {
	case kind == Confirm && state != "confirmed":
		return Unknown
	case kind != Release || state == "released" || state == "refunded":
		return Done
	case state == "expired":
		return Ended // the clock was quicker
	}
	return Unknown
}

// turnedAway tells refusals that promise that nothing was done from those that may not be relied on: a section that
// stops in the middle of its work says "unavailable" of requests whose records may have landed (P3).
func (a *Answer) turnedAway() Verdict {
	switch string(a.Code) {
	case "overloaded", "rate_limited", "not_ready":
		return Refused
	}
	return Unknown
}

func (a *Answer) refusal() Verdict {
	if a.Status != http.StatusConflict && a.Status != http.StatusNotFound {
		return Refused
	}
	switch string(a.Code) {
	case "hold_expired", "hold_released", "booking_unknown", "already_refunded": // it holds nothing any more
		return Ended
	case "seat_taken":
		return Taken
	case "sold_out", "not_together": // no section had as many as asked for
		return NoneLeft
	}
	return Refused
}
