package capacity

import (
	"context"
	"os"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// processors is what was used of this machine between two moments of a round, in shares of it.
type processors struct {
	window              run.Window
	server, client, all float64
}

// processorTimes are what server, client and everybody have used so far.
type processorTimes struct {
	at                  time.Time
	server, client, all time.Duration
}

func processorTimesNow(c *run.Subject) processorTimes {
	return processorTimes{time.Now(), c.CPU(), lab.ProcessorTimeOf(os.Getpid()), lab.BusyTime()}
}

func (p *processors) between(a, b processorTimes) {
	took := b.at.Sub(a.at)
	p.server, p.client, p.all = lab.Share(b.server-a.server, took), lab.Share(b.client-a.client, took),
		lab.Share(b.all-a.all, took)
}

// others are whoever else was at work on the machine. A server elsewhere, and its database, are not among them when the
// client sees neither.
func (p *processors) others() float64 { return max(p.all-p.server-p.client, 0) }

// sidecar is Scenario's: it reads the processor times at the window's ends.
func (p *processors) sidecar(ctx context.Context, r *run.Round) (end func() ([]report.Figure, error), err error) {
	watching, stop := context.WithCancel(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		if lab.SleepUntil(watching, r.Begin.Add(p.window.From)) != nil {
			return
		}
		began := processorTimesNow(r.Subject)
		if lab.SleepUntil(watching, r.Begin.Add(p.window.To)) == nil {
			p.between(began, processorTimesNow(r.Subject))
		}
	}()
	return func() ([]report.Figure, error) {
		stop()
		<-read
		return nil, nil
	}, nil
}
