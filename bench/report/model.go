package report

import "time"

// FormatVersion is the version of the JSON; a reader refuses one that it does not know.
const FormatVersion = 1

// Report is everything one command measured. It is written as JSON, and everything shown as HTML, CSV or text is made
// of it.
type Report struct {
	Version  int       `json:"version"`
	Scenario string    `json:"scenario"`
	About    string    `json:"about"`   // what the scenario is, and why it is an honest question
	Command  string    `json:"command"` // repeats it
	Seed     uint64    `json:"seed"`
	Started  time.Time `json:"started"`
	Machine  Machine   `json:"machine"`
	Settings []Setting `json:"settings"` // of the run: connections, rate, venue …, in order of importance
	// Sides are who was measured, the one in question first. With several, rounds went A B C, C B A, …
	Sides  []Side  `json:"sides"`
	Ratios []Ratio `json:"ratios,omitempty"`
	Curves []Curve `json:"curves,omitempty"`
	// Figures are single numbers worth a line of their own, with the aim if there is one.
	Figures []Figure `json:"figures,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Machine is where it ran.
type Machine struct {
	OS        string    `json:"os"`
	Cores     int       `json:"cores"`
	Processor string    `json:"processor"`
	MemoryGiB float64   `json:"memory_gib"`
	Versions  []Setting `json:"versions"` // Go, the kernel, the servers
}

// Setting is a name and its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Side is one server under the load.
type Side struct {
	Name   string  `json:"name"`
	About  string  `json:"about"` // how it is built and tuned
	Rounds []Round `json:"rounds"`
	Checks []Check `json:"checks"` // of all its rounds together
}

// Round is one run of the load. All rates are per second of Elapsed.
type Round struct {
	Number  int           `json:"number"`
	Elapsed time.Duration `json:"elapsed_ns"`
	// Useful are durable changes of state that were acknowledged (holds, releases, extensions, confirmations); Refusals
	// are the engine's noes (taken, sold out). Rates are zero in a void round.
	Useful   Rate    `json:"useful"`
	Refusals Rate    `json:"refusals"`
	Calls    []Call  `json:"calls"` // by kind of request
	Series   *Series `json:"series,omitempty"`
	Client   Client  `json:"client"`
	// ServerCPU is the server's share of the whole machine (1: all cores); zero when it is not ours to see. Of a
	// baseline it includes its database.
	ServerCPU float64 `json:"server_cpu"`
	// Void says why the round's rates are not printed: the client was the bottleneck, an unexpected outcome, too few
	// requests.
	Void string `json:"void,omitempty"`
}

// Rate is a count and what it is a second.
type Rate struct {
	Count     uint64  `json:"count"`
	PerSecond float64 `json:"per_second"`
}

// Call is one kind of request of a round.
type Call struct {
	Kind     string    `json:"kind"` // hold, best, confirm, release, extend, look, seatmap …
	Outcomes []Outcome `json:"outcomes"`
}

// Outcome is one class of answers to one kind of request.
type Outcome struct {
	Class   string    `json:"class"` // held, served, taken, sold_out, queued, limited, failed, unknown
	Count   uint64    `json:"count"`
	Latency Quantiles `json:"latency"`
}

// Quantiles describe a distribution of durations. Curve is the distribution itself for a plot: durations at rising
// quantiles.
type Quantiles struct {
	Mean  time.Duration `json:"mean_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Max   time.Duration `json:"max_ns"`
	Curve []Quantile    `json:"curve,omitempty"`
}

// Quantile is one point of a distribution: Part of all (0 … 1) were not slower than Duration.
type Quantile struct {
	Part     float64       `json:"part"`
	Duration time.Duration `json:"duration_ns"`
}

// Series is a round over time, in steps of one width.
type Series struct {
	Step    time.Duration  `json:"step_ns"`
	Classes []SeriesClass  `json:"classes"` // answers a step, by class
	Useful  []uint64       `json:"useful"`
	P50     []Milliseconds `json:"p50_ms"` // of all requests; 0: none in this step
	P99     []Milliseconds `json:"p99_ms"`
}

// SeriesClass is one class's answers over time.
type SeriesClass struct {
	Class  string   `json:"class"`
	Counts []uint64 `json:"counts"`
}

// Milliseconds is a duration as plots want it.
type Milliseconds float64

// InMilliseconds is a duration in that unit.
func InMilliseconds(d time.Duration) Milliseconds {
	return Milliseconds(float64(d) / float64(time.Millisecond))
}

// Client is what the load cost, and whether it kept up.
type Client struct {
	Processes int `json:"processes"`
	Loops     int `json:"loops"` // threads that send and receive, all processes together
	// CPU is the client's share of the whole machine. BusiestLoop is the share of one core that the busiest loop used:
	// near 1 the client was the bottleneck.
	CPU         float64 `json:"cpu"`
	BusiestLoop float64 `json:"busiest_loop"`
	// LateStarts began more than 2 ms after their intended moment although a connection was free (the client's fault);
	// Queued waited for a free connection (the server's, or too few connections). Both were sent all the same, and
	// their latency counts from the intended moment.
	LateStarts uint64    `json:"late_starts"`
	Queued     uint64    `json:"queued"`
	StartLag   Quantiles `json:"start_lag"`
	// Unstarted were due and not sent when the round ended.
	Unstarted uint64 `json:"unstarted"`
	Reconnect uint64 `json:"reconnects"`
}

// Ratio is the first side over another, round by round.
type Ratio struct {
	Over   string   `json:"over"` // the other side's name
	What   string   `json:"what"` // useful/s, refusals/s, hold p99 …
	Spread Spread   `json:"spread"`
	Aim    *float64 `json:"aim,omitempty"`     // at least; of latencies at most
	AtMost bool     `json:"at_most,omitempty"` // smaller is better
}

// Spread is the middle and the ends of a few rounds' figures. With five rounds, ends are more honest than a deviation.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Check is one verdict on a side's histories.
type Check struct {
	Name string `json:"name"`
	// Verdict is passed, failed, or not_checked (it ran out of time, or could not be made): never taken for passed.
	Verdict string   `json:"verdict"`
	Detail  string   `json:"detail"`
	Faults  []string `json:"faults,omitempty"` // the first few
}

// The verdicts of a Check.
const (
	Passed     = "passed"
	Failed     = "failed"
	NotChecked = "not_checked"
)

// Curve is how something grows: lines over a common x.
type Curve struct {
	Title string `json:"title"`
	X     Axis   `json:"x"`
	Y     Axis   `json:"y"`
	Lines []Line `json:"lines"`
	Note  string `json:"note,omitempty"`
}

// Axis is a name with its unit.
type Axis struct {
	Label string `json:"label"`
	Log   bool   `json:"log"`
}

// Line is one line of a curve.
type Line struct {
	Name   string       `json:"name"`
	Points [][2]float64 `json:"points"` // x, y
}

// Figure is one number.
type Figure struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Aim     string  `json:"aim,omitempty"` // in words: "≥ 10 ×"
	Reached *bool   `json:"met,omitempty"` // nil: no aim
}
