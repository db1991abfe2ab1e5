package pebblestore

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/actors/section"
	"holdfast/storage"
)

// smallFS is a disk with so many bytes and no more: what does not fit is cut off, and the rest is ENOSPC.
type smallFS struct {
	vfs.FS
	mu    sync.Mutex
	left  int64
	first chan struct{} // gets one, if there is room, whenever something did not fit
}

func newSmallFS(mem *vfs.MemFS, left int64) *smallFS {
	return &smallFS{FS: mem, left: left, first: make(chan struct{}, 1)}
}

func (s *smallFS) give(n int64) {
	s.mu.Lock()
	s.left += n
	s.mu.Unlock()
}

func (s *smallFS) fill() {
	s.mu.Lock()
	s.left = 0
	s.mu.Unlock()
}

// take gives as much of n as there is.
func (s *smallFS) take(n int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := int(min(int64(n), s.left))
	s.left -= int64(fits)
	if fits < n {
		select {
		case s.first <- struct{}{}:
		default:
		}
		return fits, syscall.ENOSPC
	}
	return fits, nil
}

func (s *smallFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return vfs.DiskUsage{AvailBytes: uint64(s.left), TotalBytes: 1 << 40}, nil
}

// inode is what a new file costs.
const inode = 1

func (s *smallFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if _, err := s.take(inode); err != nil {
		return nil, err
	}
	return s.small(s.FS.Create(name, category))
}

func (s *smallFS) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if _, err := s.take(inode); err != nil {
		return nil, err
	}
	return s.small(s.FS.ReuseForWrite(old, name, category))
}

func (s *smallFS) small(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return smallFile{file, s}, nil
}

func (s *smallFS) Remove(name string) error {
	if info, err := s.FS.Stat(name); err == nil {
		s.give(info.Size())
	}
	return s.FS.Remove(name)
}

type smallFile struct {
	vfs.File
	fs *smallFS
}

func (f smallFile) Write(p []byte) (int, error) {
	fits, full := f.fs.take(len(p))
	n, err := f.File.Write(p[:fits])
	return n, errors.Join(err, full)
}

const fullMin = 1 << 20 // FreeMin of these tests

