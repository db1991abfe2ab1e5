package oplog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	window   = 500 * time.Millisecond
	patience = time.Second
	keyOf13  = "063ff484-0000-4000-8000-000000000001/13"
)

func named() Names {
	return Names{
		Section: func(key string) (string, bool) {
			_, number, _ := strings.Cut(key, "/")
			return "VIP_" + number, strings.HasPrefix(key, "063ff484")
		},
		Node: func(id string) (string, bool) { return "n2", id == "73cac9ea" },
	}
}

// bench is a log whose lines are read without their time.
func bench(t *testing.T) (log *slog.Logger, h *Handler, lines func() []string) {
	t.Helper()
	out := &lockedBuffer{}
	h = New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}), Options{Window: window, Patience: patience, Heals: []string{"store_unreachable"}})
	h.Name(named())
	return slog.New(h), h, func() []string {
		return strings.Split(strings.TrimSuffix(out.take(), "\n"), "\n")
	}
}

// lockedBuffer is written by timers and read by the test.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

// take gives what was written since it was last called.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.out.Reset()
	return b.out.String()
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// An outage is one line of each kind, whatever the number of sections, with their plan's names and the nodes' names.
func TestLinesOfOneOutageAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := bench(t)
		for i := range 58 {
			key := fmt.Sprintf("063ff484-0000-4000-8000-000000000001/%d", i)
			log.Warn("append not taken", "section", key, "error", errors.New("no server"))
		}
		log.Info("another matter")
		expect(t, "within the window", lines(), `level=INFO msg="another matter"`)
		<-time.After(window)
		synctest.Wait()
		expect(
			t, "after it", lines(),
			`level=WARN msg="append not taken" sections=58 section="VIP_0, VIP_1, VIP_2 and 55 more" error="no server"`,
		)
		log.Warn(
			"section fenced", "section", keyOf13, "error",
			errors.New("section "+keyOf13+" is at seq 426 epoch 2 of writer 73cac9ea"),
		)
		<-time.After(window)
		synctest.Wait()
		expect(t, "one alone", lines(), `level=WARN msg="section fenced" section=VIP_13 log=`+keyOf13+
			` error="section VIP_13 (`+keyOf13+`) is at seq 426 epoch 2 of writer 73cac9ea (n2)"`)
	})
}

// What heals within the patience is no alarm; what lasts is one line, and one for its end.
func TestAlarmsAreWhatLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := bench(t)
		raise := func() { log.Error("ALARM: the store is away", "alarm", "store_unreachable") }
		end := func() { log.Info("the store answers again", "alarm", "store_unreachable") }
		for range 5 {
			raise()
			<-time.After(300 * time.Millisecond)
			end()
			<-time.After(2 * patience)
			synctest.Wait()
			expect(t, "a blink", lines(), `level=INFO msg="over at once: the store is away" lasted=300ms`)
		}
		raise()
		<-time.After(patience)
		synctest.Wait()
		expect(t, "it lasts", lines(), `level=ERROR msg="ALARM: the store is away" alarm=store_unreachable`)
		end()
		expect(t, "its end", lines(), `level=INFO msg="the store answers again" alarm=store_unreachable`)
		log.Warn("ALARM: the second guard was met", "alarm", "ticket_guard_met")
		expect(
			t, "one that does not end is told at once, as an alarm", lines(),
			`level=ERROR msg="ALARM: the second guard was met" alarm=ticket_guard_met`,
		)
	})
}

// A process that ends takes no line with it.
func TestFlushGivesOutWhatIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := bench(t)
		log.Error("ALARM: the store is away", "alarm", "store_unreachable")
		log.With("node", "n1").Warn("section stopped", "section", keyOf13)
		h.Flush()
		got := strings.Join(lines(), "\n")
		if !strings.Contains(got, "ALARM: the store is away") ||
			!strings.Contains(got, `msg="section stopped" node=n1 section=VIP_13`) {
			t.Errorf("flushed:\n%s", got)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		expect(t, "nothing twice", lines(), "")
	})
}

// Kinds beyond the bound are written as they come: nothing is dropped, nothing grows.
func TestManyKindsOfLinesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := bench(t)
		for i := range 2 * kindsMax {
			log.Warn(fmt.Sprint("kind ", i), "section", keyOf13)
		}
		if n := len(lines()); n != kindsMax {
			t.Errorf("%d lines at once, want %d", n, kindsMax)
		}
		h.Flush()
		if n := len(lines()); n != kindsMax {
			t.Errorf("%d lines later, want %d", n, kindsMax)
		}
	})
}

// A machine reads seconds, under a key that says so.
func TestDurationsAreSecondsInJSON(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: Seconds})).
		Info("x", "took", 2005*time.Millisecond, "step_seconds", time.Second, "n", 3)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["took_seconds"] != 2.005 || line["step_seconds"] != 1.0 || line["n"] != 3.0 || line["took"] != nil {
		t.Errorf("%s", out.String())
	}
}
