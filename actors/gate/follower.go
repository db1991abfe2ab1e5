package gate

import "holdfast/actors/machine"

// Follower keeps a gate's counters and sessions from its log, and no places: its memory does not grow with the crowd.
// It answers what every node needs: the public frame, and which sessions have ended.
type Follower struct{ board }

var _ machine.Machine = (*Follower)(nil)

// Claimed makes no owner of a follower: it goes on refusing every command.
func (f *Follower) Claimed(next Seq, _ Instant) { f.Begin(next) }

// NextTimer is never.
func (f *Follower) NextTimer() (at Instant, ok bool) { return 0, false }

// Decide refuses: OnlyFollows.
func (f *Follower) Decide(command any, _ Instant) machine.Decided {
	command.(*Call).Answer = Answer{Rejection: OnlyFollows}
	return machine.Decided{}
}

// DecideTimers decides nothing.
func (f *Follower) DecideTimers(Instant) machine.Decided { return machine.Decided{} }

// AppendChanges appends nothing.
func (f *Follower) AppendChanges(dst []byte, _ Instant) []byte { return dst }

// Apply does nothing: nothing was decided.
func (f *Follower) Apply(machine.Effects) {}

// Replay applies a record of the log.
func (f *Follower) Replay(body []byte, at Instant, effects machine.Effects) (changes int, err error) {
	e, _ := effects.(*Effects)
	err = DecodeChanges(body, at, func(c *Change) error {
		changes++
		f.apply(c, e)
		return nil
	})
	return changes, err
}

// NewEffects gives the effects of one record.
func (f *Follower) NewEffects() machine.Effects { return &Effects{} }

// Followed gives a Follower that stands where the machine stands: for an owner that shows durable records only, while
// the machine is ahead of them. The error is that of a board that does not restore, which is a mistake of this package.
func (m *Machine) Followed() (*Follower, error) {
	return restoreFollower(m.board.appendTo([]byte{snapshotFollower}))
}

// Followed gives another Follower that stands where this one stands.
func (f *Follower) Followed() (*Follower, error) {
	return restoreFollower(f.board.appendTo([]byte{snapshotFollower}))
}

// StockedTo is up to which record of each section the newest stock was counted: a later stock goes on from there (G8).
// It is the gate's own.
func (b *board) StockedTo() []SectionSeq { return b.stock.Sections }

// Inside calls visit for every session inside, with the buyer whose it is.
func (m *Machine) Inside(visit func(no SessionNo, buyer Buyer)) {
	for i := range m.sessions.list {
		if s := &m.sessions.list[i]; s.state == sessionInside {
			visit(m.sessions.first+SessionNo(i), m.places.at(s.number).buyer)
		}
	}
}
