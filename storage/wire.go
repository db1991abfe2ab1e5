package storage

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// reader takes a strict encoding apart. The first failure sticks and empties the source, so that callers check once.
type reader struct {
	src []byte
	err error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFormat, why)
	}
	r.src = nil
}

// take returns the next n bytes, or nil after a failure.
func (r *reader) take(n int) []byte {
	if len(r.src) < n {
		r.fail("too short")
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) fixed64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) copy(dst []byte) { copy(dst, r.take(len(dst))) }

// uvarint refuses padded forms: one value has one encoding, so equal hashes mean equal contents and the reverse.
func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	if n > 1 && r.src[n-1] == 0 {
		r.fail("padded number")
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *reader) signed() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
