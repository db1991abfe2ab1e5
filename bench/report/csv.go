package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Column is one column of the CSV.
type Column struct{ Name, About string }

// CSVColumns are the columns of WriteCSV in their order. Figures of a void round are empty fields, not zeros; its
// counts stay, for they happened and help to find out why.
var CSVColumns = []Column{
	{"scenario", "the scenario's name"},
	{"side", "who was measured"},
	{"round", "number of the round"},
	{"void", "why the round does not count; empty: it counts"},
	{"elapsed_s", "length of the round in seconds; every rate is per second of it"},
	{"round_useful_per_s", "of the whole round, the same in all its rows: durable changes acknowledged a second"},
	{"round_refusals_per_s", "of the whole round, the same in all its rows: the engine's noes (taken, sold out) a " +
		"second"},
	{"kind", "kind of request: hold, best, confirm … ; empty: the round had no requests"},
	{"class", "class of answer: held, served, taken, sold_out, queued, limited, failed, unknown"},
	{"count", "answers of this class to this kind"},
	{"per_s", "the same a second"},
	{"mean_ms", "their mean latency in milliseconds, from the intended start to the last byte"},
	{"p50_ms", "half were not slower"},
	{"p90_ms", "90 % were not slower"},
	{"p99_ms", "99 % were not slower"},
	{"p999_ms", "99.9 % were not slower"},
	{"max_ms", "the slowest"},
}

// CSVHelp explains the columns, one a line.
func CSVHelp() string {
	var text strings.Builder
	for _, c := range CSVColumns {
		fmt.Fprintf(&text, "%-20s  %s\n", c.Name, c.About)
	}
	return text.String()
}

// WriteCSV writes a header and one row for each side, round, kind of request and class of answer. A round without
// requests has one row.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	var header []string
	for _, c := range CSVColumns {
		header = append(header, c.Name)
	}
	_ = out.Write(header) // kept by the writer, and told below
	for i := range r.Sides {
		for j := range r.Sides[i].Rounds {
			round := &r.Sides[i].Rounds[j]
			for _, cells := range round.rows() {
				_ = out.Write(append([]string{r.Scenario, r.Sides[i].Name}, cells...))
			}
		}
	}
	out.Flush()
	return out.Error()
}

// rows are the round's cells from its number on.
func (r *Round) rows() [][]string {
	head := []string{
		strconv.Itoa(r.Number), r.Void, exact(r.Elapsed.Seconds()),
		r.ifCounted(r.Useful.PerSecond), r.ifCounted(r.Refusals.PerSecond),
	}
	var rows [][]string
	for _, call := range r.Calls {
		for i := range call.Outcomes {
			rows = append(rows, append(head[:len(head):len(head)], r.outcomeCells(call.Kind, &call.Outcomes[i])...))
		}
	}
	if len(rows) == 0 {
		return [][]string{append(head, make([]string, len(CSVColumns)-2-len(head))...)}
	}
	return rows
}

func (r *Round) outcomeCells(kind string, o *Outcome) []string {
	cells := []string{kind, o.Class, strconv.FormatUint(o.Count, 10),
		r.ifCounted(float64(o.Count) / r.Elapsed.Seconds())}
	q := &o.Latency
	for _, d := range []time.Duration{q.Mean, q.P50, q.P90, q.P99, q.P999, q.Max} {
		cell := ""
		if o.Count > 0 {
			cell = r.ifCounted(milliseconds(d))
		}
		cells = append(cells, cell)
	}
	return cells
}

func (r *Round) ifCounted(v float64) string {
	if !r.Counted() {
		return ""
	}
	return exact(v)
}

// exact is for machines: every digit that tells the value from its neighbours, at most a nanosecond's worth of noise
// less.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }
