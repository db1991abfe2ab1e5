package node

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"holdfast/cmd/holdfast/config"
	"holdfast/storage/pebblestore"
)

// collectorPercent trades memory for processor time: the heap may grow to three times what lives before it is
// collected. What lives is small (some 200 bytes a hold, no pointers in it), and the collector takes less than one
// percent of the processor so.
const collectorPercent = 200

// RelaxCollector sets the collector's pace, and leaves the last word to the operator's GOGC.
func RelaxCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}

// LimitMemory sets the collector's pace, and has it work harder near the limit that follows from what the process may
// take: what the config says, else the cgroup's limit, else the machine's memory. What is told in GOMEMLIMIT and GOGC
// stays. A limit that cannot be found out is a warning, for the server serves without.
func LimitMemory(c *config.Config, log *slog.Logger) {
	RelaxCollector()
	limitMemory(c, least(memlimit.FromCgroup, memlimit.FromSystem), log)
}

func limitMemory(c *config.Config, allowed memlimit.Provider, log *slog.Logger) {
	if c.MemoryMiB > 0 {
		allowed = memlimit.Limit(uint64(c.MemoryMiB) << 20)
	}
	limit, err := memlimit.Set(memlimit.WithRatio(1), memlimit.WithProvider(heapShare(allowed, c.Data != "")))
	if err != nil {
		log.Warn("the collector has no limit: how much memory the process may take is not known", "error", err)
		return
	}
	log.Info("memory", "collector_limit_mib", limit>>20)
}

// least is the lower of two sources, or the one that knows.
func least(a, b memlimit.Provider) memlimit.Provider {
	return func() (uint64, error) {
		x, err := a()
		if err != nil {
			return b()
		}
		if y, err := b(); err == nil {
			return min(x, y), nil
		}
		return x, nil
	}
}

// heapShare is what of the allowed memory is for what the collector sees: nine tenths without what the embedded store
// takes beside it at the most, and half where that leaves less.
func heapShare(allowed memlimit.Provider, embedded bool) memlimit.Provider {
	return func() (uint64, error) {
		all, err := allowed()
		if err != nil {
			return 0, err
		}
		share, store := all/10*9, uint64(0)
		if embedded {
			store = pebblestore.MemoryMax
		}
		if share < all/2+store {
			return all / 2, nil
		}
		return share - store, nil
	}
}
