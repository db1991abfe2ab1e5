package order

import (
	"container/heap"
	"slices"

	"holdfast/actors/machine"
)

// CollectMax is how long a home waits for an order that is being collected once a leg asks, and after which a leg asks:
// an order is placed within it, or may be given up.
const CollectMax machine.Millis = 10_000

// collectingMax bounds the orders that are collected in one section at a time.
const collectingMax = 1 << 16

// Bond is what a leg knows of its order, besides being a booking of its section.
type Bond struct {
	ID    ID
	Hash  uint64
	Cited machine.Seq // the home's record that it was sold or freed by; 0: none yet, or presumed abort
	K, N  uint8
	Cold  bool // freed, and its buyer had let a challenge run out
}

// Book has the orders of one section, by the slots of their bookings there. A section that never had one has a nil
// Book, which can be asked, and not told.
type Book struct {
	homes map[uint32]*home
	legs  map[uint32]Bond
	byID  map[ID]uint32 // slots of both
	bound int           // legs that wait for a word
	asks  asks          // of bound legs; and of some that are bound no more

	// Of this life, and no part of the truth: what is being collected may still be placed.
	count      uint64
	collecting map[uint64]collected
	requests   map[[16]byte]uint64
	deadlines  []collected // oldest first
}

// DueLeg is a leg that is to ask its home.
type DueLeg struct {
	Booking BookingNo
	Order   Part
}

type home struct {
	order   *Part // with Cited as it is now
	settled bool  // all legs have heard of Cited
	served  bool  // it stands, and every leg that has seats left has sold them
}

type ask struct {
	at    machine.Instant
	no    BookingNo
	pause machine.Millis // until it comes again
}

// asks is a heap, the earliest on top.
type asks []ask

func (a asks) Len() int           { return len(a) }
func (a asks) Less(i, j int) bool { return a[i].at < a[j].at }
func (a asks) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push adds an ask.
func (a *asks) Push(x any) { *a = append(*a, x.(ask)) }

// Pop takes the last one.
func (a *asks) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// askAgain is the pause after the first question; it doubles up to CollectMax. The clocks of two sections differ, so a
// home may still collect an order when its leg asks for the first time.
const askAgain machine.Millis = 1000

type collected struct {
	count   uint64
	until   machine.Instant
	request [16]byte
}

// NewBook is empty.
func NewBook() *Book {
	return &Book{homes: map[uint32]*home{}, legs: map[uint32]Bond{}, byID: map[ID]uint32{},
		collecting: map[uint64]collected{}, requests: map[[16]byte]uint64{}}
}

// BeginLife forgets what an earlier life has collected: of that nothing can be placed any more.
func (k *Book) BeginLife() {
	if k != nil {
		clear(k.collecting)
		clear(k.requests)
		k.count, k.deadlines = 0, nil
	}
}

// Begin gives an order's number within this life, from 1, and collects it until CollectMax after at. 0: too many are
// collected, or, if busy, the request (unless it is zero) has one already.
func (k *Book) Begin(at machine.Instant, request [16]byte) (count uint64, busy bool) {
	for len(k.deadlines) > 0 && (k.deadlines[0].until <= at || !k.Collects(k.deadlines[0].count)) {
		k.Drop(k.deadlines[0].count)
		k.deadlines = k.deadlines[1:]
	}
	if _, busy := k.requests[request]; busy {
		return 0, true
	}
	if len(k.collecting) >= collectingMax {
		return 0, false
	}
	k.count++
	begun := collected{count: k.count, until: at + machine.Instant(CollectMax), request: request}
	k.collecting[k.count] = begun
	if k.deadlines = append(k.deadlines, begun); request != ([16]byte{}) {
		k.requests[request] = k.count
	}
	return k.count, false
}

// Collects says that an order of this life may still be placed.
func (k *Book) Collects(count uint64) bool {
	if k == nil {
		return false
	}
	_, is := k.collecting[count]
	return is
}

// MayWait says that an order of this life is being collected, and that a leg which asks is to wait.
func (k *Book) MayWait(count uint64, at machine.Instant) bool {
	return k.Collects(count) && at < k.collecting[count].until
}

// Drop ends the collecting of an order.
func (k *Book) Drop(count uint64) {
	if k.Collects(count) {
		delete(k.requests, k.collecting[count].request)
		delete(k.collecting, count)
	}
}

// Place adds a home.
func (k *Book) Place(slot uint32, p *Part) {
	k.homes[slot], k.byID[p.ID] = &home{order: &Part{ID: p.ID, Hash: p.Hash, Legs: p.Legs}}, slot
	k.Drop(p.ID.Count) // of another life's it has no effect: those are not collected here
}

// Bind adds a leg, which asks at a time.
func (k *Book) Bind(slot uint32, l Bond, at machine.Instant, no BookingNo) {
	k.legs[slot], k.byID[l.ID] = l, slot
	heap.Push(&k.asks, ask{at, no, askAgain})
	k.bound++
}

