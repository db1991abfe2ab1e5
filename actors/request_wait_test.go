package actors

import (
	"testing"
	"time"
)

// TestWaitForgetsItsTimer: a deadline that passes at the very moment of the answer is no word to whoever waits next with the same request.
func TestWaitForgetsItsTimer(t *testing.T) {
	r := newRequest()
	for n := range 2000 {
		r.tell() // the answer is there before the deadline, which is now
		if !r.wait(0) {
			t.Fatalf("round %d: an answer that was there was missed", n)
		}
		if len(r.done) != 0 {
			t.Fatalf("round %d: the timer's word is left for the next", n)
		}
	}
	go r.tell()
	if !r.wait(patience) {
		t.Error("no answer before its deadline")
	}
	if r.wait(time.Millisecond) {
		t.Error("an answer that nobody gave")
	}
}
