package heartbeat

import "time"

// readLease is how long a node may believe that nobody has taken it for dead. It is counted from the moment the last
// beat that landed was SENT, while another node counts from the moment it SAW that beat, which is later: so it ends
// here before it can end there.
//
//	number 1 ──────────► until ···(paused)··· beat lands ──► number 2, on probation ──Lapse──► number 3, valid
//	valid                  not valid                         not valid                         valid
//
// After a lapse there is a time of probation, because a successor that judged before it saw the new beat may still be
// claiming. A node that finds itself alone after its beat has no successor, and a node that comes later sees the beat:
// then to look at the logs once is enough.
//
// What it does not promise: a successor's claim that takes longer than Lapse from its judgement to the log can still
// land behind the back of a reader. That can cost somebody an outdated "no", never a seat: grants are the log's.
type readLease struct {
	number uint64
	until  time.Time
	from   time.Time // zero: no probation
}

// renewed is the lease after a beat that was sent then and has landed by now; alone says that no other living node's
// row was there afterwards. l may be nil: the first one.
func (l *readLease) renewed(sent, now time.Time, lapse time.Duration, alone bool) readLease {
	next := readLease{number: 1, until: sent.Add(lapse)}
	switch {
	case l == nil:
	case l.over(now): // somebody may have seen the row stand still
		next.number = l.number + 1
		if !alone {
			next.from = now.Add(lapse)
		}
	case l.from.IsZero():
		next.number = l.number
	case now.Before(l.from):
		next.number, next.from = l.number, l.from
	default: // what was checked on probation is checked once more
		next.number = l.number + 1
	}
	return next
}

// shown says that the newest beat has landed so lately that nobody can take this node for dead.
func (l *readLease) shown(now time.Time) bool { return !l.over(now) }

func (l *readLease) valid(now time.Time) bool { return !l.over(now) && l.from.IsZero() }

// over looks at both clocks. The monotonic one stands still while a machine is suspended; the wall clock may be set,
// which costs a moment of silence when it is set forward, and nothing when it is set back.
func (l *readLease) over(now time.Time) bool {
	return !now.Before(l.until) || !now.Round(0).Before(l.until.Round(0))
}
