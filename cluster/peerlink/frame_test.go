package peerlink

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"holdfast/actors/budget"
	"holdfast/storage"
)

const (
	someFrame = "01" + "e803000000000000" + "e703000000000000" + "02" + "6869" + "00" + "01" + "21"
	someHello = "4846504c" + "03" + "04" + "b0000000000000000000000000000000" + "0000000000000000000000000000000a" +
		"c10000000000000000000000000000cf"
)

// TestFrameNeverChanges: the neighbour may be of another build.
func TestFrameNeverChanges(t *testing.T) {
	want := header{kindMessages, 1000, 999}
	b := make([]byte, headerSize)
	want.put(b)
	for _, m := range []string{"hi", "", "!"} {
		b = appendMessage(b, []byte(m))
	}
	if got := hex.EncodeToString(b); got != someFrame {
		t.Fatal(got)
	}
	h, packed, messages, err := parseFrame(b, ProtocolStream)
	if err != nil || h != want || messages != 3 {
		t.Fatalf("%+v, %d messages, %v", h, messages, err)
	}
	for _, want := range []string{"hi", "", "!"} {
		var m []byte
		if m, packed, err = cutMessage(packed); err != nil || string(m) != want {
			t.Errorf("%q, %v", m, err)
		}
	}
}

// TestHelloNeverChanges, and a later build may say more behind it.
func TestHelloNeverChanges(t *testing.T) {
	h := hello{protocol: [2]uint8{3, 4}, from: storage.WriterID{0: 0xb0}, to: storage.WriterID{15: 0x0a},
		store: storage.StoreID{0: 0xc1, 15: 0xcf}}
	b := h.append(nil)
	if got := hex.EncodeToString(b); got != someHello || len(b) != helloSize {
		t.Fatal(got)
	}
	for _, said := range [][]byte{b, append(bytes.Clone(b), "more"...)} {
		if back, err := parseHello(said); err != nil || back != h {
			t.Errorf("%+v, %v", back, err)
		}
	}
}

func badHellos() map[string][]byte {
	good, _ := hex.DecodeString(someHello)
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	nobody := bytes.Clone(good)
	clear(nobody[6:22])
	return map[string][]byte{
		"nothing": {}, "cut": good[:len(good)-1], "magic": changed(0, 'X'), "protocol zero": changed(4, 0),
		"protocols crossed": changed(4, 5), "nobody": nobody, "too long": append(bytes.Clone(good), make([]byte,
			helloMax)...),
	}
}

func TestHelloIsReadStrictly(t *testing.T) {
	for name, b := range badHellos() {
		if h, err := parseHello(b); !errors.Is(err, errHello) {
			t.Errorf("%s: read as %+v, %v", name, h, err)
		}
	}
}

func badFrames() map[string][]byte {
	good, _ := hex.DecodeString(someFrame)
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	noClock := bytes.Clone(good)
	clear(noClock[1:9])
	return map[string][]byte{
		"nothing": {}, "half a header": good[:headerSize-1], "kind zero": changed(0, 0), "unknown kind": changed(0,
			200),
		"kind after the last": changed(0, byte(len(kindsSince))), "a beat with messages": changed(0, kindBeat),
		"no messages": good[:headerSize], "no clock": noClock, "a clock below zero": changed(8, 0xff),
		"cut message": good[:len(good)-1], "length over the end": changed(len(good)-2, 2),
		"length in two bytes": append(bytes.Clone(good), 0x80, 0x00),
		"endless length":      append(bytes.Clone(good), bytes.Repeat([]byte{0xff}, 11)...),
	}
}

func TestFrameIsReadStrictly(t *testing.T) {
	for name, b := range badFrames() {
		if h, _, _, err := parseFrame(b, ProtocolStream); !errors.Is(err, errFrame) {
			t.Errorf("%s: read as %+v, %v", name, h, err)
		}
	}
	if _, _, _, err := parseFrame(make([]byte, frameMax+1), ProtocolStream); !errors.Is(err, errFrame) {
		t.Errorf("too long: %v", err)
	}
	good, _ := hex.DecodeString(someFrame)
	if _, _, _, err := parseFrame(good, ProtocolStream-1); !errors.Is(err, errFrame) {
		t.Errorf("a kind that the session's protocol does not have: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	good, _ := hex.DecodeString(someFrame)
	f.Add(good)
	for _, b := range badFrames() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		budget.Reading{PerByte: 64}.Check(t, len(b), func() { _, _, _, _ = parseFrame(b, ProtocolStream) })
		h, packed, messages, err := parseFrame(b, ProtocolStream)
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

func FuzzHello(f *testing.F) {
	good, _ := hex.DecodeString(someHello)
	f.Add(good)
	for _, b := range badHellos() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		if err == nil && !bytes.HasPrefix(b, h.append(nil)) {
			t.Errorf("%x is read and written as %x", b, h.append(nil))
		}
	})
}

func TestCommonProtocol(t *testing.T) {
	for _, c := range []struct {
		a, b [2]uint8
		want uint8
	}{
		{[2]uint8{3, 3}, [2]uint8{3, 3}, 3}, {[2]uint8{3, 4}, [2]uint8{3, 3}, 3}, {[2]uint8{3, 4}, [2]uint8{4, 5}, 4},
		{[2]uint8{3, 4}, [2]uint8{3, 4}, 4}, {[2]uint8{3, 3}, [2]uint8{4, 5}, 0}, {[2]uint8{1, 2}, [2]uint8{3, 3}, 0},
		{[2]uint8{2, 9}, [2]uint8{4, 5}, 5},
	} {
		if got, back := common(c.a, c.b), common(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%v with %v: %d and %d", c.a, c.b, got, back)
		}
	}
}
