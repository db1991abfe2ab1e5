package pebblestore

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// modes lists what others may do below a folder.
func modes(t *testing.T, dir string) (open []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, path+" "+info.Mode().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// A store is its owner's alone, whatever the umask says; what an earlier build left open is closed at the next start,
// and an audit changes nothing.
func TestStoreIsItsOwnersAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "new", "store")
	s := open(t, dir, Options{})
	if _, err := s.Secret(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found := modes(t, dir); len(found) > 0 {
		t.Errorf("a new store: %q", found)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	loosen := func() {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				return os.Chmod(path, 0o755)
			}
			if err == nil {
				err = os.Chmod(path, 0o644)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	loosen()
	if err := open(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if found := modes(t, dir); len(found) > 0 {
		t.Errorf("an older store: %q", found)
	}
	loosen()
	before := len(modes(t, dir))
	if err := open(t, dir, Options{ReadOnly: true}).Close(); err != nil {
		t.Fatal(err)
	}
	if after := len(modes(t, dir)); after < before-1 { // the lock is made anew
		t.Errorf("an audit has changed modes: %d open before, %d after", before, after)
	}
}
