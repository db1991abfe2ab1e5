package buyers

import "testing"

// Kind: a sale behind doors that never ends. Who hears before the doors that nothing is left counts as one who hears so
// inside, and each show counts once.
func TestErasEndsWhenTheDoorsSaySoldOut(t *testing.T) {
	b := newEras(&Habits{}).(*eras)
	b.begin(2)
	for _, event := range []int{0, 0, 1} {
		if b.over() {
			t.Fatal("over while a show has seats")
		}
		b.soldOut(event)
	}
	if !b.over() {
		t.Error("goes on when every show is sold out")
	}
}
