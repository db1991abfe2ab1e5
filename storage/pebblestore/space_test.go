package pebblestore

import (
	"errors"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A full disk is told at once, in words; it is neither a process that never comes up nor one that fills what is left with its log.
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
