package pebblestore

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/storage"
)

// formatVersion is the version of keys and values this code writes. It reads this version only.
const formatVersion = 1

// exitDiskFailure is the process's exit status after a failed write-ahead log (EX_IOERR of sysexits.h).
const exitDiskFailure = 74

// Options tune a store. The zero value is right for production.
type Options struct {
	// ReadOnly opens an existing directory for an audit: every write answers storage.ErrUnavailable. It needs the
	// directory for itself all the same.
	ReadOnly bool
	// AcceptLoss opens a directory whose write-ahead log has lost what was synced to it, with what can still be read. The
	// damaged file is kept beside, under another name. Without it Open answers *LostError; with ReadOnly it does not, and
	// Lost tells.
	AcceptLoss bool
	// FS is the file system; nil is the real one. Tests crash an in-memory one.
	FS vfs.FS
	// OpenFiles bounds the tables that are kept open, and so the descriptors; 0 means Pebble's default of 1,000. It is
	// a soft bound: some dozen files more are open during compactions.
	OpenFiles int
	// FreeMin is how many bytes must be free on the disk; 0 means 64 MiB. Below it, plus what memory holds for the next
	// tables, Space says Full; below a quarter of it appends are refused; and a directory is opened for writing only with
	// so much. See Space.
	FreeMin uint64
	// Space hears when the disk becomes full and when there is room again. It must not block. nil: nobody.
	Space func(Space)
	// Logf hears of what an operator should know: write stalls, slow disks, damage, background errors. nil drops it. It
	// is called from Pebble's goroutines and must not block.
	Logf func(format string, args ...any)
	// Fatal ends the process when the disk failed under an acknowledged-or-not write; nil writes the message to
	// standard error and exits with status 74. A replacement must not return: if it does, the store answers
	// storage.ErrUnknown for ever.
	Fatal func(message string)

	unwatched bool   // nobody looks at the disk but the test
	memTable  uint64 // bytes; zero: memTableSize. Tests make it small, so that flushes and compactions happen in a short life.
}

// Store is a storage.Store on one directory.
type Store struct {
	db       *pebble.DB
	lock     *pebble.Lock
	cache    *pebble.Cache
	guard    *guard
	readOnly bool
	marks    *walMarks
	lost     *LostError // nil: nothing is known to be lost
	keys     keyFolder
	contacts *contactFolder

	// broken is set when a write failed in a way that only a restart can resolve.
	broken atomic.Bool

	// calls counts the calls under way; Close waits for them. Invariant: grows only while !closed, under mu.
	calls  sync.WaitGroup
	mu     sync.RWMutex
	closed bool
	// sections grows only; guarded by mu. A section's own lock guards what is in it.
	sections map[storage.SectionKey]*sectionState

	catalog   sync.Mutex // read-modify-write of catalog, secret, events' keys
	snapshots sync.Mutex // read-compare-write of snapshots
}

var _ storage.Store = (*Store)(nil)

