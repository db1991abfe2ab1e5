package section

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTagTableTwin compares the table with a Go map. Tags are few, so that probes run into each other and wrap.
func TestTagTableTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table tagTable
		model := map[uint32]uint32{} // handle → tag
		for i := range uint32(rapid.IntRange(1, 200).Draw(t, "length")) {
			if len(model) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				handle := rapid.SampledFrom(handlesOf(model, i)).Draw(t, "handle")
				table.remove(model[handle], handle)
				delete(model, handle)
			} else {
				model[i+1] = rapid.SampledFrom([]uint32{1, 2, 3, 7, 8, 15, 1 << 24, 1<<24 + 7}).Draw(t, "tag")
				table.insert(model[i+1], i+1)
			}
			found := 0
			for _, tag := range []uint32{1, 2, 3, 7, 8, 15, 1 << 24, 1<<24 + 7, 99} {
				for handle, n := table.seek(tag, 0); n != 0; handle, n = table.seek(tag, n) {
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
	var q queue[int]
	next := 0
	for i := range 5000 {
		if number := q.push(i); number != uint32(i) || *q.at(number) != i {
			t.Fatalf("item %d has number %d", i, number)
		}
		if i%3 != 0 {
			if *q.front() != next {
				t.Fatalf("front is %d, want %d", *q.front(), next)
			}
			q.drop()
			next++
		}
	}
	for ; q.n > 0; next++ {
		if *q.front() != next {
			t.Fatalf("front is %d, want %d", *q.front(), next)
		}
		q.drop()
	}
	if next != 5000 || len(q.chunks) > 1 {
		t.Errorf("%d items came out, %d chunks stay", next, len(q.chunks))
	}
}

// TestBookingPages adds ascending numbers with gaps and removes them in every order, so that pages are emptied, taken for other numbers and
// asked for while they were the last one found.
func TestBookingPages(t *testing.T) {
	for _, oldestFirst := range []bool{true, false} {
		var k bookingBook
		k.init()
		live := map[BookingNo]uint32{}
		var numbers []BookingNo
		no := BookingNo(0)
		for i := range 2_000 {
			no += BookingNo(1 + i%7*i%90)
			slot, _ := k.add(no)
			live[no], numbers = slot, append(numbers, no)
			if i%3 != 0 {
				gone := len(numbers) - 1 - i%2
				if oldestFirst {
					gone = 0
				}
				k.remove(live[numbers[gone]])
				delete(live, numbers[gone])
				numbers = slices.Delete(numbers, gone, gone+1)
			}
			for back := range BookingNo(i % 5 * 100) { // not each time: looking moves what was found last
				if asked := no - min(back, no); k.find(asked) != live[asked] {
					t.Fatalf("booking %d is in slot %d, not %d", asked, k.find(asked), live[asked])
				}
			}
		}
	}
}
