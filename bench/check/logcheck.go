package check

import (
	"bufio"
	"errors"
	"fmt"
	"holdfast/bench/check/history"
	"io"
	"runtime"
	"sync"
)

// logBufferBytes bounds a line: a change of 65,536 seats takes some 400 kB.
const logBufferBytes = 16 << 20

// checkLog reads the server's log once, section by section, and holds it against the requests.
func (q *requests) checkLog(r *run, open func() (io.ReadCloser, error)) Check {
	p := q.newReplay(r)
	err := p.read(r, open)
	if err == nil {
		p.finish()
	}
	p.unmask()
	detail, unchecked := p.detail(), uint64(0)
	if err != nil {
		detail, unchecked = fmt.Sprintf("%v, after %d lines", err, p.lines), 1
	}
	return p.faults.check(Log, detail, unchecked,
		Count{"lines", p.lines}, Count{"of other events", p.ignored}, Count{"sections", p.logTally.sections},
		Count{"sold", p.sold},
		Count{"sold, acknowledged", p.ofConfirmed}, Count{"sold, unknown", p.ofUnknown}, Count{"refunded", p.refunded},
		Count{"unknown, done", p.resolved}, Count{"letters", p.letters})
}

func (p *replay) detail() string {
	return fmt.Sprintf("%d changes in %d sections; %d seats sold = %d confirmed + %d of unknown outcome; %d unknown "+
		"requests turn out done; %d letters of last maps compared",
		p.changes, p.logTally.sections, p.sold, p.ofConfirmed, p.ofUnknown, p.resolved, p.letters)
}

func (q *requests) newReplay(r *run) *replay {
	p := &replay{
		requests: q, lookLag: r.lookLag, names: newLogNames(&q.h.Header),
		now: &logSection{no: none, byID: map[string]uint32{}}, done: make([]bool, len(q.sections)),
		effect: make([]uint8, len(q.list)), over: make([]uint8, len(q.bookings)),
		lastSeq: make([]uint64, len(q.sections)), ends: make([]history.Nanos, len(q.bookings)), index: q.newLogIndex(),
	}
	q.each(func(_ ref, op *history.Op) {
		if op.Kind != history.Look && op.Return != history.Never {
			p.quiet = max(p.quiet, op.Return)
		}
	})
	return p
}

// newLogIndex names all requests. Two SHA-256 each are most of what a log costs to prepare, so all processors share
// them.
func (q *requests) newLogIndex() logIndex {
	x := logIndex{names: make([][16]byte, len(q.list)), table: newTable(2 * len(q.list))} // under two names each
	workers := runtime.GOMAXPROCS(0)
	var working sync.WaitGroup
	for w := range workers {
		working.Go(func() {
			m := namer{h: &q.h.Header}
			for n := len(q.list) * w / workers; n < len(q.list)*(w+1)/workers; n++ {
				_, op := q.op(q.list[n].op)
				x.names[n] = m.name(op)
			}
		})
	}
	working.Wait()
	for n := range x.names {
		*x.slot(q, q.eventOf(uint32(n)), x.names[n]) = uint32(n) + 1
	}
	return x
}

