// Package grant is a pure room: the word of a buyer's coordinator that the buyer may have so many seats in all, and
// what a section takes of such words (P13).
//
//	coordinator ── FenceGrants(epoch, from) ──▶ every section of the event      then it counts, then it grants
//	coordinator ── a hold with a Grant ───────▶ its section: of the fence's epoch, not before its number?
//	                                               │ yes: the hold stands in the log with the grant
//	                                               └ no:  grant_stale, and nothing was done
//
// The log of a coordinator has its claims, and which sections it does without (Exclusion): an epoch is what a claim
// gives. What was granted stands in the sections' logs.
//
// # Rejected
//
// A record of each grant in the coordinator's log: a write for each hold before its own. Fences without numbers: a
// grant whose fate nobody knows would be counted until the coordinator's next epoch.
package grant

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Max bounds the coordinators of one event.
const Max = 16

// Grant is a coordinator's word that a buyer may have so many seats in all. A hold of a coordinated event carries the
// grant it was placed under, so that the logs prove the limit. The zero value is none.
type Grant struct {
	// Number grows within an epoch of a coordinator, from 1. A grant is of one hold at most.
	Number uint64
	// Epoch is that of the coordinator's own log.
	Epoch machine.Epoch
	// Total is how many seats the buyer has with this hold, over all sections of the event.
	Total uint32
	// Coordinator is which of the event's coordinators counts the buyer, below Max.
	Coordinator uint8
	// Unbound: the limit did not bind, by an operator's choice.
	Unbound bool
}

// Key is a coordinator's word, in an epoch of its log, that it has seen no other use of a request's key. It passes
// where the epoch's fence stands, whatever its number, and is not kept.
func Key(coordinator uint8, epoch machine.Epoch) Grant {
	return Grant{Number: math.MaxUint64, Epoch: epoch, Coordinator: coordinator}
}

// Fences are what a section takes of each coordinator: grants of one epoch, from one number on. The zero value takes
// none.
type Fences struct{ list []fence }

type fence struct {
	epoch machine.Epoch
	from  uint64
	stamp uint32
}

func (f *Fences) of(coordinator uint8) (found fence) {
	if int(coordinator) < len(f.list) {
		found = f.list[coordinator]
	}
	return found
}

// At is what is taken of a coordinator, and the stamp with which that was raised last; zeros: nothing.
func (f *Fences) At(coordinator uint8) (epoch machine.Epoch, from uint64, stamp uint32) {
	at := f.of(coordinator)
	return at.epoch, at.from, at.stamp
}

// Passes says that the grant is taken.
func (f *Fences) Passes(g *Grant) bool {
	at := f.of(g.Coordinator)
	return g.Number != 0 && g.Epoch == at.epoch && g.Number >= at.from
}

// RaisedBy says that a fence which begins with this grant is newer than the one that stands.
func (f *Fences) RaisedBy(g *Grant) bool {
	at := f.of(g.Coordinator)
	return g.Epoch > at.epoch || g.Epoch == at.epoch && g.Number > at.from
}

// Raise takes no grant before this one any more. A fence that stands already is a panic.
func (f *Fences) Raise(g *Grant, stamp uint32) {
	if !f.RaisedBy(g) {
		panic(fmt.Sprintf("grant: fence %+v behind %+v", *g, f.of(g.Coordinator)))
	}
	for len(f.list) <= int(g.Coordinator) {
		f.list = append(f.list, fence{})
	}
	f.list[g.Coordinator] = fence{epoch: g.Epoch, from: g.Number, stamp: stamp}
}

// Any says that something is taken.
func (f *Fences) Any() bool { return len(f.list) > 0 }

// AppendSnapshot appends the fences without their stamps: count, each: epoch, number.
func (f *Fences) AppendSnapshot(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(f.list)))
	for i := range f.list {
		dst = binary.AppendUvarint(dst, uint64(f.list[i].epoch))
		dst = binary.AppendUvarint(dst, f.list[i].from)
	}
	return dst
}

// Restore reads what AppendSnapshot wrote, of fences of which there are some, by a reader of numbers up to a limit.
func (f *Fences) Restore(number func(limit uint64) uint64) (ok bool) {
	for range number(Max) {
		at := fence{epoch: machine.Epoch(number(math.MaxUint64)), from: number(math.MaxUint64)}
		if (at.epoch == 0) != (at.from == 0) {
			return false
		}
		f.list = append(f.list, at)
	}
	return len(f.list) > 0 && f.list[len(f.list)-1].from > 0
}

// Append appends the grant: uvarint(coordinator<<2 | unbound<<1 | more), epoch, number, total. more is the caller's.
func (g *Grant) Append(dst []byte, more bool) []byte {
	if g.Coordinator >= Max || g.Epoch == 0 || g.Number == 0 {
		panic(fmt.Sprintf("grant: %+v", *g))
	}
	dst = binary.AppendUvarint(dst, uint64(g.Coordinator)<<2|codec.Bit(g.Unbound)<<1|codec.Bit(more))
	dst = binary.AppendUvarint(dst, uint64(g.Epoch))
	dst = binary.AppendUvarint(dst, g.Number)
	return binary.AppendUvarint(dst, uint64(g.Total))
}

// Read reads what Append wrote.
func Read(r *codec.Reader) (g Grant, more bool) {
	head, epoch, number, total := r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint()
	if head>>2 >= Max || epoch == 0 || number == 0 || total > math.MaxUint32 {
		r.Fail("grant out of range")
	}
	return Grant{Number: number, Epoch: machine.Epoch(epoch), Total: uint32(total), Coordinator: uint8(head >> 2),
		Unbound: head&2 != 0}, head&1 != 0
}

// Of says which of so many coordinators counts a buyer. It is the same for ever: logs are judged by it.
func Of(buyer [16]byte, coordinators uint8) uint8 {
	return uint8(binary.LittleEndian.Uint64(buyer[:]) % uint64(max(coordinators, 1)))
}
