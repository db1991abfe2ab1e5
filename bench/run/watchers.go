package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Watchers of the live map. Most of them only take what comes, as a browser's socket does. The probes read every frame,
// and one buyer of ours changes a seat now and then: from the answer to that request to the frame that shows it is the
// map's lag, as both sides feel it.
const (
	watchersCount = 500
	probesCount   = 8
	probePause    = 50 * time.Millisecond
)

// watchers are the clients of one event's stream.
type watchers struct {
	event  *buyers.Event
	target lab.Endpoint
	frames atomic.Uint64
	bytes  atomic.Uint64

	parts []*history.Part

	mu   sync.Mutex
	asks map[buyers.SeatRef]time.Time // when a probe's hold was about to be sent
	lags load.Latencies
}

// watchersSidecar lets hundreds follow the map while the round goes on.
func watchersSidecar(ctx context.Context, r *Round) (end func() ([]report.Figure, error), err error) {
	if r.Compact || r.Blind {
		return nil, errors.New("run: peers have no live map; leave them out of this scenario")
	}
	w := &watchers{event: r.Events[0], target: r.Running.Endpoint, asks: map[buyers.SeatRef]time.Time{},
		lags: load.NewLatencies()}
	watching, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	begun := make(chan error, watchersCount)
	for i := range watchersCount {
		following.Go(func() { w.follow(watching, i < probesCount, begun) })
	}
	for range watchersCount {
		if failed := <-begun; failed != nil {
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		stop()
		following.Wait()
		return nil, err
	}
	var poking error
	following.Go(func() { poking = w.poke(watching, r) })
	return func() ([]report.Figure, error) {
		stop()
		following.Wait()
		r.history.Parts = append(r.history.Parts, w.parts...)
		return w.figures(), poking
	}, nil
}

// follow reads a stream until ctx ends. begun hears once whether it began.
func (w *watchers) follow(ctx context.Context, probe bool, begun chan<- error) {
	s, err := lab.OpenStream(ctx, w.target.Address, "/v1/events/"+w.event.ID+"/availability/stream", "")
	begun <- err
	if err != nil {
		return
	}
	defer s.Close()
	if !probe {
		w.take(s)
		return
	}
	for {
		frame, err := s.Next()
		if err != nil {
			return // the end of the round
		}
		w.frames.Add(1)
		w.bytes.Add(uint64(len(frame.Data)))
		if frame.Event == "delta" {
			w.see(frame.Data, time.Now())
		}
	}
}

// take counts bytes and looks at none of them.
func (w *watchers) take(s *lab.Stream) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := s.Read(buffer)
		w.bytes.Add(uint64(n))
		if err != nil {
			return
		}
	}
}

func (w *watchers) see(data []byte, at time.Time) {
	var delta wire.Delta
	if wire.Decode(data, &delta) != nil {
		return
	}
	section, ok := w.event.Plan.SectionNo(delta.Section)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, change := range delta.Changes {
		if probed, ours := w.asks[buyers.SeatRef{Section: section, Seat: change.Seat}]; ours && change.Letter == 'h' {
			w.lags.Record(at.Sub(probed))
		}
	}
}

// probeBuyers is the number of a round's first probing buyer, beyond those of the script.
const probeBuyers = 900_000_000

// poke holds a seat now and then, as one more buyer of the round's history. The moment is taken before the request is
// sent: what the server takes to decide is in the lag, too.
func (w *watchers) poke(ctx context.Context, r *Round) error {
	pace := load.Steady(load.Rate(float64(time.Second) / float64(probePause)))
	a := r.assignment()
	a.Job.Scenario, a.Pace, a.Conns, a.Loops, a.First = "probe", &pace, 1, 1, probeBuyers+uint64(r.Number)*1_000_000
	done, err := a.runWith(ctx, r.Events, nil, func(c *buyers.Script) { c.OnProbe = w.probed })
	if ctx.Err() != nil && err != nil { // it never began
		return nil
	}
	if err == nil {
		w.parts = done.parts
	}
	return err
}

func (w *watchers) probed(seat buyers.SeatRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks[seat] = time.Now()
}

func (w *watchers) figures() []report.Figure {
	w.mu.Lock()
	defer w.mu.Unlock()
	ms := func(q float64) float64 { return float64(w.lags.At(q)) / float64(time.Millisecond) }
	return []report.Figure{
		{Name: "clients following the live map", Value: watchersCount},
		{Name: "live map, request to frame, p50", Value: ms(0.5), Unit: "ms"},
		{Name: "live map, request to frame, p99", Value: ms(0.99), Unit: "ms", Aim: "< 100 ms"},
		{Name: "live map, frames timed", Value: float64(w.lags.Count())},
		{Name: "live map, bytes taken by all", Value: float64(w.bytes.Load()), Unit: "B"},
	}
}
