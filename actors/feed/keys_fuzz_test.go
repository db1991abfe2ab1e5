package feed

import (
	"bytes"
	"encoding/base64"
	"testing"

	"holdfast/storage"
)

// FuzzCursorsAreReadStrictly: what is kept of a cursor, a reference or an excerpt is what was written, or is refused.
func FuzzCursorsAreReadStrictly(f *testing.F) {
	shard := storage.SectionKey{Event: storage.EventID{1}, Section: 3}
	f.Add(cursor{seq: 9, hash: storage.Hash{7}}.value())
	f.Add(AppendRef(nil, Ref{shard, 9, 2}))
	f.Add([]byte{excerptVersion1, 5, 0, 0x80, 1})
	f.Add(bytes.Repeat([]byte{0xff}, 41))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := decodeCursor(text); err == nil && !bytes.Equal(c.value(), text) {
			t.Errorf("cursor %x is read as %x", text, c.value())
		}
		if r, ok := ReadRef(text); ok && !bytes.Equal(AppendRef(nil, r), text) {
			t.Errorf("reference %x is read as %+v", text, r)
		}
		const sections = 3
		seqs, err := decodeExcerpt(base64.RawURLEncoding.EncodeToString(text), sections)
		if err != nil {
			return
		}
		if len(seqs) != sections {
			t.Fatalf("%d sections of %d", len(seqs), sections)
		}
		again, err := decodeExcerpt(encodeExcerpt(seqs), sections)
		for i := range seqs {
			if err != nil || again[i] != seqs[i] {
				t.Fatalf("%v is read back as %v: %v", seqs, again, err)
			}
		}
	})
}
