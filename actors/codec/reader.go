// Package codec reads and writes the parts that all durable encodings are made of: strictly, so that one value has one
// encoding and equal hashes mean equal contents.
package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// ErrFormat is the root of every decoding error: the bytes are not in a form this version writes.
var ErrFormat = errors.New("storage: bytes are not in a known form")

// Reader takes a strict encoding apart. The first failure sticks and empties the source, so that callers check once.
type Reader struct {
	Src []byte // what is left
	Err error  // the first failure; wraps ErrFormat
}

// Fail notes the first failure.
func (r *Reader) Fail(why string) {
	if r.Err == nil {
		r.Err = fmt.Errorf("%w: %s", ErrFormat, why)
	}
	r.Src = nil
}

// Take returns the next n bytes, or nil after a failure.
func (r *Reader) Take(n int) []byte {
	if len(r.Src) < n {
		r.Fail("too short")
		return nil
	}
	b := r.Src[:n]
	r.Src = r.Src[n:]
	return b
}

// Byte is the next byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Fixed64 is a number of eight bytes, little-endian.
func (r *Reader) Fixed64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Copy fills dst with the next bytes.
func (r *Reader) Copy(dst []byte) { copy(dst, r.Take(len(dst))) }

// Uvarint refuses padded forms: one value has one encoding, so equal hashes mean equal contents and the reverse.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.Src)
	if n <= 0 {
		r.Fail("bad number")
		return 0
	}
	if n > 1 && r.Src[n-1] == 0 {
		r.Fail("padded number")
		return 0
	}
	r.Src = r.Src[n:]
	return v
}

// Signed is the reverse of Zigzag.
func (r *Reader) Signed() int64 {
	u := r.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Zigzag makes small numbers of either sign small.
func Zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

// UvarintSize is the length of an uvarint in bytes.
func UvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// Bit is 1 for true.
func Bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
