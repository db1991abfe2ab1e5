package storage

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"holdfast/actors/codec"
	"holdfast/actors/section"
)

// ErrFormat is the root of every decoding error: the bytes are not in a form this version writes.
var ErrFormat = codec.ErrFormat

// entryVersion1 is the first byte of every stored entry written by this version.
const entryVersion1 = 1

// entryFixed is the part of a stored entry that does not vary: version, kind, writer, batch, prev.
const entryFixed = 2 + 16 + 16 + 32

// EntrySize tells the length of AppendEntry's result in bytes, so that a store can write it in place.
func EntrySize(e *Entry) int {
	return entryFixed + codec.UvarintSize(
		uint64(e.Seq),
	) + codec.UvarintSize(
		uint64(e.Epoch),
	) + codec.UvarintSize(
		codec.Zigzag(int64(e.At)),
	) + len(
		e.Body,
	)
}

// AppendEntry appends the whole stored form of e: everything but its own hash. The body comes last and runs to the end.
func AppendEntry(dst []byte, e *Entry) []byte {
	return append(appendEntryHead(dst, e), e.Body...)
}

func appendEntryHead(dst []byte, e *Entry) []byte {
	dst = append(dst, entryVersion1, byte(e.Kind))
	dst = binary.AppendUvarint(dst, uint64(e.Seq))
	dst = binary.AppendUvarint(dst, uint64(e.Epoch))
	dst = append(dst, e.Writer[:]...)
	dst = append(dst, e.Batch[:]...)
	dst = binary.AppendUvarint(dst, codec.Zigzag(int64(e.At)))
	return append(dst, e.Prev[:]...)
}

// DecodeEntry reads the stored form of an entry, strictly. Body aliases src. Errors wrap ErrFormat.
func DecodeEntry(src []byte) (Entry, error) {
	r := codec.Reader{Src: src}
	var e Entry
	if r.Byte() != entryVersion1 {
		r.Fail("entry of another version")
	}
	e.Kind = EntryKind(r.Byte())
	if e.Kind < EntryChanges || e.Kind > EntryReleased {
		r.Fail("entry of unknown kind")
	}
	e.Seq = section.Seq(r.Uvarint())
	e.Epoch = section.Epoch(r.Uvarint())
	r.Copy(e.Writer[:])
	r.Copy(e.Batch[:])
	e.At = section.Instant(r.Signed())
	r.Copy(e.Prev[:])
	if len(r.Src) > BodyBytesMax {
		r.Fail("entry body over its limit")
	}
	if r.Err != nil {
		return Entry{}, r.Err
	}
	if len(r.Src) > 0 {
		e.Body = r.Src
	}
	return e, nil
}

type hasher struct {
	sha  hash.Hash
	head []byte
}

var hashers = sync.Pool{New: func() any { return &hasher{sha: sha256.New(), head: make([]byte, 0, entryFixed+30)} }}

// HashEntry is the SHA-256 of e's stored form. The form holds Prev, so one hash stands for the whole log up to e (P10).
func HashEntry(e *Entry) Hash {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.sha.Reset()
	h.head = appendEntryHead(h.head[:0], e)
	h.sha.Write(h.head)
	h.sha.Write(e.Body)
	h.head = h.sha.Sum(h.head[:0])
	return Hash(h.head)
}

// HashStored is HashEntry of an entry that is in its stored form already.
func HashStored(stored []byte) Hash { return sha256.Sum256(stored) }
