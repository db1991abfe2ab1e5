// Package account is a pure room: the money of one section's bookings, as their section's log has it (P6).
//
//	                 ┌────────── attempts: one after the other ──────────┐
//	none ─▶ opened ──┼─▶ challenge ─┐                                    │
//	            │    │              ├─▶ captured   (the booking is sold) │
//	            └────┼──────────────┘                                    │
//	                 │     opened, challenge ─▶ over   (declined, or the processor has acknowledged the cancel)
//	                 └───────────────────────────────────────────────────┘
//	captured ─▶ refund n: due ─▶ pending ─▶ refunded
//	                        └───────┴──────────┴────▶ failed ─▶ refund m: due
//
// A booking that never paid has no account, so that a hold costs nothing here. An account is of fixed size and without
// pointers while its story is the usual one: one attempt, and no refund. What is rarer stands in a file beside it.
//
// Money that a processor has taken for an attempt which is over is never the booking's: it is a refund from its first
// moment on, without seats, called an anomaly.
//
// # Builds without accounts
//
// Payments that earlier builds began have neither attempts nor references in the log. They make no account, so that
// logs and snapshots of those builds keep their bytes; such a payment is the attempt Legacy, which a processor knows by
// the booking's id. The first refund makes the account.
//
// # Rejected
//
// A map of pointers: a sold-out arena would be scanned by the collector for ever. The address of a challenge in the
// log: it lets whoever has it act for the buyer, and is the processor's to tell at any time.
package account

import (
	"slices"

	"holdfast/actors/machine"
	"holdfast/actors/section/dense"
)

type (
	// Instant is a moment in milliseconds since the Unix epoch, UTC.
	Instant = machine.Instant
	// SeatIndex is a seat's place in its section's layout, starting at 0.
	SeatIndex uint32
)

// ReferenceMax bounds a processor's reference, in bytes; see processor.ReferenceMax.
const ReferenceMax = 64

// Bounds of what a buyer can have a section wait for, so that nobody keeps seats by paying for ever.
const (
	// ChallengeMax is how long the challenges of one booking may last in all: 15 minutes.
	ChallengeMax Instant = 15 * 60 * 1000
	// Grace is how long a booking whose attempt has ended may still be paid anew where its hold would have less, once
	// a booking: a minute.
	Grace Instant = 60 * 1000
	// CoolDown is how long the buyer of a booking whose challenges have had ChallengeMax, and that came to nothing,
	// gets none of its seats again: 15 minutes.
	CoolDown Instant = 15 * 60 * 1000
	// TriesMax is how often one refund is tried under ever new ids before it waits for an operator.
	TriesMax = 8
)

// Legacy is the number of an attempt that a build without attempts has begun.
const Legacy = 1

// Phase is where an attempt stands.
type Phase uint8

// The phases. Over is declined or cancelled: the attempt never takes money, by the processor's word.
const (
	None Phase = iota
	Opened
	Challenge
	Captured
	Over
)

// Reason says why something happened.
type Reason uint8

// Reasons of an attempt's end, and of a refund.
const (
	NoReason  Reason = iota
	Declined         // of an end: the processor said no
	Cancelled        // of an end: the processor has acknowledged a cancel
	Requested        // of a refund: an operator wants it
	Anomaly          // of a refund: money of an attempt that is not the booking's
	EventOff         // of an end: the money was taken, and the event had been cancelled before the word came
	Exchanged        // of a refund: the seats of an exchange cost less than those that were given up
)

// EndsAttempt says that an attempt can end for this reason.
func (r Reason) EndsAttempt() bool { return r == Declined || r == Cancelled || r == EventOff }

// BeginsRefund says that a refund can begin for this reason.
func (r Reason) BeginsRefund() bool { return r == Requested || r == Anomaly || r == Exchanged }

// ofSale says that a refund for this reason is of the money that something was sold for.
func (r Reason) ofSale() bool { return r == Requested || r == Exchanged }

// RefundState is where a refund stands.
type RefundState uint8

// The states of a refund.
const (
	Due      RefundState = iota + 1 // owed by this log, and the processor may not know yet
	Pending                         // the processor has taken it: its seats are on sale again
	Refunded                        // the money is on its way to the buyer
	Failed                          // the money stays with the seller: another refund comes, or waits for an operator
)

var refundNames = [...]string{"", "due", "pending", "refunded", "failed"}

func (s RefundState) String() string { return refundNames[s] }

// Open says that the processor is to be asked about a refund in this state.
func (s RefundState) Open() bool { return s == Due || s == Pending }

