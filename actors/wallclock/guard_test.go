package wallclock

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	bound  = time.Second
	settle = 30 * time.Second
	start  = int64(1_700_000_000_000_000_000)
)

// watch is a guard, a machine's two clocks, and what was told.
type watch struct {
	*Guard
	wall, mono int64
	onChange   []Change
}

func newWatch() *watch {
	w := &watch{wall: start}
	w.Guard = New(bound, settle, w.wall, w.mono, func(c Change) { w.onChange = append(w.onChange, c) })
	return w
}

func (w *watch) pass(d time.Duration)  { w.wall, w.mono = w.wall+int64(d), w.mono+int64(d) }
func (w *watch) step(by time.Duration) { w.wall += int64(by) }
func (w *watch) ask() bool             { return w.Near(w.wall, w.mono) || w.Judge(w.wall, w.mono) }

// TestAClockThatStepsOutAndBackIsNotBelieved guards P4: a jump of any size and direction, of any length below Settle.
func TestAClockThatStepsOutAndBackIsNotBelieved(t *testing.T) {
	for _, by := range []time.Duration{24 * time.Hour, -24 * time.Hour, 1001 * time.Millisecond, -1001 * time.Millisecond} {
		w := newWatch()
		w.pass(time.Hour)
		w.step(by)
		for range 29 {
			if w.ask() {
				t.Fatalf("a clock that stepped by %v is believed", by)
			}
			w.pass(time.Second)
		}
		if step, doubted := w.Doubt(); !doubted || step != by {
			t.Errorf("stepped by %v: told %v, %v", by, step, doubted)
		}
		w.step(-by)
		if !w.ask() {
			t.Errorf("a clock that came back from %v is not believed", by)
		}
		want := []Change{{Doubted: true, Step: by}, {Step: by, Lasted: 29 * time.Second}}
		if len(w.onChange) != 2 || w.onChange[0] != want[0] || w.onChange[1] != want[1] {
			t.Errorf("stepped by %v and back: told %+v, want %+v", by, w.onChange, want)
		}
	}
}

// TestAClockThatIsPutRightIsBelievedInTheEnd: the sale goes on by itself, by the new time.
func TestAClockThatIsPutRightIsBelievedInTheEnd(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		w := newWatch()
		w.step(by)
		for !w.ask() {
			w.pass(time.Second)
		}
		want := Change{Kept: true, Step: by, Lasted: settle}
		if len(w.onChange) != 2 || w.onChange[1] != want {
			t.Errorf("told %+v, want %+v", w.onChange, want)
		}
		w.step(-by)
		if w.ask() {
			t.Error("a second step is believed")
		}
	}
}

// TestAClockThatWandersIsNotBelieved: it must stay somewhere before it is believed there.
func TestAClockThatWandersIsNotBelieved(t *testing.T) {
	w := newWatch()
	w.step(time.Hour)
	for range 100 {
		if w.ask() {
			t.Fatal("it is believed")
		}
		w.pass(settle / 2)
		w.step(time.Second)
	}
}

// TestNobodyKnowsWhereAClockWasThatNobodyLookedAt: two readings alike, of a process that was stopped in between, are no
// clock that stays.
func TestNobodyKnowsWhereAClockWasThatNobodyLookedAt(t *testing.T) {
	w := newWatch()
	w.step(time.Hour)
	for range 10 {
		if w.ask() {
			t.Fatal("it is believed")
		}
		w.pass(settle)
	}
}

// TestSlewingIsFollowed: NTP that makes a clock slower or faster is no step, however far it goes in the end; steps
// below the bound do not add up in a short time.
func TestSlewingIsFollowed(t *testing.T) {
	for _, by := range []time.Duration{15 * time.Millisecond, -15 * time.Millisecond} {
		w := newWatch()
		for range 10_000 {
			w.pass(time.Second / 2)
			w.step(by)
			if !w.Look(w.wall, w.mono) {
				t.Fatal("a clock that is slewed is not believed")
			}
		}
	}
	w := newWatch()
	for range 2 {
		w.pass(time.Second)
		w.step(900 * time.Millisecond)
		w.Look(w.wall, w.mono)
	}
	if w.ask() {
		t.Error("1.8 s in a second are believed")
	}
}

// TestWithoutABoundEverythingIsBelieved is what a negative bound is for.
func TestWithoutABoundEverythingIsBelieved(t *testing.T) {
	w := newWatch()
	w.Guard = New(-1, settle, w.wall, w.mono, nil)
	w.step(24 * time.Hour)
	if !w.ask() || !w.Look(w.wall, w.mono) {
		t.Error("it is not")
	}
}

// TestWhatIsBelievedIsNear: whatever the clock does, a reading that is believed is within the bound of one that was
// believed before, unless a doubt as long as Settle lies between.
func TestWhatIsBelievedIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWatch()
		believed, kept := w.wall-w.mono, 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.pass(time.Duration(rapid.Int64Range(0, int64(settle)).Draw(t, "passed")))
			w.step(
				time.Duration(
					rapid.SampledFrom([]int64{0, 0, 1, -1, int64(bound), int64(bound) + 1, -int64(bound) - 1, int64(time.Hour)}).
						Draw(t, "step"),
				),
			)
			sure := w.ask()
			for _, c := range w.onChange {
				if c.Kept {
					believed, kept = w.wall-w.mono, kept+1
					if c.Lasted < settle {
						t.Fatalf("a step is believed after %v", c.Lasted)
					}
				}
			}
			w.onChange = w.onChange[:0]
			if d := w.wall - w.mono - believed; sure != (d <= int64(bound) && d >= -int64(bound)) {
				t.Fatalf("%v away: believed is %v", time.Duration(d), sure)
			}
		}
	})
}

// TestManyAsk is for the race detector.
func TestManyAsk(t *testing.T) {
	g := New(bound, settle, start, 0, func(Change) {})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range int64(2000) {
				wall := start + i
				if i%100 == int64(n) {
					wall += int64(time.Hour)
				}
				if !g.Near(wall, i) {
					g.Judge(wall, i)
				}
				g.Look(start+i, i)
				g.Doubt()
			}
		})
	}
	all.Wait()
	if !g.Judge(start, 0) {
		t.Error("a clock that is right is not believed")
	}
}

func BenchmarkNear(b *testing.B) {
	g := New(bound, settle, start, 0, func(Change) {})
	b.ReportAllocs()
	for b.Loop() {
		if !g.Near(start, 0) {
			b.Fatal("not believed")
		}
	}
}
