package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// ExpiryResult tells how fast lapsed holds become seats again, when very many lapse in the same second (P4).
type ExpiryResult struct {
	Holds       uint64        `json:"holds"`
	LapseSpread time.Duration `json:"lapse_spread_ns"` // from the first expires_at to the last
	// Lag is from a hold's expires_at to the arrival of its seat's "a" on the live map, where it includes the stream's
	// own delay.
	Lag    load.Quantiles `json:"lag"`
	Unseen uint64         `json:"unseen"` // seats that did not come back in time; 0 or the figure is void
	// Quiet and Wave are bookings at a fixed rate in another event: before, and while everything lapses.
	Quiet Result `json:"quiet"`
	Wave  Result `json:"wave"`
}

// Numbers of the expiry scenario. Holds are placed in waves of a second each, every wave in an event whose holds last a
// second less, so that all lapse in one second however long placing them took.
const (
	waveHolds    = 10_000
	waveLength   = time.Second
	waveFill     = 800 * time.Millisecond // the part of its second in which a wave is placed
	waveSections = 16
	settle       = 6 * time.Second // between the last wave and the lapse; Quiet is measured in it
	quietLength  = 3 * time.Second
	waveWatch    = 3 * time.Second // bookings go on from half a second before the lapse
	unseenAfter  = 15 * time.Second
)

// wave is one event's part.
type wave struct {
	event   *soldEvent
	lapses  []atomic.Int64 // by seat: expires_at, Unix milliseconds; 0: not on hold
	pending atomic.Int64   // holds that are not seen again yet
	lags    load.Latencies // written by the wave's stream only
}

