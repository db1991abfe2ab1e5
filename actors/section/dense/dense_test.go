package dense

import (
	"testing"

	"pgregory.net/rapid"
)

// TestTableTwin compares the table with a Go map. Tags are few, so that probes run into each other and wrap.
func TestTableTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table
		model := map[uint32]uint32{} // handle → tag
		for i := range uint32(rapid.IntRange(1, 200).Draw(t, "length")) {
			if len(model) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				handle := rapid.SampledFrom(handlesOf(model, i)).Draw(t, "handle")
				table.Remove(model[handle], handle)
				delete(model, handle)
			} else {
				model[i+1] = rapid.SampledFrom([]uint32{1, 2, 3, 7, 8, 15, 1 << 24, 1<<24 + 7}).Draw(t, "tag")
				table.Insert(model[i+1], i+1)
			}
			found := 0
			for _, tag := range []uint32{1, 2, 3, 7, 8, 15, 1 << 24, 1<<24 + 7, 99} {
				for handle, n := table.Seek(tag, 0); n != 0; handle, n = table.Seek(tag, n) {
					found++
					if model[handle] != tag {
						t.Fatalf("handle %d has tag %d, not %d", handle, model[handle], tag)
					}
				}
			}
			if found != len(model) {
				t.Fatalf("found %d of %d", found, len(model))
			}
		}
	})
}

func handlesOf(model map[uint32]uint32, limit uint32) (handles []uint32) {
	for handle := uint32(1); handle <= limit; handle++ {
		if model[handle] != 0 {
			handles = append(handles, handle)
		}
	}
	return handles
}

// TestQueueSurvivesChunks pushes and drops over many chunks: numbers stay, order stays, memory does not grow.
func TestQueueSurvivesChunks(t *testing.T) {
	var q Queue[int]
	next := 0
	for i := range 5000 {
		if number := q.Push(i); number != uint32(i) || *q.At(number) != i {
			t.Fatalf("item %d has number %d", i, number)
		}
		if i%3 != 0 {
			if *q.Front() != next {
				t.Fatalf("front is %d, want %d", *q.Front(), next)
			}
			q.Drop()
			next++
		}
	}
	for ; q.Len() > 0; next++ {
		if *q.Front() != next {
			t.Fatalf("front is %d, want %d", *q.Front(), next)
		}
		q.Drop()
	}
	if next != 5000 || len(q.chunks) > 1 {
		t.Errorf("%d items came out, %d chunks stay", next, len(q.chunks))
	}
}
