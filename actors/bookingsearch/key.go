package bookingsearch

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"strings"

	"holdfast/actors/booking"
	"holdfast/actors/section"
)

// Key is a booking's place in the order of placing. The zero Key is no place.
type Key struct {
	At section.Instant // when it was placed
	ID booking.ID
}

// newest is above every key.
var newest = Key{At: math.MaxInt64}

// older compares two keys: negative where a is told before b, since it is the newer one.
func older(a, b Key) int {
	x, y := &a.ID, &b.ID
	return -cmp.Or(cmp.Compare(a.At, b.At), bytes.Compare(x.Section.Event[:], y.Section.Event[:]),
		cmp.Compare(x.Section.Section, y.Section.Section), cmp.Compare(x.No, y.No))
}

// String is the key as a cursor; empty for the zero Key.
func (k Key) String() string {
	if k == (Key{}) {
		return ""
	}
	return strconv.FormatInt(int64(k.At), 36) + "." + k.ID.String()
}

// ParseKey reads a cursor.
func ParseKey(text string) (k Key, ok bool) {
	at, id, _ := strings.Cut(text, ".")
	placed, err := strconv.ParseInt(at, 36, 64)
	if err != nil || placed < 0 {
		return Key{}, false
	}
	k.At = section.Instant(placed)
	k.ID, ok = booking.ParseID([]byte(id))
	return k, ok && k.String() == text
}
