package payment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/cmd/holdfast/datafolder"
)

// eventful is an account that has an event every ten seconds, numbered; a cursor is how many there were.
type eventful struct {
	processor.Processor
	start   time.Time
	mu      sync.Mutex
	cursors []string
	away    bool
}

func (e *eventful) Events(_ context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cursors = append(e.cursors, cursor)
	now := int(time.Since(e.start) / (10 * time.Second))
	if e.away {
		return cursor, errors.New("away")
	}
	from, err := strconv.Atoi(cursor)
	if cursor == "" {
		from, err = now, nil
	}
	for n := from; n < now && err == nil; n++ {
		err = visit(processor.Hint{Attempt: processor.AttemptID("b-" + strconv.Itoa(n)), Kind: processor.HintRefund})
	}
	return strconv.Itoa(now), err
}

// ears hear, and look at what they have heard unless they are deaf.
type ears struct {
	mu       sync.Mutex
	heard    map[processor.AttemptID]int
	deaf     map[processor.AttemptID]bool
	disputes []processor.AttemptID
}

func (e *ears) PaymentHint(h processor.Hint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard == nil {
		e.heard = map[processor.AttemptID]int{}
	}
	e.heard[h.Attempt]++
}

func (e *ears) PaymentsUnheard(of []processor.AttemptID) (unheard []processor.AttemptID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range of {
		if e.deaf[a] {
			unheard = append(unheard, a)
		}
	}
	return unheard
}

func (e *ears) PaymentDisputed(a processor.AttemptID, _ time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.disputes, a) {
		e.disputes = append(e.disputes, a)
	}
}

// shelf is a store's cursors, in memory.
type shelf struct {
	mu       sync.Mutex
	body     string
	revision int64
	lost     int // answers of writes that are to be lost
}

func (s *shelf) Cursor(context.Context, string) (string, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body, s.revision, nil
}

func (s *shelf) MoveCursor(_ context.Context, _, body string, over int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if over != s.revision {
		return false, nil
	}
	s.body, s.revision = body, s.revision+1
	if s.lost--; s.lost >= 0 {
		return false, errors.New("connection lost")
	}
	return true, nil
}

func follow(t *testing.T, long time.Duration, all ...*Follower) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var running sync.WaitGroup
	for _, f := range all {
		running.Go(func() { f.Run(ctx) })
	}
	running.Wait()
}

// all says that every event from one number to another was heard.
func (e *ears) all(t *testing.T, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if e.heard[processor.AttemptID("b-"+strconv.Itoa(n))] == 0 {
			t.Errorf("P6: event %d was skipped", n)
		}
	}
}

// TestEventsAreFollowedOverRestarts guards P6: what happened while no server ran is told, an outage is reported once,
// and the cursor that an earlier build kept in the folder counts.
func TestEventsAreFollowedOverRestarts(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, datafolder.CursorFile("")), []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		bank, e, reports := &eventful{start: time.Now()}, &ears{}, []error(nil)
		run := func(long time.Duration) {
			follow(
				t, long,
				&Follower{Processor: bank, Listener: e, Keeper: InFolder(folder, "stripe"), Node: "n" + long.String(),
					Report: func(err error) { reports = append(reports, err) }},
			)
		}
		run(70 * time.Second)
		<-time.After(7 * 24 * time.Hour) // nobody runs
		run(20 * time.Second)
		e.all(t, 0, int((time.Since(bank.start)-30*time.Second)/(10*time.Second)))
		bank.away = true
		run(100 * time.Second)
		if len(reports) != 1 || reports[0] == nil {
			t.Errorf("reported %v", reports)
		}
		bank.away = false
		run(60 * time.Second)
		e.all(t, 0, int((time.Since(bank.start)-40*time.Second)/(10*time.Second)))
	})
	if info, err := os.Stat(filepath.Join(folder, datafolder.CursorFile("stripe"))); err != nil ||
		info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestOneNodeReadsAndAnotherGoesOn guards P6: of nodes that share a store one reads an account at a time; when that one
// dies the other goes on from its cursor, and no event is skipped, also when answers of the store are lost.
func TestOneNodeReadsAndAnotherGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bank, s := &eventful{start: time.Now()}, &shelf{}
		e := [2]*ears{{}, {}}
		node := func(i int) *Follower {
			return &Follower{Processor: bank, Listener: e[i], Keeper: InStore(s, "stripe", ""), Node: strconv.Itoa(i),
				Report: func(error) {}}
		}
		follow(t, 5*time.Minute, node(0), node(1))
		if len(e[0].heard) > 0 && len(e[1].heard) > 0 {
			t.Errorf("both read: %d and %d events", len(e[0].heard), len(e[1].heard))
		}
		reader := 0
		if len(e[1].heard) > 0 {
			reader = 1
		}
		asked := len(bank.cursors)
		if asked > 12 {
			t.Errorf("asked %d times in five minutes", asked)
		}
		s.lost = 3
		follow(t, 5*time.Minute, node(1-reader)) // the other is dead
		both := &ears{heard: map[processor.AttemptID]int{}}
		for _, one := range e {
			for a, n := range one.heard {
				both.heard[a] += n
			}
		}
		both.all(t, 0, int(10*time.Minute/(10*time.Second))-4)
		if len(e[1-reader].heard) == 0 {
			t.Error("nobody went on")
		}
	})
}

// TestWhatCouldNotBeLookedAtIsKept guards P6: a cursor moves past an event whose booking cannot be asked about only
// together with its name, through a death of the node; and others are told meanwhile.
func TestWhatCouldNotBeLookedAtIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bank, s := &eventful{start: time.Now()}, &shelf{}
		run := func(e *ears, node string, long time.Duration) {
			follow(t, long, &Follower{Processor: bank, Listener: e, Keeper: InStore(s, "stripe", ""), Node: node,
				Report: func(err error) { t.Error(err) }})
		}
		run(&ears{deaf: map[processor.AttemptID]bool{"b-1": true}}, "first", 95*time.Second)
		if !strings.Contains(s.body, `"unheard":["b-1"]`) {
			t.Errorf("the record is %s", s.body)
		}
		next := &ears{}
		run(next, "second", 3*time.Minute)
		if next.heard["b-1"] == 0 || strings.Contains(s.body, "unheard") {
			t.Errorf("told of %v; the record is %s", next.heard, s.body)
		}
	})
}

// disputing is an account with one dispute.
type disputing struct{ processor.Processor }

func (disputing) Events(_ context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	if cursor == "" {
		return "1", nil
	}
	return "1", visit(processor.Hint{Attempt: "b-1", Kind: processor.HintDispute})
}

// TestDisputesAreKnownToEveryNode: by the record, whoever has read of them, and after a restart.
func TestDisputesAreKnownToEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		e := [3]*ears{{}, {}, {}}
		node := func(i int) *Follower {
			return &Follower{
				Processor: disputing{},
				Listener:  e[i],
				Keeper:    InStore(s, "stripe", ""),
				Node:      strconv.Itoa(i),
				Report:    func(error) {},
			}
		}
		follow(t, 3*time.Minute, node(0), node(1))
		follow(t, time.Second, node(2))
		for i, one := range e {
			if !slices.Equal(one.disputes, []processor.AttemptID{"b-1"}) {
				t.Errorf("node %d knows of %v", i, one.disputes)
			}
		}
	})
}