// read follows the log to its end. An error means that the rest was not seen.
func (p *replay) read(r *run, open func() (io.ReadCloser, error)) (err error) {
	source, err := open()
	if err != nil {
		return fmt.Errorf("check: log: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	lines := bufio.NewScanner(source)
	lines.Buffer(make([]byte, 1<<20), logBufferBytes)
	for lines.Scan() {
		p.lines++
		if p.lines%4096 == 0 && r.ctx.Err() != nil {
			return fmt.Errorf("check: log: %w", r.ctx.Err())
		}
		if err := p.line.parse(lines.Bytes()); err != nil {
			return fmt.Errorf("check: log: line %d: %w", p.lines, err)
		}
		p.follow()
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("check: log: line %d: %w", p.lines+1, err)
	}
	return nil
}

// follow gives the line to its section. Sections of other events are none of this history's.
func (p *replay) follow() {
	if no, changed := p.names.section(&p.line); changed {
		p.compareMaps()
		p.enter(no)
	}
	if p.now.no == none {
		p.ignored++
		return
	}
	p.change()
}

// logNames finds a section by the ids in a line; as a rule it is that of the line before.
type logNames struct {
	lastEvent, lastSection string
	byID                   map[string]map[string]uint32
}

func newLogNames(h *history.Header) logNames {
	n := logNames{byID: map[string]map[string]uint32{}}
	no := uint32(0)
	for _, e := range h.Events {
		sections := map[string]uint32{}
		for _, s := range e.Sections {
			sections[s.ID] = no
			no++
		}
		n.byID[e.ID] = sections
	}
	return n
}

func (n *logNames) section(l *logLine) (no uint32, changed bool) {
	if string(l.event) == n.lastEvent && string(l.section) == n.lastSection {
		return none, false
	}
	n.lastEvent, n.lastSection = string(l.event), string(l.section)
	no, known := n.byID[n.lastEvent][n.lastSection]
	if !known {
		no = none
	}
	return no, true
}

// last says whether a look began after every answer but other looks'. Only those are held against where the log ends.
func (p *replay) last(op *history.Op) bool { return op.Call > p.quiet }

// freshOf is the moment before which everything acknowledged must be in all last maps of the section: a map may be as
// much older than its request as Options.LookLag says.
func (p *replay) freshOf(no uint32) history.Nanos {
	fresh := history.Never
	for _, r := range p.lookOps.of(no) {
		if _, op := p.op(r); p.last(op) {
			fresh = min(fresh, op.Call-p.lookLag)
		}
	}
	return fresh
}

// settled: acknowledged at ret, early enough for every last map.
func (p *replay) settled(ret history.Nanos) bool { return ret != history.Never && ret < p.now.fresh }

// compareMaps holds the section's last maps against where its log ended. They must show everything settled, and may
// besides show what came after the last of that: a hold that lapsed since, what a request of unknown outcome did, what
// was acknowledged only just before.
func (p *replay) compareMaps() {
	s := p.now
	if s.no == none {
		return
	}
	for _, r := range p.lookOps.of(s.no) {
		part, op := p.op(r)
		letters := part.TextOf(op.Text)
		if !p.last(op) || len(letters) != len(s.seats) {
			continue
		}
		p.letters += uint64(len(letters))
		for seat, letter := range letters {
			if s.mayShow(seat)&letterBit(letter) == 0 {
				event, section := p.requests.names(s.no)
				p.faults.add(Fault{LogMap, event, section, seat,
					fmt.Sprintf("%s shows %c, and the log ends with %c", p.tell(op), letter, s.seats[seat].letter)})
			}
		}
	}
}

// finish looks for what is not there.
func (p *replay) finish() {
	p.compareMaps()
	p.now.no = none
	p.judgeOrders()
	for n := range p.requests.list {
		p.demand(uint32(n))
	}
	confirmed := uint64(0)
	for i := range p.bookings {
		if b := &p.bookings[i]; b.sold != history.Never {
			confirmed += uint64(len(p.seatsOf(uint32(i))))
		}
	}
	if confirmed != p.ofConfirmed || p.sold != p.ofConfirmed+p.ofUnknown {
		p.faults.add(Fault{LogSum, "", "", -1,
			fmt.Sprintf("%d seats sold in the log: %d of acknowledged confirmations, which are %d, and %d of unknown "+
				"ones",
				p.sold, p.ofConfirmed, confirmed, p.ofUnknown)})
	}
}

// demand: what was acknowledged is in the log (P2). A release may find the hold over already, by another release or by
// the clock; an extension that would gain too little is answered with the end as it stands, which the log knows; a
// confirmation is a sale.
func (p *replay) demand(n uint32) {
	r := &p.requests.list[n]
	there := p.effect[n] > 0
	if r.booking != none {
		switch r.kind {
		case history.Confirm:
			there = p.over[r.booking]&overSold != 0
		case history.Release:
			there = there || p.over[r.booking]&overGone != 0
		case history.Extend:
			there = there || r.expires != 0 && r.expires <= p.ends[r.booking]+endSlack
		}
	}
	switch {
	case r.verdict == history.Unknown:
		p.resolved += bit(there)
	case r.verdict == history.Done && !there && r.booking != none:
		_, op := p.op(r.op)
		event, section := p.requests.names(p.bookings[r.booking].section)
		p.faults.add(Fault{LogMissing, event, section, -1, p.tell(op) + ": acknowledged, and its change is not there"})
	}
}
