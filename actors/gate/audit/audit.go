package audit

import (
	"fmt"
	"iter"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
)

// Entry is one record of the log. The chain of hashes is somebody else's to check.
type Entry struct {
	Seq   gate.Seq
	At    gate.Instant
	Claim bool   // a writer's claim: it has no changes, and an outage may end with it
	Body  []byte // changes; empty for claims and releases
}

// Options of an audit. The zero value is usable, and leaves more unchecked.
type Options struct {
	// Beacon says whether a signature is that of a round. nil: signatures are not looked at.
	Beacon draw.Beacon
	// Stock says what the sections' logs give for a stock's records. nil: stocks are believed.
	Stock func(s *gate.Stock) error
}

// Finding is one breach.
type Finding struct {
	Invariant string // G1 … G12, "codes" for presale codes, or "log" for a change that cannot be
	Seq       gate.Seq
	Why       string
}

func (f Finding) String() string { return fmt.Sprintf("record %d: %s: %s", f.Seq, f.Invariant, f.Why) }

// Report is what an audit has found.
type Report struct {
	Records, Changes   int
	Joined, Admitted   int
	Findings           []Finding
	FindingsLeftOut    int // beyond findingsMax
	Unchecked          []string
	IndependentBeacon  bool
	EntrantsOfTheDraw  uint32
	CallsOnStock       int
	LongestJoinWaiting gate.Millis
}

const findingsMax = 100

// Run judges a log from its first record on. An undecodable record is a finding that ends the judging: what follows
// would rest on a guess.
func Run(entries iter.Seq[Entry], options Options) *Report {
	j := newJudge(options)
	for e := range entries {
		j.seq = e.Seq
		j.report.Records++
		if e.Claim {
			j.claim(e.At)
			continue
		}
		err := gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
			j.report.Changes++
			j.change(c)
			return nil
		})
		if err != nil {
			j.find("log", "%v", err)
			break
		}
	}
	j.unchecked()
	return j.report
}

func (j *judge) find(invariant, why string, args ...any) {
	if len(j.report.Findings) == findingsMax {
		j.report.FindingsLeftOut++
		return
	}
	j.report.Findings = append(j.report.Findings, Finding{invariant, j.seq, fmt.Sprintf(why, args...)})
}

// want finds a breach unless ok.
func (j *judge) want(ok bool, invariant, why string, args ...any) bool {
	if !ok {
		j.find(invariant, why, args...)
	}
	return ok
}

func (j *judge) unchecked() {
	not := func(what string) { j.report.Unchecked = append(j.report.Unchecked, what) }
	not("G2: who sent before whom is known to clients only; compare their answers with the numbers")
	not("G7, G10, G11: they are about sections' and coordinators' logs")
	not("joins that never reached the gate, who people really are, and wall time")
	if j.set.ClosesAt != 0 {
		not("entrants that an operator made up before the close")
	}
	if j.phase >= gate.Drawn && j.set.ClosesAt != 0 {
		switch {
		case !j.report.IndependentBeacon:
			not("the seed: no independent beacon gave it, the operator is trusted")
		case j.options.Beacon == nil:
			not("the beacon's signature: no key was given to check it with")
		}
	}
	if j.options.Stock == nil {
		not("G8: stocks were believed; nobody counted the sections' logs at the records that the stocks name")
	}
	if j.acks > 0 {
		not("G6: whether the nodes that acknowledged were all that had a heartbeat row")
	}
}
