package pebblestore

import (
	"cmp"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// memTableSize bounds one memtable in bytes. Larger means fewer, larger flushes but a longer recovery after a
	// crash; a memtable starts at 256 KiB and grows, so an idle store stays small.
	memTableSize = 64 << 20
	// memTablesMax bounds how many wait for their flush before writes stall: memTableSize × this is the most memory
	// they take.
	memTablesMax = 4
	// cacheSize bounds the block cache; Pebble charges memtables to it, so it must exceed them for any block to be cached.
	cacheSize = memTableSize*memTablesMax + 32<<20
	// MemoryMax is what a store takes at the most beside Go's heap, in bytes: memtables and blocks. Built without cgo,
	// they are in the heap.
	MemoryMax = cacheSize
	// blockSize is a table's unit of reading in bytes. Pebble hands each block to the file system on its own: at its
	// default of 4 KiB every log entry would cost a write call at flush.
	blockSize = 64 << 10
	// tablesOpenMin is how many descriptors Pebble's own cache of open tables takes at the least.
	tablesOpenMin = 64 + 10
	// batchRetained is the largest batch whose buffer is kept for the next Commit: 64 sections × 64 KiB, and some.
	batchRetained = 8 << 20
)

func pebbleOptions(o *Options, s *Store) *pebble.Options {
	options := &pebble.Options{
		FS:                          orderedFS{markedFS{s.guard, s.marks}},
		Lock:                        s.lock,
		Cache:                       s.cache,
		ReadOnly:                    o.ReadOnly,
		MaxOpenFiles:                o.OpenFiles,
		FormatMajorVersion:          pebble.FormatValueSeparation, // explicit: a new Pebble must not change files behind our back
		Logger:                      &logger{logf: o.logf(), fatal: o.fatal(), broken: s.markBroken},
		EventListener:               listener(s.guard, o.logf()),
		MemTableSize:                cmp.Or(o.memTable, memTableSize),
		MemTableStopWritesThreshold: memTablesMax,
		L0CompactionThreshold:       8,  // sublevels: appends of many sections overlap in L0, so do not hurry
		L0StopWritesThreshold:       64, // a stall hurts buyers now, a deep L0 only slows a rare replay
		LBaseMaxBytes:               512 << 20,
		BytesPerSync:                1 << 20,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
	}
	options.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range options.TargetFileSizes {
		options.TargetFileSizes[i] = 32 << 20
		options.Levels[i].BlockSize = blockSize
	}
	options.Experimental.ValueSeparationPolicy = separation
	return options
}

// separation keeps values of a kilobyte and more out of the tables, in blob files that compactions pass by. Log entries
// never become garbage; snapshots do, one a section, and are rewritten at leisure.
func separation() pebble.ValueSeparationPolicy {
	return pebble.ValueSeparationPolicy{
		Enabled:               true,
		MinimumSize:           1 << 10,
		MaxBlobReferenceDepth: 10,
		RewriteMinimumAge:     15 * time.Minute,
		TargetGarbageRatio:    0.3,
	}
}

func (s *Store) markBroken() { s.broken.Store(true) }

func (o *Options) logf() func(string, ...any) {
	if o.Logf != nil {
		return o.Logf
	}
	return func(string, ...any) {}
}

func (o *Options) fatal() func(string) {
	if o.Fatal != nil {
		return o.Fatal
	}
	return func(message string) {
		fmt.Fprintln(os.Stderr, message)
		os.Exit(exitDiskFailure)
	}
}

// listener hears the events worth an operator's time. Every handler that Pebble would otherwise route to its logger as
// fatal is set: damage found by a read is told to the reader (S8), it does not end the process.
//
// What comes of a full disk is not told here: the guard tells it once.
func listener(g *guard, logf func(string, ...any)) *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if !isFull(err) {
				logf("pebblestore: background error: %v", err)
			}
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) { logf("pebblestore: damaged file: %s", i.Path) },
		DiskSlow: func(i pebble.DiskSlowInfo) {
			if !g.full.Load() { // a write that waits for space is no slow disk
				logf("pebblestore: slow disk: %v", i)
			}
		},
		LowDiskSpace:    func(i pebble.LowDiskSpaceInfo) { logf("pebblestore: disk is filling up: %v", i) },
		WALCreated:      func(pebble.WALCreateInfo) { g.pending.rotate() },
		FlushBegin:      func(pebble.FlushInfo) { g.pending.flushBegins() },
		FlushEnd:        func(i pebble.FlushInfo) { g.pending.flushEnds(i.Err) },
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) { logf("pebblestore: writes stalled: %v", i) },
		WriteStallEnd:   func() { logf("pebblestore: writes flow again") },
	}
}

// logger takes Pebble's own log lines. Its chatter is dropped: the events above say what matters.
type logger struct {
	logf   func(string, ...any)
	fatal  func(string)
	broken func()
	once   sync.Once
}

func (l *logger) Infof(string, ...any) {}

func (l *logger) Errorf(format string, args ...any) { l.logf("pebblestore: "+format, args...) }

// Fatalf is Pebble's cry that the write-ahead log, or its own state, cannot be trusted. One message, then the end: see
// doc.go.
func (l *logger) Fatalf(format string, args ...any) {
	l.broken()
	l.once.Do(func() {
		l.fatal("HOLDFAST STOPS: the disk failed, and nothing may be acknowledged any more. " +
			"Check the disk, then start again: the log is read as it is and nothing acknowledged is lost. Cause: " +
			fmt.Sprintf(format, args...))
	})
}
