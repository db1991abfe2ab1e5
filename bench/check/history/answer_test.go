package history

import "testing"

// P2, P3: a request whose fate is unknown is never taken for refused, and a success proves what it says and no more.
func TestAnAnswerProvesWhatItSaysAndNoMore(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		answer Answer
		want   Verdict
	}{
		{Hold, Answer{Status: 0, Sent: false}, Refused},
		{Hold, Answer{Status: 0, Sent: true}, Unknown},
		{Hold, Answer{Status: 201}, Done},
		{Look, Answer{Status: 304}, Done},
		{Confirm, Answer{Status: 200, State: []byte("confirmed")}, Done},
		{Confirm, Answer{Status: 200, State: []byte("paying")}, Unknown},
		{Confirm, Answer{Status: 200}, Unknown},
		{Confirm, Answer{Status: 202, State: []byte("confirmed")}, Unknown},
		{Release, Answer{Status: 200, State: []byte("released")}, Done},
		{Release, Answer{Status: 200, State: []byte("refunded")}, Done},
		{Release, Answer{Status: 200, State: []byte("expired")}, Ended},
		{Release, Answer{Status: 200}, Unknown},
		{Hold, Answer{Status: 409, Code: []byte("seat_taken")}, Taken},
		{Best, Answer{Status: 409, Code: []byte("sold_out")}, NoneLeft},
		{Best, Answer{Status: 409, Code: []byte("not_together")}, NoneLeft},
		{Confirm, Answer{Status: 409, Code: []byte("hold_expired")}, Ended},
		{Release, Answer{Status: 409, Code: []byte("hold_released")}, Ended},
		{Release, Answer{Status: 404, Code: []byte("booking_unknown")}, Ended},
		{Release, Answer{Status: 409, Code: []byte("already_refunded")}, Ended},
		{Confirm, Answer{Status: 409, Code: []byte("payment_in_progress")}, Refused},
		{Hold, Answer{Status: 403, Code: []byte("seat_taken")}, Refused},
		{Confirm, Answer{Status: 402, Code: []byte("payment_declined")}, Refused},
		{Hold, Answer{Status: 429, Code: []byte("rate_limited")}, Refused},
		{Hold, Answer{Status: 429}, Unknown},
		{Hold, Answer{Status: 503, Code: []byte("overloaded")}, Refused},
		{Hold, Answer{Status: 503, Code: []byte("not_ready")}, Refused},
		{Hold, Answer{Status: 503, Code: []byte("unavailable")}, Unknown},
		{Hold, Answer{Status: 503, Code: []byte("outcome_unknown")}, Unknown},
		{Hold, Answer{Status: 503}, Unknown},
		{Hold, Answer{Status: 500}, Unknown},
		{Hold, Answer{Status: 501}, Unknown},
	} {
		if got := c.answer.Verdict(c.kind); got != c.want {
			t.Errorf("%v of %d %s %s: %v, want %v", c.kind, c.answer.Status, c.answer.Code, c.answer.State, got, c.want)
		}
	}
}

// A load client judges every answer while it shares the machine with the server.
func TestAVerdictCostsNoMemory(t *testing.T) {
	a := Answer{Status: 409, Code: []byte("seat_taken")}
	if n := testing.AllocsPerRun(100, func() { _ = a.Verdict(Hold) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