// Forget removes the order of a booking that is forgotten.
func (k *Book) Forget(slot uint32) {
	if k == nil {
		return
	}
	if h := k.homes[slot]; h != nil {
		delete(k.byID, h.order.ID)
		delete(k.homes, slot)
	}
	if l, is := k.legs[slot]; is {
		delete(k.byID, l.ID)
		delete(k.legs, slot)
	}
}

// Move notes that the record seq has sold a booking, given seats of its legs back, or ended it (stands: it has not). If
// it is a home, the legs are to hear.
func (k *Book) Move(slot uint32, seq machine.Seq, stands bool) {
	if k == nil {
		return
	}
	if h := k.homes[slot]; h != nil {
		next := *h.order
		next.Cited = seq
		h.order, h.settled, h.served = &next, false, h.served && stands
	}
}

// Settle notes that all legs have heard of what a home cites, which stands sold or has ended.
func (k *Book) Settle(slot uint32, stands bool) {
	k.homes[slot].settled, k.homes[slot].served = true, stands
}

// Serve notes that all legs that have seats left have sold them.
func (k *Book) Serve(slot uint32) { k.homes[slot].served = true }

// Served says that they have.
func (k *Book) Served(slot uint32) bool {
	return k != nil && k.homes[slot] != nil && k.homes[slot].served
}

// Unsettled says that some leg may not have heard of what a home cites.
func (k *Book) Unsettled(slot uint32) bool {
	if k == nil {
		return false
	}
	h := k.homes[slot]
	return h != nil && h.order.Cited != 0 && !h.settled
}

// Settled says that all legs have.
func (k *Book) Settled(slot uint32) bool { return k.homes[slot].settled }

// Home is the order whose home a booking is; nil: none.
func (k *Book) Home(slot uint32) *Part {
	if k == nil || k.homes[slot] == nil {
		return nil
	}
	return k.homes[slot].order
}

// Leg is what a booking knows of its order if it is a leg.
func (k *Book) Leg(slot uint32) (l Bond, is bool) {
	if k == nil {
		return Bond{}, false
	}
	l, is = k.legs[slot]
	return l, is
}

// Find is the slot of an order's booking here, home or leg; 0: there is none.
func (k *Book) Find(id *ID) uint32 {
	if k == nil {
		return 0
	}
	return k.byID[*id]
}

// Receive has a leg cite the record that it was sold or freed by. bound: it waited for that.
func (k *Book) Receive(slot uint32, cited machine.Seq, bound bool) {
	l := k.legs[slot]
	l.Cited = cited
	if k.legs[slot] = l; bound {
		k.bound--
	}
}

// Cool notes of a leg that is freed that its buyer had let a challenge run out.
func (k *Book) Cool(slot uint32) {
	l := k.legs[slot]
	l.Cold = true
	k.legs[slot] = l
}

// Bound counts the legs that wait for their homes' word.
func (k *Book) Bound() int {
	if k == nil {
		return 0
	}
	return k.bound
}

// Any says that there are orders.
func (k *Book) Any() bool { return k != nil && len(k.byID) > 0 }

// Due calls visit for legs whose time to ask has come, at most n, and has each come again later. bound gives the slot
// of a leg that is bound; 0: it is not any more.
func (k *Book) Due(
	at machine.Instant, n int, bound func(no BookingNo) uint32, visit func(slot uint32, no BookingNo, l Bond),
) {
	for k != nil && len(k.asks) > 0 && n > 0 && k.asks[0].at <= at {
		due := &k.asks[0]
		slot := bound(due.no)
		if slot == 0 {
			heap.Pop(&k.asks)
			continue
		}
		visit(slot, due.no, k.legs[slot])
		due.at, due.pause = at+machine.Instant(due.pause), min(2*due.pause, CollectMax)
		heap.Fix(&k.asks, 0)
		n--
	}
}

// DropAsks forgets the questions of legs that are bound no more, once they are most of them: in a replica nobody asks.
func (k *Book) DropAsks(bound func(no BookingNo) uint32) {
	if len(k.asks) >= 64+4*k.bound {
		k.asks = slices.DeleteFunc(k.asks, func(a ask) bool { return bound(a.no) == 0 })
		heap.Init(&k.asks)
	}
}

// Restore adds a home as a snapshot has it.
func (k *Book) Restore(slot uint32, p *Part, settled, served bool) {
	k.homes[slot], k.byID[p.ID] = &home{p, settled, served}, slot
}

// RestoreLeg adds a leg as a snapshot has it.
func (k *Book) RestoreLeg(slot uint32, l Bond, bound bool, at machine.Instant, no BookingNo) {
	if bound {
		k.Bind(slot, l, at, no)
	} else {
		k.legs[slot], k.byID[l.ID] = l, slot
	}
}

// Lengths counts legs and homes.
func (k *Book) Lengths() (legs, homes int) { return len(k.legs), len(k.homes) }
