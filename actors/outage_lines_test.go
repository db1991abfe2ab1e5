package actors

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/actors/oplog"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

const outageSections = 40

// outageBox is a house of many sections, S00 to S39, and its log as operators read it. Lines are gathered until said.
func outageBox(t *testing.T) (b *box, said func() []string) {
	t.Helper()
	var sections []string
	for i := range outageSections {
		sections = append(sections, fmt.Sprintf(`{"id":"S%02d","rows":[{"label":"1","seats":4}]}`, i))
	}
	var mu sync.Mutex
	var out bytes.Buffer
	handler := oplog.New(slog.NewTextHandler(&lockedWriter{&mu, &out}, nil), oplog.Options{Window: time.Hour})
	b = newBoxOf(t, `{"sections":[`+strings.Join(sections, ",")+`]}`, boxRules(), Config{Logger: slog.New(handler)})
	handler.Name(oplog.Names{Section: func(key string) (string, bool) {
		for i := range storage.SectionNo(outageSections) {
			if k := (storage.SectionKey{Event: b.event, Section: i}); k.String() == key {
				return b.e.SectionName(k)
			}
		}
		return "", false
	}})
	b.live()
	return b, func() []string {
		handler.Flush()
		mu.Lock()
		defer mu.Unlock()
		defer out.Reset()
		return strings.Split(strings.TrimSpace(out.String()), "\n")
	}
}

// Sections whose owner is not reached are an alarm that says which they are and who has them, and they count as served
// by nobody until somebody does.
func TestSectionsInDoubtAreNamedWithTheirOwner(t *testing.T) {
	var mu sync.Mutex
	var out bytes.Buffer
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) {
		if c.Name == "n2" {
			c.Logger = slog.New(slog.NewTextHandler(&lockedWriter{&mu, &out}, nil))
		}
	})
	said := func(text string) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(out.String(), text)
	}
	gone, left := f.nodes[0], f.nodes[1]
	if n := left.e.Unserved(); n != 0 {
		t.Errorf("all is well, and %d sections are served by nobody", n)
	}
	f.kill(gone)
	f.eventually("it is told", func() bool { return said("alarm=sections_in_doubt") })
	if !said("ALARM: sections placed on this node refuse") || !said(fmt.Sprintf("of writer %x", gone.id[:4])) ||
		left.e.Unserved() == 0 {
		t.Errorf("%d unserved, and it says:\n%s", left.e.Unserved(), out.String())
	}
	f.lapse(gone)
	f.eventually("its end is told", func() bool { return said("every section placed on this node is served again") })
	f.eventually("none is left", func() bool { return left.e.Unserved() == 0 })
}

type lockedWriter struct {
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

// holdEverywhere asks for a seat of every section at once, until each is told for certain.
func holdEverywhere(b *box, seat int) (all *sync.WaitGroup) {
	all = &sync.WaitGroup{}
	for i := range outageSections {
		all.Go(func() {
			_ = again(func() error {
				_, err := b.hold(caller(byte(i+1), uint64(seat)), fmt.Sprintf("S%02d-1-%d", i, seat))
				return err
			})
		})
	}
	return all
}

// An outage is told in a few lines, whatever the number of sections: what happened, to how many, and which by their
// plan's names; no line of it sounds worse than it is, and none names a section by its number alone.
func TestOutageIsAFewLines(t *testing.T) {
	for name, c := range map[string]struct {
		rule  faultstore.Rule
		lines []string // texts, each of one line
	}{
		"the store takes nothing for a while": {
			faultstore.Rule{Op: faultstore.OpCommit, Do: faultstore.Lose, Kind: storage.EntryChanges, Times: 3 * outageSections},
			[]string{"store unavailable: the section refuses", "append taken"},
		},
		"the store does not answer for a while": {
			faultstore.Rule{Op: faultstore.OpCommit, Do: faultstore.LoseUnknown, Kind: storage.EntryChanges, Times: 3 * outageSections},
			[]string{"append outcome unknown", "append taken"},
		},
		"another node takes all over": {
			faultstore.Rule{Op: faultstore.OpCommit, Do: faultstore.Fence, Kind: storage.EntryChanges, Times: outageSections},
			[]string{"section fenced: another node has taken it over", "section served here"},
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			b, said := outageBox(t)
			holdEverywhere(b, 1).Wait()
			said() // the start
			b.store.Add(c.rule)
			holdEverywhere(b, 2).Wait()
			lines := said()
			if len(lines) != len(c.lines) {
				t.Errorf("%d lines, want %d:\n%s", len(lines), len(c.lines), strings.Join(lines, "\n"))
			}
			all := strings.Join(lines, "\n")
			for _, want := range c.lines {
				if strings.Count(all, want) != 1 {
					t.Errorf("%q is not one line:\n%s", want, all)
				}
			}
			for _, line := range lines {
				if !strings.Contains(line, "sections=") || !strings.Contains(line, `section="S`) ||
					!strings.Contains(line, "more") {
					t.Errorf("it does not say how many and which: %s", line)
				}
				if strings.Contains(line, "level=ERROR") || strings.Contains(line, "ALARM") {
					t.Errorf("a section that comes back by itself wakes nobody: %s", line)
				}
			}
		})
	}
}
