package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// loggedWorld is a correct run of some size, with its log.
func loggedWorld(seed uint64) (*world, []wire.LogChange) { return loggedWorldOf(seed, false) }

// loggedWorldOf is loggedWorld, whose log may name buyers as only the server can.
func loggedWorldOf(seed uint64, keyed bool) (*world, []wire.LogChange) {
	w := simulate(simSize{events: 1, sections: 2, seats: 10, buyers: 20, wishes: 20, crashes: 2, keyed: keyed}, noBug,
		chance(rand.New(rand.NewPCG(seed, 2))))
	return w, w.lines()
}

// logName is how the log names an operation's request.
func (w *world) logName(q *requests, p *history.Part, op *history.Op) string {
	event, buyer, key := q.key(p, op)
	return w.server.name(simKey{event, buyer, key})
}

func againstLog(h *history.History, log []byte) Check {
	result := Run(context.Background(), h, Options{Log: logOf(log), LookLag: time.Duration(simLookLag)})
	return *result.Find(Log)
}

// pick finds the n-th line of a kind, counted from 0.
func pick(t *testing.T, lines []wire.LogChange, kind string, n int) int {
	t.Helper()
	for i := range lines {
		if lines[i].Kind == kind {
			if n--; n < 0 {
				return i
			}
		}
	}
	t.Fatalf("no %d lines of kind %s", n, kind)
	return 0
}

// renumber gives a section's lines dense numbers again, one record each, so that what was planted is not given away by
// a gap.
func renumber(lines []wire.LogChange) {
	for i := range lines {
		if i == 0 || lines[i].Section != lines[i-1].Section {
			lines[i].Seq = 1
		} else {
			lines[i].Seq = lines[i-1].Seq + 1
		}
		lines[i].Index = 0
	}
}

type logLines = []wire.LogChange

func without(l logLines, i int) logLines { return slices.Delete(l, i, i+1) }

