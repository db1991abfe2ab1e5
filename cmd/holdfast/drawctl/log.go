package drawctl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/gate/draw"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Record is one line of an exported gate log.
type Record struct {
	Event string    `json:"event"`
	Seq   uint64    `json:"seq"`
	At    wire.Time `json:"at"`
	Kind  string    `json:"kind"` // changes, claim or released
	Body  []byte    `json:"body"` // of changes: as the store has it, in Base64
}

var kinds = map[storage.EntryKind]string{
	storage.EntryChanges: "changes", storage.EntryClaim: wire.LogClaim, storage.EntryReleased: wire.LogReleased,
}

// RecordOf makes a line of a stored record. What an owner wrote into a claim is not part of it.
func RecordOf(event string, e *storage.Entry) Record {
	r := Record{Event: event, Seq: uint64(e.Seq), At: wire.Time(e.At), Kind: kinds[e.Kind]}
	if e.Kind == storage.EntryChanges {
		r.Body = bytes.Clone(e.Body)
	}
	return r
}

// lineBytesMax is a record's body in Base64, and what stands around it.
const lineBytesMax = (storage.BodyBytesMax+2)/3*4 + 1024

// ReadLog reads an exported log, a line at a time. An error names the line.
func ReadLog(in io.Reader, event string) (*Log, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, lineBytesMax)
	l, n := NewLog(), 0
	for lines.Scan() {
		n++
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d of the log is no record of a gate: %w", n, err)
		}
		if r.Event != event {
			return nil, fmt.Errorf("line %d of the log is of event %q, not of %q", n, r.Event, event)
		}
		if err := l.Add(r); err != nil {
			return nil, fmt.Errorf("line %d of the log: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("the log, after line %d: %w", n, err)
	}
	if n == 0 {
		return nil, errors.New("the log is empty")
	}
	return l, nil
}

// Log is what a gate's log says of the draw. Fill it with Add.
type Log struct {
	entries  []audit.Entry
	founded  *gate.Settings
	joined   []draw.Entrant // of all times
	closed   *gate.Change
	drawn    *gate.Change
	problems []string
}

// NewLog is an empty log.
func NewLog() *Log { return &Log{} }

var (
	errSeq    = errors.New("records are missing, or stand in another order")
	errRecord = errors.New("a record of an unknown kind")
)

// Add takes the next record on. The error says that it cannot be the next, or holds no changes of a gate.
func (l *Log) Add(r Record) error {
	if r.Seq != uint64(len(l.entries))+1 {
		return errSeq
	}
	e := audit.Entry{Seq: gate.Seq(r.Seq), At: gate.Instant(r.At), Body: r.Body}
	switch r.Kind {
	case kinds[storage.EntryChanges]:
	case wire.LogClaim:
		e.Claim, e.Body = true, nil
	case wire.LogReleased:
		e.Body = nil
	default:
		return errRecord
	}
	l.entries = append(l.entries, e)
	return gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error { l.change(c); return nil })
}

func (l *Log) change(c *gate.Change) {
	kept := *c
	kept.Signature = slices.Clone(c.Signature)
	switch c.Kind {
	case gate.Founded:
		if l.founded != nil {
			l.problems = append(l.problems, "the log founds the waiting room twice")
		}
		l.founded = &kept.Settings
	case gate.Joined:
		for _, e := range c.Entrants {
			l.joined = append(l.joined, draw.Entrant{Pseudonym: e.Buyer, Party: e.Party})
		}
	case gate.LobbyClosed:
		if l.closed != nil {
			l.problems = append(l.problems, "the log closes the lobby twice")
		}
		kept.Entrants = nil
		l.closed = &kept
		if int64(c.Count) != int64(len(l.joined)) {
			l.problems = append(l.problems, fmt.Sprintf("the log closes the lobby with %d entrants, and %d had joined",
				c.Count, len(l.joined)))
		}
	case gate.LotsDrawn:
		if l.drawn != nil {
			l.problems = append(l.problems, "the log draws twice")
		}
		l.drawn = &kept
	}
}

