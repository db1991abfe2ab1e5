package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"holdfast/actors/section"
	"holdfast/storage"
)

var ctx = context.Background()

// chain makes the appends of one log, as its owner would.
type chain struct {
	key  storage.SectionKey
	tail storage.Tail
}

func newChain(no storage.SectionNo) *chain {
	return &chain{key: storage.SectionKey{Event: storage.EventID{0xee, byte(no)}, Section: no}}
}

func (c *chain) next(body []byte) storage.Append {
	e := storage.Entry{
		Kind: storage.EntryChanges, Seq: c.tail.Seq + 1, Epoch: c.tail.Epoch, Batch: storage.NewBatchID(),
		Prev: c.tail.Hash, Body: body,
	}
	if e.Seq == 1 {
		e.Kind, e.Epoch = storage.EntryClaim, 1
	}
	return storage.Append{Section: c.key, Entry: e}
}

func (c *chain) advance(a *storage.Append) { c.tail = a.Entry.After(storage.HashEntry(&a.Entry)) }

// grow appends n entries.
func (c *chain) grow(t testing.TB, s *Store, n int) {
	t.Helper()
	for range n {
		a := c.next([]byte("body"))
		if err := s.Commit(ctx, []storage.Append{a})[0]; err != nil {
			t.Fatal(err)
		}
		c.advance(&a)
	}
}

func readAll(s *Store, key storage.SectionKey, after section.Seq) (last section.Seq, err error) {
	err = s.Read(ctx, key, after, func(e *storage.Entry, _ storage.Hash) error {
		last = e.Seq
		return nil
	})
	return last, err
}

