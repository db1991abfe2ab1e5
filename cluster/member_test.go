package cluster

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"holdfast/actors/budget"
	"holdfast/storage"
)

var someone = Member{
	Writer: storage.WriterID{0: 0xa1, 15: 0xaf}, Name: "node-1", Peer: "10.0.0.1:7001", API: "http://10.0.0.1",
	Build: "v1", State: Serving, Protocol: [2]uint8{1, 2},
}

const someoneMeta = "01" + "01" + "0102" + "a10000000000000000000000000000af" +
	"06" + "6e6f64652d31" + "0d" + "31302e302e302e313a37303031" + "0f" + "687474703a2f2f31302e302e302e31" + "02" +
	"7631"

// TestMetaNeverChanges: older builds read it.
func TestMetaNeverChanges(t *testing.T) {
	b, err := appendMeta(nil, someone)
	if err != nil || hex.EncodeToString(b) != someoneMeta {
		t.Fatalf("%x, %v", b, err)
	}
	if back, err := parseMeta(b); err != nil || back != someone {
		t.Fatalf("%+v, %v", back, err)
	}
}

func TestMetaIsReadStrictly(t *testing.T) {
	good, _ := hex.DecodeString(someoneMeta)
	bad := map[string][]byte{"nothing": nil, "too long": make([]byte, metaMax+1), "trailing": append(append([]byte(nil),
		good...), 0)}
	for cut := range good {
		bad["cut"+string(rune(cut))] = good[:cut]
	}
	for name, change := range map[string]func(b []byte){
		"format": func(b []byte) { b[0] = 3 }, "state": func(b []byte) { b[1] = 3 },
		"no protocol":       func(b []byte) { b[2] = 0 },
		"range upside down": func(b []byte) { b[2] = 3 }, "no writer": func(b []byte) { clear(b[4:20]) },
		"not UTF-8": func(b []byte) { b[21] = 0xff },
	} {
		b := append([]byte(nil), good...)
		change(b)
		bad[name] = b
	}
	for name, b := range bad {
		if m, err := parseMeta(b); !errors.Is(err, errMeta) {
			t.Errorf("%s: read as %+v, %v", name, m, err)
		}
	}
}

func TestMetaThatDoesNotFitIsRefused(t *testing.T) {
	m := someone
	m.Name, m.API = strings.Repeat("n", 250), strings.Repeat("a", 250)
	if _, err := appendMeta(nil, m); err == nil {
		t.Error("more than 512 bytes")
	}
	m = someone
	m.Build = strings.Repeat("b", 256)
	if _, err := appendMeta(nil, m); err == nil {
		t.Error("a text of 256 bytes")
	}
}

func TestProtocolRanges(t *testing.T) {
	for _, c := range []struct {
		theirs, ours [2]uint8
		want         bool
	}{
		{[2]uint8{1, 1}, [2]uint8{1, 1}, true}, {[2]uint8{1, 2}, [2]uint8{2, 3}, true}, {[2]uint8{2, 3}, [2]uint8{1, 2},
			true},
		{[2]uint8{1, 1}, [2]uint8{2, 3}, false}, {[2]uint8{4, 5}, [2]uint8{2, 3}, false}, {[2]uint8{1, 9}, [2]uint8{5,
			5}, true},
	} {
		if got := (Member{Protocol: c.theirs}).speaksWith(c.ours); got != c.want {
			t.Errorf("%v with %v: %v", c.theirs, c.ours, got)
		}
	}
}

func TestStatesHaveWords(t *testing.T) {
	if got := Joining.String() + Serving.String() + Draining.String() +
		State(9).String(); got != "joiningservingdrainingstate 9" {
		t.Error(got)
	}
}

func FuzzMeta(f *testing.F) {
	good, _ := hex.DecodeString(someoneMeta)
	f.Add(good)
	f.Add(good[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		budget.Reading{PerByte: 64}.Check(t, len(b), func() { _, _ = parseMeta(b) })
		m, err := parseMeta(b)
		if err != nil {
			return
		}
		if back, err := appendMeta(nil, m); err != nil || string(back) != string(b) {
			t.Errorf("%x is read and written as %x, %v", b, back, err)
		}
	})
}

// someoneOfAStore is someone with a store's id behind the writer's.
const someoneOfAStore = "02" + "01" + "0102" + "a10000000000000000000000000000af" + "c10000000000000000000000000000cf" +
	"01" +
	"06" + "6e6f64652d31" + "0d" + "31302e302e302e313a37303031" + "0f" + "687474703a2f2f31302e302e302e31" + "02" +
	"7631"

// TestMetaWithAStoreNeverChanges: see TestMetaNeverChanges.
func TestMetaWithAStoreNeverChanges(t *testing.T) {
	m := someone
	m.Store, m.StandsDown = storage.StoreID{0: 0xc1, 15: 0xcf}, true
	b, err := appendMeta(nil, m)
	if err != nil || hex.EncodeToString(b) != someoneOfAStore {
		t.Fatalf("%x, %v", b, err)
	}
	if back, err := parseMeta(b); err != nil || back != m {
		t.Fatalf("%+v, %v", back, err)
	}
	clear(b[20:36])
	if back, err := parseMeta(b); err == nil {
		t.Errorf("a store that is none was read: %+v", back)
	}
}
