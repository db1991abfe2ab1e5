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

// TestFingerprintsNameNobody guards P14 and P5: a keyed name stands for the text, and events of before have the
// fingerprints that they always had.
func TestFingerprintsNameNobody(t *testing.T) {
	print := func(name string, buyer Named) uint64 {
		var f Fingerprint
		f.start(&Route{Method: "POST", Path: "/p"}, []byte("x"))
		f.Book(&wire.Book{Seats: []string{"A-1-1"}, Buyer: name}, buyer)
		return f.sum()
	}
	keyed := Named{Buyer: section.BuyerID{1}, Keyed: true}
	if print("alice", keyed) != print("bob", keyed) {
		t.Error("P14: the name is in the fingerprint")
	}
	if print("alice", keyed) == print("alice", Named{Buyer: section.BuyerID{2}, Keyed: true}) {
		t.Error("P5: two people have one fingerprint")
	}
	if got := print("alice", Named{Buyer: section.BuyerID(wire.BuyerHash("alice"))}); got != 0xa12b34bc4b77c4e3 {
		t.Errorf("P5: an old event's fingerprint is %#x", got)
	}
}
