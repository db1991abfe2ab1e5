package wire

import (
	"bytes"
	"strings"
	"testing"
)

// These values are in logs: a change of a formula would make every remembered request unknown, and every buyer a
// stranger (P5).
func TestHashesNeverChange(t *testing.T) {
	alice := BuyerHash("alice")
	for _, row := range []struct {
		what string
		got  [16]byte
		want string
	}{
		{"a buyer", alice, "a03714e5f7c3b0430ddfb4a3fad6ba84"},
		{"a buyer whose name is not ASCII", BuyerHash("Jörg"), "cfd68de688328398608ae21ecca2a07f"},
		{"a buyer whose name is longer than any", BuyerHash(strings.Repeat("x", 300)),
			"f56773c486d512fc03538038b5a75dba"},
		{"an operator", OperatorHash(), "90c90d190ef46bbab10e301b8e95a35d"},
		{"a request", RequestHash(alice, []byte("key-1")), "60dd6c9de79065cf4e5d6a2d4628474e"},
		{"a request under the longest key", RequestHash(alice, bytes.Repeat([]byte("k"), 128)),
			"87e211a21c203ea35a52082079e4cc20"},
		{"an operator's request", OperatorRequestHash([]byte("key-1")), "7c361275b91899106a6485650f81e75b"},
		{"a buyer without a name", WalkInHash([16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}),
			"cc9f7c68f533e92aa8fb220a2fb9b34a"},
	} {
		if got := HashText(row.got); got != row.want {
			t.Errorf("%s is %s, was %s", row.what, got, row.want)
		}
	}
}

func TestHashesAllocateNothing(t *testing.T) {
	name, key := strings.Repeat("x", nameBytesUsual), bytes.Repeat([]byte("k"), 128)
	if n := testing.AllocsPerRun(100, func() { RequestHash(BuyerHash(name), key); OperatorRequestHash(key) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
