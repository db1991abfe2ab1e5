package cluster

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"holdfast/actors/budget"
	"holdfast/storage"
)

var someHeader = header{
	up: true, to: storage.WriterID{0: 0xb0}, from: storage.WriterID{15: 0x0a}, session: 0x0102030405060708, echo: 9, number: 3, ack: 2, at: 1000, back: 999,
}

const someBatch = "01" + "01" + "b0000000000000000000000000000000" + "0000000000000000000000000000000a" +
	"0807060504030201" + "0900000000000000" + "0300000000000000" + "0200000000000000" + "e803000000000000" + "e703000000000000" +
	"02" + "6869" + "00" + "01" + "21"

// TestBatchNeverChanges: the neighbour may be of another build.
func TestBatchNeverChanges(t *testing.T) {
	b := make([]byte, headerSize)
	someHeader.put(b)
	for _, m := range []string{"hi", "", "!"} {
		b = appendMessage(b, []byte(m))
	}
	if got := hex.EncodeToString(b); got != someBatch {
		t.Fatal(got)
	}
	h, packed, messages, err := parseBatch(b)
	if err != nil || h != someHeader || messages != 3 {
		t.Fatalf("%+v, %d messages, %v", h, messages, err)
	}
	for _, want := range []string{"hi", "", "!"} {
		var m []byte
		if m, packed, err = cutMessage(packed); err != nil || string(m) != want {
			t.Errorf("%q, %v", m, err)
		}
	}
}

func TestBatchIsReadStrictly(t *testing.T) {
	good, _ := hex.DecodeString(someBatch)
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	bare := bytes.Clone(good[:headerSize])
	clear(bare[34:42])
	for name, b := range map[string][]byte{
		"nothing": nil, "half a header": good[:headerSize-1], "version": changed(0, 2), "flags": changed(1, 2), "no session": bare,
		"cut message": good[:len(good)-1], "length over the end": changed(len(good)-2, 2), "length in two bytes": append(bytes.Clone(good), 0x80, 0x00),
		"messages without a number": changed(50, 0), "too long": make([]byte, frameMax+1), "endless length": append(bytes.Clone(good), bytes.Repeat([]byte{0xff}, 11)...),
	} {
		if h, _, _, err := parseBatch(b); !errors.Is(err, errBatch) {
			t.Errorf("%s: read as %+v, %v", name, h, err)
		}
	}
}

func FuzzBatch(f *testing.F) {
	good, _ := hex.DecodeString(someBatch)
	f.Add(good)
	f.Add(good[:headerSize])
	f.Add(good[:10])
	f.Fuzz(func(t *testing.T, b []byte) {
		budget.Reading{PerByte: 64}.Check(t, len(b), func() { _, _, _, _ = parseBatch(b) })
		h, packed, messages, err := parseBatch(b)
		if err != nil {
			return
		}
		back := make([]byte, headerSize)
		h.put(back)
		for ; len(packed) > 0; messages-- {
			var m []byte
			if m, packed, err = cutMessage(packed); err != nil {
				t.Fatalf("checked before, and now %v", err)
			}
			back = appendMessage(back, m)
		}
		if messages != 0 || !bytes.Equal(back, b) {
			t.Errorf("%x is read and written as %x (%d messages off)", b, back, messages)
		}
	})
}
