package pebblestore

import (
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS makes directory entries durable before a marker names them. Pebble creates a manifest, then the marker that points to
// it, then syncs the directory; a file system that keeps directory entries in no order may after a power loss hold the marker without
// the manifest, and the directory cannot be opened any more. (The crash test found it.) Markers are rare: one at an opening, one
// when a manifest has grown too large.
type orderedFS struct{ vfs.FS }

// Create implements vfs.FS.
func (o orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(o.PathBase(name), "marker.") {
		if err := o.syncDirectory(o.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return o.FS.Create(name, category)
}

func (o orderedFS) syncDirectory(name string) error {
	directory, err := o.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// Unwrap implements vfs.FS.
func (o orderedFS) Unwrap() vfs.FS { return o.FS }
