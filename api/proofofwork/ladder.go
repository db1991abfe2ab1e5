package proofofwork

import "errors"

// ErrLadder says that a ladder contradicts itself.
var ErrLadder = errors.New("proof of work: a ladder needs 1 ≤ Base ≤ Max ≤ 50,000,000, 0 < Down < Up and 0 < Calm")

// Ladder is how the difficulty follows the load. Each level doubles it.
type Ladder struct {
	Base uint32 // maxnumber while all is calm: half as many hashes in the mean
	Max  uint32 // maxnumber is never more
	Up   uint32 // joins a second at which level 0 ends; twice as many for each level more
	Down uint32 // joins a second below which level 1 may end; twice as many for each level more
	Calm int64  // for how many milliseconds it must be so
}

// Rung is where a ladder stands. The zero value is the lowest level.
type Rung struct {
	Level uint8
	// calm is since when a level may end; 0: it may not.
	calm int64
}

// levels bounds Level, so that no shift overflows.
const levels = 26

// Check says whether the ladder can be climbed; ErrLadder.
func (l *Ladder) Check() error {
	if l.Base == 0 || l.Max < l.Base || l.Max > MaxNumberMax || l.Down == 0 || l.Down >= l.Up || l.Calm <= 0 {
		return ErrLadder
	}
	return nil
}

// MaxNumber is the difficulty of a rung: what Append takes.
func (l *Ladder) MaxNumber(r Rung) uint32 { return uint32(min(uint64(l.Base)<<r.Level, uint64(l.Max))) }

// Step moves with the load of the second before, at now (Unix milliseconds). A rush is met at once, over several levels
// if need be; a level ends only after Calm of fewer joins than Down, one at a time, so that a load between the two
// marks changes nothing.
func (l *Ladder) Step(was Rung, now int64, joins uint32) Rung {
	r := was
	for r.Level < levels && uint64(joins) >= uint64(l.Up)<<r.Level && l.MaxNumber(r) < l.Max {
		r.Level++
	}
	switch {
	case r.Level > was.Level, r.Level == 0, uint64(joins) >= uint64(l.Down)<<(r.Level-1):
		r.calm = 0
	case r.calm == 0 || now < r.calm:
		r.calm = max(now, 1)
	case now-r.calm >= l.Calm:
		r.Level, r.calm = r.Level-1, max(now, 1)
	}
	return r
}
