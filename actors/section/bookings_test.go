package section

import (
	"slices"
	"testing"
)

// TestBookingPages adds ascending numbers with gaps and removes them in every order, so that pages are emptied, taken
// for other numbers and asked for while they were the last one found.
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
