package pebblestore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A full disk is told at once, in words; it is neither a process that never comes up nor one that fills what is left
// with its log.
func TestFullDiskIsToldWhenOpening(t *testing.T) {
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 10 << 20, TotalBytes: 1 << 30, UsedBytes: 1<<30 - 10<<20})
	if store, err := Open("d", Options{FS: fs}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v %v", store, err)
	}
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 30, TotalBytes: 1 << 31, UsedBytes: 1 << 30})
	store, err := Open("d", Options{FS: fs})
	if err != nil {
		t.Fatalf("with space again: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1, TotalBytes: 1 << 31, UsedBytes: 1 << 31})
	if store, err = Open("d", Options{FS: fs, ReadOnly: true}); err != nil {
		t.Fatalf("an audit needs no space: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// frozenFS is a read-only mount.
type frozenFS struct{ vfs.FS }

var errFrozen = &os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}

// foreignFS is a directory of somebody else's, which this process may read.
type foreignFS struct{ frozenFS }

func (foreignFS) Lock(string) (io.Closer, error) {
	return nil, &os.PathError{Op: "open", Path: "LOCK", Err: syscall.EACCES}
}

func (frozenFS) Create(string, vfs.DiskWriteCategory) (vfs.File, error) { return nil, errFrozen }
func (frozenFS) Lock(string) (io.Closer, error)                         { return nil, errFrozen }
func (frozenFS) MkdirAll(string, os.FileMode) error                     { return errFrozen }
func (frozenFS) Remove(string) error                                    { return errFrozen }
func (frozenFS) RemoveAll(string) error                                 { return errFrozen }
func (frozenFS) Rename(string, string) error                            { return errFrozen }
func (frozenFS) Link(string, string) error                              { return errFrozen }
func (frozenFS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, errFrozen
}
func (frozenFS) ReuseForWrite(string, string, vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, errFrozen
}

// A copy that is mounted read-only can be audited: nothing of it can be changed, not even by a lock.
func TestReadOnlyDiskCanBeRead(t *testing.T) {
	fs := vfs.NewMem()
	store, err := Open("d", Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := store.Secret(t.Context())
	if err = errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("d", Options{FS: frozenFS{fs}}); err == nil {
		t.Fatal("opened for writing")
	}
	for name, copied := range map[string]vfs.FS{"mounted read-only": frozenFS{fs}, "of another owner": foreignFS{frozenFS{fs}}} {
		store, err = Open("d", Options{FS: copied, ReadOnly: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found, err := store.Secret(t.Context())
		if err != nil || found != secret {
			t.Errorf("%s: read %x, %v", name, found, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A directory that this process may only read, and that somebody sells from, is seen to be in use.
func TestLockOfAnotherProcessIsSeenWithoutTakingIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	if lockedElsewhere(name) {
		t.Error("a lock that was never made is held")
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if lockedElsewhere(name) {
		t.Error("a lock that nobody took is held")
	}
	holder := exec.Command(os.Args[0], "-test.run", "^TestLockHolder$", "-test.v")
	holder.Env = append(os.Environ(), "HOLDFAST_TEST_LOCK="+name)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(out)
	for line := ""; !strings.Contains(line, "locked"); {
		if line, err = said.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if !lockedElsewhere(name) {
		t.Error("a lock that another process holds is free")
	}
	_ = in.Close()
	_ = holder.Wait()
}

// TestLockHolder is the other process of the test above.
func TestLockHolder(t *testing.T) {
	name := os.Getenv("HOLDFAST_TEST_LOCK")
	if name == "" {
		return // started by itself it has nothing to hold
	}
	lock, err := vfs.Default.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = lock.Close()
}

// A store that may have few descriptors works with few.
func TestFewOpenFilesAreEnough(t *testing.T) {
	store, err := Open(t.TempDir(), Options{OpenFiles: 16})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
