package counter

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// snapshotVersion is a snapshot's first byte.
const snapshotVersion = 1

// AppendSnapshot appends the whole state. The records on which refusals rest are left out: what a snapshot is saved of
// is durable, and needs no waiting for.
//
//	version byte · limit · seq · last at · a state byte for each number
//	reservations: count, each: number, until
func (c *Counter) AppendSnapshot(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, snapshotVersion), uint64(c.kind.Limit))
	dst = binary.AppendUvarint(dst, uint64(c.seq))
	dst = binary.AppendUvarint(dst, uint64(c.lastAt))
	for i := range c.numbers {
		dst = append(dst, c.numbers[i].state)
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.queue)))
	for _, no := range c.queue {
		dst = binary.AppendUvarint(dst, uint64(no))
		dst = binary.AppendUvarint(dst, uint64(c.of(no).until))
	}
	return dst
}

// Restore gives the counter of a snapshot; codec.ErrFormat.
func (k *Kind) Restore(snapshot []byte) (machine.Machine, error) {
	c := k.New().(*Counter)
	r := codec.Reader{Src: snapshot}
	if r.Byte() != snapshotVersion || r.Uvarint() != uint64(k.Limit) {
		r.Fail("another version or limit")
	}
	c.seq, c.lastAt = machine.Seq(r.Uvarint()), machine.Instant(r.Uvarint())
	kept := uint64(0)
	for i, state := range r.Take(int(k.Limit)) {
		if c.numbers[i].state = state; state != free {
			c.free--
		}
		if state == reserved {
			kept++
		} else if state > sold {
			r.Fail("a number of no state")
		}
	}
	if r.Uvarint() != kept {
		r.Fail("reservations and states differ")
	}
	for last := machine.Instant(0); kept > 0 && r.Err == nil; kept-- {
		no, until := r.Uvarint(), machine.Instant(r.Uvarint())
		if no == 0 || no > uint64(k.Limit) || c.of(uint32(no)).state != reserved || c.of(uint32(no)).until != 0 ||
			until <= 0 || until < last {
			r.Fail("a reservation of nothing")
			break
		}
		last, c.of(uint32(no)).until, c.queue = until, until, append(c.queue, uint32(no))
	}
	if len(r.Src) > 0 {
		r.Fail("too long")
	}
	return c, r.Err
}
