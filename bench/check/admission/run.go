package admission

import (
	"context"
	"fmt"
	"io"

	"holdfast/bench/check"
	"holdfast/bench/check/history"
)

// Options of Run.
type Options struct {
	// Queue opens the log of an event's waiting room, as holdfast log --waiting-room prints it; nil: there is none, and
	// the answers alone are judged.
	Queue func(ctx context.Context, event string) (io.ReadCloser, error)
	// Sections opens the logs of all sections, as holdfast log prints them; nil: stocks are believed.
	Sections func(ctx context.Context) (io.ReadCloser, error)
}

// The checks, by name.
const (
	Places    = "waiting room: places"
	Calls     = "waiting room: calls"
	Inside    = "waiting room: inside"
	Sessions  = "waiting room: sessions"
	Everybody = "waiting room: everybody"
)

// faults gathers what one check finds.
type faults struct {
	first []check.Fault
	n     int
}

func (f *faults) add(event, text string, args ...any) {
	if f.n++; len(f.first) < check.FaultsShown {
		f.first = append(
			f.first,
			check.Fault{Code: "waiting-room", Event: event, Seat: -1, Text: fmt.Sprintf(text, args...)},
		)
	}
}

func (f *faults) check(name string, why error, detail string) check.Check {
	c := check.Check{Name: name, State: check.Passed, Detail: detail, Faults: f.first, FaultCount: f.n}
	switch {
	case f.n > 0:
		c.State = check.Failed
	case why != nil:
		c.State, c.Detail = check.NotChecked, why.Error()
	}
	return c
}

// judge is one event's.
type judge struct {
	event   string
	slack   history.Nanos
	start   int64 // of the history, in Unix nanoseconds
	ops     []history.QueueOp
	log     *queueLog // nil: none
	noLog   error
	owner   map[uint32]uint64 // the buyer who was answered a number
	places  faults
	calls   faults
	inside  faults
	session faults
	every   faults
	tally   tally
}

type tally struct {
	buyers, numbers, admitted, calls, stocks, borrowed, most int
	unsettled                                                int
}

// Run judges every event that has a waiting room. A log that cannot be read leaves what rests on it not checked.
func Run(ctx context.Context, h *history.History, o Options) []check.Check {
	byEvent := make([][]history.QueueOp, len(h.Header.Events))
	for _, part := range h.Parts {
		for i := range part.Queue {
			byEvent[part.Queue[i].Event] = append(byEvent[part.Queue[i].Event], part.Queue[i])
		}
	}
	var all []*judge
	for i, ops := range byEvent {
		if len(ops) == 0 {
			continue
		}
		j := &judge{event: h.Header.Events[i].ID, slack: h.Header.ClockSlack, start: h.Header.StartUnixNano, ops: ops,
			owner: map[uint32]uint64{}}
		j.readLog(ctx, o)
		all = append(all, j)
	}
	if len(all) == 0 {
		return nil
	}
	countedErr := countStocks(ctx, all, h, o)
	for _, j := range all {
		j.run()
	}
	return verdicts(all, countedErr)
}

func (j *judge) readLog(ctx context.Context, o Options) {
	if o.Queue == nil {
		j.noLog = fmt.Errorf("there is no log of the waiting room to hold the answers against")
		return
	}
	source, err := o.Queue(ctx, j.event)
	if err == nil {
		j.log, err = readQueueLog(source, j)
		if closed := source.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		j.log, j.noLog = nil, fmt.Errorf("the log of the waiting room: %w", err)
	}
}

func (j *judge) run() {
	j.judgePlaces()
	j.judgeOrder()
	j.judgeSessions()
	j.judgeInside()
	j.judgeEverybody()
}

// verdicts adds the events up.
func verdicts(all []*judge, countedErr error) []check.Check {
	var sum judge
	var t tally
	for _, j := range all {
		for _, f := range []struct{ to, from *faults }{{&sum.places, &j.places}, {&sum.calls, &j.calls},
			{&sum.inside, &j.inside}, {&sum.session, &j.session}, {&sum.every, &j.every}} {
			room := min(check.FaultsShown-len(f.to.first), len(f.from.first))
			f.to.first = append(f.to.first, f.from.first[:room]...)
			f.to.n += f.from.n
		}
		t.buyers, t.numbers = t.buyers+j.tally.buyers, t.numbers+j.tally.numbers
		t.admitted += j.tally.admitted
		t.calls, t.stocks, t.borrowed = t.calls+j.tally.calls, t.stocks+j.tally.stocks, t.borrowed+j.tally.borrowed
		t.most, t.unsettled = max(t.most, j.tally.most), t.unsettled+j.tally.unsettled
		if sum.noLog == nil {
			sum.noLog = j.noLog
		}
	}
	var unsettled error
	if t.unsettled > 0 {
		unsettled = fmt.Errorf("%d buyers had a place when the load ended, and no last word", t.unsettled)
	}
	callsErr := sum.noLog
	if callsErr == nil {
		callsErr = countedErr
	}
	return []check.Check{
		sum.places.check(Places, sum.noLog, fmt.Sprintf("%d buyers, %d numbers: dense, one buyer each, as the log has "+
			"them, later askers behind (G1, G2); the draw is holdfast draw verify's", t.buyers, t.numbers)),
		sum.calls.check(Calls, callsErr, fmt.Sprintf("%d calls, each on the newest of %d stocks, which the sections' "+
			"logs add up to, and admissions in order (G4, G8, G9); a draw's ranks and turns' clocks (G12) are "+
			"the server's audit's", t.calls, t.stocks)),
		sum.inside.check(Inside, sum.noLog, fmt.Sprintf("at most %d people surely inside at once, within the cap, and "+
			"no slot taken twice in the log (G5)", t.most)),
		sum.session.check(
			Sessions,
			sum.noLog,
			fmt.Sprintf("%d admissions as the log has them; slots freed by barrier; "+
				"%d loans of an admission refused; no hold after the end (G6, G7); G10 and G11 are the seats' checks'",
				t.admitted, t.borrowed),
		),
		sum.every.check(
			Everybody,
			unsettled,
			fmt.Sprintf("%d buyers with a place were let in or told why not", t.buyers),
		),
	}
}
