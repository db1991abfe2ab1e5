package drawctl

import (
	"fmt"
	"io"
)

// Result is what became of one check.
type Result string

// The results.
const (
	Passed     Result = "passed"
	Failed     Result = "failed"
	NotChecked Result = "not_checked"
)

// Word is the verdict in one word.
type Word string

// The verdicts.
const (
	Confirmed    Word = "confirmed"    // nothing that was checked contradicts the draw
	Contradicted Word = "contradicted" // something does
	NotDrawn     Word = "not_drawn"    // there is no draw yet
)

// Check is one line.
type Check struct {
	Name   string `json:"check"`
	Result Result `json:"result"`
	Text   string `json:"text"`
}

// Verdict is what came of a verification.
type Verdict struct {
	Event       string  `json:"event"`
	Verdict     Word    `json:"verdict"`
	Independent bool    `json:"independent"`
	Why         string  `json:"why"` // of Independent
	Checks      []Check `json:"checks"`
	// Rank is the place's, recomputed; nil without a place or a draw. 0 is called first.
	Rank *uint32 `json:"rank,omitempty"`
}

func (v *Verdict) add(name string, result Result, text string, args ...any) {
	v.Checks = append(v.Checks, Check{name, result, fmt.Sprintf(text, args...)})
}

// want is a check that passes or fails.
func (v *Verdict) want(ok bool, name, passed, failed string) bool {
	if ok {
		v.add(name, Passed, "%s", passed)
	} else {
		v.add(name, Failed, "%s", failed)
	}
	return ok
}

// result is that of a named check; NotChecked if there is none.
func (v *Verdict) result(name string) Result {
	found := NotChecked
	for _, c := range v.Checks {
		if c.Name == name {
			if c.Result == Failed {
				return Failed
			}
			found = c.Result
		}
	}
	return found
}

// conclude draws the verdict from the lines.
func (v *Verdict) conclude(drawn, beacon bool) {
	v.Verdict = Confirmed
	if !drawn {
		v.Verdict = NotDrawn
	}
	for _, c := range v.Checks {
		if c.Result == Failed {
			v.Verdict = Contradicted
		}
	}
	v.Independent = v.Verdict == Confirmed && v.result("rule") == Passed && v.result("beacon") == Passed &&
		v.result("seed") == Passed
	switch {
	case v.Independent:
		v.Why = "the seed comes from a round of a public beacon whose signature was verified with the beacon's key: " +
			"nobody could know it before the round, and nobody chose it"
	case !drawn && beacon:
		v.Why = "there is no draw yet: its round has not been handed in"
	case !drawn:
		v.Why = "there is no draw yet, and no independent beacon will seed it: the operator is trusted"
	case v.Verdict == Contradicted:
		v.Why = "something does not hold"
	case !beacon:
		v.Why = "the operator handed the seed's value in and could choose among several: the operator is trusted"
	default:
		v.Why = "the round's signature was not verified with a beacon's public key: the operator is trusted"
	}
}

var words = map[Word]string{Confirmed: "CONFIRMED", Contradicted: "CONTRADICTED", NotDrawn: "NOT DRAWN YET"}

var results = map[Result]string{Passed: "holds", Failed: "FAILS", NotChecked: "not checked"}

// Print writes the verdict for people.
func (v *Verdict) Print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "draw of event %s\n\n", v.Event); err != nil {
		return err
	}
	for _, c := range v.Checks {
		if _, err := fmt.Fprintf(out, "%-11s  %-8s  %s\n", results[c.Result], c.Name, c.Text); err != nil {
			return err
		}
	}
	independent := "not independent"
	if v.Independent {
		independent = "independent"
	}
	_, err := fmt.Fprintf(out, "\n%s, %s: %s.\n", words[v.Verdict], independent, v.Why)
	return err
}
