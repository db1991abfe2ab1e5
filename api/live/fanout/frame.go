package fanout

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Place is how far a client has been told: a position in its source's history. Nowhere: nothing yet.
type Place uint64

// Nowhere is the place of a client that has been told nothing.
const Nowhere Place = 0

// Source is what the clients of a hub follow. Its methods are safe for concurrent use, and quick.
type Source interface {
	// Since is what brings a client from a place to the newest one. Whoever stands at one place gets one Frame, the
	// same for all. nil: there is nothing to tell, and the client stays where it is.
	Since(at Place) (f *Frame, newest Place)
}

// Frame is what one write tells: whole messages, encoded once. It never changes.
type Frame struct {
	plain  []byte
	pack   sync.Once
	packed []byte
}

// NewFrame makes a frame of its bytes, which may not change any more.
func NewFrame(plain []byte) *Frame { return &Frame{plain: plain} }

// Plain is the frame's bytes, which nobody may change.
func (f *Frame) Plain() []byte { return f.plain }

// gzipHead begins a gzip stream (RFC 1952): deflate, no name, no time, an unknown system.
const gzipHead = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// deflaters make the bytes of frames smaller, fast: a frame lives for less than a second.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is one of flate's own
	}
	return w
}}

// bytes are the frame as a client wants it. Packed frames refer to no earlier one, so each is packed once, and any of
// them may follow any other in a client's stream.
func (f *Frame) bytes(packed bool) []byte {
	if !packed {
		return f.plain
	}
	f.pack.Do(func() {
		w := deflaters.Get().(*flate.Writer)
		defer deflaters.Put(w)
		out := bytes.NewBuffer(make([]byte, 0, len(f.plain)/4+64))
		w.Reset(out)
		_, _ = w.Write(f.plain) // a buffer takes everything
		_ = w.Flush()
		w.Reset(nil)
		f.packed = out.Bytes()
	})
	return f.packed
}
