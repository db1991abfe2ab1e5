package pebblestore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/storage"
)

// freeMinDefault is Options.FreeMin's default, in bytes. What a full house still has to write when nobody may buy any
// more (holds that lapse, payments that end) is some megabytes; the rest is for the log's next file.
const freeMinDefault = 64 << 20

// hardShare is the part of FreeMin below which nothing at all is appended: every append is refused as surely not
// written.
const hardShare = 4

// spaceEvery is how often the free space is asked for: one statfs, microseconds.
const spaceEvery = 250 * time.Millisecond

// Space is how a store stands with its disk.
type Space struct {
	FreeBytes uint64 // at the last look
	// LowBytes is below what new work should be refused: FreeMin and what memory has not written into tables yet.
	LowBytes uint64
	// Full says that new work should be refused: less than LowBytes is free, or a write has met a full disk and waits. It
	// ends when twice LowBytes is free, so that it does not flap.
	Full bool
}

// Error of a full disk in words for an operator and a buyer alike.
func (s Space) Error() string {
	return fmt.Sprintf("the disk is full: %d MiB are free, and %d are needed", s.FreeBytes>>20, 2*s.LowBytes>>20)
}

// guard keeps a store whole on a disk that fills up.
//
// Two marks come before the end: below the upper one (LowBytes) whoever asks Space is told that the disk is full, and
// should take no new work; below the lower one appends are refused, surely not written, and no table is begun. Should a
// write meet a full disk all the same (somebody else filled the rest in between), it waits inside the file system's
// call and goes on where it stopped, once there is space. Nothing is acknowledged meanwhile, for the sync comes after
// the write (S2), and Pebble never sees an error: one of the log or the manifest is the end for it, it tries a failed
// flush again without a pause, and it panics when the end of a blob file cannot be written.
//
// A failed sync is no full disk, whatever its number says, and still ends the process: see doc.go.
//
// Rejected: a ballast file to be deleted in need (it is one more thing to keep, frees once, and the write that waits is
// needed behind it anyway); closing and reopening the database (every section would have to be claimed and loaded
// anew).
type guard struct {
	vfs.FS
	dir  string
	min  uint64
	tell func(Space)

	free, low atomic.Uint64
	full      atomic.Bool
	hard      atomic.Bool
	pending   unflushed

	mu      sync.Mutex
	waiting int           // writes that met a full disk
	looked  chan struct{} // closed and replaced at every look
	ending  chan struct{} // closed by end
	once    sync.Once
	stuck   chan struct{} // gets one when a table's write was given up
}

func newGuard(dir string, o *Options) *guard {
	g := &guard{
		FS: o.FS, dir: dir, min: o.freeMin(), tell: o.Space, looked: make(chan struct{}), ending: make(chan struct{}),
		stuck: make(chan struct{}, 1),
	}
	if g.tell == nil {
		g.tell = func(Space) {}
	}
	return g
}

func (o *Options) freeMin() uint64 {
	if o.FreeMin == 0 {
		return freeMinDefault
	}
	return o.FreeMin
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) space() Space {
	return Space{FreeBytes: g.free.Load(), LowBytes: g.low.Load(), Full: g.full.Load()}
}

// watch looks until end.
func (g *guard) watch() {
	tick := time.NewTicker(spaceEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.ending:
			return
		case <-tick.C:
			g.look()
		}
	}
}

// look asks how much is free, draws the conclusions, and wakes whoever waits for space. A file system that does not say
// how much is free is full only while a write waits.
func (g *guard) look() {
	usage, err := g.GetDiskUsage(g.dir)
	low := g.min + g.pending.bytes()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.low.Store(low)
	known := err == nil
	if known {
		g.free.Store(usage.AvailBytes)
	}
	short := known && (usage.AvailBytes < low || g.full.Load() && usage.AvailBytes < 2*low)
	g.hard.Store(known && usage.AvailBytes < g.min/hardShare)
	g.turn(short || g.waiting > 0)
	close(g.looked)
	g.looked = make(chan struct{})
}

// turn says a change once. The caller holds mu.
func (g *guard) turn(full bool) {
	if g.full.Swap(full) != full {
		g.tell(g.space())
	}
}

// end lets go of everybody who waits: their writes fail.
func (g *guard) end() { g.once.Do(func() { close(g.ending) }) }

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// insist does a write that must not fail for want of space: again after every look, until it succeeds, fails otherwise,
// or the store is closed.
func (g *guard) insist(do func() error) error {
	err := do()
	if !isFull(err) {
		return err
	}
	g.mu.Lock()
	g.waiting++
	g.turn(true)
	g.mu.Unlock()
	for isFull(err) && g.await() {
		err = do()
	}
	g.mu.Lock()
	g.waiting--
	g.mu.Unlock()
	return err
}

