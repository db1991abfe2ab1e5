package actors

import (
	"strconv"
	"testing"
	"time"

	"holdfast/actors/request"
)

// BenchmarkWriter is a record from the first request to the last answer, without a disk: one op is one request, a hold
// or its release. The longer the record, the more of them share its hash.
func BenchmarkWriter(b *testing.B) {
	for _, commands := range []int{1, 8, 64, 500} {
		b.Run("record="+strconv.Itoa(commands), func(b *testing.B) {
			run := recordPath(commands)(b)
			b.ReportAllocs()
			for n := 0; n < b.N; n += commands {
				run()
			}
		})
	}
}

// BenchmarkWriterRefusal is a request for a seat that is durably held.
func BenchmarkWriterRefusal(b *testing.B) {
	run := refusalPath(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// lapsesPerRecord is what the section ends in one piece.
const lapsesPerRecord = 1024

// BenchmarkWriterLapse ends holds in records of as many as one command may end; one op is one hold.
func BenchmarkWriterLapse(b *testing.B) {
	const holds = 50_000
	var h *heldWriter
	left := 0
	b.ReportAllocs()
	for n := 0; n < b.N; n += lapsesPerRecord {
		if left < lapsesPerRecord {
			b.StopTimer()
			h, left = newHeldWriter(b, holds), holds
			b.StartTimer()
		}
		if !h.w.RunTimers(h.at + 2_000_000) {
			b.Fatal("holds do not lapse")
		}
		h.land()
		left = h.m.LiveHolds()
	}
}

// BenchmarkRefused is the way of those who come too late through the engine: the map shows the seat taken, and no
// section is asked.
func BenchmarkRefused(b *testing.B) {
	run := enginePath(tooLate)(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// waiter is a way to wait for an answer with a deadline.
type waiter interface {
	Wait(timeout time.Duration) bool
	Tell()
}

// twoChannels is the usual way: the answer's channel or the timer's.
type twoChannels struct {
	done  chan struct{}
	timer *time.Timer
}

func (w *twoChannels) Wait(timeout time.Duration) bool {
	w.timer.Reset(timeout)
	select {
	case <-w.done:
		w.timer.Stop()
		return true
	case <-w.timer.C:
		return false
	}
}

func (w *twoChannels) Tell() { w.done <- struct{}{} }

// BenchmarkRequestWait compares the two ways, with 512 who wait at once and one who tells; it is why
// writer.Request.Wait is as it is.
func BenchmarkRequestWait(b *testing.B) {
	b.Run("one-channel", func(b *testing.B) { waitAndTell(b, func() waiter { return request.New() }) })
	b.Run("two-channels", func(b *testing.B) {
		waitAndTell(b, func() waiter {
			w := &twoChannels{make(chan struct{}, 1), time.NewTimer(time.Hour)}
			w.timer.Stop()
			return w
		})
	})
}

func waitAndTell(b *testing.B, newWaiter func() waiter) {
	const waiters = 512
	asked, stop := make(chan waiter, waiters), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tellAll(asked, stop)
	}()
	together(waiters, func(int) error {
		w := newWaiter()
		for n := 0; n < b.N; n += waiters {
			asked <- w
			if !w.Wait(time.Minute) {
				b.Error("a minute was too short")
			}
		}
		return nil
	})
	close(stop)
	<-ended
}

// tellAll answers in batches, as a section does when its record has landed.
func tellAll(asked <-chan waiter, stop <-chan struct{}) {
	var batch []waiter
	for {
		select {
		case w := <-asked:
			batch = append(batch[:0], w)
		case <-stop:
			return
		}
		for more := true; more; {
			select {
			case w := <-asked:
				batch = append(batch, w)
			default:
				more = false
			}
		}
		for _, w := range batch {
			w.Tell()
		}
	}
}
