package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Outcome is what became of one request. The classes are never added up into "errors": a seat that was taken is a
// correct answer, and a request whose fate is unknown is neither a success nor a failure.
type Outcome uint8

// The outcomes. Held: 201. Served: another success. Taken, SoldOut: the engine's two noes to a buyer. Queued: sent to
// the waiting room first (403 not_admitted). Limited: turned away before anything was done (429, 503). Failed: surely
// not done, and not expected. Unknown: sent, and nobody knows. OutcomeCount is how many there are.
const (
	Held Outcome = iota
	Served
	Taken
	SoldOut
	Queued
	Limited
	Failed
	Unknown

	OutcomeCount
)

var outcomeNames = [OutcomeCount]string{"held", "served", "taken", "sold_out", "queued", "limited", "failed", "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// Outcomes counts requests by class.
type Outcomes [OutcomeCount]uint64

// Total is the number of all.
func (o *Outcomes) Total() uint64 {
	var sum uint64
	for _, n := range o {
		sum += n
	}
	return sum
}

// Only says whether every request, and at least one, had this outcome: what a scenario's figure stands on.
func (o *Outcomes) Only(want Outcome) bool { return o[want] > 0 && o[want] == o.Total() }

// Add adds the other's counts.
func (o *Outcomes) Add(other *Outcomes) {
	for i, n := range other {
		o[i] += n
	}
}

// String lists the classes that occurred.
func (o *Outcomes) String() string {
	var parts []string
	for i, n := range o {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", Outcome(i), n))
		}
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes an object of the classes that occurred.
func (o Outcomes) MarshalJSON() ([]byte, error) {
	named := map[string]uint64{}
	for i, n := range o {
		if n > 0 {
			named[Outcome(i).String()] = n
		}
	}
	return json.Marshal(named)
}

// UnmarshalJSON is the way back; a class that this build does not know is an error.
func (o *Outcomes) UnmarshalJSON(text []byte) error {
	named := map[string]uint64{}
	if err := json.Unmarshal(text, &named); err != nil {
		return fmt.Errorf("load: outcomes: %w", err)
	}
	*o = Outcomes{}
	for name, n := range named {
		i := slices.Index(outcomeNames[:], name)
		if i < 0 {
			return fmt.Errorf("load: there is no outcome %q", name)
		}
		o[i] = n
	}
	return nil
}

var (
	codeSeatTaken      = []byte(`"code":"seat_taken"`)
	codeNotAdmitted    = []byte(`"code":"not_admitted"`)
	codeSoldOut        = []byte(`"code":"sold_out"`)
	codeNotTogether    = []byte(`"code":"not_together"`)
	codeOutcomeUnknown = []byte(`"code":"outcome_unknown"`)
)

// Classify reads an answer's class from its status and, where the status has several meanings, from the problem's code.
func Classify(status int, body []byte) Outcome {
	switch {
	case status == 201:
		return Held
	case status == 200 || status == 304:
		return Served
	case status == 409 && bytes.Contains(body, codeSeatTaken):
		return Taken
	case status == 409 && (bytes.Contains(body, codeSoldOut) || bytes.Contains(body, codeNotTogether)):
		// no section had as many as asked for
		return SoldOut
	case status == 403 && bytes.Contains(body, codeNotAdmitted):
		return Queued
	case status == 503 && bytes.Contains(body, codeOutcomeUnknown):
		return Unknown
	case status == 429 || status == 503:
		return Limited
	case status == 202 || status == 500 || status == 502 || status == 504:
		return Unknown
	}
	return Failed
}
