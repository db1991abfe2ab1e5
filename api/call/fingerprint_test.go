package call

import (
	"crypto/sha256"
	"testing"

	"holdfast/actors/section"
	"holdfast/api/auth"
)

func TestRequestIDsAreStable(t *testing.T) {
	who := &auth.Identity{Buyer: auth.BuyerOf("alice")}
	// These bytes are in logs: a change of the formula would make every remembered request unknown.
	text := append([]byte("b"), who.Buyer[:]...)
	sum := sha256.Sum256(append(append(text, 0), "key-1"...))
	if got := requestID(who, []byte("key-1")); got != section.RequestID(sum[:16]) {
		t.Fatalf("%x", got)
	}
	if requestID(&auth.Identity{Buyer: who.Buyer, Operator: true}, []byte("key-1")) == section.RequestID(sum[:16]) {
		t.Fatal("an operator's key met a buyer's")
	}
	if one, two := requestID(who, nil), requestID(who, nil); one == two {
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
