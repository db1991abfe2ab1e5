package section

import "holdfast/actors/section/dense"

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

// Live calls visit for every live booking (held, paying, confirmed), ascending by number, with its buyer and its count
// of seats. It looks at every booking: for start-up and for leaving, not for every command.
func (s *State) Live(visit func(buyer BuyerID, seats uint32)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if !b.state.live() {
			return
		}
		visit(s.buyers.slab.At(b.buyer).id, uint32(b.count))
	})
}
