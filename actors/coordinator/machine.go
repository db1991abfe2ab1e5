package coordinator

import (
	"fmt"

	"holdfast/actors/machine"
)

// Claims is the machine of a coordinator's own log, which has claims and releases and nothing else: what it gives is
// its epoch. It takes no commands.
type Claims struct{ seq machine.Seq }

// ClaimsKind makes them.
type ClaimsKind struct{}

// noEffects is what records without changes did.
type noEffects struct{}

// Reset implements machine.Effects.
func (noEffects) Reset() {}

var _ machine.Machine = (*Claims)(nil)

// New implements machine.Kind.
func (ClaimsKind) New() machine.Machine { return &Claims{} }

// Restore implements machine.Kind: the empty state is the only one.
func (ClaimsKind) Restore(snapshot []byte) (machine.Machine, error) {
	if len(snapshot) > 0 {
		return nil, fmt.Errorf("coordinator: a snapshot of %d bytes, which this version does not write", len(snapshot))
	}
	return &Claims{}, nil
}

// Claimed begins a life.
func (c *Claims) Claimed(next machine.Seq, _ machine.Instant) { c.Begin(next) }

// Begin says which record comes next.
func (c *Claims) Begin(seq machine.Seq) { c.seq = max(c.seq, seq) }

// LastAt is the beginning of time: nothing was ever applied.
func (c *Claims) LastAt() machine.Instant { return 0 }

// NextTimer says that there is none.
func (c *Claims) NextTimer() (machine.Instant, bool) { return 0, false }

// Decide refuses to: a command is a bug of the caller's.
func (c *Claims) Decide(command any, _ machine.Instant) machine.Decided {
	panic(fmt.Sprintf("coordinator: a command in a log of claims: %T", command))
}

// DecideTimers has nothing to do.
func (c *Claims) DecideTimers(machine.Instant) machine.Decided { return machine.Decided{} }

// AppendChanges appends none.
func (c *Claims) AppendChanges(dst []byte, _ machine.Instant) []byte { return dst }

// Apply has nothing to apply.
func (c *Claims) Apply(machine.Effects) {}

// Replay refuses whatever a record has: an empty one has no changes.
func (c *Claims) Replay(body []byte, _ machine.Instant, _ machine.Effects) (int, error) {
	if len(body) > 0 {
		return 0, fmt.Errorf("coordinator: a record of %d bytes, which this version does not write", len(body))
	}
	return 0, nil
}

// AppendSnapshot appends nothing: there is one state.
func (c *Claims) AppendSnapshot(dst []byte) []byte { return dst }

// NewEffects gives none.
func (c *Claims) NewEffects() machine.Effects { return noEffects{} }
