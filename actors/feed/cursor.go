package feed

import (
	"encoding/binary"
	"fmt"

	"holdfast/actors/section"
	"holdfast/storage"
)

// The first byte of an item's key says whose it is. Sinks take letters of their own: webhooks have 'w'.
const prefixCursor = 'c'

// cursor is how far a shard was told to a sink: every change of record seq and of those before is done with.
//
//	key    'c' · length of the name 1 · name · event 16 · section 4
//	value  version 1 · seq 8 · hash of that record 32
type cursor struct {
	seq  section.Seq
	hash storage.Hash
}

const cursorVersion1 = 1

func cursorPrefix(name string) []byte {
	return append([]byte{prefixCursor, byte(len(name))}, name...)
}

func cursorKey(name string, shard storage.SectionKey) []byte {
	return AppendShard(cursorPrefix(name), shard)
}

func (c cursor) value() []byte {
	return append(binary.BigEndian.AppendUint64([]byte{cursorVersion1}, uint64(c.seq)), c.hash[:]...)
}

func decodeCursor(value []byte) (c cursor, err error) {
	if len(value) != 1+8+len(c.hash) || value[0] != cursorVersion1 {
		return c, fmt.Errorf("feed: %w: a cursor", storage.ErrFormat)
	}
	c.seq = section.Seq(binary.BigEndian.Uint64(value[1:]))
	copy(c.hash[:], value[9:])
	return c, nil
}

// AppendShard appends a shard as keys of items have it: event 16 · section 4.
func AppendShard(dst []byte, shard storage.SectionKey) []byte {
	return binary.BigEndian.AppendUint32(append(dst, shard.Event[:]...), uint32(shard.Section))
}

// RefSize is the length of a Ref in keys of items.
const RefSize = 16 + 4 + 8 + 2

// AppendRef appends a reference as keys of items have it: event 16 · section 4 · seq 8 · n 2.
func AppendRef(dst []byte, r Ref) []byte {
	dst = binary.BigEndian.AppendUint64(AppendShard(dst, r.Shard), uint64(r.Seq))
	return binary.BigEndian.AppendUint16(dst, r.N)
}

// ReadRef reads what AppendRef wrote; false: it did not.
func ReadRef(b []byte) (r Ref, ok bool) {
	if len(b) != RefSize {
		return r, false
	}
	copy(r.Shard.Event[:], b)
	r.Shard.Section = storage.SectionNo(binary.BigEndian.Uint32(b[16:]))
	r.Seq = section.Seq(binary.BigEndian.Uint64(b[20:]))
	r.N = binary.BigEndian.Uint16(b[28:])
	return r, r.Seq > 0 && r.Shard.IsSection()
}
