package pebblestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
)

// Pebble's write-ahead log, as far as it must be known to tell a log that ends from a log that was damaged: blocks of
// 32 KiB with chunks, none across two blocks.
//
//	checksum 4 · length 2 · encoding 1 · log number 4 · [synced offset 8] · payload
//
// Each chunk of the newer encodings says up to where the log had been synced when it was written. So a chunk that can
// be read vouches for everything before that offset, wherever it stands itself. Pebble believes it from the next block
// on, and takes what is wrong in a log's last block for the mark of a crash; here it is believed there too.
const (
	walBlockSize     = 32 << 10
	walHeaderSize    = 4 + 2 + 1 + 4
	walSyncedSize    = walHeaderSize + 8
	walLegacySize    = 4 + 2 + 1
	walFullPlain     = 5 // the first encoding with a log number; alone and with the next number the end of a log
	walFirstSynced   = 9 // the first encoding with a synced offset
	walLastSynced    = 12
	walChecksumDelta = 0xa282ead8
)

// walScan is what reading one log file found. Offsets are in bytes.
type walScan struct {
	end      int64 // everything before is whole
	record   int64 // so are all records before this; it is not behind end
	ended    bool  // the log was closed in good order, at end
	promised int64 // what the log's own chunks say was synced
}

// damaged says that what was on the disk, and known to be, cannot be read any more.
func (s *walScan) damaged(known int64) bool { return s.end < max(s.promised, known) }

// scanWAL reads one log file. number is the log's own: a file that is used again holds an older log's chunks behind its
// own.
func scanWAL(r io.ReaderAt, size int64, number uint32) (scan walScan, err error) {
	block, whole := make([]byte, walBlockSize), true
	for at := int64(0); at < size; at += walBlockSize {
		b := block[:min(walBlockSize, size-at)]
		if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return scan, err
		}
		from := 0
		if whole {
			var done int
			done, whole = scan.follow(b, at, number)
			scan.end = at + int64(done)
			if scan.ended {
				return scan, nil
			}
			from = done
		}
		if !whole {
			scan.search(b[from:], number)
		}
	}
	return scan, nil
}

// follow reads chunk after chunk. done is where the block's whole part ends; whole: that is the block's end.
func (s *walScan) follow(b []byte, at int64, number uint32) (done int, whole bool) {
	for len(b)-done >= walHeaderSize {
		rest := b[done:]
		size, synced := walChunk(rest, number)
		switch {
		case size > 0:
			s.promised = max(s.promised, synced)
			done += size
			if walCompletes(rest) {
				s.record = at + int64(done)
			}
			continue
		case walEnd(rest, number):
			s.ended = true
			return done + walHeaderSize, false
		case len(rest) < walSyncedSize && len(bytes.Trim(rest, "\x00")) == 0 && len(b) == walBlockSize:
			return len(b), true // no chunk fits there
		}
		return done, false
	}
	if len(b) == walBlockSize {
		return len(b), true
	}
	return done, done == len(b)
}

// search looks for chunks of the log behind damage: where they begin is not known.
func (s *walScan) search(b []byte, number uint32) {
	for at := 0; at+walSyncedSize <= len(b); at++ {
		if encoding := b[at+6]; encoding < walFirstSynced || encoding > walLastSynced {
			continue
		}
		if size, synced := walChunk(b[at:], number); size > 0 {
			s.promised = max(s.promised, synced)
			at += size - 1
		}
	}
}

// walChunk is the size of the whole chunk that b begins with, and what it says was synced; 0: there is none of this
// log.
func walChunk(b []byte, number uint32) (size int, synced int64) {
	encoding, head := b[6], walHeaderSize
	if encoding >= walFirstSynced {
		head = walSyncedSize
	}
	if encoding < walFullPlain || encoding > walLastSynced || len(b) < head ||
		binary.LittleEndian.Uint32(b[walLegacySize:]) != number {
		return 0, 0
	}
	size = head + int(binary.LittleEndian.Uint16(b[4:]))
	if size > len(b) {
		return 0, 0
	}
	sum := crc32.Checksum(b[6:size], castagnoli)
	if (sum>>15|sum<<17)+walChecksumDelta != binary.LittleEndian.Uint32(b) {
		return 0, 0
	}
	if head == walSyncedSize {
		synced = int64(binary.LittleEndian.Uint64(b[walHeaderSize:]))
	}
	return size, synced
}

// walCompletes says that the chunk is the last of its record, or all of it: encodings go full, first, middle, last.
func walCompletes(b []byte) bool { return b[6]%4 <= 1 }

// walEnd says that b begins with the mark of a log that was closed in good order.
func walEnd(b []byte, number uint32) bool {
	return b[6] == walFullPlain && binary.LittleEndian.Uint32(b) == 0 && binary.LittleEndian.Uint16(b[4:]) == 0 &&
		binary.LittleEndian.Uint32(b[walLegacySize:]) == number+1
}

// walNumber is the number of a log file; ok is false for other files.
func walNumber(name string) (number uint32, ok bool) {
	digits, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil
}
