package transfer

import (
	"encoding/binary"
	"fmt"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
	"holdfast/actors/section/entry"
)

// Max bounds the transfers of one booking, those that came to nothing among them.
const Max = 64

// Buyer is a buyer's pseudonym: see section.BuyerID.
type Buyer [16]byte

// State is where a transfer stands, by its log. An offer whose time is over stands as Offered.
type State uint8

// The states.
const (
	Offered State = iota + 1
	Accepted
	Withdrawn
)

// Transfer is one as it stands. It is not changed once told.
type Transfer struct {
	No      uint16 // within its booking, from 1
	State   State
	From    Buyer           // who offered it
	To      Buyer           // who accepted it
	At      machine.Instant // of the offer
	Until   machine.Instant // from when on it can be accepted no more
	Ended   machine.Instant // when it was accepted or withdrawn
	Request [16]byte        // the request that offered it; zero: it had no key
	Tickets []entry.Ticket  // ascending
}

// Open says that it can be accepted at an instant.
func (t *Transfer) Open(at machine.Instant) bool { return t.State == Offered && at < t.Until }

// Has says that a ticket is one of the transfer's.
func (t *Transfer) Has(ticket entry.Ticket) bool { return slices.Contains(t.Tickets, ticket) }

// Book has the transfers of a section's bookings, by the slots of these. The zero value is an empty book.
type Book struct{ of map[uint32][]Transfer } // by number

// Any says that there is a transfer.
func (k *Book) Any() bool { return len(k.of) > 0 }

// Has says that a booking has transfers.
func (k *Book) Has(slot uint32) bool { return len(k.of[slot]) > 0 }

// Bookings is how many bookings have transfers.
func (k *Book) Bookings() int { return len(k.of) }

// Of tells a booking's transfers, by number. The list is the caller's.
func (k *Book) Of(slot uint32) []Transfer { return slices.Clone(k.of[slot]) }

// Find is one of a booking's transfers; nil: there is none of that number. It is not to be changed.
func (k *Book) Find(slot uint32, no uint16) *Transfer {
	if list := k.of[slot]; no > 0 && int(no) <= len(list) {
		return &list[no-1]
	}
	return nil
}

// Made is the number of the transfer that a request offered; 0: none.
func Made(list []Transfer, request [16]byte) uint16 {
	for i := range list {
		if list[i].Request == request && request != [16]byte{} {
			return list[i].No
		}
	}
	return 0
}

// Holder is who has a ticket of a booking by its transfers; false: nobody has accepted it, and who paid has it.
func (k *Book) Holder(slot uint32, t entry.Ticket) (Buyer, bool) { return HolderOf(k.of[slot], t) }

// HolderOf is Book.Holder of a list that was told.
func HolderOf(list []Transfer, t entry.Ticket) (Buyer, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].State == Accepted && list[i].Has(t) {
			return list[i].To, true
		}
	}
	return Buyer{}, false
}

// Received says that a buyer has accepted some transfer of a booking, whatever became of the tickets since.
func (k *Book) Received(slot uint32, who Buyer) bool { return Received(k.of[slot], who) }

// Received is Book.Received of a list that was told.
func Received(list []Transfer, who Buyer) bool {
	return slices.ContainsFunc(list, func(t Transfer) bool { return t.State == Accepted && t.To == who })
}

// Pending says that a ticket is on offer at an instant.
func (k *Book) Pending(slot uint32, t entry.Ticket, at machine.Instant) bool {
	return slices.ContainsFunc(k.of[slot], func(o Transfer) bool { return o.Open(at) && o.Has(t) })
}

// Offer notes an offer, which is the booking's next.
func (k *Book) Offer(slot uint32, t Transfer) {
	list := k.of[slot]
	if int(t.No) != len(list)+1 || len(list) >= Max || t.Until <= t.At {
		panic(fmt.Sprintf("section: transfer %+v behind %d", t, len(list)))
	}
	if k.of == nil {
		k.of = map[uint32][]Transfer{}
	}
	t.State = Offered
	k.of[slot] = append(list, t)
}

