package section

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/section/dense"
)

// booking is one buyer's claim, 40 bytes. Its slot is reused once it is forgotten; slot 0 is never used.
//
// Its end is where it is needed: of a held one in the expiry heap, of another one as what it was told to last, in
// milliseconds from its placing; see State.endOf.
type booking struct {
	placedAt Instant
	place    uint32 // of its number: page<<pageBits | place on the page
	stamp    uint32 // record that last touched it
	buyer    uint32 // buyerBook handle
	refs     uint32 // remembered requests and ended entries that name it; an ended booking without any is forgotten
	end      uint32 // held: place in the expiry heap plus one; else: its life, or lifeLong; of a free slot: the next
	state    BookingState
	marks    uint8  // bit 0: split; bit 5: State.accounts has one; between them payments begun, while it may be paid
	count    uint16 // seats
	// seats are both of them, or of more the first and the seatCell of the others. Kept when the booking ends, so that
	// its story can be told.
	seats [2]SeatIndex
}

// lifeLong stands for a life that is no number of milliseconds below it (49 days): it is in bookingBook.long.
const lifeLong = math.MaxUint32

// seatCell continues a booking's list of seats.
type seatCell struct {
	seats [3]SeatIndex
	next  uint32
}

func (b *booking) split() bool { return b.marks&1 != 0 }

// attempts is how many payments were begun, capped at attemptsKept; 0 once the booking is sold or has ended.
func (b *booking) attempts() uint8 { return b.marks >> 1 & attemptsKept }

func (b *booking) setAttempts(n uint8) { b.marks = b.marks&^(attemptsKept<<1) | n<<1 }

// paidMark says that the booking has an account.
const paidMark = 1 << 5

func (b *booking) paid() bool { return b.marks&paidMark != 0 }

func (b *booking) setMarks(split bool, attempts uint8) {
	b.marks = attempts << 1
	if split {
		b.marks |= 1
	}
}

// bookingSeatsMax is the largest booking that fits booking.count, whatever the rules allow.
const bookingSeatsMax = 1<<16 - 1

const (
	pageBits  = 7
	pageSlots = 1 << pageBits
	pagesMax  = 1 << (32 - pageBits)
)

// numberPage maps 128 consecutive booking numbers to slots. Numbers are dense within a life, so a page beats hashing
// each; a page with no remembered number is reused. Page 0 is never used.
type numberPage struct {
	number uint64 // booking number / 128
	used   uint32 // 0: free
	next   uint32 // of a free page: the next free one
	slots  [pageSlots]uint32
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
	long     map[uint32]Instant // the ends of bookings with lifeLong, by booking.place; next to always empty
}

// What empty books share; see dense.Slab.Begin.
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
	if page := k.findPage(uint64(no) / pageSlots); page != 0 {
		return k.pages[page].slots[no%pageSlots]
	}
	return 0
}

// number is a booking's.
func (k *bookingBook) number(b *booking) BookingNo {
	return BookingNo(k.pages[b.place>>pageBits].number<<pageBits | uint64(b.place%pageSlots))
}

// numberOf is the number of the booking in a slot; 0 for slot 0, which stands for none.
func (k *bookingBook) numberOf(slot uint32) BookingNo {
	if slot == 0 {
		return 0
	}
	return k.number(k.slab.At(slot))
}

// setEnd says when a booking that is not held was to end.
func (k *bookingBook) setEnd(b *booking, at Instant) {
	if life := at - b.placedAt; life >= 0 && life < lifeLong {
		b.end = uint32(life)
		return
	}
	if k.long == nil {
		k.long = map[uint32]Instant{}
	}
	b.end, k.long[b.place] = lifeLong, at
}

// endOf is when a booking that is not held was to end.
func (k *bookingBook) endOf(b *booking) Instant {
	if b.end == lifeLong {
		return k.long[b.place]
	}
	return b.placedAt + Instant(b.end)
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
		k.freeSlot = b.end
		*b = booking{}
	} else {
		slot = k.slab.Push()
	}
	page := k.page(uint64(no) / pageSlots)
	p := k.pages[page]
	p.slots[no%pageSlots] = slot
	p.used++
	k.count++
	b := k.slab.At(slot)
	b.place = page<<pageBits | uint32(no%pageSlots)
	return slot, b
}

// page returns the page with this number, making it if need be. It panics when a section remembers more than pagesMax
// pages: 17 GiB of them.
func (k *bookingBook) page(number uint64) uint32 {
	page := k.findPage(number)
	if page != 0 {
		return page
	}
	if page = k.freePage; page != 0 {
		k.freePage = k.pages[page].next
	} else {
		if len(k.pages) == pagesMax {
			panic("section: more bookings than can be numbered")
		}
		page = uint32(len(k.pages))
		k.pages = append(k.pages, new(numberPage))
	}
	p := k.pages[page]
	p.number, p.next = number, 0
	k.index.Insert(dense.TagOfNumber(number), page)
	return page
}

