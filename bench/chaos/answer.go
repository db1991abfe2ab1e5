package chaos

import (
	"bytes"
	"encoding/json"

	"holdfast/api/wire"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check/history"
)

// reply is what an answer says.
type reply struct {
	verdict history.Verdict
	code    string        // of a refusal
	booking *wire.Booking // of a success
	lost    []string      // of a refusal: the seats it names
	at      *testbed.Node
}

// decided says that asking again would say nothing new.
func (h *reply) decided() bool {
	return h.verdict != history.Unknown && !(h.verdict == history.Refused && turnedAway[h.code])
}

// turnedAway are refusals that promise that nothing was done, and that are no answer to the request. The empty code is
// that of a node that could not be reached.
var turnedAway = map[string]bool{"": true, "overloaded": true, "rate_limited": true, "not_ready": true,
	"payment_in_progress": true}

// hear reads an answer.
func hear(kind history.Kind, r *testbed.Answer) (h reply) {
	h = reply{verdict: history.Unknown, at: r.At}
	said := history.Answer{Status: r.Status, Sent: r.Sent}
	switch {
	case r.Status/100 == 2:
		if json.NewDecoder(bytes.NewReader(r.Body)).Decode(&h.booking) != nil || h.booking == nil ||
			h.booking.ID == "" || len(h.booking.Seats) == 0 {
			return h // nobody can rely on it
		}
		said.State = []byte(h.booking.State)
	case r.Status != 0:
		var p wire.Problem
		_ = json.Unmarshal(r.Body, &p) // an answer in another form has no code, and its status tells
		h.code, h.lost = p.Code, p.Seats
		said.Code = []byte(p.Code)
	}
	h.verdict = said.Verdict(kind)
	return h
}
