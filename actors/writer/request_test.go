package writer

import (
	"testing"
	"time"
)

// TestWaitForgetsItsTimer: a deadline that passes at the very moment of the answer is no word to whoever waits next
// with the same request.
func TestWaitForgetsItsTimer(t *testing.T) {
	answers, crossed := make(chan *Request), 0
	go func() {
		for r := range answers {
			r.Tell()
		}
	}()
	defer close(answers)
	for n := range 20_000 {
		r := newWaiting()
		answers <- r
		if !r.Wait(time.Duration(n%400) * 100) { // up to 40 µs: about as long as the answer takes
			crossed++ // the deadline was first, and the request is the section's for ever
			continue
		}
		r.Tell()
		if !r.Wait(time.Minute) {
			t.Fatalf("round %d: the deadline of the wait before was taken for this one's", n)
		}
	}
	t.Logf("%d deadlines came first", crossed)
	if newWaiting().Wait(time.Millisecond) {
		t.Error("an answer that nobody gave")
	}
}

func newWaiting() *Request {
	r := &Request{}
	r.Init()
	return r
}

// TestReservedSeatsHaveOneOwner: of a request that was not judged, the seats are the waiter's for the next attempt, or
// the teller's to give back; never both's, never nobody's.
func TestReservedSeatsHaveOneOwner(t *testing.T) {
	told, gone := newWaiting(), newWaiting()
	if !told.Keep() || told.leave() {
		t.Error("told first: the waiter may not leave")
	}
	if !gone.leave() || gone.Keep() {
		t.Error("left first: the teller gives the seats back")
	}
	if told.Again(); !told.Keep() {
		t.Error("sent again, it may be kept again")
	}
}
