package queue

import (
	"bytes"
	"errors"
	"testing"

	"holdfast/actors/gate/place"
)

// TestKeysAreOfTheStoreAndOfTheirKind guards P8: nodes over one store open each other's tokens, and no other store's;
// a key of one kind signs nothing of the other.
func TestKeysAreOfTheStoreAndOfTheirKind(t *testing.T) {
	keys := func(secret []byte) Keys {
		k, err := NewKeys(secret)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	one, same := keys(bytes.Repeat([]byte{1}, 32)), keys(bytes.Repeat([]byte{1}, 32))
	p, whose := place.Place{Number: 7}, place.Whose{}
	token := one.Places.AppendPlace(nil, &p)
	if got, err := same.Places.OpenPlace(token, &whose); err != nil || got != p {
		t.Errorf("%+v, %v", got, err)
	}
	for name, ring := range map[string]*place.Ring{"another store": keys(bytes.Repeat([]byte{2}, 32)).Places,
		"no secret": keys(nil).Places, "the other kind": one.Admissions} {
		if _, err := ring.OpenPlace(token, &whose); !errors.Is(err, place.ErrForged) {
			t.Errorf("%s opens it: %v", name, err)
		}
	}
}
