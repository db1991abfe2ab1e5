package pebblestore

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// marksFile says, outside of the write-ahead logs, up to where each of them has been synced: in two places that are
// written in turns, so that a crash never leaves none.
//
//	magic 8 · turn 8 · count 4 · count times (log number 4, synced 8) · CRC-32C 4 of all before
//
// A process that stops in good order leaves the exact ends of its logs. One that is killed leaves those of marksEvery
// ago at most: damage of what was synced later, with at most one readable commit behind it, cannot be told from a log's
// torn end.
const (
	marksFile  = "SYNCED"
	marksMagic = "hfsyncd1"
	marksPlace = 4096
	marksMax   = 32 // more than there ever are
	// marksEvery is the shortest time between two writes of the file. A log that is quiet is marked at once.
	marksEvery = 100 * time.Millisecond
)

// walMarks keeps marksFile. Syncs of the log only store a number; a goroutine of its own writes.
type walMarks struct {
	fs   vfs.FS
	path string
	file vfs.File // nil: read-only, or there is no such file yet
	turn uint64

	mu   sync.Mutex // guards logs
	logs map[uint32]*atomic.Int64

	dirty chan struct{} // capacity 1
	stop  chan struct{}
	done  sync.WaitGroup
	logf  func(string, ...any)
}

func newWALMarks(fs vfs.FS, dir string, logf func(string, ...any)) *walMarks {
	return &walMarks{fs: fs, path: fs.PathJoin(dir, marksFile), logs: map[uint32]*atomic.Int64{},
		dirty: make(chan struct{}, 1), stop: make(chan struct{}), logf: logf}
}

// read gives what the last process wrote; nothing when there is no file, as in directories of earlier builds, or no
// place in it that can be read.
func (m *walMarks) read() (synced map[uint32]int64, err error) {
	file, err := m.fs.Open(m.path)
	if err != nil {
		return nil, nil // not there, and then unknown
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	found := 0
	for place := range int64(2) {
		b := make([]byte, marksPlace)
		n, err := file.ReadAt(b, place*marksPlace)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("pebblestore: %s: %w", m.path, err)
		}
		if turn, logs, ok := decodeMarks(b[:n]); ok {
			if found++; turn > m.turn || synced == nil {
				m.turn, synced = turn, logs
			}
		}
	}
	if found == 0 {
		m.logf("pebblestore: %s cannot be read: whether the write-ahead log has lost its end is not known", m.path)
	}
	return synced, nil
}

func decodeMarks(b []byte) (turn uint64, logs map[uint32]int64, ok bool) {
	if len(b) < 8+8+4+4 || string(b[:8]) != marksMagic {
		return 0, nil, false
	}
	turn = binary.BigEndian.Uint64(b[8:])
	count := int(binary.BigEndian.Uint32(b[16:]))
	end := 20 + 12*count
	if count > marksMax || end+4 > len(b) || crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return 0, nil, false
	}
	logs = make(map[uint32]int64, count)
	for at := 20; at < end; at += 12 {
		logs[binary.BigEndian.Uint32(b[at:])] = int64(binary.BigEndian.Uint64(b[at+4:]))
	}
	return turn, logs, true
}

func encodeMarks(turn uint64, logs map[uint32]int64) []byte {
	numbers := slices.Sorted(maps.Keys(logs))
	numbers = numbers[max(0, len(numbers)-marksMax):] // the newest; there are never more than a handful
	b := make([]byte, 0, marksPlace)
	b = append(b, marksMagic...)
	b = binary.BigEndian.AppendUint64(b, turn)
	b = binary.BigEndian.AppendUint32(b, uint32(len(numbers)))
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
		b = binary.BigEndian.AppendUint64(b, uint64(logs[n]))
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return b[:marksPlace] // always the same bytes of the file, or each write would be one of its size too
}