// Expiry places holds (rounded down to whole waves), lets them lapse together and watches the live map.
func (r *Rig) Expiry(ctx context.Context, holds int, bookings Shape) (ExpiryResult, error) {
	count := max(holds/waveHolds, 1)
	waves, err := r.openWaves(ctx, count)
	if err != nil {
		return ExpiryResult{}, err
	}
	sidecar := &holdsWork{target: r.Target, shape: bookings}
	if _, err := sidecar.prepare(ctx); err != nil { // opens its event now rather than in the busy second
		return ExpiryResult{}, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	streams, err := watchWaves(watching, r.Target, waves)
	if err != nil {
		return ExpiryResult{}, err
	}
	begin := time.Now()
	for i, w := range waves {
		if err := lab.SleepUntil(ctx, begin.Add(time.Duration(i)*waveLength)); err != nil {
			return ExpiryResult{}, err
		}
		if err := w.place(ctx, r.Target); err != nil {
			return ExpiryResult{}, err
		}
	}
	lapse := begin.Add(time.Duration(count)*waveLength + settle)
	result, err := r.bookMeanwhile(ctx, sidecar, lapse)
	if err != nil {
		return result, err
	}
	err = streams(lapse.Add(unseenAfter))
	result.add(waves)
	return result, err
}

func (r *Rig) openWaves(ctx context.Context, count int) ([]*wave, error) {
	var waves []*wave
	for i := range count {
		ttl := settle + time.Duration(count-i)*waveLength
		event, err := openEvent(ctx, r.Target, eventPlan{
			Sections: waveSections, SeatsPerSection: waveHolds / waveSections,
			HoldTTL: ttl})
		if err != nil {
			return nil, err
		}
		waves = append(waves, &wave{event: event, lapses: make([]atomic.Int64, waveHolds), lags: load.NewLatencies()})
	}
	return waves, nil
}

// place holds every seat within waveFill.
func (w *wave) place(ctx context.Context, t lab.Endpoint) error {
	seats := uint64(w.event.Plan.seats())
	w.pending.Store(int64(seats))
	pace := load.Steady(load.Rate(float64(seats) / waveFill.Seconds()))
	l := requestLoad{
		Address: t.Address, Conns: 64, Count: seats, Pace: &pace,
		Request: func(dst []byte, n requestNo) []byte { return w.event.appendHold(dst, uint64(n), 'h', n) },
		Seen: func(n requestNo, _ int, body []byte) {
			if at, ok := expiresAt(body); ok {
				w.lapses[n].Store(int64(at))
			}
		},
	}
	result, err := l.run(ctx)
	return expect(result, err, load.Held)
}

var expiresField = []byte(`"expires_at":`)

// expiresAt finds the one field that matters in a booking.
func expiresAt(body []byte) (at wire.Time, ok bool) {
	_, rest, found := bytes.Cut(body, expiresField)
	end := bytes.IndexAny(rest, ",}")
	return at, found && end > 0 && at.UnmarshalJSON(rest[:end]) == nil
}

// watchWaves follows each wave's live map. The function it returns waits for all seats to come back, at most until a
// moment.
func watchWaves(ctx context.Context, t lab.Endpoint, waves []*wave) (wait func(until time.Time) error, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	errs := make([]error, len(waves))
	var watching sync.WaitGroup
	for i, w := range waves {
		ready, failed := make(chan struct{}), make(chan struct{})
		watching.Go(func() {
			defer close(failed)
			errs[i] = w.event.watch(ctx, t, ready, w.seen)
		})
		select {
		case <-ready:
		case <-failed:
			stop(nil)
			watching.Wait()
			return nil, errs[i]
		}
	}
	return func(until time.Time) error {
		patience := time.AfterFunc(time.Until(until), func() { stop(errUnseen) })
		defer patience.Stop()
		watching.Wait()
		stop(nil)
		return errors.Join(errs...)
	}, nil
}

var errUnseen = errors.New("rig: seats did not come back in time")

// seen takes one change of the live map; false once the last seat is back.
func (w *wave) seen(n uint64, letter byte, at time.Time) bool {
	lapse := w.lapses[n].Load()
	if letter != 'a' || lapse <= 0 {
		return true
	}
	w.lapses[n].CompareAndSwap(lapse, -lapse) // told once
	w.lags.Record(at.Sub(time.UnixMilli(lapse)))
	return w.pending.Add(-1) > 0
}

// bookMeanwhile books at a fixed rate before the lapse, then through it.
func (r *Rig) bookMeanwhile(ctx context.Context, w *holdsWork, lapse time.Time) (e ExpiryResult, err error) {
	w.shape.Duration = quietLength
	if err := lab.SleepUntil(ctx, lapse.Add(-quietLength-time.Second)); err != nil {
		return e, err
	}
	if e.Quiet, err = r.round(ctx, w); err != nil {
		return e, err
	}
	w.shape.Duration = waveWatch
	if err := lab.SleepUntil(ctx, lapse.Add(-waveLength/2)); err != nil {
		return e, err
	}
	e.Wave, err = r.round(ctx, w)
	return e, err
}

func (e *ExpiryResult) add(waves []*wave) {
	lags := load.NewLatencies()
	var first, last int64
	for _, w := range waves {
		lags.Merge(w.lags)
		e.Unseen += uint64(w.pending.Load())
		for i := range w.lapses {
			at := w.lapses[i].Load()
			if at = max(at, -at); first == 0 || at < first {
				first = at
			}
			last = max(last, at)
		}
		e.Holds += uint64(len(w.lapses))
	}
	e.LapseSpread = time.Duration(last-first) * time.Millisecond
	e.Lag = lags.Quantiles()
}

// watch follows an event's live map and calls seen for every seat that changed, with the letter and when its frame had
// arrived. It returns when seen says stop, or with an error. ready is closed once the first frame (the whole map) is
// there.
func (h *soldEvent) watch(ctx context.Context, t lab.Endpoint, ready chan<- struct{},
	seen func(n uint64, letter byte, at time.Time) (more bool)) error {
	s, err := lab.OpenStream(ctx, t.Address, "/v1/events/"+h.ID+"/availability/stream", "")
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		frame, err := s.Next()
		if err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("rig: stream: %w", err))
		}
		if ready != nil {
			close(ready)
			ready = nil
		}
		if frame.Event != "delta" {
			continue
		}
		if more, err := h.tell(frame.Data, time.Now(), seen); err != nil || !more {
			return err
		}
	}
}

func (h *soldEvent) tell(data []byte, at time.Time, seen func(uint64, byte, time.Time) bool) (more bool, err error) {
	var delta wire.Delta
	if err := wire.Decode(data, &delta); err != nil {
		return false, fmt.Errorf("rig: delta: %w", err)
	}
	more = true
	for _, change := range delta.Changes {
		n, err := h.seatNumber(delta.Section, change.Seat)
		if err != nil {
			return false, err
		}
		more = seen(n, change.Letter, at) && more
	}
	return more, nil
}
