// Package sales is a pure room: what a section's log says of the event's sale switch. See package section, and
// storage's SaleState, which is the catalog's word.
package sales

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Turn is one turn of the sale switch: its number, which grows with every turn, and where the switch stands since. The
// zero value: the log says nothing, and the catalog's word counts.
type Turn uint64

// State is where a sale switch stands.
type State uint8

// The states. What is behind Open bars new holds, what is behind Paused more time too.
const (
	Unsaid State = iota
	Open
	Paused
	Closed
	// Cancelling is for ever: nothing is held or paid any more, and what was sold goes back.
	Cancelling
)

const (
	stateBits = 3
	stateMask = 1<<stateBits - 1
)

// Of makes a turn of its number, from 1.
func Of(number uint64, state State) Turn { return Turn(number<<stateBits | uint64(state)) }

// Number is the turn's.
func (t Turn) Number() uint64 { return uint64(t >> stateBits) }

// State is where the switch stands since the turn.
func (t Turn) State() State { return State(t & stateMask) }

// Sound says that it is one.
func (t Turn) Sound() bool { return t.Number() > 0 && t.State() >= Open && t.State() <= Cancelling }

// Log is what a section's log says of the sale. The zero value: nothing.
type Log struct {
	Turn
	At    machine.Instant // when it was logged
	Stamp uint32          // of its record
	// Returned is what has been given back since the event is being cancelled: refunds, and their sum in minor units.
	Returned    uint64
	ReturnedSum int64

	owed Turn // to be logged before anything else; a writer's own, and no part of the truth
}

// Bars says that the switch keeps new holds out.
func (l *Log) Bars() bool { return l.State() > Open }

// Off says that the event is being cancelled.
func (l *Log) Off() bool { return l.State() == Cancelling }

// Owe says that the switch has been turned so, which the log is to say before anything more is granted. A turn that
// cannot come any more is none.
func (l *Log) Owe(t Turn) {
	if !l.Off() || t.State() == Cancelling {
		l.owed = max(l.owed, t)
	}
}

// Owed is the turn that is to be logged; false: there is none.
func (l *Log) Owed() (t Turn, some bool) { return l.owed, l.owed.Number() > l.Number() }

// Takes says that a turn is newer than the log's, and may come behind it.
func (l *Log) Takes(t Turn) bool {
	return t.Number() > l.Number() && (!l.Off() || t.State() == Cancelling)
}

// Switch makes a turn true.
func (l *Log) Switch(t Turn, at machine.Instant, stamp uint32) {
	if !t.Sound() || !l.Takes(t) {
		panic(fmt.Sprintf("section: turn %d of the sale switch after %d", t, l.Turn))
	}
	l.Turn, l.At, l.Stamp = t, at, stamp
}

// Return counts a refund that was given back, or, with a negative number, was not after all.
func (l *Log) Return(refunds int, amount int64) {
	if l.Off() && (refunds > 0 || l.Returned > 0) {
		l.Returned += uint64(refunds)
		l.ReturnedSum += int64(refunds) * amount
	}
}

// Append appends what a change says of a turn.
func (t Turn) Append(dst []byte) []byte { return binary.AppendUvarint(dst, uint64(t)) }

// Read reads what Append wrote.
func Read(r *codec.Reader) Turn {
	t := Turn(r.Uvarint())
	if !t.Sound() {
		r.Fail("a turn of the sale switch out of range")
	}
	return t
}

// AppendSnapshot appends what a snapshot has; the age is told from lastAt on:
//
//	turn · age · refunds given back · their sum
func (l *Log) AppendSnapshot(dst []byte, lastAt machine.Instant) []byte {
	for _, n := range [...]uint64{uint64(l.Turn), uint64(lastAt - l.At), l.Returned, uint64(l.ReturnedSum)} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// Restore reads what AppendSnapshot wrote, by a strict reader of numbers up to a limit; false: it is no turn.
func (l *Log) Restore(number func(limit uint64) uint64, lastAt machine.Instant) (ok bool) {
	l.Turn = Turn(number(math.MaxUint64))
	l.At = lastAt - machine.Instant(number(uint64(lastAt)))
	l.Returned, l.ReturnedSum = number(math.MaxUint64), int64(number(math.MaxInt64))
	return l.Sound()
}