// Open opens the store in dir, making it if need be. It answers storage.ErrInUse when another process (or this one) has
// it open, *LostError when acknowledged data is missing, and an error naming both versions when a newer holdfast wrote
// it.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		absolute, err := filepath.Abs(dir) // one directory, one name: the lock is by name within a process
		if err != nil {
			return nil, fmt.Errorf("pebblestore: %s: %w", dir, err)
		}
		dir, o.FS = absolute, privateFS{vfs.Default}
	}
	lock, err := lockDirectory(dir, &o)
	if err != nil {
		return nil, err
	}
	if err := checkSpace(dir, &o); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Store{lock: lock, readOnly: o.ReadOnly, sections: make(map[storage.SectionKey]*sectionState)}
	s.marks, s.keys = newWALMarks(o.FS, dir, o.logf()), keyFolder{o.FS, o.FS.PathJoin(dir, eventKeysFolder)}
	s.contacts = &contactFolder{fs: o.FS, path: o.FS.PathJoin(dir, contactsFolder)}
	synced, err := s.checkLogs(dir, &o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.startGuard(dir, &o)
	s.cache = pebble.NewCache(cacheSize)
	options := pebbleOptions(&o, s)
	if o.OpenFiles > 0 && o.OpenFiles < tablesOpenMin { // Pebble's own cache of open tables is never smaller than that
		options.FileCache = pebble.NewFileCache(1, o.OpenFiles)
		defer options.FileCache.Unref() // the database holds on to it
	}
	if s.db, err = pebble.Open(dir, options); err != nil {
		s.guard.end()
		s.cache.Unref()
		return nil, errors.Join(fmt.Errorf("pebblestore: open %s: %w", dir, err), lock.Close())
	}
	if err := s.checkFormat(dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if !o.ReadOnly {
		if err := cmp.Or(s.marks.begin(synced), s.finishForgetting()); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// startGuard begins to watch the free space.
func (s *Store) startGuard(dir string, o *Options) {
	s.guard = newGuard(dir, o)
	if o.ReadOnly {
		return
	}
	s.guard.look()
	if !o.unwatched {
		go s.guard.watch()
	}
}

// checkLogs holds the write-ahead logs against what they had been synced to, before Pebble replays and removes them. It
// gives the marks that still count.
func (s *Store) checkLogs(dir string, o *Options) (synced map[uint32]int64, err error) {
	if synced, err = s.marks.read(); err != nil {
		return nil, err
	}
	if s.lost, err = scanWALs(o.FS, dir, synced); err != nil || s.lost == nil {
		return synced, err
	}
	if o.ReadOnly {
		o.FS = cutFS{o.FS, s.lost.Files}
		return synced, nil
	}
	if !o.AcceptLoss {
		return nil, s.lost
	}
	for _, part := range s.lost.Files {
		if err := quarantine(o.FS, dir, part); err != nil {
			return nil, fmt.Errorf("pebblestore: %s: %w", part.File, err)
		}
	}
	return nil, nil
}

// Lost says what the write-ahead log has lost, as far as it is known: of a store that was opened read-only, or whose
// loss was accepted. nil: nothing.
func (s *Store) Lost() *LostError { return s.lost }

// checkSpace refuses to open a directory for writing on a full disk: the log that is read back is flushed into tables,
// which would only fail.
func checkSpace(dir string, o *Options) error {
	if o.ReadOnly {
		return nil
	}
	usage, err := o.FS.GetDiskUsage(dir)
	if err != nil { // not known here, so it is no reason to refuse
		return nil
	}
	if usage.AvailBytes < o.freeMin() {
		return fmt.Errorf(
			"pebblestore: %s: %w: %d MiB are free, and %d are needed to open it: make room; nothing acknowledged is lost",
			dir, syscall.ENOSPC, usage.AvailBytes>>20, o.freeMin()>>20,
		)
	}
	return nil
}

func lockDirectory(dir string, o *Options) (*pebble.Lock, error) {
	if o.ReadOnly {
		if _, err := o.FS.Stat(dir); err != nil {
			return nil, fmt.Errorf("pebblestore: %s: %w", dir, storage.ErrNotFound)
		}
	} else if err := o.FS.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("pebblestore: %s: %w", dir, err)
	}
	if _, real := o.FS.(privateFS); real && !o.ReadOnly {
		if err := makePrivate(dir); err != nil {
			return nil, fmt.Errorf("pebblestore: %w", err)
		}
	}
	lock, err := pebble.LockDirectory(dir, o.FS)
	if o.ReadOnly && unwritable(err) && !lockedElsewhere(filepath.Join(dir, "LOCK")) {
		o.FS = unlockedFS{o.FS}
		lock, err = pebble.LockDirectory(dir, o.FS)
	}
	switch {
	case err == nil:
		return lock, nil
	case lockHeld(err):
		return nil, fmt.Errorf(
			"pebblestore: %s: %w: stop it first, or choose another --data directory", dir, storage.ErrInUse,
		)
	default:
		return nil, fmt.Errorf("pebblestore: lock %s: %w", dir, err)
	}
}

// unwritable tells that the lock's file cannot be made or opened for writing: a read-only mount, or somebody else's
// copy.
func unwritable(err error) bool {
	var path *os.PathError
	return errors.As(err, &path) &&
		(errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM))
}

// lockedElsewhere tells whether a process holds the lock of a directory in which this one may not write. It takes no
// lock.
func lockedElsewhere(name string) bool {
	file, err := os.Open(name)
	if err != nil { // nobody has ever locked it, or nobody can be seen
		return false
	}
	defer func() { _ = file.Close() }()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	return syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock) == nil && lock.Type != syscall.F_UNLCK
}

