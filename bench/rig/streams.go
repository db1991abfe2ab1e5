package rig

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// StreamsShape is how many follow one event's live map, and what is booked meanwhile.
type StreamsShape struct {
	Streams int
	// Shape: Rate must be given, for bookings beside watchers come whether or not the server keeps up.
	Shape
	// Plain asks for streams without gzip, which every browser takes.
	Plain bool
}

// StreamsResult is both sides of P9: what bookings feel of the watchers, and what the watchers get.
type StreamsResult struct {
	Streams int    `json:"streams"`
	Holds   Result `json:"holds"`
	// Delta is from a hold's acknowledgement to the arrival of its seat's "h" on a stream, of the streams that are
	// looked at; before the acknowledgement counts as 0.
	Delta  load.Quantiles `json:"delta"`
	Unseen uint64         `json:"unseen"` // holds that a stream looked at did not show in time; 0 or the figure is void
	// Bytes is what one stream gets in a second, and Reads how many pieces all get, while bookings go on.
	Bytes float64 `json:"bytes_per_stream_second"`
	Reads float64 `json:"reads_per_second"`
	// Memory is what the server's resident memory grew by for each stream, in bytes; 0: not ours to see.
	Memory float64 `json:"memory_per_stream"`
	Lost   uint64  `json:"lost"` // streams that the server ended
}

// Numbers of the streams scenario.
const (
	streamsLooked    = 16              // streams whose frames are read and timed; the others are read only
	streamsSettle    = 2 * time.Second // after the streams have begun, and before the memory is read
	streamsUnseenMax = 10 * time.Second
)

// Streams books at a rate beside so many streams of the same event.
func (r *Rig) Streams(ctx context.Context, s StreamsShape) (result StreamsResult, err error) {
	if s.Rate <= 0 || s.Streams < 1 {
		return result, errors.New("rig: streams need a rate of bookings and at least one stream")
	}
	event, err := openEvent(ctx, r.Target, availabilityPlan)
	if err != nil {
		return result, err
	}
	look := &streamLook{event: event, acked: make([]atomic.Int64, event.Plan.seats())}
	idle := r.resident()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	if err := look.open(watching, r.Target, min(s.Streams, streamsLooked)); err != nil {
		return result, err
	}
	request := fmt.Sprintf("GET /v1/events/%s/availability/stream HTTP/1.1\r\nHost: %s\r\n", event.ID, event.host)
	if !s.Plain {
		request += "Accept-Encoding: gzip\r\n"
	}
	watchers, err := load.OpenWatchers(ctx, r.Target.Address, max(s.Streams-streamsLooked, 0), []byte(request+"\r\n"))
	if err != nil {
		return result, errors.Join(err, r.logTail())
	}
	defer watchers.Close()
	if err := lab.SleepUntil(ctx, time.Now().Add(streamsSettle)); err != nil {
		return result, err
	}
	result.Streams = s.Streams
	result.Memory = float64(r.resident()-idle) / float64(s.Streams)
	bytes, reads := watchers.Bytes.Load(), watchers.Reads.Load()
	if result.Holds, err = r.holdWhileWatched(ctx, look, s.Shape); err != nil {
		return result, err
	}
	seconds := result.Holds.Elapsed.Seconds()
	result.Bytes = float64(watchers.Bytes.Load()-bytes) / seconds / float64(max(s.Streams-streamsLooked, 1))
	result.Reads = float64(watchers.Reads.Load()-reads) / seconds
	result.Lost = watchers.Lost.Load()
	result.Delta, result.Unseen, err = look.end(result.Holds.Outcomes[load.Held], stop)
	return result, err
}

// resident is the server's memory; 0: it is not ours.
func (r *Rig) resident() int64 {
	if r.Server == nil {
		return 0
	}
	return lab.ResidentOf(r.Server.PID())
}

// holdWhileWatched holds one seat after another at the shape's rate.
func (r *Rig) holdWhileWatched(ctx context.Context, look *streamLook, s Shape) (Result, error) {
	l := s.load()
	l.Count = uint64(len(look.acked))
	l.Request = func(dst []byte, n requestNo) []byte { return look.event.appendHold(dst, uint64(n), 'h', n) }
	l.Seen = func(n requestNo, _ int, _ []byte) { look.acked[n].Store(time.Now().UnixNano()) }
	result, err := runAgainst(ctx, l, r.Target.Address, r.Server)
	return result, expect(result, err, load.Held)
}

// streamLook follows some streams, and times what they show.
type streamLook struct {
	event *soldEvent
	acked []atomic.Int64 // by seat: when its hold was acknowledged, Unix nanoseconds

	following sync.WaitGroup
	mu        sync.Mutex
	seen      [][]seatSeen // by stream
	errs      error
}

// seatSeen is one seat shown as held.
type seatSeen struct {
	seat uint64
	at   int64
}

func (l *streamLook) open(ctx context.Context, t lab.Endpoint, count int) error {
	l.seen = make([][]seatSeen, count)
	for i := range count {
		ready, failed := make(chan struct{}), make(chan error, 1)
		l.following.Go(func() {
			failed <- l.event.watch(ctx, t, ready, func(n uint64, letter byte, at time.Time) bool {
				if letter == 'h' {
					l.mu.Lock()
					l.seen[i] = append(l.seen[i], seatSeen{n, at.UnixNano()})
					l.mu.Unlock()
				}
				return true
			})
		})
		select {
		case <-ready:
		case err := <-failed:
			return err
		}
	}
	return nil
}

// end waits until every stream has shown every hold, ends the streams and sorts the times.
func (l *streamLook) end(holds uint64, stop func()) (load.Quantiles, uint64, error) {
	defer l.following.Wait()
	defer stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(streamsUnseenMax); l.missing(holds) > 0 && time.Now().Before(until); {
		<-tick.C
	}
	lags := load.NewLatencies()
	missing := l.missing(holds)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, seen := range l.seen {
		for _, s := range seen {
			acked := l.acked[s.seat].Load()
			if acked == 0 {
				return load.Quantiles{}, missing, fmt.Errorf("rig: a stream shows seat %d held, which nobody was given",
					s.seat)
			}
			lags.Record(time.Duration(max(s.at-acked, 0)))
		}
	}
	return lags.Quantiles(), missing, nil
}

func (l *streamLook) missing(holds uint64) (missing uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, seen := range l.seen {
		missing += holds - min(holds, uint64(len(seen)))
	}
	return missing
}

// String is both sides in a few lines.
func (s StreamsResult) String() string {
	return fmt.Sprintf("%d streams; holds %s\nacknowledgement to frame: %s; %d not seen, %d streams ended\n"+
		"%.1f KB a stream and second in %.0f pieces/s; %.1f KB of memory a stream", s.Streams, s.Holds, s.Delta,
		s.Unseen, s.Lost, s.Bytes/1000, s.Reads, s.Memory/1000)
}