// spoilt plants one fault in a correct log, or in the answers beside it; the verdict is last.
var spoilt = []struct {
	name  string
	spoil func(t *testing.T, w *world, l logLines) logLines
	want  Code
}{
	{"nothing", func(_ *testing.T, _ *world, l logLines) logLines { return l }, ""},
	{"the sale switch is no booking's", func(_ *testing.T, _ *world, l logLines) logLines {
		paused, opened := l[0], l[0]
		paused.Kind, opened.Kind = wire.LogSalePaused, wire.LogSaleOpened
		return renumbered(slices.Insert(l, 1, paused, opened))
	}, ""},
	{"a gap", func(t *testing.T, _ *world, l logLines) logLines { l[pick(t, l, "hold_placed", 2)].Seq += 7; return l },
		LogShape},
	{"an index twice", func(t *testing.T, _ *world,
		l logLines) logLines {
		l[pick(t, l, "hold_placed", 2)].Index++
		return l
	}, LogShape},
	{"a section in two places", func(_ *testing.T, _ *world, l logLines) logLines { return append(l, l[0]) }, LogShape},
	{"an epoch falls", func(_ *testing.T, _ *world, l logLines) logLines { l[len(l)-1].Epoch = 0; return l }, LogEpoch},
	{"an epoch rises unclaimed", func(t *testing.T, _ *world,
		l logLines) logLines {
		return without(l, pick(t, l, "claim", 1))
	}, LogEpoch},
	{"time goes back", func(t *testing.T, _ *world,
		l logLines) logLines {
		l[pick(t, l, "sold", 3)].At -= 1000
		return l
	}, LogTime},
	{"a hold is missing", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(without(l, acknowledged(t, w, l, "hold_placed")))
	}, LogMissing},
	{"a sale is missing", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(without(l, acknowledged(t, w, l, "payment_begun")+1))
	}, LogMissing},
	{"a sale is missing from the sum", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(without(l, acknowledged(t, w, l, "payment_begun")+1))
	}, LogSum},
	{"a sale after a refusal", func(t *testing.T, w *world, l logLines) logLines {
		refuseConfirmations(w)
		return l
	}, LogRefused},
	{"a payment after the end", func(t *testing.T, w *world, l logLines) logLines {
		return earlyLapse(l, acknowledged(t, w, l, "payment_begun"), -1)
	}, LogLapse},
	{"an end goes back", func(t *testing.T, w *world, l logLines) logLines {
		end := l[acknowledged(t, w, l, "hold_extended")].At + 1
		l[acknowledged(t, w, l, "hold_extended")].ExpiresAt = &end
		return l
	}, LogMove},
	{"a change of nothing", func(t *testing.T, w *world, l logLines) logLines {
		l[acknowledged(t, w, l, "hold_extended")].Booking = "nothing"
		return l
	}, LogMove},
	{"an extension of another booking", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(exchanged(t, w, l))
	}, LogDiffers},
	{"an extension is missing", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(without(l, acknowledged(t, w, l, "hold_extended")))
	}, LogMissing},
	{"a hold twice", func(t *testing.T, w *world, l logLines) logLines {
		i := acknowledged(t, w, l, "hold_placed")
		again := l[i]
		again.Booking = "another"
		return renumbered(slices.Insert(l, lastOf(l, again.Section), again))
	}, LogTwice},
	{"an extension twice", func(t *testing.T, w *world, l logLines) logLines {
		i := acknowledged(t, w, l, "hold_extended")
		return renumbered(slices.Insert(l, i+1, l[i]))
	}, LogTwice},
	{"a sale twice", func(t *testing.T, _ *world, l logLines) logLines {
		i := pick(t, l, "sold", 1)
		return renumbered(slices.Insert(l, i+1, l[i]))
	}, LogMove},
	{"a refused hold", func(t *testing.T, w *world, l logLines) logLines {
		return renumbered(slices.Insert(l, 1, refusedHold(t, w, l)))
	}, LogRefused},
	{"a stranger's hold", func(_ *testing.T, _ *world, l logLines) logLines {
		return renumbered(slices.Insert(l, 1, strangersHold(l)))
	}, LogForeign},
	{"a nameless hold", func(t *testing.T, w *world, l logLines) logLines {
		l[acknowledged(t, w, l, "hold_placed")].Request = ""
		return l
	}, LogForeign},
	{"a seat given back that was sold", func(t *testing.T, _ *world, l logLines) logLines {
		i := pick(t, l, "sold", 1)
		refund := l[i]
		refund.Kind = "refunded"
		return renumbered(slices.Insert(l, i+1, refund))
	}, LogForeign},
	{"a seat given back, and pending", func(t *testing.T, _ *world, l logLines) logLines {
		i := pick(t, l, "sold", 1)
		due, taken, done := l[i], l[i], l[i]
		due.Kind, taken.Kind, done.Kind = "refund_due", "refund_pending", "refunded"
		taken.Seats = seatsOf(t, l, l[i].Booking)
		return renumbered(slices.Insert(l, i+1, due, taken, done))
	}, LogForeign},
	{"a seat given back twice", func(t *testing.T, _ *world, l logLines) logLines {
		i := pick(t, l, "sold", 1)
		due, taken := l[i], l[i]
		due.Kind, taken.Kind = "refund_due", "refund_pending"
		taken.Seats = seatsOf(t, l, l[i].Booking)
		return renumbered(slices.Insert(l, i+1, due, taken, taken))
	}, LogMove},
	{"other seats", func(t *testing.T, w *world, l logLines) logLines {
		i := acknowledged(t, w, l, "hold_placed")
		l[i].Seats = append([]uint32{(l[i].Seats[0] + 1) % 10}, l[i].Seats[1:]...)
		return l
	}, LogDiffers},
	{"another booking", func(t *testing.T, w *world, l logLines) logLines {
		i := acknowledged(t, w, l, "hold_placed")
		return rename(l, l[i].Booking, "another")
	}, LogDiffers},
	{"another end", func(t *testing.T, w *world, l logLines) logLines {
		end := *l[acknowledged(t, w, l, "hold_extended")].ExpiresAt + 5
		l[acknowledged(t, w, l, "hold_extended")].ExpiresAt = &end
		return l
	}, LogDiffers},
	{"a lapse too early", func(t *testing.T, _ *world, l logLines) logLines {
		return earlyLapse(l, pick(t, l, "hold_expired", 1), 1)
	}, LogLapse},
	{"a lapse while paying", func(t *testing.T, _ *world, l logLines) logLines {
		i := pick(t, l, "payment_begun", 1)
		lapse := l[i]
		lapse.Kind, lapse.Request = "hold_expired", ""
		return renumbered(slices.Insert(l, i+1, lapse))
	}, LogMove},
	{"a seat beyond the section", func(t *testing.T, w *world, l logLines) logLines {
		i := acknowledged(t, w, l, "hold_placed")
		l[i].Seats = []uint32{10}
		return l
	}, LogShape},
	{"a seat given twice", func(t *testing.T, _ *world, l logLines) logLines {
		return renumbered(without(l, pick(t, l, "hold_expired", 0)))
	}, LogOverlap},
	{"swapped order", swapped, LogOrder},
	{"the last maps differ", func(_ *testing.T, w *world, l logLines) logLines {
		text := w.h.Parts[len(w.h.Parts)-1].Text
		for i, letter := range text {
			if letter == 's' {
				text[i] = 'h'
			}
		}
		return l
	}, LogMap},
}

