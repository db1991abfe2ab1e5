package tariff

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
)

// edition is a list that an edit has brought: it counts for bookings with numbers above After.
type edition struct {
	no    uint64
	after uint64
	mark  Mark
}

// Book is what a section's log says of prices. The zero value is empty, and of two words: most sections have no more.
//
// Invariants: editions ascend by number, and their After never falls; Now is the last of them, and made where there is
// none.
type Book struct {
	made *Tariff // that the event was made with; nil: holds are logged without a price; no part of the truth
	more *more   // nil: no edit, no fare, nothing owed
}

type more struct {
	last     *Prices // of the newest edition
	editions []edition
	fares    map[uint32]*Fare // by the slot of the booking; of few

	owed  *Prices // to be logged before anything is granted; a writer's own, and no part of the truth
	stamp uint32  // of the record that set prices last; likewise
}

func (k *Book) grow() *more {
	if k.more == nil {
		k.more = &more{}
	}
	return k.more
}

// MadeWith says what seats cost by the list that the event was made with; nil: holds are logged without a price.
func (k *Book) MadeWith(t *Tariff) { k.made = t }

// Now is the list that new holds go by; nil: they are logged without a price.
func (k *Book) Now() *Tariff {
	if k.more != nil && k.more.last != nil {
		return &k.more.last.Tariff
	}
	return k.made
}

// No is the number of the edit that brought the newest list; 0: the one that the event was made with counts.
func (k *Book) No() uint64 {
	if k.Edited() {
		return k.more.last.No
	}
	return 0
}

// Stamp is of the record that set prices last; 0: none has.
func (k *Book) Stamp() uint32 {
	if k.more == nil {
		return 0
	}
	return k.more.stamp
}

// Owe says that the event has such a list, which the log is to say before the section grants anything more; nil: the
// one that it was made with.
func (k *Book) Owe(p *Prices) {
	if p != nil || k.more != nil {
		k.grow().owed = p
	}
}

// Owed is the list that is to be logged; nil: none.
func (k *Book) Owed() *Prices {
	if k.more != nil && k.Takes(k.more.owed) {
		return k.more.owed
	}
	return nil
}

// Takes says that a list is newer than the log's. p may be nil.
func (k *Book) Takes(p *Prices) bool { return p != nil && p.No > k.No() }

// Set has bookings with numbers above after go by a list. It panics over one that is none, or no newer, or has no price
// for one of the categories that the section has: a broken log.
func (k *Book) Set(p *Prices, categories int, after uint64, stamp uint32) {
	if !p.Sound() || !k.Takes(p) || len(p.Totals) < categories {
		panic(fmt.Sprintf("tariff: prices %d of %d categories, after %d", p.No, len(p.Totals), k.No()))
	}
	m := k.grow()
	m.last, m.stamp = p, stamp
	m.editions = append(m.editions, edition{p.No, after, p.Mark})
}

// MarkOf is the mark of the list that a booking was placed under; 0: of the one that the event was made with.
func (k *Book) MarkOf(booking uint64) Mark {
	if k.more == nil {
		return 0
	}
	for i := len(k.more.editions) - 1; i >= 0; i-- {
		if e := k.more.editions[i]; booking > e.after {
			return e.mark
		}
	}
	return 0
}

// Keep notes the fare of the booking in a slot; nil: it has none.
func (k *Book) Keep(slot uint32, f *Fare) {
	if f == nil {
		return
	}
	m := k.grow()
	if m.fares == nil {
		m.fares = map[uint32]*Fare{}
	}
	m.fares[slot] = f
}

// Fare is the one of the booking in a slot; nil: none.
func (k *Book) Fare(slot uint32) *Fare {
	if k.more == nil {
		return nil
	}
	return k.more.fares[slot]
}

// Forget drops what is known of a slot.
func (k *Book) Forget(slot uint32) {
	if k.Any() {
		delete(k.more.fares, slot)
	}
}

// Edited says that the log has a list, and Any that some booking has a fare.
func (k *Book) Edited() bool { return k.more != nil && k.more.last != nil }

// Any says that some booking has a fare.
func (k *Book) Any() bool { return k.Fares() > 0 }

// Fares counts the bookings that have one.
func (k *Book) Fares() int {
	if k.more == nil {
		return 0
	}
	return len(k.more.fares)
}

// AppendEditions appends the lists that edits have brought: count, each with number, the booking that it counts behind,
// and mark; and the newest of them whole.
func (k *Book) AppendEditions(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(k.more.editions)))
	for _, e := range k.more.editions {
		dst = binary.AppendUvarint(dst, e.no)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, e.after), uint64(e.mark))
	}
	return k.more.last.Append(dst)
}

// RestoreEditions reads what AppendEditions wrote, of a section with so many categories, whose last booking is known.
func (k *Book) RestoreEditions(r *codec.Reader, categories int, lastNo uint64) {
	n, m := r.Uvarint(), k.grow()
	if n == 0 || n > EditionsMax {
		r.Fail("editions out of range")
	}
	for ; n > 0 && r.Err == nil; n-- {
		e := edition{no: r.Uvarint(), after: r.Uvarint()}
		mark, was := r.Uvarint(), edition{}
		if len(m.editions) > 0 {
			was = m.editions[len(m.editions)-1]
		}
		if e.mark = Mark(mark); mark == 0 || mark > uint64(MarkMax) || e.no <= was.no || e.after < was.after ||
			e.after > lastNo {
			r.Fail("an edition out of order")
		}
		m.editions = append(m.editions, e)
	}
	p := ReadPrices(r)
	if r.Err != nil {
		return
	}
	if last := m.editions[len(m.editions)-1]; p.No != last.no || p.Mark != last.mark || len(p.Totals) < categories {
		r.Fail("an edition with other prices")
		return
	}
	m.last = p
}

// EditionsMax bounds how many lists a log may have brought.
const EditionsMax = math.MaxUint16
