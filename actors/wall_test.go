package actors

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/section"
)

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// stepping is a box whose wall clock is the machine's, off by what the test says.
type stepping struct {
	*box
	off atomic.Int64 // milliseconds
	log *lines
}

func newStepping(t *testing.T, rules section.Rules, settle time.Duration) *stepping {
	s := &stepping{log: &lines{}}
	s.box = newBox(t, rules, Config{
		Clock:        func() section.Instant { return section.Instant(time.Now().UnixMilli() + s.off.Load()) },
		ClockStepMax: ClockStepMaxDefault, ClockSettle: settle, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	return s
}

func (s *stepping) step(by time.Duration) { s.off.Add(by.Milliseconds()) }

// soon waits until the engine, which looks at its clocks by itself, is so.
func (s *stepping) soon(what string, ok func() bool) {
	s.t.Helper()
	for timeout := time.After(patience); !ok(); {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-timeout:
			s.t.Fatalf("never came: %s", what)
		}
	}
}

// TestAClockThatJumpsAndComesBackEndsNoHold guards P4 and P2: whatever the clock shows for a moment, holds keep their
// ends, nobody is told a wrong one, also after a restart, and the engine goes on by itself.
func TestAClockThatJumpsAndComesBackEndsNoHold(t *testing.T) {
	for _, by := range []time.Duration{26 * time.Hour, 1500 * time.Millisecond, -26 * time.Hour, -1500 * time.Millisecond} {
		t.Run(by.String(), func(t *testing.T) {
			s := newStepping(t, boxRules(), time.Hour)
			held := s.mustHold(caller(1, 1), "A-1-1")
			s.step(by)
			for _, call := range []struct {
				name string
				err  error
			}{
				{"a hold", second(s.hold(caller(2, 1), "A-1-2"))},
				{"a wish for a held seat", second(s.hold(caller(2, 2), "A-1-1"))},
				{"a wish for the best", second(s.best(caller(2, 3), BestAvailable{Quantity: 2}))},
				{"an extension", s.e.Extend(held.ID, caller(1, 2), patience, &BookingView{})},
				{"a release", s.e.Release(held.ID, caller(1, 3), patience, &BookingView{})},
				{"a payment", second(s.confirm(held.ID, caller(1, 4), "tok_ok"))},
			} {
				if !errors.Is(call.err, ErrUnavailable) {
					t.Errorf("%s while the clock has stepped: %v, want ErrUnavailable", call.name, call.err)
				}
			}
			if step, doubted := s.e.ClockDoubt(); !doubted || (step-by).Abs() > 100*time.Millisecond {
				t.Errorf("told a step of %v, %v", step, doubted)
			}
			if letters := s.letters(0); letters[0] != 'h' {
				t.Errorf("P4: the map is %s", letters)
			}
			s.step(-by)
			s.stands(held)
			s.restart()
			s.stands(held)
			if n := s.log.count("the wall clock has stepped"); n != 1 || s.log.count("the wall clock is back") != 1 {
				t.Errorf("the log tells of %d steps and %d returns", n, s.log.count("the wall clock is back"))
			}
		})
	}
}

func second(_ BookingView, err error) error { return err }

// stands is so when a hold can be extended and a new one ends when it should.
func (s *stepping) stands(held BookingView) {
	s.t.Helper()
	now := time.Now().UnixMilli()
	if got := s.booking(held.ID); got.State != section.BookingHeld || got.ExpiresAt != held.ExpiresAt {
		s.t.Errorf("P4: the hold is %v and ends at %d, was told %d", got.State, got.ExpiresAt, held.ExpiresAt)
	}
	fresh := s.mustHold(caller(3, uint64(now)), "B-1-3")
	if lasts := int64(fresh.ExpiresAt) - now; lasts < 600_000 || lasts > 605_000 {
		s.t.Errorf("P4: a new hold lasts %d ms, want 600000", lasts)
	}
	if err := s.e.Release(fresh.ID, caller(3, uint64(now)+1), patience, &BookingView{}); err != nil {
		s.t.Error(err)
	}
}

// TestHoldsThatEndInADoubtEndAfterIt guards P4: an end that came while the clock was not believed is not forgotten.
func TestHoldsThatEndInADoubtEndAfterIt(t *testing.T) {
	rules := boxRules()
	rules.HoldTTL = 300
	s := newStepping(t, rules, time.Hour)
	held := s.mustHold(caller(1, 1), "A-1-1")
	s.step(-time.Hour)
	s.soon("the doubt", func() bool { _, doubted := s.e.ClockDoubt(); return doubted })
	s.soon("the hold's end", func() bool { return time.Now().UnixMilli() > int64(held.ExpiresAt)+50 })
	if letters := s.letters(0); letters[0] != 'h' {
		t.Errorf("the map is %s in a doubt", letters)
	}
	s.step(time.Hour)
	s.until("the seat is free", func() bool { return s.letters(0)[0] == 'a' })
}

// TestAClockThatIsPutRightIsBelieved: after a while the sale goes on by the new time, and what has ended by it ends.
func TestAClockThatIsPutRightIsBelieved(t *testing.T) {
	s := newStepping(t, boxRules(), 3*time.Second)
	s.mustHold(caller(1, 1), "A-1-1")
	s.step(time.Hour)
	s.soon("belief", func() bool { return s.log.count("is believed now") == 1 })
	s.until("the seat is free", func() bool { return s.letters(0)[0] == 'a' })
	var out BookingView
	if err := s.retry(func() (err error) { out, err = s.hold(caller(2, 1), "A-1-1"); return err }); err != nil {
		t.Fatal(err)
	}
	if lasts := int64(out.ExpiresAt) - s.off.Load() - time.Now().UnixMilli(); lasts < 590_000 || lasts > 601_000 {
		t.Errorf("a new hold lasts %d ms", lasts)
	}
	if s.e.Stats().ClockSteps.Load() != 1 {
		t.Errorf("%d steps are counted", s.e.Stats().ClockSteps.Load())
	}
}

// TestSectionsCloseInADoubt: a node is stopped and its sections are kept, whatever its clock shows.
func TestSectionsCloseInADoubt(t *testing.T) {
	s := newStepping(t, boxRules(), time.Hour)
	held := s.mustHold(caller(1, 1), "A-1-1")
	s.step(26 * time.Hour)
	if _, err := s.hold(caller(1, 2), "A-1-2"); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	s.close()
	s.off.Store(0)
	s.open()
	s.stands(held)
}

// TestALogThatIsAheadOfTheClockIsTold: a section that a node with a fast clock has written gives longer holds until
// this node's clock has caught up. It is not done silently.
func TestALogThatIsAheadOfTheClockIsTold(t *testing.T) {
	s := newStepping(t, boxRules(), time.Hour)
	s.mustHold(caller(1, 1), "A-1-1")
	s.close()
	s.off.Store(-time.Hour.Milliseconds())
	s.open()
	if _, err := s.e.Live(context.Background(), s.event); err != nil {
		t.Fatal(err)
	}
	s.mustHold(caller(2, 1), "A-1-2")
	if s.log.count("is ahead of this node's clock") == 0 || s.e.Stats().LogsAhead.Load() == 0 {
		t.Error("nothing is told")
	}
}
