package grant

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"holdfast/actors/codec"
)

// TestFenceTakesOneEpoch: of two claims of a coordinator a section takes the newer one's grants alone, and of those
// none before the fence (P13).
func TestFenceTakesOneEpoch(t *testing.T) {
	var f Fences
	if f.Passes(&Grant{Number: 1, Epoch: 1}) || f.Passes(&Grant{}) || f.Any() {
		t.Error("without a fence something is taken")
	}
	f.Raise(&Grant{Number: 4, Epoch: 2, Coordinator: 3}, 77)
	for _, c := range []struct {
		g              Grant
		passes, raises bool
	}{
		{Grant{Number: 4, Epoch: 2, Coordinator: 3}, true, false},
		{Grant{Number: 5, Epoch: 2, Coordinator: 3}, true, true},
		{Grant{Number: 3, Epoch: 2, Coordinator: 3}, false, false},
		{Grant{Number: 9, Epoch: 1, Coordinator: 3}, false, false},
		{Grant{Number: 1, Epoch: 3, Coordinator: 3}, false, true},
		{Grant{Number: 4, Epoch: 2, Coordinator: 2}, false, true},
		{Grant{Number: 4, Epoch: 2, Coordinator: 9}, false, true},
	} {
		if f.Passes(&c.g) != c.passes || f.RaisedBy(&c.g) != c.raises {
			t.Errorf("%+v: taken %v, raises %v", c.g, f.Passes(&c.g), f.RaisedBy(&c.g))
		}
	}
	if epoch, from, stamp := f.At(3); epoch != 2 || from != 4 || stamp != 77 {
		t.Errorf("at %d/%d since %d", epoch, from, stamp)
	}
}

// TestFencesComeBackFromASnapshot: the same fences, and no others, are restored from it.
func TestFencesComeBackFromASnapshot(t *testing.T) {
	var f, again Fences
	f.Raise(&Grant{Number: 1, Epoch: 9, Coordinator: 2}, 0)
	f.Raise(&Grant{Number: math.MaxUint64, Epoch: 1}, 0)
	body := f.AppendSnapshot(nil)
	r := codec.Reader{Src: body}
	number := func(limit uint64) uint64 {
		n := r.Uvarint()
		if n > limit {
			r.Fail("limit")
		}
		return n
	}
	if !again.Restore(number) || r.Err != nil || !bytes.Equal(again.AppendSnapshot(nil), body) {
		t.Errorf("restored as %+v: %v", again, r.Err)
	}
	for _, wrong := range [][]uint64{{0}, {1, 0, 0}, {1, 1, 0}, {1, 0, 1}, {2, 1, 1, 0, 0}} {
		r = codec.Reader{}
		for _, n := range wrong {
			r.Src = binary.AppendUvarint(r.Src, n)
		}
		if none := (&Fences{}); none.Restore(number) {
			t.Errorf("%v is taken for fences", wrong)
		}
	}
}
