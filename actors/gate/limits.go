package gate

import (
	"encoding/binary"

	"holdfast/actors/codec"
)

// Limit bounds one kind of call: Rate calls in 1000 seconds for ever, Burst of them at once. Rate 0: no bound. Burst 0:
// one second's worth, and one at least.
type Limit struct{ Rate, Burst uint32 }

// Limits bound what one buyer may ask of the event. The gate counts nothing: it keeps them, so that a change by an
// operator is logged with its reason, known on every node, and outlives them all.
type Limits struct{ Joins, Polls, Holds Limit }

// number is the one that an action sets, and its tag is about; nil: another action.
func (l *Limits) number(a Action) *uint32 {
	switch a {
	case SetJoinRate:
		return &l.Joins.Rate
	case SetJoinBurst:
		return &l.Joins.Burst
	case SetPollRate:
		return &l.Polls.Rate
	case SetPollBurst:
		return &l.Polls.Burst
	case SetHoldRate:
		return &l.Holds.Rate
	case SetHoldBurst:
		return &l.Holds.Burst
	}
	return nil
}

// appendLimits appends the six numbers, in the order of their actions.
func appendLimits(dst []byte, l *Limits) []byte {
	for a := SetJoinRate; a <= SetHoldBurst; a++ {
		dst = binary.AppendUvarint(dst, uint64(*l.number(a)))
	}
	return dst
}

func readLimits(r *codec.Reader, l *Limits) {
	for a := SetJoinRate; a <= SetHoldBurst; a++ {
		*l.number(a) = read32(r)
	}
}
