package check

import (
	"context"
	"fmt"
	"holdfast/bench/check/history"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The names of the checks, in the order in which Run gives them.
const (
	Repeats = "repeats"   // one key, one effect, one answer (P5)
	Seats   = "seats"     // each seat's answers fit some order that respects time (P1, P2)
	Ends    = "ends"      // nobody extended or sold a hold after its end (P4)
	Gone    = "none left" // nobody was refused for want of seats while they were free (P11)
	Log     = "log"       // the server's own log says what the answers said (P2, P5, P10)
)

// Options of Run. The zero value checks everything but the log, without a limit of time.
type Options struct {
	// Log opens the server's log, one wire.LogChange a line, section by section. Nil: there is none, and no check of it
	// in the result.
	Log func() (io.ReadCloser, error)
	// Budget bounds the search for orders; 0: only ctx does. What is not done by then is counted as not checked. The
	// rest (repeats, ends, the log) takes a time that the size of the history decides, and is always done.
	Budget time.Duration
	// SeatBudget bounds the search at one seat; 0: 10 s.
	SeatBudget time.Duration
	// Workers is how many sections are checked at once; 0: one for each processor.
	Workers int
	// LookLag is how much older than its request an availability map may be; 0: one second. A map is a projection, and
	// P9 promises a tenth of that at the 99th percentile only.
	LookLag time.Duration
	// Now is the clock of the budgets, for tests; nil: time.Now. No verdict depends on it but NotChecked.
	Now func() time.Time

	// exhaustive leaves nothing out and hands every seat to porcupine: for the tests that hold the shortcuts against
	// it.
	exhaustive bool
}

// run is one call of Run.
type run struct {
	ctx        context.Context
	now        func() time.Time
	deadline   time.Time // zero: none
	perSeat    time.Duration
	lookLag    history.Nanos
	exhaustive bool
}

const (
	seatBudget = 10 * time.Second
	lookLag    = time.Second
)

func newRun(ctx context.Context, o *Options) *run {
	r := &run{ctx: ctx, now: o.Now, perSeat: seatBudget, lookLag: history.Nanos(lookLag), exhaustive: o.exhaustive}
	if r.now == nil {
		r.now = time.Now
	}
	if o.SeatBudget > 0 {
		r.perSeat = o.SeatBudget
	}
	if o.LookLag > 0 {
		r.lookLag = history.Nanos(o.LookLag)
	}
	if o.Budget > 0 {
		r.deadline = r.now().Add(o.Budget)
	}
	return r
}

// Run makes every check of a history. The result is the same at every run of the same input, but for what ran out of
// time.
//
// A history that is not valid, or a log that cannot be read to its end, gives checks that are NotChecked with the
// reason in Detail.
func Run(ctx context.Context, h *history.History, o Options) Result {
	if err := h.Validate(); err != nil {
		return invalid(err, o.Log != nil)
	}
	r := newRun(ctx, &o)
	q := newRequests(newArchive(h))
	seats, gone := r.sections(q, o.Workers)
	result := Result{Checks: []Check{q.check(), seats, q.ends(), gone}}
	if o.Log != nil {
		result.Checks = append(result.Checks, q.checkLog(r, o.Log))
	}
	return result
}

func invalid(err error, withLog bool) Result {
	names := []string{Repeats, Seats, Ends, Gone}
	if withLog {
		names = append(names, Log)
	}
	var result Result
	for _, name := range names {
		result.Checks = append(result.Checks, Check{Name: name, State: NotChecked, Detail: err.Error()})
	}
	return result
}

// sections checks all sections on several workers, and adds up in the order of the sections what each found.
func (r *run) sections(q *requests, workers int) (seats, gone Check) {
	bySection := q.bookingsBySection()
	results := make([]sectionResult, len(q.sections))
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(workers, len(results)) {
		working.Go(func() {
			x := examiner{requests: q, run: r}
			for no := next.Add(1) - 1; int(no) < len(results); no = next.Add(1) - 1 {
				bookings := bySection.of(uint32(no))
				if r.left() > 0 {
					x.section(uint32(no), bookings, &results[no])
				} else {
					results[no].unchecked, results[no].skipped = uint64(q.sections[no].seats), 1
				}
			}
		})
	}
	working.Wait()
	return r.sum(q, results)
}

// numbered are numbers sorted by group.
type numbered struct{ start, list []uint32 }

func (n *numbered) of(group uint32) []uint32 { return n.list[n.start[group]:n.start[group+1]] }

func (q *requests) bookingsBySection() numbered {
	n := numbered{make([]uint32, len(q.sections)+2), make([]uint32, len(q.bookings))}
	for i := range q.bookings {
		n.start[q.bookings[i].section+2]++
	}
	for i := 2; i < len(n.start); i++ {
		n.start[i] += n.start[i-1]
	}
	for i := range q.bookings {
		at := &n.start[q.bookings[i].section+1]
		n.list[*at] = uint32(i)
		*at++
	}
	return n
}

func (r *run) sum(q *requests, results []sectionResult) (seats, gone Check) {
	var all sectionResult
	for i := range results {
		all.seats.join(&results[i].seats)
		all.gone.join(&results[i].gone)
		all.tally.add(&results[i].tally)
	}
	t := &all.tally
	detail := fmt.Sprintf("%d seats: of %d the answer was at hand, %d were searched by porcupine, %d not checked in "+
		"time; %d looks at seats, %d of them sure whatever the order, %d explained by what is unknown",
		t.walked+t.searched+t.unchecked, t.walked, t.searched, t.unchecked, t.looks, t.sure, t.excused)
	seats = all.seats.check(Seats, detail, t.unchecked,
		Count{"at hand", t.walked}, Count{"searched", t.searched}, Count{"not checked", t.unchecked},
		Count{"looks", t.looks}, Count{"sure", t.sure}, Count{"excused", t.excused},
		Count{"bookings", uint64(q.granted)})
	detail = fmt.Sprintf("%d times a section had to answer for \"none left\"; %d more were left out because seats of "+
		"the event are blocked", t.none, t.blind)
	gone = all.gone.check(Gone, detail, t.blind+t.skipped, Count{"looked at", t.none}, Count{"blocked", t.blind})
	return seats, gone
}