// Payment is what a command or a change says of money. Which fields count is said with the kinds of changes.
type Payment struct {
	Attempt   uint8 // from 1 within the booking; 0: none named
	Reason    Reason
	State     RefundState // of a refund that the processor has said something of
	Refund    uint32      // from 1 within the booking
	Next      uint32      // of a refund that failed: the one that takes its place; 0: none
	Amount    int64       // minor units
	Captured  int64       // of a refund of what an earlier build sold: what was taken for it
	Reference string      // the processor's
}

// Refund is money on its way back.
type Refund struct {
	No       uint32
	Attempt  uint8 // whose money
	State    RefundState
	Reason   Reason
	Tries    uint8 // how many before it failed
	Back     bool  // its seats are on sale again
	Replaced bool  // it failed, and the next one of the same money has begun
	Amount   int64
	Seats    []SeatIndex // ascending; of an anomaly none. Never changed
	// Exact, of a booking over several sections: Seats and Legs are all that goes back; else whatever it has does.
	Exact bool
	Legs  []LegSeats // by number; never changed
	// Reference is the processor's of an anomaly's attempt; else the booking's own counts.
	Reference string
}

// LegSeats are seats of a booking over several sections in the one of number K; its home is number 0.
type LegSeats struct {
	K     uint8
	Seats []SeatIndex // ascending
}

// returns says that a refund is of a seat in the section of number k besides the home.
func (r *Refund) returns(k uint8, seat SeatIndex) bool {
	return !r.Exact || slices.ContainsFunc(r.Legs, func(l LegSeats) bool {
		return l.K == k && slices.Contains(l.Seats, seat)
	})
}

// Money is a booking's account as it stands. The zero value is a booking that never paid.
type Money struct {
	Attempt uint8 // the last one
	Phase   Phase // where that stands
	Legacy  bool  // a build without attempts has begun it: the processor knows it by the booking's id
	Amount  int64 // of the last attempt; of one that a build without attempts has begun 0, which says nothing
	Until   Instant
	Refunds []Refund // by number
	Past    []Past   // the attempts before it, all of them over

	length    uint8
	reference [ReferenceMax]byte
}

// Reference is the processor's name of the last attempt.
func (m *Money) Reference() string { return string(m.reference[:m.length]) }

// SetReference gives the last attempt the processor's name, of at most ReferenceMax bytes.
func (m *Money) SetReference(name string) { m.length = uint8(copy(m.reference[:], name)) }

// Clone is a copy that shares no memory with m.
func (m *Money) Clone() *Money {
	c := *m
	c.Refunds, c.Past = slices.Clone(m.Refunds), slices.Clone(m.Past)
	for i := range c.Refunds {
		c.Refunds[i].Seats = slices.Clone(c.Refunds[i].Seats)
		c.Refunds[i].Legs = slices.Clone(c.Refunds[i].Legs)
	}
	return &c
}

// Touched says that some seats of a sold booking have gone back, or will.
func (m *Money) Touched() bool {
	return slices.ContainsFunc(m.Refunds, func(r Refund) bool { return r.Reason == Requested && !r.Replaced })
}

// OfLeg tells of the seats that an order was sold in its section number k: which of them it has still, and which of
// those are not owed back either.
func (m *Money) OfLeg(k uint8, seats []SeatIndex) (kept, valid []SeatIndex) {
	if m == nil { // it never paid
		return seats, seats
	}
	for _, seat := range seats {
		back, owed := false, false
		for i := range m.Refunds {
			if r := &m.Refunds[i]; r.Reason == Requested && !r.Replaced && r.returns(k, seat) {
				back, owed = back || r.Back, true
			}
		}
		if !back {
			kept = append(kept, seat)
		}
		if !owed {
			valid = append(valid, seat)
		}
	}
	return kept, valid
}

// Owed says that the processor is to be asked about a refund.
func (m *Money) Owed() bool {
	return slices.ContainsFunc(m.Refunds, func(r Refund) bool { return r.State.Open() })
}

// Given is what of the sale's money has gone back or will, in minor units.
func (m *Money) Given() int64 { return given(m.Refunds) }

func given(refunds []Refund) (sum int64) {
	for i := range refunds {
		if r := &refunds[i]; r.Reason.ofSale() && !r.Replaced {
			sum += r.Amount
		}
	}
	return sum
}

// entry is an account, of 120 bytes.
type entry struct {
	slot      uint32 // of the booking; of a free entry the next free one
	attempt   uint8
	phase     Phase
	length    uint8 // of reference
	legacy    bool
	graced    bool
	spent     Instant
	since     Instant // when the present challenge began
	until     Instant // when it is over
	amount    int64
	reference [ReferenceMax]byte
}

// file is what only few accounts have.
type file struct {
	past    []Past // those that are over, but for the last
	refunds []Refund
}

// Past is an attempt that is over, and not the last.
type Past struct {
	Attempt   uint8
	Amount    int64
	Reference string
}