// TestDamageIsNamed guards P10 and S8 against every kind of damage a value can take, before and after a restart.
func TestDamageIsNamed(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"a flipped byte of the body": func(v []byte) []byte { v[len(v)-1] ^= 0x40; return v },
		"a flipped byte of the hash": func(v []byte) []byte { v[0] ^= 1; return v },
		"a flipped version":          func(v []byte) []byte { v[hashSize] ^= 1; return v },
		"cut short":                  func(v []byte) []byte { return v[:len(v)-2] },
		"cut to nothing":             func([]byte) []byte { return []byte{} },
		"gone":                       func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			s := open(t, "d", Options{FS: mem})
			c := newChain(1)
			c.grow(t, s, 6)
			rewrite(t, s, c.key, 4, change)
			for range 2 {
				for after := range section.Seq(5) {
					last, err := readAll(s, c.key, after)
					var corrupt *storage.CorruptError
					if !errors.As(err, &corrupt) || corrupt.Seq != 4 || last > 3 {
						t.Errorf("after %d: read up to %d and got %v", after, last, err)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, "d", Options{FS: mem})
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestDamagedTailIsNotExtended guards P3: a log whose last entry is damaged is neither read nor written.
func TestDamagedTailIsNotExtended(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, "d", Options{FS: mem})
	c := newChain(1)
	c.grow(t, s, 3)
	flip(t, s, c.key, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, "d", Options{FS: mem})
	defer s.Close()
	var corrupt *storage.CorruptError
	if _, err := s.Tail(ctx, c.key); !errors.As(err, &corrupt) || corrupt.Seq != 3 {
		t.Errorf("Tail got %v", err)
	}
	a := c.next([]byte("on top"))
	if err := s.Commit(ctx, []storage.Append{a})[0]; !errors.As(err, &corrupt) {
		t.Errorf("Commit got %v", err)
	}
}

// TestDamagedFileIsNamed flips a byte in the middle of a real data file: Pebble sees it, and the reader is told which
// record.
func TestDamagedFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	c := newChain(1)
	for range 50 {
		a := c.next(make([]byte, 8<<10))
		if err := s.Commit(ctx, []storage.Append{a})[0]; err != nil {
			t.Fatal(err)
		}
		c.advance(&a)
	}
	if err := errors.Join(s.db.Flush(), s.Close()); err != nil {
		t.Fatal(err)
	}
	damageLargest(t, dir)
	s = open(t, dir, Options{})
	defer s.Close()
	last, err := readAll(s, c.key, 0)
	var corrupt *storage.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Seq == 0 || last >= corrupt.Seq {
		t.Errorf("read up to %d and got %v", last, err)
	}
}

// damageLargest flips a byte in the middle of the largest data file: the one with the bodies.
func damageLargest(t *testing.T, dir string) {
	t.Helper()
	var raw []byte
	var largest string
	for _, pattern := range []string{"*.sst", "*.blob"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(content) > len(raw) {
				raw, largest = content, name
			}
		}
	}
	raw[len(raw)/2] ^= 0xff
	if err := os.WriteFile(largest, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedSnapshotIsNamed(t *testing.T) {
	s := open(t, "d", Options{FS: vfs.NewMem()})
	defer s.Close()
	key := newChain(1).key
	if err := s.SaveSnapshot(ctx, key, storage.Snapshot{Seq: 3, Body: []byte("state")}); err != nil {
		t.Fatal(err)
	}
	at := appendSectionKey(nil, prefixSnapshot, key)
	sound, err := s.get(at)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sound {
		bad := append([]byte(nil), sound...)
		bad[i] ^= 1
		if err := s.db.Set(at, bad, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		var corrupt *storage.CorruptError
		if _, err := s.LoadSnapshot(ctx, key); !errors.As(err, &corrupt) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
}

func TestOneProcessOwnsTheDirectory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, o := range []Options{{}, {ReadOnly: true}} {
		if _, err := Open(dir, o); !errors.Is(err, storage.ErrInUse) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%+v: this very process: %v", o.ReadOnly, err)
		}
	}
	out, err := child(t, "open", dir)
	if err != nil || !strings.Contains(out, "ErrInUse") {
		t.Errorf("another process: %v: %s", err, out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := child(t, "open", dir); err != nil || !strings.Contains(out, "opened") {
		t.Errorf("another process after Close: %v: %s", err, out)
	}
}

func TestUnusableDirectoryIsNotInUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil || errors.Is(err, storage.ErrInUse) {
		t.Errorf("got %v", err)
	}
	denied := &fs.PathError{Op: "open", Path: "LOCK", Err: fs.ErrPermission}
	if lockHeld(denied) {
		t.Error("a lock file that cannot be made counts as held")
	}
}

// child runs this test binary as another process; see TestMain.
func child(t *testing.T, do, dir string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "PEBBLESTORE_CHILD="+do, "PEBBLESTORE_DIR="+dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMain(m *testing.M) {
	dir := os.Getenv("PEBBLESTORE_DIR")
	switch os.Getenv("PEBBLESTORE_CHILD") {
	case "open":
		s, err := Open(dir, Options{})
		fmt.Println(map[bool]string{true: "ErrInUse", false: "other"}[errors.Is(err, storage.ErrInUse)], err)
		if err == nil {
			fmt.Println("opened", s.Close())
		}
	case "fail":
		failSync(dir)
	default:
		os.Exit(m.Run())
	}
}

// failSync commits until the log's sync fails, as a dying disk would make it. It must not come back.
func failSync(dir string) {
	armed := errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".log") &&
			(op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo) {
			return errors.New("input/output error")
		}
		return nil
	})}
	s, err := Open(dir, Options{FS: errorfs.Wrap(vfs.Default, &armed)})
	if err != nil {
		fmt.Println("open:", err)
		return
	}
	c := newChain(1)
	a := c.next([]byte("durable"))
	fmt.Println("first:", s.Commit(ctx, []storage.Append{a})[0])
	c.advance(&a)
	armed.On()
	b := c.next([]byte("not durable"))
	fmt.Println("ACKNOWLEDGED:", s.Commit(ctx, []storage.Append{b})[0])
}

