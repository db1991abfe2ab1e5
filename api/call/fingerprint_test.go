package call

import (
	"crypto/sha256"
	"testing"

	"holdfast/actors/section"
	"holdfast/api/wire"
)

func TestRequestIDsAreStable(t *testing.T) {
	buyer := section.BuyerID(wire.BuyerHash("alice"))
	// These bytes are in logs: a change of the formula would make every remembered request unknown.
	text := append([]byte("b"), buyer[:]...)
	sum := sha256.Sum256(append(append(text, 0), "key-1"...))
	if got := requestID(false, buyer, []byte("key-1")); got != section.RequestID(sum[:16]) {
		t.Fatalf("%x", got)
	}
	if requestID(true, buyer, []byte("key-1")) == section.RequestID(sum[:16]) {
		t.Fatal("an operator's key met a buyer's")
	}
	if one, two := requestID(false, buyer, nil), requestID(false, buyer, nil); one == two {
		t.Fatal("two requests without a key got one name")
	}
	var f Fingerprint
	f.start(&Route{Method: "POST", Path: "/p"}, []byte("x"))
	f.Body([]byte(`{"b":1, "a":[2.0]}`))
	one := f.sum()
	f.start(&Route{Method: "POST", Path: "/p"}, []byte("x"))
	f.Body([]byte(`{ "a":[2],"b":1}`))
	if f.sum() != one || one != 0x1ea6ba99c7f531b9 {
		t.Fatalf("fingerprints %x and %x", one, f.sum())
	}
}
