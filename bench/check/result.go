package check

import (
	"fmt"
	"strings"
)

// State is what became of a check.
type State uint8

// The states. NotChecked is never taken for Passed: something ran out of time, or could not be looked at.
const (
	Passed State = iota + 1
	Failed
	NotChecked
)

var stateNames = [...]string{Passed: "passed", Failed: "failed", NotChecked: "not_checked"}

func (s State) String() string {
	if int(s) >= len(stateNames) || s == 0 {
		return "state(" + fmt.Sprint(uint8(s)) + ")"
	}
	return stateNames[s]
}

// Code is the class of a fault: a stable word, for tests and for whoever counts.
type Code string

// The faults of answers alone.
const (
	// SecondAnswer: one key was acknowledged twice, for different bookings, seats or calls (P5).
	SecondAnswer Code = "second-answer"
	// Forgotten: a key was acknowledged, and its repeat was refused as if it were new (P5).
	Forgotten Code = "forgotten-key"
	// SharedBooking: one booking was told to two requests.
	SharedBooking Code = "shared-booking"
	// Stray: an acknowledged release, extension or confirmation of a booking that nobody was granted.
	Stray Code = "stray"

	// GrantedTwice: two bookings certainly had the seat at one instant (P1).
	GrantedTwice Code = "granted-twice"
	// LostEarly: a hold was over before its end, and nobody had released it (P2).
	LostEarly Code = "lost-early"
	// RefusedFree: a seat was called taken, or drawn as such, while nobody can have had it.
	RefusedFree Code = "refused-while-free"
	// ShownFree: the map drew a seat as free that certainly was not.
	ShownFree Code = "shown-free"
	// NoOrder: the answers about a seat fit no order that respects time, for a reason with no name of its own.
	NoOrder Code = "no-order"
	// OddLetters: a map of the wrong length, or with letters that mean nothing.
	OddLetters Code = "odd-letters"

	// ActedLate: a hold was extended or sold after the end that its buyer had been told (P4).
	ActedLate Code = "acted-late"

	// NoneLeftFalse: seats were said to be gone while enough of them certainly were free (P11).
	NoneLeftFalse Code = "none-left-while-free"
)

// The faults of a log, by itself and against the answers.
const (
	// LogShape: seq or index is not dense, a section comes twice, or a seat's number is beyond its section (P10).
	LogShape Code = "log-shape"
	// LogEpoch: an epoch fell, or rose without a claim.
	LogEpoch Code = "log-epoch"
	// LogTime: time went back.
	LogTime Code = "log-time"
	// LogOverlap: a seat was given to a booking while another had it (P1).
	LogOverlap Code = "log-overlap"
	// LogMove: a change that the booking's state does not allow.
	LogMove Code = "log-move"
	// LogLapse: a hold lapsed before its end.
	LogLapse Code = "log-lapse"
	// LogTwice: one request had two effects (P5).
	LogTwice Code = "log-twice"
	// LogMissing: an acknowledged change is not there (P2).
	LogMissing Code = "log-missing"
	// LogRefused: a request that was surely refused had an effect.
	LogRefused Code = "log-refused"
	// LogForeign: a change that nobody asked for.
	LogForeign Code = "log-foreign"
	// LogDiffers: booking, seats or end are not what the answer told.
	LogDiffers Code = "log-differs"
	// LogOrder: a change stands before one whose answer had come before it was asked for.
	LogOrder Code = "log-order"
	// LogLeg: a booking's seats in several sections do not agree: a leg was sold or freed without its home's word, or
	// has not heard what its home says that all have heard, or was sold for nobody's order.
	LogLeg Code = "log-leg"
	// LogMap: the map after the last answer is not what the log ends with.
	LogMap Code = "log-map"
	// LogSum: seats sold in the log are not those of the confirmations.
	LogSum Code = "log-sum"
)

// Fault is one thing that must not be.
type Fault struct {
	Code    Code
	Event   string // ids; empty when it is about none
	Section string
	Seat    int // index into the section; -1: about no single seat
	Text    string
}

func (f Fault) String() string {
	where := strings.TrimSpace(f.Event + " " + f.Section)
	if f.Seat >= 0 {
		where += fmt.Sprintf(" seat %d", f.Seat)
	}
	if where != "" {
		where += ": "
	}
	return fmt.Sprintf("%s: %s%s", f.Code, where, f.Text)
}

// Count is a figure of a check.
type Count struct {
	Name string
	N    uint64
}

// Check is one question and its verdict. Faults are the first FaultsShown of FaultCount, in the order of the history's
// sections (or of the log), the same at every run.
type Check struct {
	Name       string
	State      State
	Detail     string
	Faults     []Fault
	FaultCount int
	Counts     []Count
}

// FaultsShown is how many faults a check tells in words.
const FaultsShown = 20

// Count is the figure of that name, 0 when there is none.
func (c *Check) Count(name string) uint64 {
	for _, count := range c.Counts {
		if count.Name == name {
			return count.N
		}
	}
	return 0
}

// Has says whether a fault of the class is among those shown.
func (c *Check) Has(code Code) bool {
	for _, f := range c.Faults {
		if f.Code == code {
			return true
		}
	}
	return false
}

// Result is every check of one history.
type Result struct{ Checks []Check }

// Passed says that every check was made and found nothing.
func (r *Result) Passed() bool { return r.State() == Passed }

// State is Failed if any check failed, else NotChecked if any was not made, else Passed. A result without checks is
// NotChecked.
func (r *Result) State() State {
	state := NotChecked
	for i, c := range r.Checks {
		switch {
		case c.State == Failed:
			return Failed
		case i == 0:
			state = c.State
		case c.State == NotChecked:
			state = NotChecked
		}
	}
	return state
}

// Find gives the check of that name, nil when there is none.
func (r *Result) Find(name string) *Check {
	for i := range r.Checks {
		if r.Checks[i].Name == name {
			return &r.Checks[i]
		}
	}
	return nil
}

// String is one line a check, and one a fault shown.
func (r *Result) String() string {
	var b strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%s: %v: %s\n", c.Name, c.State, c.Detail)
		for _, f := range c.Faults {
			fmt.Fprintf(&b, "  %v\n", f)
		}
		if more := c.FaultCount - len(c.Faults); more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	return b.String()
}

// faults gathers what one check, or one section of it, finds.
type faults struct {
	first []Fault
	n     int
}

func (f *faults) add(fault Fault) {
	f.n++
	if len(f.first) < FaultsShown {
		f.first = append(f.first, fault)
	}
}

// join appends another's, so that sections checked at the same time tell their faults in one order.
func (f *faults) join(other *faults) {
	room := min(FaultsShown-len(f.first), len(other.first))
	f.first = append(f.first, other.first[:room]...)
	f.n += other.n
}

// check makes the verdict: unchecked is how much was not looked at.
func (f *faults) check(name, detail string, unchecked uint64, counts ...Count) Check {
	state := Passed
	switch {
	case f.n > 0:
		state = Failed
	case unchecked > 0:
		state = NotChecked
	}
	return Check{Name: name, State: state, Detail: detail, Faults: f.first, FaultCount: f.n, Counts: counts}
}