// Book has the accounts of a section, by the slots of their bookings. The zero value is empty.
type Book struct {
	slab  dense.Slab[entry]
	index dense.Table
	free  uint32
	count uint32
	files map[uint32]*file // by slot
}

var noEntry [dense.ChunkItems]entry

// Len counts the accounts.
func (k *Book) Len() uint32 { return k.count }

func (k *Book) find(slot uint32) uint32 {
	tag := dense.TagOfNumber(uint64(slot))
	for at, n := k.index.Seek(tag, 0); n != 0; at, n = k.index.Seek(tag, n) {
		if k.slab.At(at).slot == slot {
			return at
		}
	}
	return 0
}

// open gives a booking's account, new if there is none.
func (k *Book) open(slot uint32) *entry {
	if at := k.find(slot); at != 0 {
		return k.slab.At(at)
	}
	if k.slab.Len() == 0 {
		k.slab.Begin(&noEntry)
	}
	at := k.free
	if at != 0 {
		k.free = k.slab.At(at).slot
	} else {
		at = k.slab.Push()
	}
	e := k.slab.At(at)
	*e = entry{slot: slot}
	k.index.Insert(dense.TagOfNumber(uint64(slot)), at)
	k.count++
	return e
}

// Close forgets a booking's account.
func (k *Book) Close(slot uint32) {
	at := k.find(slot)
	if at == 0 {
		return
	}
	k.index.Remove(dense.TagOfNumber(uint64(slot)), at)
	*k.slab.At(at) = entry{slot: k.free}
	k.free = at
	k.count--
	delete(k.files, slot)
}

// Has says that a booking has an account.
func (k *Book) Has(slot uint32) bool { return k.find(slot) != 0 }

// Read fills m with a booking's account, which it must have. What m had for lists is used again.
func (k *Book) Read(slot uint32, m *Money) {
	e := k.slab.At(k.find(slot))
	refunds, past := m.Refunds[:0], m.Past[:0]
	if f := k.files[slot]; f != nil {
		refunds, past = append(refunds, f.refunds...), append(past, f.past...)
	}
	*m = Money{Attempt: e.attempt, Phase: e.phase, Legacy: e.legacy, Amount: e.amount, Until: e.until,
		Refunds: refunds, Past: past, length: e.length, reference: e.reference}
}

// Last is the last attempt of a booking and where it stands; zeros without an account.
func (k *Book) Last(slot uint32) (number uint8, phase Phase) {
	if at := k.find(slot); at != 0 {
		e := k.slab.At(at)
		return e.attempt, e.phase
	}
	return 0, None
}

// Refund finds one of a booking's refunds; nil: there is none of that number.
func (k *Book) Refund(slot, no uint32) *Refund {
	if f := k.files[slot]; f != nil && no > 0 && int(no) <= len(f.refunds) {
		return &f.refunds[no-1]
	}
	return nil
}

// Refunds are a booking's, by number. Not to be changed.
func (k *Book) Refunds(slot uint32) []Refund {
	if f := k.files[slot]; f != nil {
		return f.refunds
	}
	return nil
}

// Left is what is left of the money that a booking was sold for, in minor units; 0 without an account.
func (k *Book) Left(slot uint32) int64 {
	if at := k.find(slot); at != 0 && k.slab.At(at).phase == Captured {
		return k.slab.At(at).amount - given(k.Refunds(slot))
	}
	return 0
}

// LegOwed says that a seat of a booking in its section of number k is to be given back, or was.
func (k *Book) LegOwed(slot uint32, leg uint8, seat SeatIndex) bool {
	return slices.ContainsFunc(k.Refunds(slot), func(r Refund) bool {
		return r.Reason == Requested && !r.Replaced && r.returns(leg, seat)
	})
}

// Owes says that a booking has a refund about which the processor is to be asked.
func (k *Book) Owes(slot uint32) bool {
	return slices.ContainsFunc(k.Refunds(slot), func(r Refund) bool { return r.State.Open() })
}

// Stuck says that a booking has a refund that failed for good.
func (k *Book) Stuck(slot uint32) bool {
	return slices.ContainsFunc(k.Refunds(slot), func(r Refund) bool { return r.State == Failed && !r.Replaced })
}

// Tried is what was opened for one of a booking's attempts.
func (k *Book) Tried(slot uint32, number uint8) (amount int64, reference string, known bool) {
	if at := k.find(slot); at != 0 && k.slab.At(at).attempt == number {
		e := k.slab.At(at)
		return e.amount, string(e.reference[:e.length]), true
	}
	if f := k.files[slot]; f != nil {
		for i := range f.past {
			if f.past[i].Attempt == number {
				return f.past[i].Amount, f.past[i].Reference, true
			}
		}
	}
	return 0, "", false
}
