package load

import (
	"os"
	"slices"
	"testing"
	"time"
)

// Both ways of waiting for many sockets tell the same.
func TestPollersAgree(t *testing.T) {
	native, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]poller{"of this system": native, "by poll(2)": &scan{}} {
		t.Run(name, func(t *testing.T) {
			defer p.close()
			readable, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = readable.Close(), writer.Close() }()
			in, out := int(readable.Fd()), int(writer.Fd())
			got := make([]readiness, 4)
			if err := p.add(in, 7, false); err != nil {
				t.Fatal(err)
			}
			if n := p.wait(got, time.Millisecond); n != 0 {
				t.Errorf("an empty pipe is ready: %v", got[:n])
			}
			if _, err := writer.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if n := p.wait(got, time.Minute); n != 1 || got[0] != (readiness{7, false}) {
				t.Errorf("a pipe with a byte in it: %v", got[:n])
			}
			if err := p.add(out, 9, true); err != nil {
				t.Fatal(err)
			}
			if n := p.wait(got, time.Minute); n != 2 || !slices.Contains(got[:n], readiness{9, true}) {
				t.Errorf("one to read, one to write: %v", got[:n])
			}
			if err := p.change(out, 9, false); err != nil {
				t.Fatal(err)
			}
			p.remove(in)
			if n := p.wait(got, time.Millisecond); n != 0 {
				t.Errorf("nothing is watched that is ready: %v", got[:n])
			}
		})
	}
}

func TestHeapAndQueueKeepTheirOrder(t *testing.T) {
	var h turnHeap
	var q turnQueue
	for i := range 5000 {
		h.push(&Turn{Due: time.Duration((i * 7919) % 5000), Buyer: uint64(i)})
		q.push(&Turn{Buyer: uint64(i)})
		if i%3 == 0 {
			if got := q.pop(); got.Buyer != uint64(i/3) {
				t.Fatalf("first came %d, first served %d", i/3, got.Buyer)
			}
		}
	}
	for want := range 5000 {
		if got := h.pop(); got.Due != time.Duration(want) {
			t.Fatalf("earliest is %d, want %d", got.Due, want)
		}
	}
	for want := uint64(1667); q.len() > 0; want++ {
		if got := q.pop(); got.Buyer != want {
			t.Fatalf("served %d, want %d", got.Buyer, want)
		}
	}
}

func TestSeriesCoarsensAndLosesNothing(t *testing.T) {
	s := newSeries()
	const answers = 5000
	for i := range answers {
		s.record(time.Duration(i)*stepMin, time.Millisecond, Held, i%2 == 0)
	}
	s.finish()
	var sum Outcomes
	useful := uint64(0)
	for i := range s.Steps {
		sum.Add(&s.Steps[i].Outcomes)
		useful += s.Steps[i].Useful
	}
	if sum != (Outcomes{Held: answers}) || useful != answers/2 || len(s.Steps) > stepsMax || s.Width != 8*stepMin {
		t.Errorf("%v, %d useful in %d steps of %s", sum, useful, len(s.Steps), s.Width)
	}
	if p := s.Steps[0].P99; p < 900*time.Microsecond || p > 1100*time.Microsecond {
		t.Errorf("p99 %s, every answer took 1ms", p)
	}
	other := newSeries()
	other.record(0, time.Millisecond, Taken, false)
	s.merge(&other)
	if s.Steps[0].Outcomes[Taken] != 1 {
		t.Error("an answer of the other process is lost")
	}
}
