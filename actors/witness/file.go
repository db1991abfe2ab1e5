package witness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// The file's form, version 1: all numbers big-endian.
//
//	magic 8 · count 4 · count times (event 16, section 4, seq 8, epoch 8, hash 32, excused 8) · CRC-32C 4 of all before
const (
	fileName  = "acknowledged"
	lockName  = "acknowledged.lock"
	magic     = "hfseen1\n"
	entrySize = 16 + 4 + 8 + 8 + 32 + 8
)

// Every is the longest time that a mark waits for the file.
const Every = time.Second

// ErrDamaged says that the file cannot be read: nobody knows what was acknowledged.
var ErrDamaged = errors.New("witness: the file of what was acknowledged is damaged")

type file struct {
	path string
	lock *os.File
	stop chan struct{}
	done sync.WaitGroup
	logf func(error)

	mu sync.Mutex // one write at a time
}

// Open makes a witness of what the file in dir says, and keeps the file. One process has a folder at a time
// (storage.ErrInUse). No file is no knowledge; one that is damaged is ErrDamaged. failed hears once of each row of
// writes that did not succeed, from another goroutine.
func Open(dir string, failed func(error)) (*Witness, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("witness: %s: %w", dir, storage.ErrInUse), lock.Close())
	}
	w, err := Read(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	w.file = &file{path: filepath.Join(dir, fileName), lock: lock, stop: make(chan struct{}), logf: failed}
	w.file.done.Go(w.keep)
	return w, nil
}

// Read makes a witness of what the file in dir says, without keeping it.
func Read(dir string) (*Witness, error) {
	w := New()
	path := filepath.Join(dir, fileName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if err := w.decode(b); err != nil {
		return nil, fmt.Errorf(
			"%w: %s: %w: restore it, or remove it if what was acknowledged is known to be whole", ErrDamaged, path, err,
		)
	}
	return w, nil
}

// keep writes the file when something has been seen, once in a while.
func (w *Witness) keep() {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	well := true
	for {
		select {
		case <-w.file.stop:
			return
		case <-tick.C:
		}
		err := w.Flush()
		if err != nil && well {
			w.file.logf(err)
		}
		well = err == nil
	}
}

// Flush writes what has been seen since the last time. It does nothing in a witness that is memory only.
func (w *Witness) Flush() error {
	if w.file == nil || !w.dirty.Swap(false) {
		return nil
	}
	w.file.mu.Lock()
	defer w.file.mu.Unlock()
	if err := w.file.write(w.encode()); err != nil {
		w.dirty.Store(true)
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// Close writes the exact marks, once nothing is acknowledged any more.
func (w *Witness) Close() error {
	if w.file == nil {
		return nil
	}
	close(w.file.stop)
	w.file.done.Wait()
	return errors.Join(w.Flush(), w.file.lock.Close())
}

// write replaces the file, durably.
func (f *file) write(b []byte) error {
	next := f.path + ".next"
	out, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, f.path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

type known struct {
	key  storage.SectionKey
	mark Mark
}

func (w *Witness) encode() []byte {
	var all []known
	w.Each(func(key storage.SectionKey, m Mark) { all = append(all, known{key, m}) })
	slices.SortFunc(all, func(a, b known) int { return a.key.Compare(b.key) })
	b := make([]byte, 0, len(magic)+4+len(all)*entrySize+4)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(all)))
	for i := range all {
		k := &all[i]
		b = append(b, k.key.Event[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(k.key.Section))
		b = binary.BigEndian.AppendUint64(b, uint64(k.mark.Seq))
		b = binary.BigEndian.AppendUint64(b, uint64(k.mark.Epoch))
		b = append(b, k.mark.Hash[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(k.mark.Excused))
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (w *Witness) decode(b []byte) error {
	if len(b) < len(magic)+4+4 || !bytes.HasPrefix(b, []byte(magic)) {
		return errors.New("not in a known form")
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	count := binary.BigEndian.Uint32(body[len(magic):])
	if rest := len(body) - len(magic) - 4; crc32.Checksum(body, castagnoli) != sum ||
		uint64(rest) != uint64(count)*entrySize {
		return errors.New("its checksum does not match")
	}
	for at := len(magic) + 4; at < len(body); at += entrySize {
		e := body[at : at+entrySize]
		key := storage.SectionKey{
			Event: storage.EventID(e[:16]), Section: storage.SectionNo(binary.BigEndian.Uint32(e[16:])),
		}
		w.Of(key).mark = Mark{
			Seq: section.Seq(binary.BigEndian.Uint64(e[20:])), Epoch: section.Epoch(binary.BigEndian.Uint64(e[28:])),
			Hash: storage.Hash(e[36:68]), Excused: section.BookingNo(binary.BigEndian.Uint64(e[68:])),
		}
	}
	return nil
}

// Sorted lists what is known in order of section.
func (w *Witness) Sorted() (keys []storage.SectionKey) {
	w.Each(func(key storage.SectionKey, _ Mark) { keys = append(keys, key) })
	slices.SortFunc(keys, storage.SectionKey.Compare)
	return keys
}
