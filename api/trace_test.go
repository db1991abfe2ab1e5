package api

import (
	"strings"
	"testing"

	"holdfast/actors"
	"holdfast/actors/section"
)

// TestTraceparentIsPassedOn: the engine hears the trace context that a call came with; one that is not sound, or has a
// card number in it (P12), is no reason to refuse, and goes no further.
func TestTraceparentIsPassedOn(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var got string
	h := openOver(t, &fakeEngine{event: frozenEvent, book: func(call *actors.BookCall, out *actors.BookingView) error {
		got = ""
		if call.Trace != nil {
			got = call.Trace.String() + call.Trace.State
		}
		out.ID, out.State, out.Currency = actors.BookingID{No: 77}, section.BookingHeld, "EUR"
		return nil
	}}, &lockedBuffer{}, nil)
	for _, c := range []struct{ sent, state, want string }{
		{"", "", ""}, {parent, "", parent}, {"00-no-trace", "", ""}, {"", "rojo=1", ""}, {"00-no-trace", "rojo=1", ""},
		{"00-0af7651916cd43dd8448eb211c80319c-4242424242424242-01", "", ""},
		{parent, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", parent + "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
		{parent, "rojo=4242424242424242", parent}, {parent, strings.Repeat("a", 513), parent},
	} {
		who := alice
		if c.sent != "" {
			who = alice.with("traceparent", c.sent)
		}
		if c.state != "" {
			who = who.with("tracestate", c.state)
		}
		h.do("POST", "/v1/events/0195c3a4-0000-7000-8000-000000000001/bookings", who, `{"seats":["A-1-1"]}`).
			want(201, "")
		if got != c.want {
			t.Errorf("%q: the engine hears %q", c.sent, got)
		}
	}
}
