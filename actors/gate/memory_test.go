package gate_test

import (
	"encoding/binary"
	"runtime"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/machine"
)

const million = 1_000_000

// grown gives a machine that has replayed so many joins in batches, and the log's bytes.
func grown(t testing.TB, kind *gate.Kind, lobby bool, people int) (m machine.Machine, bytes int) {
	m = kind.New()
	s := gate.Settings{Cap: 5, Session: 1000, Turn: 1000}
	if lobby {
		s.ClosesAt, s.DoorsAt = 1<<40, 1<<40
	}
	var body []byte
	write := func(c *gate.Change) {
		body = gate.AppendChange(body[:0], c.At-1, c)
		if _, err := m.Replay(body, c.At-1, nil); err != nil {
			t.Fatal(err)
		}
		bytes += len(body)
	}
	write(&gate.Change{Kind: gate.Founded, At: 1, Settings: s})
	c := gate.Change{Kind: gate.Joined, Entrants: make([]gate.Entrant, 500)}
	for n := 0; n < people; n += len(c.Entrants) {
		for i := range c.Entrants {
			c.Entrants[i].Party = 2
			binary.LittleEndian.PutUint64(c.Entrants[i].Buyer[:], uint64(n+i)*0x9e3779b97f4a7c15)
		}
		c.At = machine.Instant(n + 2)
		c.Oldest = c.At - 20
		write(&c)
	}
	return m, bytes
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// TestMemoryOfAMillion: a waiting person costs the owner 40 bytes at most, and a follower nothing; a join is some
// twenty bytes in the log. A waiting room is measured in those.
func TestMemoryOfAMillion(t *testing.T) {
	measure := func(lobby bool, people int) {
		each, written := 0.0, 0.0
		for tries := 0; tries < 4 && each < 24; tries++ { // else what other tests leave behind was collected meanwhile
			before := heap()
			owner, log := grown(t, &gate.Kind{}, lobby, people)
			each = float64(int64(heap())-int64(before)) / float64(people)
			written = float64(log) / float64(people)
			runtime.KeepAlive(owner)
		}
		t.Logf("%d people, lobby %v: %.1f bytes each on the owner, %.2f in the log", people, lobby, each, written)
		if each < 24 || each > 40 || written > 20 {
			t.Errorf(
				"a waiting person costs %.1f bytes, 40 are allowed; in the log %.2f, 20 are allowed", each, written,
			)
		}
	}
	measure(true, 200_000)
	for _, people := range []int{800_000, million} { // the tables have just grown, and some time ago
		measure(false, people)
	}
	before := heap()
	follower, _ := grown(t, &gate.Kind{Follows: true}, false, million)
	if grown := int64(heap()) - int64(before); grown > 64<<10 {
		t.Errorf("a follower of a million grew by %d bytes", grown)
	}
	runtime.KeepAlive(follower)
}

// TestJoinInTheLog: a join alone is 20 bytes and what its instant takes.
func TestJoinInTheLog(t *testing.T) {
	d := newDesk(t)
	d.now = 1_800_000_000_000
	d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{Cap: 5, Session: 1000, Turn: 1000}})
	d.do(joinOf(1))
	if n := len(d.log[len(d.log)-1].Body); n != 20 {
		t.Errorf("a join is %d bytes", n)
	}
}

// TestNoGarbageForWhoAsksAgain: P7. A second join, a poll and a refused turn write nothing and allocate nothing.
func TestNoGarbageForWhoAsksAgain(t *testing.T) {
	d := open(t, gate.Settings{Cap: 1, Session: 1000, Turn: 1000}, 100)
	d.do(joinOf(1, 2, 3))
	for name, command := range map[string]gate.Command{"join": joinOf(3), "look": {Kind: gate.Look, Buyer: buyer(3)},
		"take": {Kind: gate.Take, Buyer: buyer(3)}, "stranger": {Kind: gate.Take, Buyer: buyer(9)}} {
		call := &gate.Call{Command: command}
		d.m.Decide(call, d.now)
		if n := testing.AllocsPerRun(100, func() {
			if d.m.Decide(call, d.now).Changes != 0 {
				t.Fatal("P7: it writes")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	m := (&gate.Kind{}).New()
	run := func(c *gate.Call) {
		if m.Decide(c, 1).Changes > 0 {
			m.AppendChanges(nil, 1)
			m.Apply(nil)
		}
	}
	run(&gate.Call{Command: gate.Command{Kind: gate.Found, Settings: gate.Settings{Cap: 5, Session: 1000, Turn: 1000}}})
	c := &gate.Call{Command: gate.Command{Kind: gate.Join, Entrants: make([]gate.Entrant, 1)}}
	c.Command.Entrants[0].Party = 1
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		binary.LittleEndian.PutUint64(c.Command.Entrants[0].Buyer[:], n)
		run(c)
	}
}

// BenchmarkMillion is what a takeover by a node without the crowd costs, and what a snapshot costs the owner.
func BenchmarkMillion(b *testing.B) {
	m, _ := grown(b, &gate.Kind{}, false, million)
	var body []byte
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			body = m.AppendSnapshot(body[:0])
		}
		b.ReportMetric(float64(len(body)), "bytes")
	})
	for name, kind := range map[string]*gate.Kind{"restore": {}, "restore to follow": {Follows: true}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := kind.Restore(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
