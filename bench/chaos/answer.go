package chaos

import (
	"bytes"
	"encoding/json"
	"net/http"

	"holdfast/api/wire"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check"
	"holdfast/bench/load"
)

// heard is what an answer says.
type heard struct {
	verdict check.Verdict
	code    string        // of a refusal
	booking *wire.Booking // of a success
	lost    []string      // of a refusal: the seats it names
	at      *testbed.Node
}

// decided says that asking again would say nothing new.
func (h *heard) decided() bool {
	return h.verdict != check.Unknown && !(h.verdict == check.Refused && turnedAway[h.code])
}

// turnedAway are refusals that promise that nothing was done, and that are no answer to the wish. The empty code is that of a node that could not be reached.
var turnedAway = map[string]bool{"": true, "overloaded": true, "rate_limited": true, "not_ready": true, "payment_in_progress": true}

// over are the refusals that say that a booking holds nothing any more.
var over = map[string]bool{"hold_expired": true, "hold_released": true, "booking_unknown": true, "already_refunded": true}

// hear reads an answer. A success that does not say what it must is of unknown outcome: nobody can rely on it.
func hear(kind check.Kind, r *testbed.Answer) (h heard) {
	h = heard{verdict: check.Unknown, at: r.At}
	if r.Status == 0 {
		if !r.Sent {
			h.verdict = check.Refused // nobody heard it
		}
		return h
	}
	if r.Status/100 != 2 {
		var p wire.Problem
		_ = json.Unmarshal(r.Body, &p) // an answer in another form has no code, and its status tells
		h.code, h.lost = p.Code, p.Seats
		h.verdict = refusal(r, p.Code)
		return h
	}
	if r.Status == http.StatusAccepted || json.NewDecoder(bytes.NewReader(r.Body)).Decode(&h.booking) != nil {
		return h
	}
	h.verdict = success(kind, h.booking)
	return h
}

func refusal(r *testbed.Answer, code string) check.Verdict {
	switch load.Classify(r.Status, r.Body) {
	case load.Taken:
		return check.Taken
	case load.SoldOut:
		return check.NoneLeft
	case load.Unknown:
		return check.Unknown
	case load.Limited:
		// A section that stops in the middle of its work says "unavailable" of requests whose records may have landed (P3).
		if !turnedAway[code] || code == "" {
			return check.Unknown
		}
		return check.Refused
	}
	if over[code] && (r.Status == http.StatusConflict || r.Status == http.StatusNotFound) {
		return check.Ended
	}
	if r.Status >= 500 {
		return check.Unknown
	}
	return check.Refused
}

func success(kind check.Kind, b *wire.Booking) check.Verdict {
	switch {
	case b.ID == "" || len(b.Seats) == 0:
		return check.Unknown
	case kind == check.Confirm && b.State != "confirmed":
		return check.Unknown
	case kind == check.Release && b.State == "expired":
		return check.Ended // the clock was quicker
	}
	return check.Done
}
