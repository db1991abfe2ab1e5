// Package cold is a pure room: which bookings' seats their buyers do not get again for a while. It knows buyers by
// handles and bookings by slots, and nothing else of them; package section says what cools, and why.
package cold

import (
	"slices"

	"holdfast/actors/machine"
)

// Book is what cools, by buyer. The zero value is empty.
type Book struct{ of map[uint32][]cooled }

type cooled struct {
	slot  uint32
	until machine.Instant
}

// Any says that something may cool.
func (k *Book) Any() bool { return len(k.of) > 0 }

// Len counts the buyers of what is in the book.
func (k *Book) Len() int { return len(k.of) }

// Add has a booking's seats cool for its buyer until an instant.
func (k *Book) Add(buyer, slot uint32, until machine.Instant) {
	if k.of == nil {
		k.of = map[uint32][]cooled{}
	}
	k.of[buyer] = append(k.of[buyer], cooled{slot, until})
}

// Drop forgets a booking; one that is not there is nothing.
func (k *Book) Drop(buyer, slot uint32) {
	if len(k.of) == 0 {
		return
	}
	left := slices.DeleteFunc(k.of[buyer], func(c cooled) bool { return c.slot == slot })
	if k.of[buyer] = left; len(left) == 0 {
		delete(k.of, buyer)
	}
}

// Each calls visit for every booking whose seats cool for a buyer at an instant.
func (k *Book) Each(buyer uint32, at machine.Instant, visit func(slot uint32, until machine.Instant)) {
	for _, c := range k.of[buyer] {
		if at < c.until {
			visit(c.slot, c.until)
		}
	}
}