// entrants: the log and the document say the same, and all entrants give the root.
func (v *verifier) entrants() {
	l := v.Log
	if l == nil {
		v.add("entrants", NotChecked, "no log was given (--log, --data or --store): that nobody was dropped, added or "+
			"swapped before the close rests on the root alone")
		return
	}
	for _, problem := range l.problems {
		v.add("entrants", Failed, "%s", problem)
	}
	if l.founded == nil {
		v.add("entrants", Failed, "the log founds no waiting room")
		return
	}
	if l.founded.Event != v.event {
		v.add("entrants", Failed, "the log is that of another event")
		return
	}
	v.logSaysTheSame()
	v.recomputed()
	v.audited()
}

// logSaysTheSame compares the log with the document.
func (v *verifier) logSaysTheSame() {
	l, now := v.Log, v.Now
	rule, b := l.founded.Rule, now.Rule.Beacon
	same := int64(l.founded.ClosesAt) == int64(now.Rule.ClosesAt) && rule.Independent() == (b != nil)
	if b != nil {
		same = same &&
			rule == gate.DrawRule{Chain: b.Chain, Genesis: gate.Instant(b.Genesis), Period: gate.Millis(b.Period),
				Round: b.Round, Late: gate.Millis(b.Late)}
	}
	v.want(same, "log", "the rule was logged when the waiting room was founded, as published",
		"the log has another rule than the document")
	if c := now.Close; c != nil {
		v.want(l.closed != nil && l.closed.Count == *c.Entrants && l.closed.Root == draw.Hash(c.Root) &&
			l.closed.Round == c.Round && int64(l.closed.At) == int64(c.At), "log",
			"the log closed the lobby as published",
			"the log closed the lobby with another N, root, round or moment than the document")
	}
	if d := now.Draw; d != nil {
		v.want(
			l.drawn != nil && bytes.Equal(l.drawn.Signature, d.Signature) && l.drawn.Seed == draw.Hash(d.Seed),
			"log",
			"the log drew as published",
			"the log drew with another signature or seed than the document",
		)
	}
	p := now.Place
	if p != nil && int64(*p.Number) < int64(len(l.joined)) {
		v.want(l.joined[*p.Number] == draw.Entrant{Pseudonym: p.Pseudonym, Party: p.Party}, "log",
			fmt.Sprintf("the log gave number %d to this buyer", *p.Number),
			fmt.Sprintf("the log gave number %d to another buyer, or another party", *p.Number))
	} else if p != nil {
		v.add("log", NotChecked, "the log ends before number %d joined", *p.Number)
	}
}

// recomputed: N and root, from every entrant.
func (v *verifier) recomputed() {
	now := v.Now
	if now.Close == nil {
		v.add("entrants", NotChecked, "the lobby is not closed yet")
		return
	}
	key := &v.Log.founded.SaltKey
	if v.SaltKey != nil {
		key = v.SaltKey
	}
	all := v.Log.joined[:min(int64(len(v.Log.joined)), int64(*now.Close.Entrants))]
	p := draw.Published{Event: v.event, Entrants: *now.Close.Entrants, Root: draw.Hash(now.Close.Root)}
	if now.Draw != nil {
		p = *v.published()
	} else {
		p.Seed = draw.Seed(p.Event, p.Entrants, p.Root, nil) // no draw: only N and root are of interest
	}
	err := draw.VerifyAll(&p, key, all, nil) // the signature is a line of its own
	if errors.Is(err, draw.ErrSeed) {
		err = nil // a line of its own, too
	}
	v.want(err == nil, "entrants", fmt.Sprintf("the %d entrants of the log give the published root: none was dropped, "+
		"added or swapped since the close", p.Entrants), fmt.Sprint(err))
}

// findingsMax bounds how many of the audit's findings are lines.
const findingsMax = 10

// audited: the log holds together.
func (v *verifier) audited() {
	options := audit.Options{}
	if v.chain != nil && v.Now.Draw != nil {
		options.Beacon = func(round uint64, previous, signature []byte) error {
			if len(previous) == 0 { // a log of an earlier build has none
				previous = v.Now.Draw.Previous
			}
			return v.chain.Verify(round, previous, signature)
		}
	}
	report := audit.Run(slices.Values(v.Log.entries), options)
	for _, f := range report.Findings[:min(len(report.Findings), findingsMax)] {
		v.add("log", Failed, "%v", f)
	}
	if more := len(report.Findings) + report.FindingsLeftOut - findingsMax; more > 0 {
		v.add("log", Failed, "%d more findings are left out; holdfast audit has them", more)
	}
	if len(report.Findings) == 0 {
		v.add("log", Passed, "%d records of the log keep the waiting room's rules", report.Records)
	}
}
