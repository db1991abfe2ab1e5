package trace

import "testing"

// TestNewestCallsAreKept: what is known of something is its newest call's, and the oldest things are forgotten.
func TestNewestCallsAreKept(t *testing.T) {
	var m Memory[int]
	m.Keep(1, nil)
	first, second := &Parent{Flags: 1}, &Parent{Flags: 2}
	m.Keep(1, first)
	m.Keep(1, second)
	if m.Of(1) != second || m.Of(2) != nil {
		t.Errorf("of 1 %v, of 2 %v", m.Of(1), m.Of(2))
	}
	m.Keep(1, nil)
	if m.Of(1) != nil {
		t.Error("a call without a trace goes on under an older one's")
	}
	for about := range 2 * memoryMax {
		m.Keep(about, first)
	}
	if m.Of(memoryMax-1) != nil || m.Of(memoryMax) != first || m.Of(2*memoryMax-1) != first || len(m.of) != memoryMax {
		t.Errorf("%d are kept of %d", len(m.of), memoryMax)
	}
}

// TestStateGoesOnOrIsDropped: a tracestate goes on as it came, headers joined; one that is too long or no text does
// not.
func TestStateGoesOnOrIsDropped(t *testing.T) {
	p := Parse([]byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	long := make([]byte, StateMax+1)
	for i := range long {
		long[i] = 'a'
	}
	for _, c := range []struct {
		values [][]byte
		want   string
	}{
		{nil, ""},
		{[][]byte{[]byte("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")}, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
		{[][]byte{[]byte("a=1"), []byte("b=2")}, "a=1,b=2"},
		{[][]byte{long[:StateMax]}, string(long[:StateMax])},
		{[][]byte{long}, ""},
		{[][]byte{[]byte("a=\x01")}, ""},
		{[][]byte{[]byte("a=\xff")}, ""},
	} {
		if got := p.WithState(c.values...); got.State != c.want || got.Trace != p.Trace {
			t.Errorf("%q: %q, want %q", c.values, got.State, c.want)
		}
	}
	if (*Parent)(nil).WithState([]byte("a=1")) != nil {
		t.Error("a state without a trace")
	}
}
