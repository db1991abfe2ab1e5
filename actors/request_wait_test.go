package actors

import (
	"testing"
	"time"
)

// TestWaitForgetsItsTimer: a deadline that passes at the very moment of the answer is no word to whoever waits next with the same request.
func TestWaitForgetsItsTimer(t *testing.T) {
	answers, crossed := make(chan *Request), 0
	go func() {
		for r := range answers {
			r.tell()
		}
	}()
	defer close(answers)
	for n := range 20_000 {
		r := newRequest()
		answers <- r
		if !r.wait(time.Duration(n%400) * 100) { // up to 40 µs: about as long as the answer takes
			crossed++ // the deadline was first, and the request is the section's for ever
			continue
		}
		r.tell()
		if !r.wait(patience) {
			t.Fatalf("round %d: the deadline of the wait before was taken for this one's", n)
		}
		r.free()
	}
	t.Logf("%d deadlines came first", crossed)
	if newRequest().wait(time.Millisecond) {
		t.Error("an answer that nobody gave")
	}
}