func TestSpoiltLogsAreFound(t *testing.T) {
	for _, c := range spoilt {
		for _, keyed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, names keyed %v", c.name, keyed), func(t *testing.T) {
				w, l := loggedWorldOf(1, keyed)
				got := againstLog(w.h, ndjson(t, c.spoil(t, w, l)))
				if c.want == "" {
					if got.State != Passed || got.Count("letters") == 0 || got.Count("sold") == 0 ||
						got.Count("unknown, done") == 0 {
						t.Fatalf("unspoilt: %+v", got)
					}
					return
				}
				if got.State != Failed || !got.Has(c.want) {
					t.Errorf("want %s: %v %v", c.want, got.State, got.Faults)
				}
			})
		}
	}
}

func renumbered(l []wire.LogChange) []wire.LogChange {
	renumber(l)
	return l
}

// acknowledged finds a line whose request was acknowledged, once.
func acknowledged(t *testing.T, w *world, l []wire.LogChange, kind string) int {
	t.Helper()
	q := newRequests(newArchive(w.h))
	for _, r := range q.list {
		p, op := q.op(r.op)
		if r.verdict != history.Done || r.again {
			continue
		}
		name := w.logName(q, p, op)
		if i := slices.IndexFunc(l, func(c wire.LogChange) bool {
			return c.Kind == kind &&
				c.Request == name
		}); i >= 0 {
			return i
		}
	}
	t.Fatalf("no acknowledged %s", kind)
	return 0
}

// lastOf is where a section's lines end.
func lastOf(l []wire.LogChange, section string) int {
	end := 0
	for i := range l {
		if l[i].Section == section {
			end = i + 1
		}
	}
	return end
}

// refusedHold is a hold for a request that was refused and never anything else.
func refusedHold(t *testing.T, w *world, l []wire.LogChange) wire.LogChange {
	t.Helper()
	q := newRequests(newArchive(w.h))
	line := strangersHold(l)
	for i, p := range w.h.Parts {
		for n := range p.Ops {
			if op := &p.Ops[n]; op.Kind == history.Hold && op.Verdict == history.Taken && q.find(p, op) == none &&
				i >= 0 {
				line.Request, line.Buyer = w.logName(q, p, op), w.server.buyer(simKey{op.Event, op.Buyer, op.Key})
				return line
			}
		}
	}
	t.Fatal("nobody was refused")
	return line
}

func strangersHold(l []wire.LogChange) wire.LogChange {
	line, end := l[0], l[0].At+1
	line.Kind, line.Booking, line.Request, line.Seats, line.ExpiresAt = "hold_placed", "foreign",
		wire.HashText([16]byte{9}), []uint32{0}, &end
	return line
}

func rename(l []wire.LogChange, from, to string) []wire.LogChange {
	for i := range l {
		if l[i].Booking == from {
			l[i].Booking = to
		}
	}
	return l
}

// earlyLapse moves the end of a line's booking to so many milliseconds after that line.
func earlyLapse(l []wire.LogChange, i int, after wire.Time) []wire.LogChange {
	end := l[i].At + after
	for j := range l[:i] {
		if l[j].Booking == l[i].Booking && l[j].ExpiresAt != nil {
			l[j].ExpiresAt = &end
		}
	}
	return l
}

// refuseConfirmations rewrites the answers: every confirmation was declined.
func refuseConfirmations(w *world) {
	for _, p := range w.h.Parts {
		for i := range p.Ops {
			if op := &p.Ops[i]; op.Kind == history.Confirm {
				op.Verdict, op.Return = history.Refused, max(op.Call, min(op.Return, op.Call+simMilli))
			}
		}
	}
}

