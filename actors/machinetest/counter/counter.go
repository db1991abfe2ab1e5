package counter

import (
	"encoding/binary"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Action is what a command asks for.
type Action byte

// The actions.
const (
	Reserve Action = iota + 1 // a number, for Kind.Keep
	Buy                       // a reserved number, for ever
)

// Answer is what became of a command.
type Answer byte

// The answers.
const (
	Done        Answer = iota + 1
	Taken              // the number is reserved or sold
	SoldOut            // every number is
	NotReserved        // the number is not, or not any more
)

// Command asks for one number.
type Command struct {
	Action Action
	Number uint32 // from 1. With Reserve, 0: the lowest that is free
	Answer Answer // left by Decide
}

// Kind makes counters.
type Kind struct {
	Limit uint32         // how many numbers there are
	Keep  machine.Millis // how long a reservation lasts
	Piece int            // the most reservations that lapse in one piece
}

// Effects is what one record did.
type Effects struct {
	Taken []uint32 // numbers that were reserved
	Back  []uint32 // numbers whose reservation lapsed
}

// Reset empties the effects.
func (e *Effects) Reset() { e.Taken, e.Back = e.Taken[:0], e.Back[:0] }

// The states of a number. A change is named by the state that it leads to.
const (
	free byte = iota
	reserved
	sold
)

type number struct {
	state byte
	until machine.Instant // of a reserved one
	since machine.Seq     // the record that put it there
}

type change struct {
	to     byte
	number uint32
	at     machine.Instant
	until  machine.Instant // of a reservation
}

// Counter is the machine.
type Counter struct {
	kind    *Kind
	seq     machine.Seq
	lastAt  machine.Instant
	numbers []number
	free    int
	shrunk  machine.Seq // the record that last took a free number
	queue   []uint32    // reserved numbers, in the order in which they lapse: all are kept equally long
	decided []change
}

var _ machine.Machine = (*Counter)(nil)

// New gives a counter that has all its numbers.
func (k *Kind) New() machine.Machine {
	return &Counter{kind: k, numbers: make([]number, k.Limit), free: int(k.Limit)}
}

// Claimed begins a life.
func (c *Counter) Claimed(next machine.Seq, _ machine.Instant) { c.Begin(next) }

// Begin says in which record the next changes stand.
func (c *Counter) Begin(seq machine.Seq) { c.seq = max(c.seq, seq) }

// LastAt is the newest instant applied.
func (c *Counter) LastAt() machine.Instant { return c.lastAt }

// NextTimer is the end of the oldest reservation.
func (c *Counter) NextTimer() (at machine.Instant, ok bool) {
	if len(c.queue) == 0 {
		return 0, false
	}
	return c.of(c.queue[0]).until, true
}

func (c *Counter) of(no uint32) *number { return &c.numbers[no-1] }

// Decide judges a *Command.
func (c *Counter) Decide(command any, at machine.Instant) machine.Decided {
	m := command.(*Command)
	c.decided = c.decided[:0]
	no := m.Number
	if m.Action == Reserve && no == 0 {
		if c.free == 0 {
			return m.refuse(SoldOut, c.shrunk)
		}
		no = uint32(slices.IndexFunc(c.numbers, func(n number) bool { return n.state == free })) + 1
	}
	n := c.of(no)
	switch {
	case m.Action == Reserve && n.state != free:
		return m.refuse(Taken, n.since)
	case m.Action == Buy && (n.state != reserved || n.until <= at):
		return m.refuse(NotReserved, n.since)
	case m.Action == Reserve:
		c.decided = append(c.decided, change{reserved, no, at, at + machine.Instant(c.kind.Keep)})
	default:
		c.decided = append(c.decided, change{to: sold, number: no, at: at})
	}
	m.Number, m.Answer = no, Done
	return machine.Decided{Changes: 1}
}

func (m *Command) refuse(a Answer, on machine.Seq) machine.Decided {
	m.Answer = a
	return machine.Decided{DependsOn: on}
}

// DecideTimers ends the reservations whose time has come.
func (c *Counter) DecideTimers(at machine.Instant) machine.Decided {
	c.decided = c.decided[:0]
	for _, no := range c.queue {
		if len(c.decided) == c.kind.Piece || c.of(no).until > at {
			break
		}
		c.decided = append(c.decided, change{to: free, number: no, at: at})
	}
	return machine.Decided{Changes: len(c.decided)}
}

// AppendChanges encodes what was decided.
//
//	change: state that it leads to · at − record's at · number · until − at, of a reservation
func (c *Counter) AppendChanges(dst []byte, recordAt machine.Instant) []byte {
	for i := range c.decided {
		d := &c.decided[i]
		dst = binary.AppendUvarint(append(dst, d.to), uint64(d.at-recordAt))
		if dst = binary.AppendUvarint(dst, uint64(d.number)); d.to == reserved {
			dst = binary.AppendUvarint(dst, uint64(d.until-d.at))
		}
	}
	return dst
}

// Apply makes it true.
func (c *Counter) Apply(e machine.Effects) {
	for i := range c.decided {
		c.apply(&c.decided[i], e.(*Effects))
	}
}

// Replay applies a record of the log.
func (c *Counter) Replay(body []byte, at machine.Instant, effects machine.Effects) (changes int, err error) {
	e, _ := effects.(*Effects)
	for r := (codec.Reader{Src: body}); len(r.Src) > 0; changes++ {
		d := change{to: r.Byte(), at: at + machine.Instant(r.Uvarint()), number: uint32(min(r.Uvarint(), 1<<32-1))}
		if d.to == reserved {
			d.until = d.at + machine.Instant(r.Uvarint())
		}
		if r.Err == nil && !c.possible(&d) {
			r.Fail("impossible change")
		}
		if r.Err != nil {
			return changes, r.Err
		}
		c.apply(&d, e)
	}
	return changes, nil
}

func (c *Counter) possible(d *change) bool {
	if d.number == 0 || d.number > c.kind.Limit || d.at < c.lastAt || d.to > sold {
		return false
	}
	if d.to == reserved {
		last := machine.Instant(0)
		if len(c.queue) > 0 {
			last = c.of(c.queue[len(c.queue)-1]).until
		}
		return c.of(d.number).state == free && d.until >= last
	}
	return c.of(d.number).state == reserved
}

func (c *Counter) apply(d *change, e *Effects) {
	*c.of(d.number) = number{d.to, d.until, c.seq}
	c.lastAt = d.at
	if d.to == reserved {
		c.free, c.shrunk, c.queue = c.free-1, c.seq, append(c.queue, d.number)
	} else if c.queue[0] == d.number { // as with every lapse
		c.queue = c.queue[1:]
	} else {
		at := slices.Index(c.queue, d.number)
		c.queue = slices.Delete(c.queue, at, at+1)
	}
	if d.to == free {
		c.free++
	}
	switch {
	case e != nil && d.to == reserved:
		e.Taken = append(e.Taken, d.number)
	case e != nil && d.to == free:
		e.Back = append(e.Back, d.number)
	}
}

// NewEffects gives the effects of one record.
func (c *Counter) NewEffects() machine.Effects { return &Effects{} }