// TestFailedSyncEndsTheProcess guards P2 and P3: nothing is acknowledged, or even refused, on top of a failed fsync.
func TestFailedSyncEndsTheProcess(t *testing.T) {
	dir := t.TempDir()
	out, err := child(t, "fail", dir)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitDiskFailure {
		t.Errorf("ended with %v, want status %d", err, exitDiskFailure)
	}
	if strings.Count(out, "HOLDFAST STOPS") != 1 || strings.Contains(out, "ACKNOWLEDGED") ||
		!strings.Contains(out, "first: <nil>") {
		t.Errorf("said: %s", out)
	}
	s := open(t, dir, Options{})
	defer s.Close()
	if last, err := readAll(s, newChain(1).key, 0); err != nil || last < 1 {
		t.Errorf("after the restart the log ends at %d: %v", last, err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, "d", Options{FS: mem})
	if err := errors.Join(s.db.Set(keyFormat, []byte{formatVersion + 1}, pebble.Sync), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("d", Options{FS: mem}); err == nil || !strings.Contains(err.Error(), "format [2]") ||
		!strings.Contains(err.Error(), "format 1") {
		t.Errorf("got %v", err)
	}
	if _, err := Open("d", Options{FS: mem}); err == nil || errors.Is(err, storage.ErrInUse) {
		t.Errorf("a refused directory stays locked: %v", err)
	}
}

func TestReadOnlyReadsAndRefusesWrites(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "nothing"), Options{ReadOnly: true}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a directory that is not there: %v", err)
	}
	s := open(t, dir, Options{})
	c := newChain(1)
	c.grow(t, s, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{ReadOnly: true})
	defer s.Close()
	if last, err := readAll(s, c.key, 0); err != nil || last != 3 {
		t.Errorf("read up to %d: %v", last, err)
	}
	for name, err := range map[string]error{
		"Commit":       s.Commit(ctx, []storage.Append{c.next(nil)})[0],
		"SaveSnapshot": s.SaveSnapshot(ctx, c.key, storage.Snapshot{}),
		"CreateEvent":  s.CreateEvent(ctx, &storage.Event{}, nil),
		"SetSale":      s.SetSale(ctx, storage.EventID{}, storage.SaleOpen, storage.OperatorKey{}),
		"Beat":         s.Beat(ctx, storage.NodeBeat{}),
	} {
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s got %v", name, err)
		}
	}
	if _, err := s.Secret(ctx); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Secret got %v", err)
	}
}

// TestCloseWaitsForCallsUnderWay holds a call open inside its visitor.
func TestCloseWaitsForCallsUnderWay(t *testing.T) {
	s := open(t, "d", Options{FS: vfs.NewMem()})
	c := newChain(1)
	c.grow(t, s, 2)
	inside, release, read := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		read <- s.Read(ctx, c.key, 1, func(*storage.Entry, storage.Hash) error {
			close(inside)
			<-release
			return nil
		})
	}()
	<-inside
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for s.enter() == nil { // until Close has shut the door
		s.calls.Done()
	}
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	default:
	}
	close(release)
	if err := errors.Join(<-read, <-closed); err != nil {
		t.Fatal(err)
	}
}

// TestTwoAppendsOfOneSectionInOneCall: forbidden by the port, yet it must neither deadlock nor break the chain.
func TestTwoAppendsOfOneSectionInOneCall(t *testing.T) {
	s := open(t, "d", Options{FS: vfs.NewMem()})
	defer s.Close()
	c := newChain(1)
	one := c.next([]byte("one"))
	c.advance(&one)
	two := c.next([]byte("two"))
	if errs := s.Commit(ctx, []storage.Append{one, two}); errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	if last, err := readAll(s, c.key, 0); err != nil || last != 2 {
		t.Errorf("read up to %d: %v", last, err)
	}
}

func TestPrefixEnds(t *testing.T) {
	for _, c := range []struct{ prefix, end string }{{"a", "b"}, {"a\xff", "b"}, {"a\x00\xff\xff", "a\x01"}} {
		if got := after([]byte(c.prefix)); string(got) != c.end {
			t.Errorf("after %q is %q, want %q", c.prefix, got, c.end)
		}
	}
}
