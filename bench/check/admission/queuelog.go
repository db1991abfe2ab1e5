package admission

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"holdfast/api/wire/waitingroom"
	"holdfast/bench/check/history"
)

// lineBytesMax bounds a line: a batch of joins takes some 60 kB.
const lineBytesMax = 4 << 20

// queueLog is what a waiting room's log says. Numbers and sessions count from 0 and 1, and are dense.
type queueLog struct {
	buyers   []string // pseudonyms, by number
	at       []history.Nanos
	live     map[string]uint32 // a buyer's newest number
	gone     []bool            // by number: it does not count any more, or may not
	called   []bool            // by number, of rooms without a draw
	admitted map[uint32]uint32 // session, by number
	sessions []session
	stocks   []*stock
	capMost  uint32 // the highest there was
	lobby    bool
	present  present

	cap      uint32
	occupied uint32
	counter  uint32
	paused   bool
	open     bool
	seq      uint64
}

// session is one stay. Its number less one is its index.
type session struct {
	number uint32
	until  history.Nanos
	began  history.Nanos
	ended  uint64 // the record; 0: it goes on
	freed  bool
}

// stock is what a call may cite.
type stock struct {
	waitingroom.LogStock
	seq    uint64
	sum    waitingroom.LogStock // what the sections' logs add up to
	cites  int
	missed int // sections that were not counted
}

func (l *queueLog) nanos(j *judge, at int64) history.Nanos {
	return history.Nanos(at*1_000_000 - j.start)
}

