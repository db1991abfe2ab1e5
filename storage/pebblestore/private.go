package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Who may enter and read: the owner alone. The secret behind ticket codes is in these files, and so is who has which
// seat.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// privateFS makes files that are their owner's alone, whatever the umask says. Pebble leaves that to the umask.
type privateFS struct{ vfs.FS }

func (p privateFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return hidden(p.FS.Create(name, category))(name)
}

func (p privateFS) OpenReadWrite(
	name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption,
) (vfs.File, error) {
	return hidden(p.FS.OpenReadWrite(name, category, options...))(name)
}

func (p privateFS) Lock(name string) (io.Closer, error) {
	return hidden(p.FS.Lock(name))(name)
}

func (p privateFS) Unwrap() vfs.FS { return p.FS }

// hidden takes the file's mode away from others. A file system without modes has nothing to take.
func hidden[F io.Closer](file F, err error) func(name string) (F, error) {
	return func(name string) (F, error) {
		if err != nil {
			return file, err
		}
		if err := os.Chmod(name, fileMode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			var none F
			return none, errors.Join(err, file.Close())
		}
		return file, nil
	}
}

// makePrivate takes what earlier builds left readable (0755, 0644) away from everybody but the owner. It is done and
// not only asked for: an upgrade must not end in a server that does not start, and nobody else has business in here.
//
// A folder that belongs to somebody else cannot be changed: it is refused when everybody can enter, and taken when only
// its group can.
func makePrivate(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		err := os.Chmod(dir, folderMode)
		switch {
		case err != nil && mode&0o007 != 0:
			return fmt.Errorf(
				"%s has mode %04o: everybody on this machine can enter, and this process may not change that; run chmod 700 %s as its owner: %w",
				dir, mode, dir, err,
			)
		case err != nil:
			return nil
		}
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode().Perm()&0o077 == 0 {
			return err
		}
		return os.Chmod(path, fileMode)
	})
}
