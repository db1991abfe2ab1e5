package section

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/section/dense"
)

// booking is one buyer's claim, 56 bytes. Its slot is reused once it is forgotten; slot 0 is never used.
type booking struct {
	no        BookingNo
	expiresAt Instant
	placedAt  Instant
	stamp     uint32 // record that last touched it
	buyer     uint32 // buyerBook handle
	refs      uint32 // remembered requests and ended entries that name it; an ended booking without any is forgotten
	heap      uint32 // place in the expiry heap plus one; 0 when not held. Of a free slot: the next free one
	state     BookingState
	marks     uint8        // bit 0: split; above it payments begun, while the booking may be paid
	count     uint16       // seats
	seats     [2]SeatIndex // most bookings have no more; kept when the booking ends, so that its story can be told
	more      uint32       // seatCell with the third seat and on
}

// seatCell continues a booking's list of seats.
type seatCell struct {
	seats [3]SeatIndex
	next  uint32
}

func (b *booking) split() bool { return b.marks&1 != 0 }

// attempts is how many payments were begun, capped at attemptsKept; 0 once the booking is sold or has ended.
func (b *booking) attempts() uint8 { return b.marks >> 1 }

func (b *booking) setMarks(split bool, attempts uint8) {
	b.marks = attempts << 1
	if split {
		b.marks |= 1
	}
}

// bookingSeatsMax is the largest booking that fits booking.count, whatever the rules allow.
const bookingSeatsMax = 1<<16 - 1

// numberPage maps 128 consecutive booking numbers to slots. Numbers are dense within a life, so a page beats hashing
// each; a page with no remembered number is reused. Page 0 is never used.
type numberPage struct {
	number uint64 // booking number / 128
	used   uint32 // 0: free
	next   uint32 // of a free page: the next free one
	slots  [128]uint32
}

// noNumber is the number of a free page: no booking's.
const noNumber = math.MaxUint64

// bookingBook stores bookings by slot and finds them by number.
type bookingBook struct {
	slab     dense.Slab[booking]
	freeSlot uint32
	cells    dense.Slab[seatCell]
	freeCell uint32
	pages    []*numberPage
	freePage uint32
	lastPage uint32      // found last: numbers are asked for in runs
	index    dense.Table // page number → page
	count    uint32
}

// What empty books share; see slab.begin.
var (
	noBooking [dense.ChunkItems]booking
	noCell    [dense.ChunkItems]seatCell
	noBuyer   [dense.ChunkItems]buyer
)

func (k *bookingBook) init() {
	k.slab.Begin(&noBooking)
	k.cells.Begin(&noCell)
	k.pages = append(k.pages, nil)
}

func (k *bookingBook) find(no BookingNo) uint32 {
	if page := k.findPage(uint64(no) / 128); page != 0 {
		return k.pages[page].slots[no%128]
	}
	return 0
}

func (k *bookingBook) findPage(number uint64) uint32 {
	if p := k.pages[k.lastPage]; p != nil && p.number == number {
		return k.lastPage
	}
	tag := dense.TagOfNumber(number)
	for page, n := k.index.Seek(tag, 0); n != 0; page, n = k.index.Seek(tag, n) {
		if k.pages[page].number == number {
			k.lastPage = page
			return page
		}
	}
	return 0
}

// add makes a booking; numbers only grow.
func (k *bookingBook) add(no BookingNo) (uint32, *booking) {
	slot := k.freeSlot
	if slot != 0 {
		b := k.slab.At(slot)
		k.freeSlot = b.heap
		*b = booking{}
	} else {
		slot = k.slab.Push()
	}
	p := k.page(uint64(no) / 128)
	p.slots[no%128] = slot
	p.used++
	k.count++
	b := k.slab.At(slot)
	b.no = no
	return slot, b
}

// page returns the page with this number, making it if need be.
func (k *bookingBook) page(number uint64) *numberPage {
	page := k.findPage(number)
	if page != 0 {
		return k.pages[page]
	}
	if page = k.freePage; page != 0 {
		k.freePage = k.pages[page].next
	} else {
		page = uint32(len(k.pages))
		k.pages = append(k.pages, new(numberPage))
	}
	p := k.pages[page]
	p.number, p.next = number, 0
	k.index.Insert(dense.TagOfNumber(number), page)
	return p
}

// remove forgets a booking.
func (k *bookingBook) remove(slot uint32) {
	b := k.slab.At(slot)
	k.unnumber(b.no)
	k.count--
	for cell := b.more; cell != 0; {
		c := k.cells.At(cell)
		next := c.next
		c.next, k.freeCell = k.freeCell, cell
		cell = next
	}
	*b = booking{heap: k.freeSlot}
	k.freeSlot = slot
}

func (k *bookingBook) unnumber(no BookingNo) {
	page := k.findPage(uint64(no) / 128)
	p := k.pages[page]
	p.slots[no%128] = 0
	p.used--
	if p.used == 0 {
		k.index.Remove(dense.TagOfNumber(p.number), page)
		p.number = noNumber
		p.next, k.freePage = k.freePage, page
	}
}

// each calls visit for every booking, ascending by number.
func (k *bookingBook) each(visit func(slot uint32)) {
	var pages []*numberPage
	for _, p := range k.pages[1:] {
		if p.used > 0 {
			pages = append(pages, p)
		}
	}
	slices.SortFunc(pages, func(a, b *numberPage) int { return cmp.Compare(a.number, b.number) })
	for _, p := range pages {
		for _, slot := range p.slots {
			if slot != 0 {
				visit(slot)
			}
		}
	}
}

// setSeats stores a booking's seats, ascending.
func (k *bookingBook) setSeats(b *booking, seats []SeatIndex) {
	if len(seats) > bookingSeatsMax {
		panic(fmt.Sprintf("section: booking %d of %d seats", b.no, len(seats)))
	}
	b.count = uint16(len(seats))
	rest := seats[copy(b.seats[:], seats):]
	link := &b.more
	for len(rest) > 0 {
		cell := k.newCell()
		c := k.cells.At(cell)
		rest = rest[copy(c.seats[:], rest):]
		*link, link = cell, &c.next
	}
}

func (k *bookingBook) newCell() uint32 {
	cell := k.freeCell
	if cell == 0 {
		return k.cells.Push()
	}
	c := k.cells.At(cell)
	k.freeCell = c.next
	*c = seatCell{}
	return cell
}

func (k *bookingBook) appendSeats(dst []SeatIndex, b *booking) []SeatIndex {
	left := int(b.count)
	take := min(left, len(b.seats))
	dst = append(dst, b.seats[:take]...)
	for cell := b.more; cell != 0; {
		left -= take
		c := k.cells.At(cell)
		take = min(left, len(c.seats))
		dst = append(dst, c.seats[:take]...)
		cell = c.next
	}
	return dst
}

// live reports whether the state keeps seats.
func (s BookingState) live() bool {
	return s == BookingHeld || s == BookingPaying || s == BookingConfirmed
}
