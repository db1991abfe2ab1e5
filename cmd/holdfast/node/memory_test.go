package node

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"holdfast/cmd/holdfast/config"
)

func broken() (uint64, error) { return 0, errors.New("no cgroup") }

func unlimited() (uint64, error) { return 0, memlimit.ErrNoLimit }

// TestLeastLimitCounts: a cgroup that allows more than the machine has allows nothing more, and one that says nothing
// is not asked for the last word.
func TestLeastLimitCounts(t *testing.T) {
	for name, c := range map[string]struct {
		cgroup, system memlimit.Provider
		want           uint64
	}{
		"a container":             {memlimit.Limit(1 << 30), memlimit.Limit(64 << 30), 1 << 30},
		"a cgroup without limits": {memlimit.Limit(math.MaxInt64), memlimit.Limit(64 << 30), 64 << 30},
		"no cgroup":               {broken, memlimit.Limit(64 << 30), 64 << 30},
		"a cgroup alone":          {memlimit.Limit(1 << 30), broken, 1 << 30},
		"ErrNoLimit":              {unlimited, memlimit.Limit(64 << 30), 64 << 30},
	} {
		if got, err := least(c.cgroup, c.system)(); got != c.want || err != nil {
			t.Errorf("%s: %d %v, want %d", name, got, err, c.want)
		}
	}
	if _, err := least(broken, broken)(); err == nil {
		t.Error("nobody knows a limit, and one is told")
	}
}

// TestCollectorsLimit: it follows from the machine, the cgroup or the flag, leaves room for the embedded store, and
// gives way to GOMEMLIMIT.
func TestCollectorsLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	flagged := config.Config{Memory: config.Memory{MemoryMiB: 1000}}
	for name, c := range map[string]struct {
		allowed memlimit.Provider
		config  config.Config
		env     string
		want    int64
	}{
		"a machine of 16 GiB, a database": {memlimit.Limit(16 << 30), config.Config{}, "", (16 << 30) / 10 * 9},
		"the same, the embedded store": {memlimit.Limit(16 << 30), config.Config{Data: "d"}, "",
			(16<<30)/10*9 - 288<<20},
		"a small container":   {memlimit.Limit(512 << 20), config.Config{Data: "d"}, "", 256 << 20},
		"the flag":            {memlimit.Limit(16 << 30), flagged, "", 900 << 20},
		"GOMEMLIMIT":          {memlimit.Limit(16 << 30), flagged, "5GiB", 12345},
		"no limit is there":   {unlimited, config.Config{Data: "d"}, "", math.MaxInt64},
		"nothing can be read": {broken, config.Config{Data: "d"}, "", 12345},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", c.env)
			if c.env == "" {
				_ = os.Unsetenv("GOMEMLIMIT") // t.Setenv puts it back
			}
			debug.SetMemoryLimit(12345)
			limitMemory(&c.config, c.allowed, log)
			got := debug.SetMemoryLimit(-1)
			debug.SetMemoryLimit(before)
			if got>>10 != c.want>>10 {
				t.Errorf("the limit is %d, want %d", got, c.want)
			}
		})
	}
}

// TestCollectorsPace: GOGC has the last word.
func TestCollectorsPace(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(123))
	t.Setenv("GOGC", "50")
	RelaxCollector()
	if got := debug.SetGCPercent(123); got != 123 {
		t.Errorf("GOGC=50 in the environment, and the pace is set to %d", got)
	}
	_ = os.Unsetenv("GOGC") // t.Setenv puts it back
	RelaxCollector()
	if got := debug.SetGCPercent(123); got != collectorPercent {
		t.Errorf("the pace is %d", got)
	}
}
