package account

import (
	"encoding/binary"
	"math"
)

// Source is a strict reader of numbers up to a limit, and of bytes. Require notes the first thing that is wrong, after
// which a source reads zeros.
type Source interface {
	Number(limit uint64) uint64
	Bytes(n int) []byte
	Require(ok bool, what string)
	Failed() bool
}

// Bits of an account's first byte.
const (
	legacyBit = 1 << 3
	gracedBit = 1 << 4
	phaseMask = legacyBit - 1
)

// AppendAccount appends the account of a booking that has one, in its canonical form; times are told from lastAt on.
//
//	attempt · phase|legacy|graced · amount · reference · time spent · of a challenge: age, time to go
//	past attempts: count, each: number, amount, reference
//	refunds: count, each: attempt, state|reason, back|replaced|exact, tries, amount, reference, seats: count, gaps;
//	    of an exact one: legs: count, each: number, seats
func (k *Book) AppendAccount(dst []byte, slot uint32, lastAt Instant) []byte {
	e := k.slab.At(k.find(slot))
	bits := byte(e.phase)
	if e.legacy {
		bits |= legacyBit
	}
	if e.graced {
		bits |= gracedBit
	}
	dst = binary.AppendUvarint(append(dst, e.attempt, bits), uint64(e.amount))
	dst = appendText(dst, string(e.reference[:e.length]))
	dst = binary.AppendUvarint(dst, uint64(e.spent))
	if e.phase == Challenge {
		dst = binary.AppendUvarint(dst, uint64(lastAt-e.since))
		dst = binary.AppendUvarint(dst, uint64(e.until-e.since))
	}
	f := k.files[slot]
	if f == nil {
		return append(dst, 0, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.past)))
	for i := range f.past {
		dst = binary.AppendUvarint(append(dst, f.past[i].Attempt), uint64(f.past[i].Amount))
		dst = appendText(dst, f.past[i].Reference)
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.refunds)))
	for i := range f.refunds {
		dst = f.refunds[i].append(dst)
	}
	return dst
}

func (r *Refund) append(dst []byte) []byte {
	more := byte(0)
	if r.Back {
		more |= 1
	}
	if r.Replaced {
		more |= 2
	}
	if r.Exact {
		more |= exactBit
	}
	dst = append(dst, r.Attempt, byte(r.State)<<4|byte(r.Reason), more, r.Tries)
	dst = appendText(binary.AppendUvarint(dst, uint64(r.Amount)), r.Reference)
	if dst = appendSeats(dst, r.Seats); !r.Exact {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Legs)))
	for i := range r.Legs {
		dst = appendSeats(append(dst, r.Legs[i].K), r.Legs[i].Seats)
	}
	return dst
}

// exactBit stands in a refund's third byte. Only a booking over several sections has such, of which single seats went
// back: builds that cannot read the bit cannot read its log either.
const exactBit = 4

func appendSeats(dst []byte, seats []SeatIndex) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(seats)))
	next := SeatIndex(0)
	for _, seat := range seats {
		dst = binary.AppendUvarint(dst, uint64(seat-next))
		next = seat + 1
	}
	return dst
}

// RestoreAccount reads what AppendAccount wrote into the account of a booking that has none yet. open counts its open
// refunds.
func (k *Book) RestoreAccount(slot uint32, lastAt Instant, from Source) (open uint32) {
	head := from.Bytes(2)
	e := entry{slot: slot, attempt: head[0], phase: Phase(head[1] & phaseMask), legacy: head[1]&legacyBit != 0,
		graced: head[1]&gracedBit != 0, amount: int64(from.Number(math.MaxInt64))}
	from.Require(e.attempt > 0 && e.phase >= Opened && e.phase <= Over && head[1] < 2*gracedBit, "account")
	e.length = uint8(copy(e.reference[:], restoreText(from)))
	e.spent = Instant(from.Number(math.MaxInt64))
	if e.phase == Challenge {
		e.since = lastAt - Instant(from.Number(uint64(lastAt)))
		e.until = e.since + Instant(from.Number(math.MaxInt64-uint64(e.since)))
	}
	f := file{}
	for n := from.Number(math.MaxUint8); n > 0 && !from.Failed(); n-- {
		f.past = append(f.past, Past{from.Bytes(1)[0], int64(from.Number(math.MaxInt64)), restoreText(from)})
	}
	for n := from.Number(refundsMax); n > 0 && !from.Failed(); n-- {
		r := restoreRefund(from, uint32(len(f.refunds)+1))
		if f.refunds = append(f.refunds, r); r.State.Open() {
			open++
		}
	}
	sum := given(f.refunds)
	from.Require(sum >= 0 && sum <= e.amount, "refunds")
	*k.open(slot) = e
	if len(f.past)+len(f.refunds) > 0 {
		*k.file(slot) = f
	}
	return open
}

// refundsMax bounds a booking's refunds in a snapshot.
const refundsMax = 1 << 20

func restoreRefund(from Source, no uint32) Refund {
	head := from.Bytes(4)
	r := Refund{No: no, Attempt: head[0], State: RefundState(head[1] >> 4), Reason: Reason(head[1] & 15),
		Back: head[2]&1 != 0, Replaced: head[2]&2 != 0, Exact: head[2]&exactBit != 0, Tries: head[3]}
	from.Require(r.Attempt > 0 && r.State >= Due && r.State <= Failed && r.Reason.BeginsRefund() &&
		head[2] < 2*exactBit && (!r.Exact || r.Reason == Requested), "refund")
	r.Amount, r.Reference = int64(from.Number(math.MaxInt64)), restoreText(from)
	if r.Seats = restoreSeats(from); !r.Exact {
		return r
	}
	last := uint8(0)
	for n := from.Number(legsMax); n > 0 && !from.Failed(); n-- {
		l := LegSeats{K: from.Bytes(1)[0], Seats: restoreSeats(from)}
		from.Require(l.K > last && len(l.Seats) > 0, "refunded leg")
		r.Legs, last = append(r.Legs, l), l.K
	}
	from.Require(len(r.Seats)+len(r.Legs) > 0, "refund of nothing")
	return r
}

// legsMax bounds the legs of a refund.
const legsMax = math.MaxUint8

func restoreSeats(from Source) (seats []SeatIndex) {
	next := uint64(0)
	for n := from.Number(math.MaxUint16); n > 0 && !from.Failed(); n-- {
		seat := next + from.Number(math.MaxUint32)
		from.Require(seat <= math.MaxUint32, "refunded seat")
		seats, next = append(seats, SeatIndex(seat)), seat+1
	}
	return seats
}

func restoreText(from Source) string {
	return string(from.Bytes(int(from.Number(ReferenceMax))))
}
