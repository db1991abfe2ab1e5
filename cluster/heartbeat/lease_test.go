package heartbeat

import (
	"testing"
	"time"
)

// TestLeaseAfterASuspension (P3): the machine slept, its monotonic clock with it, and only the wall clock tells.
func TestLeaseAfterASuspension(t *testing.T) {
	start := time.Now()
	first := (*readLease)(nil).renewed(start, start, 2*time.Second, false)
	if !first.valid(start.Add(time.Second)) {
		t.Error("a second later it is valid")
	}
	woken := start.Round(0).Add(time.Hour) // a time without a monotonic reading is compared by the wall clock alone
	if first.valid(woken) || first.over(start) {
		t.Error("an hour later by the wall clock it is not")
	}
	if next := first.renewed(woken, woken, 2*time.Second, false); next.number != 2 || next.valid(woken) {
		t.Errorf("the next beat gives number %d, valid %v", next.number, next.valid(woken))
	}
}

// TestLease (P3): each line is one beat, in seconds since the start; Lapse is 2.
func TestLease(t *testing.T) {
	start := time.Now()
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	var l *readLease
	for _, step := range []struct {
		sent, landed float64
		number       uint64
		validAt      float64
		valid        bool
		why          string
	}{
		{0, 0.1, 1, 1.9, true, "the first beat"},
		{0.5, 0.6, 1, 2.4, true, "renewed in time"},
		{1.0, 1.9, 1, 2.9, true, "a slow beat counts from when it was sent"},
		{1.0, 1.9, 1, 3.0, false, "and ends when another node may count it as gone"},
		{9.0, 9.1, 2, 9.2, false, "paused: a new number, on probation"},
		{10.0, 10.1, 2, 10.2, false, "still on probation"},
		{11.2, 11.3, 3, 11.4, true, "probation is over, everything is checked once more"},
		{11.7, 11.8, 3, 13.6, true, "and then it stays"},
		{12.0, 13.8, 4, 13.9, false, "a beat that lands after the lease ended is a lapse, however quickly it is told"},
		{13.9, 14.1, 5, 14.2, false, "a lapse on probation begins it anew"},
		{15.0, 15.8, 5, 15.85, false, "anew"},
		{16.2, 16.3, 6, 16.4, true, "until it has been in time for long enough"},
	} {
		next := l.renewed(at(step.sent), at(step.landed), 2*time.Second, false)
		l = &next
		if l.number != step.number || l.valid(at(step.validAt)) != step.valid {
			t.Errorf("%s: number %d, valid %v at %v; want %d, %v", step.why, l.number, l.valid(at(step.validAt)),
				step.validAt, step.number, step.valid)
		}
	}
}

// TestLeaseOfANodeAlone: nobody can be claiming, so what it remembers is checked once and no time is lost.
func TestLeaseOfANodeAlone(t *testing.T) {
	start := time.Now()
	first := (*readLease)(nil).renewed(start, start, 2*time.Second, true)
	later := start.Add(9 * time.Second)
	if next := first.renewed(later, later, 2*time.Second, true); next.number != 2 || !next.valid(later) {
		t.Errorf("after a lapse: number %d, valid %v", next.number, next.valid(later))
	}
}
