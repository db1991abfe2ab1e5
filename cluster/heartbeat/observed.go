package heartbeat

import (
	"bytes"
	"slices"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// verdict on a claim.
type verdict uint8

const (
	no        verdict = iota
	lookAgain         // yes, if a look that begins after the question still finds no row of the writer
	yes
)

// observed is what one node knows of the others' rows, without clocks or I/O: the driver says what time it is
// (monotonic).
type observed struct {
	me     storage.WriterID
	lapse  time.Duration
	alone  bool      // this node is part of no cluster
	began  time.Time // of the newest look
	others map[storage.WriterID]*beat
	// absent are writers that were found without a row after a record of theirs was. A node has its row before it
	// claims and drops it after its last record, so that this stays true; one that comes back from the dead is seen
	// among others first.
	absent map[storage.WriterID]bool
	gone   []departure // of the newest look
}

// departure is a writer that is not alive any more.
type departure struct {
	writer storage.WriterID
	left   bool // in good order; else its row has stood still
}

// beat is one row as this node has seen it change.
type beat struct {
	name    string
	gossip  string
	value   section.Instant
	moving  bool      // it was written while this node looked: in a restored copy, rows of the original stand still
	since   time.Time // end of the look that first saw this value
	changed bool      // it has changed before our eyes
	lapsed  bool      // and was counted as freed
}

func newObserved(me storage.WriterID, lapse time.Duration) observed {
	return observed{me: me, lapse: lapse, others: map[storage.WriterID]*beat{}, absent: map[storage.WriterID]bool{}}
}

// still is how long the row is known to have stood still. Both ends are taken to our disadvantage: from the end of the
// look that first saw the value to the beginning of the newest one.
func (v *observed) still(s *beat) time.Duration { return v.began.Sub(s.since) }

// fresh says that the newest look is new enough to act on. A process that was paused finds out here that it knows
// nothing.
func (v *observed) fresh(now time.Time) bool { return !v.began.IsZero() && now.Sub(v.began) < v.lapse }

// see takes in one look at all rows, from began to ended. freed: some writer left or lapsed with it. old: rows to be
// removed.
func (v *observed) see(rows []storage.NodeBeat, began, ended time.Time) (freed bool, old []storage.WriterID) {
	gap := !v.fresh(began) // nobody looked meanwhile, or nobody could: others may not have been able to beat either
	v.began, v.gone = began, nil
	there := make(map[storage.WriterID]bool, len(rows))
	for _, row := range rows {
		if row.Writer == v.me {
			continue
		}
		there[row.Writer] = true
		s := v.others[row.Writer]
		switch {
		case s == nil:
			v.others[row.Writer] = &beat{name: row.Name, gossip: row.Gossip, value: row.At, since: ended, moving: !gap}
			delete(v.absent, row.Writer)
		case s.value != row.At:
			*s = beat{name: row.Name, gossip: row.Gossip, value: row.At, since: ended, changed: true, moving: true}
		case gap:
			s.since, s.lapsed = ended, false
		case v.still(s) >= v.lapse && !s.lapsed:
			s.lapsed, freed = true, true
			v.gone = append(v.gone, departure{row.Writer, false})
		case v.still(s) >= forgetLapses*v.lapse:
			old = append(old, row.Writer)
		}
	}
	return v.dropMissing(there) || freed, old
}

func (v *observed) dropMissing(there map[storage.WriterID]bool) (left bool) {
	for w, s := range v.others {
		if !there[w] {
			if !s.lapsed {
				left = true
				v.gone = append(v.gone, departure{w, true})
			}
			delete(v.others, w)
			v.absent[w] = true
		}
	}
	return left
}

// judge is the rule of takeover (DESIGN §6): asked is when the question came up, after the tail was read.
func (v *observed) judge(tail storage.Tail, readAt, now time.Time) verdict {
	if !v.fresh(now) {
		return no
	}
	if tail.Writer == v.me && tail.Seq > 0 {
		return yes
	}
	if v.alone && len(v.clustered()) > 0 { // nobody could find here what this node would claim
		return no
	}
	if tail.Seq == 0 || tail.Kind == storage.EntryReleased {
		return yes
	}
	if s := v.others[tail.Writer]; s != nil {
		if v.still(s) >= v.lapse {
			return yes
		}
		return no
	}
	if v.absent[tail.Writer] {
		return yes
	}
	if v.began.Before(readAt) {
		return lookAgain
	}
	v.absent[tail.Writer] = true
	return yes
}

// settled says that nothing is left to be found out: each other row has changed before our eyes or lapsed.
func (v *observed) settled() bool {
	for _, s := range v.others {
		if !s.changed && v.still(s) < v.lapse {
			return false
		}
	}
	return true
}

func (v *observed) alive() (n int) {
	for _, s := range v.others {
		if v.still(s) < v.lapse {
			n++
		}
	}
	return n
}

// clustered are the living nodes of a cluster.
func (v *observed) clustered() (living []Row) {
	for _, r := range v.rows().List {
		if r.Gossip != "" && r.Still < v.lapse {
			living = append(living, r)
		}
	}
	return living
}

// rows are all others' as they are known now, in order of writer.
func (v *observed) rows() *Rows {
	all := &Rows{Began: v.began, List: make([]Row, 0, len(v.others))}
	for w, s := range v.others {
		all.List = append(all.List, Row{Writer: w, Name: s.name, Gossip: s.gossip, Moving: s.moving, Still: v.still(s)})
	}
	slices.SortFunc(all.List, func(a, b Row) int { return bytes.Compare(a.Writer[:], b.Writer[:]) })
	return all
}