// Accept notes that an offer was accepted: at most once, and in its time.
func (k *Book) Accept(slot uint32, no uint16, to Buyer, at machine.Instant) *Transfer {
	t := k.Find(slot, no)
	if t == nil || !t.Open(at) || to == t.From || to == (Buyer{}) {
		panic(fmt.Sprintf("section: transfer %d accepted by %x at %d, which is %+v", no, to, at, t))
	}
	t.State, t.To, t.Ended = Accepted, to, at
	return t
}

// Withdraw notes that an offer was withdrawn.
func (k *Book) Withdraw(slot uint32, no uint16, at machine.Instant) *Transfer {
	t := k.Find(slot, no)
	if t == nil || t.State != Offered {
		panic(fmt.Sprintf("section: transfer %d withdrawn, which is %+v", no, t))
	}
	t.State, t.Ended = Withdrawn, at
	return t
}

// Forget forgets a booking, and says who had accepted its transfers, one name a transfer.
func (k *Book) Forget(slot uint32, accepted func(Buyer)) {
	for _, t := range k.of[slot] {
		if t.State == Accepted {
			accepted(t.To)
		}
	}
	delete(k.of, slot)
}

// AppendTransfers appends a booking's transfers; ages are told from lastAt on:
//
//	count, each: state 1 · from 16 · request 16 · age · how long it may be accepted · tickets, and
//	of one that has ended: age of its end, of one that was accepted: to 16
func (k *Book) AppendTransfers(dst []byte, slot uint32, lastAt machine.Instant) []byte {
	list := k.of[slot]
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for i := range list {
		t := &list[i]
		dst = append(append(append(dst, byte(t.State)), t.From[:]...), t.Request[:]...)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(lastAt-t.At)), uint64(t.Until-t.At))
		if dst = AppendTickets(dst, t.Tickets); t.State != Offered {
			dst = binary.AppendUvarint(dst, uint64(lastAt-t.Ended))
		}
		if t.State == Accepted {
			dst = append(dst, t.To[:]...)
		}
	}
	return dst
}

// RestoreTransfers reads what AppendTransfers wrote, of a booking that payer has paid. Of what it makes, the caller
// judges whether the tickets are the booking's.
func (k *Book) RestoreTransfers(r *codec.Reader, slot uint32, payer Buyer, lastAt machine.Instant) {
	n := r.Uvarint()
	if n == 0 || n > Max {
		r.Fail("transfers out of range")
	}
	for no := uint64(1); no <= n && r.Err == nil; no++ {
		t := Transfer{No: uint16(no), State: State(r.Byte())}
		r.Copy(t.From[:])
		r.Copy(t.Request[:])
		t.At = k.age(r, lastAt)
		if life := r.Uvarint(); life == 0 || life > 1<<62 {
			r.Fail("a transfer without time")
		} else {
			t.Until = t.At + machine.Instant(life)
		}
		if t.Tickets = ReadTickets(r); t.State != Offered {
			t.Ended = k.age(r, lastAt)
		}
		if t.State == Accepted {
			r.Copy(t.To[:])
		}
		if r.Err == nil && !k.sound(slot, payer, &t) {
			r.Fail("a transfer out of range")
		}
		if r.Err == nil {
			if k.of == nil {
				k.of = map[uint32][]Transfer{}
			}
			k.of[slot] = append(k.of[slot], t)
		}
	}
}

func (k *Book) age(r *codec.Reader, lastAt machine.Instant) machine.Instant {
	age := r.Uvarint()
	if age > uint64(max(lastAt, 0)) {
		r.Fail("an age out of range")
		return lastAt
	}
	return lastAt - machine.Instant(age)
}

// sound says that a transfer may follow those that its booking has: who offers a ticket has it. Offers of a ticket are
// never open at a time, so they were accepted in the order in which they were made.
func (k *Book) sound(slot uint32, payer Buyer, t *Transfer) bool {
	for _, ticket := range t.Tickets {
		holder, moved := k.Holder(slot, ticket)
		if !moved {
			holder = payer
		}
		if holder != t.From {
			return false
		}
	}
	ended := t.State == Accepted || t.State == Withdrawn
	return len(t.Tickets) > 0 && ascending(t.Tickets) && (t.State == Offered || ended) &&
		(!ended || t.Ended >= t.At) &&
		(t.State != Accepted || t.To != t.From && t.To != Buyer{} && t.Ended < t.Until)
}
