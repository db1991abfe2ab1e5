package gate

import "holdfast/actors/machine"

// Kind makes the machines of one gate. It holds no settings: they stand in the log.
type Kind struct {
	// Follows makes machines that keep counters and sessions only, whatever number of people wait. They decide nothing:
	// the owner's log is loaded anew by whoever takes it over. The named successor follows with a whole machine
	// instead.
	Follows bool
}

// New gives a gate before its first record.
func (k *Kind) New() machine.Machine {
	if k.Follows {
		return &Follower{}
	}
	return newMachine()
}

// Restore gives the gate of an owner's snapshot; ErrSnapshot. A kind that follows reads a follower's too.
func (k *Kind) Restore(snapshot []byte) (machine.Machine, error) {
	if k.Follows {
		return restoreFollower(snapshot)
	}
	return restoreMachine(snapshot)
}

// Machine is the gate as its owner drives it.
type Machine struct {
	board
	register
	claimed Instant // of this life; no part of the truth
	// Scratch: no meaning between calls.
	decided []Change
	fresh   []Entrant
	freed   []SessionNo
	seen    map[Buyer]Number // of one batch
}

var _ machine.Machine = (*Machine)(nil)

func newMachine() *Machine {
	m := &Machine{seen: make(map[Buyer]Number)}
	m.init()
	return m
}

// Claimed begins a life. What passed since the newest record is an outage, if a turn's clock ran.
func (m *Machine) Claimed(next Seq, at Instant) {
	m.Begin(next)
	m.claimed = at
}

// Begin says in which record the next changes stand.
func (b *board) Begin(seq Seq) { b.seq = max(b.seq, seq) }

// LastAt is the newest instant applied.
func (b *board) LastAt() Instant { return b.lastAt }

// Seq is the record last begun.
func (b *board) Seq() Seq { return b.seq }

// Ended says of a session number whether its end is in what was applied. known is false for a session that is not.
func (b *board) Ended(no SessionNo) (ended, known bool) {
	if no == 0 || no >= b.sessions.next() {
		return false, false
	}
	s := b.sessions.find(no)
	return s == nil || s.state != sessionInside, true
}

// Ending calls visit for every session whose end is logged and whose slot is not free, with the record of its end:
// those are what a barrier is asked for.
func (b *board) Ending(visit func(no SessionNo, ended Seq)) {
	for i := range b.sessions.list {
		if s := &b.sessions.list[i]; s.state == sessionEnding {
			visit(b.sessions.first+SessionNo(i), s.ended)
		}
	}
}

// since gives a stamp its high bits back. A stamp older than 2^32 records comes back too young, never too old (P2).
func (m *Machine) since(stamp uint32) Seq {
	age := Seq(uint32(m.seq) - stamp)
	if age > m.seq {
		return 0
	}
	return m.seq - age
}

// AppendChanges encodes what was decided.
func (m *Machine) AppendChanges(dst []byte, recordAt Instant) []byte {
	for i := range m.decided {
		dst = AppendChange(dst, recordAt, &m.decided[i])
	}
	return dst
}

// Apply makes it true.
func (m *Machine) Apply(effects machine.Effects) {
	e, _ := effects.(*Effects)
	for i := range m.decided {
		m.apply(&m.decided[i], e)
	}
}

// Replay applies a record of the log. Impossible changes panic, as in Apply.
func (m *Machine) Replay(body []byte, at Instant, effects machine.Effects) (changes int, err error) {
	e, _ := effects.(*Effects)
	err = DecodeChanges(body, at, func(c *Change) error {
		changes++
		m.apply(c, e)
		return nil
	})
	return changes, err
}

// NewEffects gives the effects of one record.
func (m *Machine) NewEffects() machine.Effects { return &Effects{} }

// Admission is a session that has begun.
type Admission struct {
	Session SessionNo
	Number  Number
	Until   Instant
}

// Effects is what one record did, for those who show it.
type Effects struct {
	Joined   uint32      // places given
	Admitted []Admission // sessions that began
	Ended    []SessionNo // sessions that ended: no new hold is placed under them
	Frame    bool        // the public frame has changed in more than the number of joins
}

// Reset empties the effects.
func (e *Effects) Reset() { *e = Effects{Admitted: e.Admitted[:0], Ended: e.Ended[:0]} }

func (e *Effects) frame(k ChangeKind) {
	if e != nil && k != Joined {
		e.Frame = true
	}
}

func (e *Effects) joined(n uint32) {
	if e != nil {
		e.Joined += n
	}
}

func (e *Effects) admitted(a Admission) {
	if e != nil {
		e.Admitted = append(e.Admitted, a)
	}
}

func (e *Effects) ended(no SessionNo) {
	if e != nil {
		e.Ended = append(e.Ended, no)
	}
}