// openSmall opens a store that ends the test if it ever ends the process.
func openSmall(t *testing.T, fs vfs.FS, told *[]Space) *Store {
	t.Helper()
	store, err := Open("d", Options{FS: fs, FreeMin: fullMin, unwatched: true, memTable: 256 << 10,
		Fatal: func(message string) { t.Errorf("the process would have ended: %s", message) },
		Space: func(s Space) {
			if told != nil {
				*told = append(*told, s)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// oneLog is one section's appends, each following the one before.
type oneLog struct {
	key  storage.SectionKey
	tail storage.Tail
}

func (c *oneLog) next(body int) storage.Append {
	e := storage.Entry{
		Kind: storage.EntryChanges, Seq: c.tail.Seq + 1, Epoch: 1,
		Batch: storage.BatchID{1, byte(c.tail.Seq), byte(c.tail.Seq >> 8)}, Prev: c.tail.Hash, Body: make([]byte, body),
	}
	if c.tail.Seq == 0 {
		e.Kind = storage.EntryClaim
	}
	return storage.Append{Section: c.key, Entry: e}
}

func (c *oneLog) took(a storage.Append) { c.tail = a.Entry.After(storage.HashEntry(&a.Entry)) }

// Below its mark a store says that it is full, once, and takes what is under way; below the lower mark it refuses, and
// nothing of what it refused is there; with room again it goes on by itself.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	fs := newSmallFS(vfs.NewCrashableMem(), 100<<20)
	var told []Space
	store := openSmall(t, fs, &told)
	c := oneLog{}
	append1 := func() error {
		a := c.next(100)
		err := store.Commit(t.Context(), []storage.Append{a})[0]
		if err == nil {
			c.took(a)
		}
		return err
	}
	if err := append1(); err != nil || store.Space().Full {
		t.Fatalf("with room: %v, %+v", err, store.Space())
	}
	fs.fill()
	fs.give(fullMin / 2)
	store.guard.look()
	store.guard.look()
	if !store.Space().Full || len(told) != 1 || !told[0].Full {
		t.Fatalf("half of the mark is free: %+v, told %+v", store.Space(), told)
	}
	if err := append1(); err != nil {
		t.Errorf("what is under way is taken above the lower mark: %v", err)
	}
	fs.fill()
	fs.give(fullMin / 8)
	store.guard.look()
	if err := append1(); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("below the lower mark: %v", err)
	}
	if err := store.Beat(t.Context(), storage.NodeBeat{}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a heartbeat below the lower mark: %v", err)
	}
	fs.give(fullMin) // over the mark, and not twice over
	store.guard.look()
	if !store.Space().Full {
		t.Error("it flaps: a little over the mark is no room")
	}
	fs.give(2 * fullMin)
	store.guard.look()
	if store.Space().Full || len(told) != 2 || told[1].Full {
		t.Fatalf("room again: %+v, told %+v", store.Space(), told)
	}
	if err := append1(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if tail, err := store.Tail(t.Context(), c.key); err != nil || tail != c.tail {
		t.Errorf("tail %+v %v, want %+v", tail, err, c.tail)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// A disk that somebody else fills between two looks: the write of the log that meets the end waits, is acknowledged
// only when it is there (P2, S2), and the process lives.
func TestLogWriteThatMeetsAFullDiskWaits(t *testing.T) {
	mem := vfs.NewCrashableMem()
	fs := newSmallFS(mem, 100<<20)
	store := openSmall(t, fs, nil)
	c := oneLog{}
	a := c.next(40 << 10)
	fs.fill()
	fs.give(1000) // a part of the record fits
	done := make(chan error, 1)
	go func() { done <- store.Commit(context.Background(), []storage.Append{a})[0] }()
	<-fs.first
	for !store.Space().Full { // its writer says so right after
		store.guard.look()
	}
	select {
	case err := <-done:
		t.Fatalf("answered %v with a part of the record on disk", err)
	default:
	}
	store.guard.look() // still no space
	fs.give(100 << 20)
	for waiting := true; waiting; {
		store.guard.look()
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("with room again: %v", err)
			}
			waiting = false
		case <-time.After(time.Millisecond):
		}
	}
	store.guard.look()
	if store.Space().Full {
		t.Error("nobody waits, there is room, and it says full")
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{}) // nothing that was not synced survives
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	c.took(a)
	again := openSmall(t, crashed, nil)
	if tail, err := again.Tail(t.Context(), c.key); err != nil || tail != c.tail {
		t.Errorf("after a crash: %+v %v, want %+v", tail, err, c.tail)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestDiskThatFillsAtAnyByteLosesNothing guards P2 (S1, S2): whatever of the log, its next file, the manifest or a
// table meets the end of the disk, the process lives, every append is answered with the truth once there is room, and
// what was acknowledged is there after a crash.
func TestDiskThatFillsAtAnyByteLosesNothing(t *testing.T) {
	rounds := 60
	if testing.Short() || raceDetector { // the detector makes a round thirty times as long
		rounds = 6
	}
	for seed := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mem := vfs.NewCrashableMem()
		fs := newSmallFS(mem, 1<<30)
		store := openSmall(t, fs, nil)
		logs := []*oneLog{{key: storage.SectionKey{Section: 0}}, {key: storage.SectionKey{Section: 1}}}
		for range 40 {
			fs.fill()
			fs.give(rng.Int64N(200 << 10)) // often less than a record, a memtable's flush, or nothing
			if rng.IntN(3) == 0 {
				store.guard.look() // sometimes the guard knows beforehand
			}
			appendUntilTaken(t, fs, store, logs, rng)
		}
		crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		fs.give(1 << 30)
		store.guard.look()
		if err := store.Close(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkLogs(t, crashed, logs)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// appendUntilTaken sends one record of each oneLog, makes room when they do not get through, and sends again what was
// surely not written.
func appendUntilTaken(t *testing.T, fs *smallFS, store *Store, logs []*oneLog, rng *rand.Rand) {
	t.Helper()
	var batch []storage.Append
	for _, c := range logs {
		batch = append(batch, c.next(rng.IntN(storage.BodyBytesMax)))
	}
	for {
		done := make(chan []error, 1)
		go func() { done <- store.Commit(context.Background(), batch) }()
		errs := waitMakingRoom(fs, store, done)
		var again []storage.Append
		for i, err := range errs {
			switch {
			case err == nil:
				logs[batch[i].Section.Section].took(batch[i])
			case errors.Is(err, storage.ErrUnavailable):
				again = append(again, batch[i])
			default:
				t.Fatalf("append: %v", err)
			}
		}
		if batch = again; len(batch) == 0 {
			return
		}
		fs.give(64 << 20)
		store.guard.look()
	}
}

func waitMakingRoom(fs *smallFS, store *Store, done chan []error) []error {
	for {
		select {
		case errs := <-done:
			return errs
		case <-fs.first:
			fs.give(100 << 10)
			store.guard.look()
		case <-time.After(time.Millisecond): // it waits for a look
			fs.give(100 << 10)
			store.guard.look()
		}
	}
}

func checkLogs(t *testing.T, fs vfs.FS, logs []*oneLog) {
	t.Helper()
	store := openSmall(t, fs, nil)
	for _, c := range logs {
		tail, err := store.Tail(t.Context(), c.key)
		if err != nil || tail != c.tail {
			t.Errorf("after a crash: %+v %v, want %+v", tail, err, c.tail)
		}
		n := section.Seq(0)
		if err := store.Read(t.Context(), c.key, 0, func(*storage.Entry, storage.Hash) error { n++; return nil }); err != nil ||
			n != c.tail.Seq {
			t.Errorf("read %d records, %v, want %d", n, err, c.tail.Seq)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// A store that is told to close while a write waits for space ends: the write's outcome stays unknown.
func TestCloseEndsAWriteThatWaitsForSpace(t *testing.T) {
	fs := newSmallFS(vfs.NewCrashableMem(), 100<<20)
	ended := make(chan string, 1)
	store, err := Open(
		"d", Options{FS: fs, FreeMin: fullMin, unwatched: true, Fatal: func(message string) { ended <- message }},
	)
	if err != nil {
		t.Fatal(err)
	}
	c := oneLog{}
	fs.fill()
	done := make(chan error, 1)
	go func() { done <- store.Commit(context.Background(), []storage.Append{c.next(40 << 10)})[0] }()
	<-fs.first
	go func() { _ = store.Close() }()
	if message := <-ended; !strings.Contains(message, "no space left") {
		t.Error(message)
	}
}
