package writer

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// at is a hold that comes at some time of the clock.
func at(r *Request, now section.Instant) *Request {
	r.At = now
	return r
}

// TestP15NothingIsWrittenThatIsOlderThanWhatWasSaid: what a writer says of how far its log is stays true, whatever is
// on its way, and when the clock goes back.
func TestP15NothingIsWrittenThatIsOlderThanWhatWasSaid(t *testing.T) {
	w := newTestWriter(10)
	if now, seq, sure := w.Standing(100); now != 100 || seq != 1 || !sure {
		t.Fatalf("idle: %d, %d, %v", now, seq, sure)
	}
	w.Submit(at(holdRequest(0, 1), 90)) // the clock went back
	if now, seq, sure := w.Standing(120); now != 100 || seq != 1 || !sure {
		t.Errorf("P15: with a record that gathers: %d, %d, %v", now, seq, sure)
	}
	p := w.Ready()
	w.Submit(at(holdRequest(1, 2), 130))
	if p.Append.Entry.At != 100 {
		t.Errorf("P15: a record of %d after 100 was said", p.Append.Entry.At)
	}
	if now, seq, sure := w.Standing(140); now != 100 || seq != 1 || !sure {
		t.Errorf("P15: with a record in flight: %d, %d, %v", now, seq, sure)
	}
	w.Recycle(w.Advance(p.Append.Entry.Batch, nil))
	if now, seq, sure := w.Standing(140); now != 130 || seq != 2 || !sure {
		t.Errorf("P15: with the next one: %d, %d, %v", now, seq, sure)
	}
	p = w.Ready()
	if w.Advance(p.Append.Entry.Batch, storage.ErrUnknown) != nil {
		t.Fatal("unknown was taken for an answer")
	}
	if _, _, sure := w.Standing(150); sure {
		t.Error("P15: it is sure in doubt")
	}
}
