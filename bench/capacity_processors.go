package bench

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/report"
)

// processors is what was used of this machine between two moments of a round, in shares of it.
type processors struct {
	window              window
	server, client, all float64
}

// processorTimes are what server, client and everybody have used so far.
type processorTimes struct {
	at                  time.Time
	server, client, all time.Duration
}

func processorTimesNow(c *contest) processorTimes {
	return processorTimes{time.Now(), c.cpu(), processorTimeOf(os.Getpid()), processorTimeOfAll()}
}

func (p *processors) between(a, b processorTimes) {
	took := b.at.Sub(a.at)
	p.server, p.client, p.all = share(b.server-a.server, took), share(b.client-a.client, took), share(b.all-a.all, took)
}

// others are whoever else was at work on the machine. A server elsewhere, and its database, are not among them when the client sees neither.
func (p *processors) others() float64 { return max(p.all-p.server-p.client, 0) }

// processorTimeOfAll is what everybody on this machine has used; zero where /proc does not tell.
func processorTimeOfAll() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return parseBusy(string(text))
}

// parseBusy adds up the first line's times but those of waiting (idle, iowait), and of guests, who are counted as users already.
func parseBusy(text string) (busy time.Duration) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0
	}
	for i, field := range fields[1:9] {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		if i != 3 && i != 4 {
			busy += time.Duration(ticks) * tick
		}
	}
	return busy
}

// beside is Scenario's: it reads the processor times at the window's ends.
func (p *processors) beside(ctx context.Context, r *roundRun) (end func() ([]report.Figure, error), err error) {
	watching, stop := context.WithCancel(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		if sleepUntil(watching, r.begin.Add(p.window.From)) != nil {
			return
		}
		began := processorTimesNow(r.contest)
		if sleepUntil(watching, r.begin.Add(p.window.To)) == nil {
			p.between(began, processorTimesNow(r.contest))
		}
	}()
	return func() ([]report.Figure, error) {
		stop()
		<-read
		return nil, nil
	}, nil
}