// unlockedFS is for a directory that cannot be written: nobody sells from it, so there is nobody to lock out, and the
// lock's file cannot be made.
type unlockedFS struct{ vfs.FS }

// Lock implements vfs.FS.
func (unlockedFS) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// lockHeld tells a held lock from a directory that cannot be used at all. A rival process shows as EAGAIN or EACCES of
// fcntl, which is a bare errno; a failed creation of the lock file is a *PathError; and this very process holding the
// lock is neither.
func lockHeld(err error) bool {
	var path *os.PathError
	if errors.As(err, &path) {
		return false
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno == syscall.EAGAIN || errno == syscall.EACCES
	}
	return err.Error() == "lock held by current process"
}

func (s *Store) checkFormat(dir string) error {
	value, closer, err := s.db.Get(keyFormat)
	if errors.Is(err, pebble.ErrNotFound) {
		if s.readOnly {
			return fmt.Errorf("pebblestore: %s: %w: no holdfast data here", dir, storage.ErrNotFound)
		}
		// Pebble begins the first log of a new directory before it knows the format, and so without synced offsets: a flush
		// begins the next one.
		if err := cmp.Or(s.db.Set(keyFormat, []byte{formatVersion}, pebble.Sync), s.db.Flush()); err != nil {
			return fmt.Errorf("pebblestore: %s: %w", dir, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("pebblestore: %s: %w", dir, err)
	}
	found := append([]byte(nil), value...)
	if err := closer.Close(); err != nil {
		return fmt.Errorf("pebblestore: %s: %w", dir, err)
	}
	if len(found) != 1 || found[0] != formatVersion {
		return fmt.Errorf(
			"pebblestore: %s has format %d, this program knows only format %d: use the version that wrote it", dir,
			found, formatVersion,
		)
	}
	return nil
}

// Close waits for the calls under way and closes the directory. Later calls answer storage.ErrUnavailable; a second
// Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	if already {
		return nil
	}
	s.guard.end() // a write that waits for space would be waited for
	s.calls.Wait()
	err := errors.Join(s.closeDB(), s.marks.close())
	if err = errors.Join(err, s.lock.Close()); err != nil {
		return fmt.Errorf("pebblestore: close: %w", err)
	}
	return nil
}

// closeDB closes the database, unless the disk is full and a table cannot be ended: then it is left as by a crash,
// which loses nothing acknowledged.
func (s *Store) closeDB() error {
	closed := make(chan error, 1)
	go func() { closed <- s.db.Close() }()
	select {
	case err := <-closed:
		s.cache.Unref()
		return err
	case <-s.guard.stuck:
		return nil
	}
}

// enter registers a call, so that Close waits for it; the caller must call s.calls.Done unless an error came back.
func (s *Store) enter() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("%w: closed", storage.ErrUnavailable)
	}
	s.calls.Add(1)
	return nil
}

// enterWrite is enter for a call that changes something.
func (s *Store) enterWrite() error {
	if s.readOnly {
		return fmt.Errorf("%w: opened read-only", storage.ErrUnavailable)
	}
	if s.broken.Load() {
		return fmt.Errorf("%w: an earlier write failed", storage.ErrUnknown)
	}
	if err := s.spaceLeft(); err != nil {
		return err
	}
	return s.enter()
}