// remove forgets a booking.
func (k *bookingBook) remove(slot uint32) {
	b := k.slab.At(slot)
	if b.end == lifeLong {
		delete(k.long, b.place)
	}
	k.unnumber(b.place)
	k.count--
	k.freeCells(b)
	*b = booking{end: k.freeSlot}
	k.freeSlot = slot
}

func (k *bookingBook) freeCells(b *booking) {
	for cell := b.cells(); cell != 0; {
		c := k.cells.At(cell)
		next := c.next
		c.next, k.freeCell = k.freeCell, cell
		cell = next
	}
}

// keepSeats leaves a booking those seats, ascending, of the ones that it has.
func (k *bookingBook) keepSeats(b *booking, seats []SeatIndex) {
	k.freeCells(b)
	b.seats = [2]SeatIndex{}
	k.setSeats(b, seats)
}

func (k *bookingBook) unnumber(place uint32) {
	page := place >> pageBits
	p := k.pages[page]
	p.slots[place%pageSlots] = 0
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
		panic(fmt.Sprintf("section: booking %d of %d seats", k.number(b), len(seats)))
	}
	b.count = uint16(len(seats))
	if len(seats) <= len(b.seats) {
		copy(b.seats[:], seats)
		return
	}
	b.seats[0] = seats[0]
	rest, link := seats[1:], (*uint32)(&b.seats[1])
	for len(rest) > 0 {
		cell := k.newCell()
		c := k.cells.At(cell)
		rest = rest[copy(c.seats[:], rest):]
		*link, link = cell, &c.next
	}
}

// cells is the first seatCell of a booking, 0 when there is none.
func (b *booking) cells() uint32 {
	if int(b.count) <= len(b.seats) {
		return 0
	}
	return uint32(b.seats[1])
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
	if int(b.count) <= len(b.seats) {
		return append(dst, b.seats[:b.count]...)
	}
	dst = append(dst, b.seats[0])
	left := int(b.count) - 1
	for cell := b.cells(); cell != 0; {
		c := k.cells.At(cell)
		take := min(left, len(c.seats))
		dst = append(dst, c.seats[:take]...)
		left -= take
		cell = c.next
	}
	return dst
}

// live reports whether the state keeps seats.
func (s BookingState) live() bool {
	return s == BookingHeld || s == BookingPaying || s == BookingConfirmed || s == BookingBound
}

// buyer counts one buyer's live seats and remembered requests, 32 bytes. It stays while a remembered booking names it.
type buyer struct {
	id    BuyerID
	live  uint32 // seats held, paying or confirmed. Of a free handle: the next free one
	refs  uint32 // bookings that name this buyer
	stamp uint32 // record that last touched one of them
	kept  uint32 // remembered requests about their bookings
}

// buyerBook stores buyers by handle and finds them by id; handle 0 is never used.
type buyerBook struct {
	slab  dense.Slab[buyer]
	index dense.Table
	free  uint32
}

func (k *buyerBook) init() { k.slab.Begin(&noBuyer) }

func (k *buyerBook) find(id BuyerID) uint32 {
	tag := dense.TagOf(id)
	for h, n := k.index.Seek(tag, 0); n != 0; h, n = k.index.Seek(tag, n) {
		if k.slab.At(h).id == id {
			return h
		}
	}
	return 0
}

// hold returns the buyer's handle with one more reference.
func (k *buyerBook) hold(id BuyerID) uint32 {
	h := k.find(id)
	if h == 0 {
		h = k.add(id)
	}
	k.slab.At(h).refs++
	return h
}

func (k *buyerBook) add(id BuyerID) uint32 {
	h := k.free
	if h != 0 {
		k.free = k.slab.At(h).live
	} else {
		h = k.slab.Push()
	}
	*k.slab.At(h) = buyer{id: id}
	k.index.Insert(dense.TagOf(id), h)
	return h
}

// release gives one reference back; the last one forgets the buyer.
func (k *buyerBook) release(h uint32) {
	b := k.slab.At(h)
	b.refs--
	if b.refs > 0 {
		return
	}
	if b.live != 0 {
		panic("section: a buyer with live seats and no booking")
	}
	k.index.Remove(dense.TagOf(b.id), h)
	*b = buyer{live: k.free}
	k.free = h
}

// Live calls visit for every live booking (held, paying, confirmed, bound), ascending by number, with its buyer and its
// count of seats. It looks at every booking: for start-up and for leaving, not for every command.
func (s *State) Live(visit func(buyer BuyerID, seats uint32)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if !b.state.live() || !s.counts(slot) {
			return
		}
		visit(s.buyers.slab.At(b.buyer).id, uint32(b.count))
	})
}