// await waits for the next look; false: the store is closed.
func (g *guard) await() bool {
	g.mu.Lock()
	looked := g.looked
	g.mu.Unlock()
	select {
	case <-looked:
		return true
	case <-g.ending:
		return false
	}
}

// begin holds back the making of a table while there is no space for it.
func (g *guard) begin() error {
	for g.tight() {
		if !g.await() {
			return fmt.Errorf("pebblestore: closing: %w", syscall.ENOSPC)
		}
	}
	return nil
}

func (g *guard) tight() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hard.Load() || g.waiting > 0
}

// giveUp ends a table's write that waited when the store was closed. Pebble may not see its error, so it never returns;
// Close leaves the directory as a crash would.
func (g *guard) giveUp() {
	select {
	case g.stuck <- struct{}{}:
	default:
	}
	select {}
}

// ofTable tells whether the category is of files that are made anew when they could not be made.
func ofTable(category vfs.DiskWriteCategory) bool {
	switch category {
	case "pebble-memtable-flush", "pebble-compaction", "pebble-blob-file-rewrite":
		return true
	}
	return false
}

// Create implements vfs.FS.
func (g *guard) Create(name string, category vfs.DiskWriteCategory) (file vfs.File, err error) {
	table := ofTable(category)
	if table {
		if err := g.begin(); err != nil {
			return nil, err
		}
	}
	err = g.insist(func() error {
		file, err = g.FS.Create(name, category)
		return err
	})
	return g.patient(file, table, err)
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (file vfs.File, err error) {
	err = g.insist(func() error {
		file, err = g.FS.ReuseForWrite(old, name, category)
		return err
	})
	return g.patient(file, false, err)
}

// Link implements vfs.FS.
func (g *guard) Link(old, name string) error {
	return g.insist(func() error { return g.FS.Link(old, name) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(old, name string) error {
	return g.insist(func() error { return g.FS.Rename(old, name) })
}

// patientFile is a file whose writes wait for space.
type patientFile struct {
	vfs.File
	g     *guard
	table bool
}

func (g *guard) patient(file vfs.File, table bool, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return patientFile{file, g, table}, nil
}

// Write implements vfs.File. What was written before the disk was full stays written: the rest follows it.
func (f patientFile) Write(p []byte) (n int, err error) {
	n, err = f.File.Write(p)
	if err == nil || !isFull(err) {
		return n, err
	}
	return f.goOn(p, n, err)
}

// goOn is what is left of a write that met a full disk.
func (f patientFile) goOn(p []byte, n int, first error) (int, error) {
	err := f.g.insist(func() error {
		if err := first; err != nil { // it has met it already
			first = nil
			return err
		}
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	if isFull(err) && f.table {
		f.g.giveUp()
	}
	return n, err
}

// unflushed counts what is in memory and in no table yet, in bytes: the next flushes write it. Pebble's own figure
// stands behind the lock that a write which waits for space may hold.
type unflushed struct {
	current           atomic.Uint64 // since the log's newest file
	mu                sync.Mutex
	rotated, flushing uint64
}

func (u *unflushed) add(n int) { u.current.Add(uint64(n)) }

func (u *unflushed) bytes() uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.current.Load() + u.rotated + u.flushing
}

// rotate: the log has a new file, and memory a new table.
func (u *unflushed) rotate() {
	u.mu.Lock()
	u.rotated += u.current.Swap(0)
	u.mu.Unlock()
}

func (u *unflushed) flushBegins() {
	u.mu.Lock()
	u.flushing, u.rotated = u.flushing+u.rotated, 0
	u.mu.Unlock()
}

func (u *unflushed) flushEnds(err error) {
	u.mu.Lock()
	if err != nil {
		u.rotated += u.flushing
	}
	u.flushing = 0
	u.mu.Unlock()
}

// Space tells how the store stands with its disk: one atomic load each. A store opened read-only is never full.
func (s *Store) Space() Space { return s.guard.space() }

// EndWaiting lets go of writes that wait for space: the process ends then, as it does when the log cannot be written.
// It is for whoever must stop and can wait no longer.
func (s *Store) EndWaiting() { s.guard.end() }

// spaceLeft refuses an append that the disk may have no room for. Nothing of it was written.
func (s *Store) spaceLeft() error {
	if s.guard.hard.Load() {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, s.guard.space())
	}
	return nil
}
