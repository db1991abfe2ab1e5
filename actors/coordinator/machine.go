package coordinator

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/storage"
)

// Claims is the machine of a coordinator's own log. A claim gives the epoch; beside claims and releases the log has the
// sections that the coordinator does without (grant.Exclusion). What was granted stands in the sections' logs.
type Claims struct {
	seq, life, changed machine.Seq
	last               machine.Instant
	excluded           []excluded // by section
	decided            *grant.Exclusion
}

// excluded is a section that the coordinator does without.
type excluded struct {
	section uint32
	whole   bool // its last part is there
	since   machine.Seq
	shares  []grant.Share
}

// Order is a command of the log: a part of an exclusion, or its end.
type Order struct {
	grant.Exclusion
	// Life is the life that the order was made in, by the record after its claim. In another one the order is refused.
	// 0: any.
	Life machine.Seq
	// Done is left by Decide: the log says so now. False: it did already, or cannot.
	Done bool
}

// ClaimsKind makes them.
type ClaimsKind struct{}

// noEffects is what records of the log did to others.
type noEffects struct{}

// Reset implements machine.Effects.
func (noEffects) Reset() {}

var _ machine.Machine = (*Claims)(nil)

// New implements machine.Kind.
func (ClaimsKind) New() machine.Machine { return &Claims{} }

// claimsVersion is the first byte of a snapshot. Earlier builds, whose logs had claims only, wrote empty ones: those
// logs are read from their beginning.
const claimsVersion = 1

// Restore implements machine.Kind.
func (ClaimsKind) Restore(snapshot []byte) (machine.Machine, error) {
	c, r := &Claims{}, codec.Reader{Src: snapshot}
	if v := r.Byte(); v != claimsVersion {
		return nil, fmt.Errorf("coordinator: a snapshot of version %d, which this version does not write", v)
	}
	c.last = machine.Instant(r.Uvarint())
	for n := r.Uvarint(); n > 0 && r.Err == nil; n-- {
		no, whole := r.Uvarint(), r.Byte()
		x := excluded{section: uint32(no), whole: whole == 1, shares: grant.ReadShares(&r)}
		if last := len(c.excluded) - 1; no > math.MaxUint32 || whole > 1 ||
			last >= 0 && c.excluded[last].section >= x.section {
			r.Fail("excluded sections out of order")
		}
		c.excluded = append(c.excluded, x)
	}
	if r.Err == nil && len(r.Src) > 0 {
		r.Fail("bytes behind a snapshot")
	}
	if r.Err != nil {
		return nil, fmt.Errorf("coordinator: snapshot: %w", r.Err)
	}
	return c, nil
}

// AppendSnapshot appends version, newest instant, count, each excluded section: number, whole, shares.
func (c *Claims) AppendSnapshot(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, claimsVersion), uint64(c.last))
	dst = binary.AppendUvarint(dst, uint64(len(c.excluded)))
	for i := range c.excluded {
		x := &c.excluded[i]
		dst = append(binary.AppendUvarint(dst, uint64(x.section)), byte(codec.Bit(x.whole)))
		dst = grant.AppendShares(dst, x.shares)
	}
	return dst
}

// Claimed begins a life.
func (c *Claims) Claimed(next machine.Seq, _ machine.Instant) {
	c.Begin(next)
	c.life = next
}

// Begin says which record comes next.
func (c *Claims) Begin(seq machine.Seq) { c.seq = max(c.seq, seq) }

// LastAt is the newest instant applied.
func (c *Claims) LastAt() machine.Instant { return c.last }

// NextTimer says that there is none.
func (c *Claims) NextTimer() (machine.Instant, bool) { return 0, false }

// at finds an excluded section, or its place.
func (c *Claims) at(no uint32) (i int, found bool) {
	return slices.BinarySearchFunc(c.excluded, no, func(x excluded, no uint32) int {
		return int(int64(x.section) - int64(no))
	})
}

// possible says that a change may follow what is there: a first part an end or nothing, a later part one that lacks its
// last, an end a whole.
func (c *Claims) possible(x *grant.Exclusion) bool {
	i, found := c.at(x.Section)
	switch {
	case x.At < c.last:
		return false
	case x.Readmitted:
		return found
	case x.First:
		return !found || !c.excluded[i].whole
	}
	return found && !c.excluded[i].whole
}

// Decide judges an *Order.
func (c *Claims) Decide(command any, at machine.Instant) machine.Decided {
	o := command.(*Order)
	c.decided, o.Done, o.At = nil, false, at
	if (o.Life == 0 || o.Life == c.life) && c.possible(&o.Exclusion) {
		c.decided, o.Done = &o.Exclusion, true
		return machine.Decided{Changes: 1}
	}
	if i, found := c.at(o.Section); found {
		return machine.Decided{DependsOn: c.excluded[i].since}
	}
	return machine.Decided{DependsOn: c.changed}
}

// DecideTimers has nothing to do.
func (c *Claims) DecideTimers(machine.Instant) machine.Decided {
	c.decided = nil
	return machine.Decided{}
}

// AppendChanges appends what was decided.
func (c *Claims) AppendChanges(dst []byte, recordAt machine.Instant) []byte {
	if c.decided == nil {
		return dst
	}
	return c.decided.Append(dst, recordAt)
}

// Apply makes it true.
func (c *Claims) Apply(machine.Effects) {
	if c.decided != nil {
		c.apply(c.decided)
	}
}

func (c *Claims) apply(x *grant.Exclusion) {
	c.last, c.changed = x.At, c.seq
	i, found := c.at(x.Section)
	switch {
	case x.Readmitted:
		c.excluded = slices.Delete(c.excluded, i, i+1)
		return
	case !found:
		c.excluded = slices.Insert(c.excluded, i, excluded{section: x.Section})
	case x.First:
		c.excluded[i].shares = nil
	}
	to := &c.excluded[i]
	to.shares = append(to.shares, x.Shares...)
	to.whole, to.since = x.Last, c.seq
}

// Replay applies a record of the log.
func (c *Claims) Replay(body []byte, at machine.Instant, _ machine.Effects) (changes int, err error) {
	for r := (codec.Reader{Src: body}); len(r.Src) > 0; changes++ {
		x := grant.ReadExclusion(&r, at)
		if r.Err == nil && !c.possible(&x) {
			r.Fail("impossible exclusion")
		}
		if r.Err != nil {
			return changes, fmt.Errorf("coordinator: %w", r.Err)
		}
		c.apply(&x)
	}
	return changes, nil
}

// Excluded are the sections that the coordinator does without, and what its buyers have there at most.
func (c *Claims) Excluded() (all []Excluded) {
	for i := range c.excluded {
		if x := &c.excluded[i]; x.whole {
			all = append(all, Excluded{Section: storage.SectionNo(x.section), Shares: x.shares})
		}
	}
	return all
}

// Excluded is a section that a coordinator does without. The shares are not to be changed.
type Excluded struct {
	Section storage.SectionNo
	Shares  []grant.Share
}

// NewEffects gives none.
func (c *Claims) NewEffects() machine.Effects { return noEffects{} }