// begin opens the file for writing and starts the goroutine that writes. Logs of the last process keep their marks
// until Pebble is done with them.
func (m *walMarks) begin(before map[uint32]int64) (err error) {
	for number, synced := range before {
		if _, err := m.fs.Stat(m.fs.PathJoin(m.fs.PathDir(m.path), fmt.Sprintf("%06d.log", number))); err == nil {
			m.log(number).Store(synced)
		}
	}
	if m.file, err = m.fs.OpenReadWrite(m.path, vfs.WriteCategoryUnspecified); err != nil {
		return fmt.Errorf("pebblestore: %w", err)
	}
	for range 2 { // both places, so that later writes change no metadata; and neither tells of a log that was given up
		if err := m.write(); err != nil {
			return err
		}
	}
	if err := (orderedFS{m.fs}).syncDirectory(m.fs.PathDir(m.path)); err != nil {
		return fmt.Errorf("pebblestore: %w", err)
	}
	m.done.Go(m.run)
	return nil
}

func (m *walMarks) run() {
	for {
		select {
		case <-m.stop:
			return
		case <-m.dirty:
		}
		if err := m.write(); err != nil {
			m.logf("pebblestore: not written down how far the log is synced: %v", err) // the log itself is what counts
		}
		timer := time.NewTimer(marksEvery)
		select {
		case <-m.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (m *walMarks) write() error {
	logs := map[uint32]int64{}
	m.mu.Lock()
	for number, synced := range m.logs {
		logs[number] = synced.Load()
	}
	m.mu.Unlock()
	m.turn++
	_, err := m.file.WriteAt(encodeMarks(m.turn, logs), int64(m.turn%2)*marksPlace)
	return cmp.Or(err, m.file.SyncData())
}

// close writes the exact ends, once no log is written any more.
func (m *walMarks) close() error {
	if m.file == nil {
		return nil
	}
	close(m.stop)
	m.done.Wait()
	return errors.Join(m.write(), m.file.Close())
}

// log is the mark of a log.
func (m *walMarks) log(number uint32) *atomic.Int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.logs[number] == nil {
		m.logs[number] = new(atomic.Int64)
	}
	return m.logs[number]
}

func (m *walMarks) forget(name string) {
	if number, ok := walNumber(m.fs.PathBase(name)); ok {
		m.mu.Lock()
		delete(m.logs, number)
		m.mu.Unlock()
	}
}

// markedFS hears how far each write-ahead log is synced.
type markedFS struct {
	vfs.FS
	marks *walMarks
}

// Create implements vfs.FS.
func (f markedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return f.watch(name)(f.FS.Create(name, category))
}

// ReuseForWrite implements vfs.FS.
func (f markedFS) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f.marks.forget(old) // before it is gone
	return f.watch(name)(f.FS.ReuseForWrite(old, name, category))
}

// Remove implements vfs.FS.
func (f markedFS) Remove(name string) error {
	f.marks.forget(name)
	return f.FS.Remove(name)
}

// Unwrap implements vfs.FS.
func (f markedFS) Unwrap() vfs.FS { return f.FS }

func (f markedFS) watch(name string) func(vfs.File, error) (vfs.File, error) {
	return func(file vfs.File, err error) (vfs.File, error) {
		number, ok := walNumber(f.PathBase(name))
		if err != nil || !ok {
			return file, err
		}
		mark := f.marks.log(number)
		mark.Store(0)
		return &markedFile{File: file, mark: mark, dirty: f.marks.dirty}, nil
	}
}

// markedFile is a log being written, by one goroutine.
type markedFile struct {
	vfs.File
	written atomic.Int64
	mark    *atomic.Int64
	dirty   chan struct{}
}

// Write implements vfs.File.
func (f *markedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.written.Add(int64(n))
	return n, err
}

// Sync implements vfs.File.
func (f *markedFile) Sync() error { return f.synced(f.File.Sync) }

// SyncData implements vfs.File.
func (f *markedFile) SyncData() error { return f.synced(f.File.SyncData) }

func (f *markedFile) synced(sync func() error) error {
	upTo := f.written.Load()
	if err := sync(); err != nil {
		return err
	}
	f.mark.Store(upTo)
	select {
	case f.dirty <- struct{}{}:
	default:
	}
	return nil
}
