package baselines

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/bench/lab"
)

// TestServersAreAlike: the do-nothing server and the baselines must differ in what they do, not in how they are set up.
func TestServersAreAlike(t *testing.T) {
	ours, null := reflect.ValueOf(newFace(newMemory()).server()).Elem(),
		reflect.ValueOf(lab.NewNull(lab.NullAnswer{})).Elem()
	compared := 0
	for i := range ours.NumField() {
		field := reflect.TypeFor[fasthttp.Server]().Field(i)
		if !field.IsExported() || !field.Type.Comparable() || field.Type.Kind() == reflect.Interface ||
			field.Name == "MaxRequestBodySize" {
			continue // plans are large, and what a do-nothing server reads is small
		}
		compared++
		if !ours.Field(i).Equal(null.Field(i)) {
			t.Errorf("%s is %v, and %v in the do-nothing server", field.Name, ours.Field(i), null.Field(i))
		}
	}
	if compared < 15 {
		t.Errorf("only %d settings compared", compared)
	}
}

func TestEveryPeerIsDescribed(t *testing.T) {
	for _, name := range Names() {
		if len(About(name)) < 80 {
			t.Errorf("%s: %q", name, About(name))
		}
	}
	if postgres, redis := Needs("nobody"); postgres || redis || About("nobody") != "" {
		t.Error("a peer that is not there is described")
	}
	if err := Serve(t.Context(), "nobody", "127.0.0.1:0", Backends{}); err == nil {
		t.Error("a peer that is not there was served")
	}
}

func TestBookingIDs(t *testing.T) {
	made := id{1, 2, 3, 254, 255}
	text := appendBookingID(nil, made)
	if back, ok := parseBookingID(text); !ok || back != made {
		t.Errorf("%s is %v, %v", text, back, ok)
	}
	for _, garbage := range []string{"", "b", "c" + string(text[1:]), string(text) + "a", strings.ToUpper(string(text)),
		"b" + strings.Repeat("1", 26)} {
		if _, ok := parseBookingID([]byte(garbage)); ok {
			t.Errorf("%q was taken for a booking", garbage)
		}
	}
}

func TestChoose(t *testing.T) {
	e, err := newEvent([]byte(`{"name":"x","starts_at":"2030-06-01T19:30:00Z","currency":"EUR","prices":{"*":1},
		"plan":{"sections":[{"id":"A","rows":[{"label":"1","seats":4},{"label":"2","seats":4}]},{"id":"G","general":4}]}}`), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	last := func(n int) int { return n - 1 }
	for _, row := range []struct {
		open     []int32
		quantity int
		pick     func(int) int
		want     []int32
	}{
		{[]int32{0, 1, 2, 3}, 2, first, []int32{0, 1}},
		{[]int32{0, 1, 2, 3}, 2, last, []int32{2, 3}},
		{[]int32{0, 2, 3, 4, 5}, 2, first, []int32{2, 3}},
		// the end of one row and the start of another: a split, for want of neighbours
		{[]int32{3, 4, 6}, 2, first, []int32{3, 4}},
		{[]int32{1, 3, 6}, 2, last, []int32{3, 6}},
		{[]int32{8, 10, 11}, 3, first, []int32{8, 10, 11}},
		{[]int32{0, 1}, 3, first, nil},
	} {
		if got := choose(e, row.open, row.quantity, row.pick); !slices.Equal(got, row.want) {
			t.Errorf("%d of %v: %v, want %v", row.quantity, row.open, got, row.want)
		}
	}
	if e.together([]int32{3, 4}) || !e.together([]int32{8, 10, 11}) || !e.together([]int32{4, 5}) {
		t.Error("neighbours are in one row; general places need not be neighbours")
	}
}

// TestAMapIsNeverOlderThanItsQuestion: who asks during a reading gets the next one, together with whoever else does.
func TestAMapIsNeverOlderThanItsQuestion(t *testing.T) {
	var r reading
	var reads atomic.Int64
	began, finish := make(chan uint64), make(chan struct{})
	read := func(seq uint64) snapshot {
		reads.Add(1)
		began <- seq
		<-finish
		return snapshot{document: []byte{byte(seq)}}
	}
	answers := make(chan byte)
	ask := func() { answers <- r.get(read).document[0] }
	go ask()
	<-began
	for range 5 {
		go ask()
	}
	finish <- struct{}{}
	if first := <-answers; first != 1 {
		t.Errorf("the first was answered by reading %d", first)
	}
	for waiting := 5; waiting > 0; {
		select {
		case seq := <-began:
			if seq < 2 {
				t.Errorf("reading %d is the first one again", seq)
			}
			finish <- struct{}{}
		case answer := <-answers:
			if waiting--; answer < 2 {
				t.Errorf("who asked during the first reading was answered by it")
			}
		}
	}
	if n := reads.Load(); n < 2 || n > 6 {
		t.Errorf("%d readings for six questions", n)
	}
}

// TestRedisUnderItsOtherName: Debian's redis-tools suffice, and bring no service along.
func TestRedisUnderItsOtherName(t *testing.T) {
	need(t)
	found, err := redisBinary()
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	t.Setenv("PATH", path)
	if _, err := redisBinary(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("without the program: %v", err)
	}
	if err := os.Symlink(found, filepath.Join(path, redisChecker)); err != nil {
		t.Fatal(err)
	}
	s, err := StartBackends(t.Context(), "", false, true)
	if err != nil {
		t.Fatal(err)
	}
	if pids := s.PIDs(); len(pids) != 1 || pids[0] <= 0 || s.PostgresURL != "" {
		t.Errorf("processes %v, PostgreSQL at %q", pids, s.PostgresURL)
	}
	if err := errors.Join(s.Stop(), s.Stop()); err != nil { // stopping twice is one request
		t.Error(err)
	}
	if _, err := os.Stat(s.RedisAddress); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left of it: %v", err)
	}
}

// TestUnknownIsNotFailed: P3. Only what surely had no effect is told as such.
func TestUnknownIsNotFailed(t *testing.T) {
	broken := errors.New("connection reset")
	if p := problemOf(fault(broken)); p.kind != kindUnknownOutcome {
		t.Errorf("a broken connection is told as %s", p.append(nil))
	}
	if p := problemOf(redisFault(broken)); p.kind != kindUnavailable {
		t.Errorf("a lock that nothing stands behind is told as %s", p.append(nil))
	}
}