// TestExtensionThatGainedNothingAtFirst: it was told the booking as it stood, and wrote nothing; sent again under its
// key when it gained something, it came after what others had asked for meanwhile.
func TestExtensionThatGainedNothingAtFirst(t *testing.T) {
	w, l := loggedWorld(1)
	early := 0
	for _, p := range w.h.Parts {
		for i := range p.Ops {
			op := p.Ops[i]
			if op.Kind != history.Extend || op.Verdict != history.Done || op.Of < 0 {
				continue
			}
			hold := &p.Ops[op.Of]
			if hold.Verdict != history.Done || hold.Expires >= op.Expires || hold.Return+2 >= op.Call {
				continue
			}
			op.Call, op.Return, op.Expires = hold.Return+1, hold.Return+2, hold.Expires
			p.Ops = append(p.Ops, op)
			early++
		}
	}
	if got := againstLog(w.h, ndjson(t, l)); early == 0 || got.State != Passed {
		t.Errorf("%d extensions were told before they came about: %v %v", early, got.State, got.Faults)
	}
}

// exchanged makes an acknowledged extension one of another booking that was on hold then.
func exchanged(t *testing.T, w *world, l []wire.LogChange) []wire.LogChange {
	t.Helper()
	i := acknowledged(t, w, l, wire.LogHoldExtended)
	for j := i - 1; j >= 0 && l[j].Section == l[i].Section; j-- {
		if l[j].Kind == wire.LogHoldPlaced && l[j].Booking != l[i].Booking {
			l[i].Booking = l[j].Booking
			return l
		}
	}
	t.Fatal("no other booking")
	return nil
}

// swapped exchanges two holds of one section whose requests did not overlap.
func swapped(t *testing.T, _ *world, l []wire.LogChange) []wire.LogChange {
	t.Helper()
	var holds []int
	for i := range l {
		if l[i].Kind == "hold_placed" && l[i].Section == "A" {
			holds = append(holds, i)
		}
	}
	first, last := holds[0], holds[len(holds)-1]
	l[first], l[last] = l[last], l[first]
	l[first].At, l[last].At = l[last].At, l[first].At
	return renumbered(l)
}

// TestOtherEventsAreIgnored: what else the server sold is not this history's business.
func TestOtherEventsAreIgnored(t *testing.T) {
	w, l := loggedWorld(3)
	other := slices.Clone(l)
	for i := range other {
		other[i].Event = "other"
	}
	got := againstLog(w.h, ndjson(t, append(other, l...)))
	if got.State != Passed || got.Count("of other events") != uint64(len(other)) {
		t.Errorf("%+v", got)
	}
}

// failing gives some bytes and then an error.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func (f *failing) Close() error { return nil }

// TestBrokenLogIsNotChecked: a log that could not be read to its end proves nothing, and is not blamed for what may
// have followed.
func TestBrokenLogIsNotChecked(t *testing.T) {
	w, l := loggedWorld(4)
	text := ndjson(t, l)
	gone := errors.New("gone")
	for name, open := range map[string]func() (io.ReadCloser, error){
		"not there": func() (io.ReadCloser, error) { return nil, gone },
		"breaks off": func() (io.ReadCloser, error) {
			return &failing{bytes.NewReader(text[:len(text)/2]), gone},
				nil
		},
		"half a line":  logOf(text[:len(text)-9]),
		"no log":       logOf([]byte("hello\n")),
		"unknown kind": logOf(bytes.Replace(text, []byte(`"sold"`), []byte(`"lost"`), 1)),
		"more members": logOf(bytes.Replace(text, []byte(`"kind"`), []byte(`"sort":1,"kind"`), 1)),
	} {
		result := Run(context.Background(), w.h, Options{Log: open, LookLag: time.Duration(simLookLag)})
		if got := result.Find(Log); got.State != NotChecked || got.Detail == "" {
			t.Errorf("%s: %+v", name, *got)
		}
	}
}

// seatsOf are a booking's seats by its hold.
func seatsOf(t *testing.T, l logLines, booking string) []uint32 {
	t.Helper()
	for i := range l {
		if l[i].Booking == booking && l[i].Kind == "hold_placed" {
			return l[i].Seats
		}
	}
	t.Fatalf("no hold of %s", booking)
	return nil
}

// TestEveryKindOfChangeIsFollowed: a kind that the server writes and that is no word here has every log called broken.
func TestEveryKindOfChangeIsFollowed(t *testing.T) {
	for _, kind := range wire.LogKinds {
		if parseKind([]byte(kind)) == 0 {
			t.Errorf("no log with a %q can be judged", kind)
		}
	}
}
