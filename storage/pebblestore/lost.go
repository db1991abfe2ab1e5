package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// LostError says that a store's write-ahead log has lost what was synced to it: what was acknowledged is missing, and
// nobody can say what it was.
type LostError struct {
	Dir   string
	Files []LostPart
}

// LostPart is what is missing of one file.
type LostPart struct {
	File     string
	From, To int64 // bytes: whole up to From, synced up to To at least
	record   int64 // where its last whole record ends
}

func (e *LostError) Error() string {
	text := "pebblestore: " + e.Dir + ": acknowledged data is lost: the write-ahead log is damaged"
	for _, f := range e.Files {
		text += fmt.Sprintf("; %s can be read up to byte %d and had been synced up to byte %d", f.File, f.From, f.To)
	}
	return text
}

// scanWALs reads all logs in the directory before Pebble does, which would drop whatever follows damage in a log's last
// block. synced is what was written down elsewhere, by log number; a log of which nothing is known is held against
// itself only.
func scanWALs(fs vfs.FS, dir string, synced map[uint32]int64) (lost *LostError, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("pebblestore: %s: %w", dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		number, ok := walNumber(name)
		if !ok {
			continue
		}
		scan, err := scanFile(fs, fs.PathJoin(dir, name), number)
		if err != nil {
			return nil, fmt.Errorf("pebblestore: %s: %w", name, err)
		}
		if !scan.damaged(synced[number]) {
			continue
		}
		if lost == nil {
			lost = &LostError{Dir: dir}
		}
		lost.Files = append(lost.Files, LostPart{name, scan.end, max(scan.promised, synced[number]), scan.record})
	}
	return lost, nil
}

func scanFile(fs vfs.FS, path string, number uint32) (scan walScan, err error) {
	file, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return scan, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return scan, err
	}
	return scanWAL(file, info.Size(), number)
}

// quarantine leaves of a damaged log what can be read, and keeps the whole of it under a name that is no log's.
func quarantine(fs vfs.FS, dir string, part LostPart) error {
	path, kept, cut := fs.PathJoin(
		dir, part.File,
	), fs.PathJoin(
		dir, "damaged-"+part.File,
	), fs.PathJoin(
		dir, "cut-"+part.File,
	)
	if err := copyHead(fs, path, cut, part.record); err != nil {
		return err
	}
	if err := errors.Join(fs.Rename(path, kept), fs.Rename(cut, path)); err != nil {
		return err
	}
	directory, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

func copyHead(fs vfs.FS, from, to string, size int64) (err error) {
	in, err := fs.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := fs.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(in, 0, size))
	return errors.Join(err, out.Sync(), out.Close())
}

// cutFS shows damaged logs up to their last whole record, to whoever only reads.
type cutFS struct {
	vfs.FS
	parts []LostPart
}

// Open implements vfs.FS.
func (c cutFS) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	file, err := c.FS.Open(name, options...)
	if err != nil {
		return nil, err
	}
	for _, part := range c.parts {
		if c.PathBase(name) == part.File {
			return &cutFile{file, io.NewSectionReader(file, 0, part.record)}, nil
		}
	}
	return file, nil
}

// Unwrap implements vfs.FS.
func (c cutFS) Unwrap() vfs.FS { return c.FS }

type cutFile struct {
	vfs.File
	head *io.SectionReader
}

// Read implements vfs.File.
func (c *cutFile) Read(p []byte) (int, error) { return c.head.Read(p) }

// ReadAt implements vfs.File.
func (c *cutFile) ReadAt(p []byte, at int64) (int, error) { return c.head.ReadAt(p, at) }
