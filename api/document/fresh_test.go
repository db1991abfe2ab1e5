package document

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// P9: a quiet server answers fresh every time; a busy one builds at most once per interval.
func TestP9FreshWhileTheBudgetLasts(t *testing.T) {
	f := Fresh{Every: 2 * time.Millisecond, Burst: 32 * time.Millisecond}
	version, builds := uint64(0), 0
	read := func(now time.Duration) uint64 {
		version++
		d, err := f.Get(version, now, func() (*Document, error) { builds++; return &Document{Version: version}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return d.Version
	}
	for i := range 100 { // one reader each ten milliseconds
		if now := time.Duration(i) * 10 * time.Millisecond; read(now) != version {
			t.Fatalf("a lone reader got an old map at %v", now)
		}
	}
	builds = 0
	for i := range 100_000 { // a hundred a millisecond, each after a change
		read(2*time.Second + time.Duration(i)*10*time.Microsecond)
	}
	if builds < 490 || builds > 530 {
		t.Fatalf("%d builds in a second, want about one each 2 ms", builds)
	}
	if got := read(4 * time.Second); got != version {
		t.Fatal("an old map after the load had ended")
	}
}

func TestFreshBuildsOnceForAll(t *testing.T) {
	f := Fresh{Every: time.Hour, Burst: 0}
	var builds atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			d, err := f.Get(7, 0, func() (*Document, error) { builds.Add(1); return &Document{Version: 7}, nil })
			if err != nil || d.Version != 7 {
				t.Errorf("%v %v", d, err)
			}
		})
	}
	all.Wait()
	if builds.Load() != 1 {
		t.Fatalf("built %d times", builds.Load())
	}
}