// readQueueLog replays a log by rules of its own, and finds what they do not allow.
func readQueueLog(in io.Reader, j *judge) (*queueLog, error) {
	l := &queueLog{live: map[string]uint32{}, admitted: map[uint32]uint32{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<20), lineBytesMax)
	n := 0
	for lines.Scan() {
		n++
		var c waitingroom.LogChange
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if c.Event != j.event {
			return nil, fmt.Errorf("line %d is of event %q", n, c.Event)
		}
		l.change(j, &c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if n == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	return l, nil
}

func (l *queueLog) change(j *judge, c *waitingroom.LogChange) {
	l.seq = c.Seq
	switch c.Kind {
	case waitingroom.LogFounded:
		l.cap, l.capMost, l.lobby = c.Settings.ActiveMax, c.Settings.ActiveMax, c.Settings.ClosesAt != 0
	case waitingroom.LogOpened:
		l.open = true
	case waitingroom.LogJoined:
		l.joined(j, c)
	case waitingroom.LogStocked:
		l.stocks = append(l.stocks, &stock{LogStock: *c.Stock, seq: c.Seq})
	case waitingroom.LogCalled:
		l.call(j, c)
	case waitingroom.LogLeft:
		l.gone[*c.Number] = true
	case waitingroom.LogOperated:
		l.operated(c)
	default:
		l.stay(j, c)
	}
	l.order(j, c)
}

func (l *queueLog) operated(c *waitingroom.LogChange) {
	switch c.Operation.Action {
	case "cap":
		l.cap, l.capMost = c.Operation.Value, max(l.capMost, c.Operation.Value)
	case "pause", "resume":
		l.paused = c.Operation.Action == "pause"
	case "open":
		l.open = true
	}
}

func (l *queueLog) joined(j *judge, c *waitingroom.LogChange) {
	for _, e := range c.Entrants {
		if before, had := l.live[e.Buyer]; had && !l.gone[before] {
			j.places.add(j.event, "record %d: place %d is given to the buyer of place %d, which counts (G1)", c.Seq,
				len(l.buyers), before)
		}
		l.live[e.Buyer] = uint32(len(l.buyers))
		l.buyers, l.gone = append(l.buyers, e.Buyer), append(l.gone, false)
		l.at = append(l.at, l.nanos(j, int64(c.At)))
	}
}

func (l *queueLog) call(j *judge, c *waitingroom.LogChange) {
	upto := *c.Called
	if upto < l.counter || int(upto) > len(l.buyers) {
		j.calls.add(
			j.event,
			"record %d: the counter goes from %d to %d of %d (G4)",
			c.Seq,
			l.counter,
			upto,
			len(l.buyers),
		)
	}
	l.counter = max(l.counter, upto)
	for n := range min(upto, uint32(len(l.gone))) {
		if !l.lobby { // a called place may lapse: from here on nobody can tell whether it counts
			l.gone[n] = true
		}
	}
	if *c.Affected == 0 {
		return
	}
	j.tally.calls++
	switch {
	case !l.open || l.paused:
		j.calls.add(j.event, "record %d: %d are called while the doors are shut, or paused (G9)", c.Seq, *c.Affected)
	case int(c.Cites) != len(l.stocks) || c.Cites == 0:
		j.calls.add(j.event, "record %d: the call cites stock %d, the newest is %d (G8)", c.Seq, c.Cites, len(l.stocks))
		return
	}
	if c.Cites == 0 {
		return
	}
	s := l.stocks[c.Cites-1]
	if s.cites++; s.Free == 0 && s.Held == 0 && s.Paying == 0 {
		j.calls.add(j.event, "record %d: %d are called and nothing is in stock (G9)", c.Seq, *c.Affected)
	}
}

// stay is of the kinds that are about sessions.
func (l *queueLog) stay(j *judge, c *waitingroom.LogChange) {
	switch c.Kind {
	case waitingroom.LogAdmitted:
		if l.occupied++; l.occupied > l.cap {
			j.inside.add(j.event, "record %d: session %d begins, and %d of %d slots were taken (G5)", c.Seq, c.Session,
				l.occupied-1, l.cap)
		}
		if int(c.Session) != len(l.sessions)+1 {
			j.session.add(j.event, "record %d: session %d follows session %d", c.Seq, c.Session, len(l.sessions))
		}
		if before, twice := l.admitted[*c.Number]; twice {
			j.session.add(j.event, "record %d: place %d is admitted again, after session %d", c.Seq, *c.Number, before)
		}
		l.admitted[*c.Number] = c.Session
		l.sessions = append(l.sessions, session{number: *c.Number, until: l.nanos(j, int64(*c.Until)),
			began: l.nanos(j, int64(c.At))})
	case waitingroom.LogSessionEnding:
		l.end(j, int(c.Session)-1, c.Seq)
	case waitingroom.LogSessionsLapsed:
		left := int(*c.Affected)
		for i := 0; i < len(l.sessions) && left > 0; i++ {
			if l.sessions[i].ended == 0 {
				l.end(j, i, c.Seq)
				left--
			}
		}
	case waitingroom.LogSlotsFreed:
		l.freed(j, c)
	}
}

func (l *queueLog) end(j *judge, i int, seq uint64) {
	if i < 0 || i >= len(l.sessions) || l.sessions[i].ended != 0 {
		j.session.add(j.event, "record %d: session %d ends and is not inside (G6)", seq, i+1)
		return
	}
	l.sessions[i].ended = seq
	if n := l.sessions[i].number; int(n) < len(l.gone) {
		l.gone[n] = true
	}
}

func (l *queueLog) freed(j *judge, c *waitingroom.LogChange) {
	for _, no := range c.Sessions {
		i := int(no) - 1
		if i < 0 || i >= len(l.sessions) || l.sessions[i].ended == 0 || l.sessions[i].freed {
			j.session.add(
				j.event,
				"record %d: the slot of session %d is freed before its end, or twice (G6)",
				c.Seq,
				no,
			)
			continue
		}
		s := &l.sessions[i]
		s.freed = true
		l.occupied--
		if len(c.Acks) == 0 {
			j.session.add(j.event, "record %d: the slot of session %d is freed without a barrier (G6)", c.Seq, no)
		}
		for _, a := range c.Acks {
			if a.Seq < s.ended {
				j.session.add(
					j.event,
					"record %d: the slot of session %d, ended in record %d, is freed on the word of "+
						"a node that had followed to %d (G6)",
					c.Seq,
					no,
					s.ended,
					a.Seq,
				)
			}
		}
	}
}
