package actors

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkBook is the way of a hold from Engine.Book to its durable answer and back by release, with so many buyers at
// once: what the engine itself costs under the HTTP server, in processor time.
func BenchmarkBook(b *testing.B) {
	e, o, _ := benchEvent(b, 64)
	ev := o.sections[0].ev
	const buyers = 256
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ReportAllocs()
	before := processorTime()
	b.ResetTimer()
	for i := range buyers {
		all.Go(func() {
			var out BookingView
			var call BookCall
			call.Event = ev.header.Load().ID
			call.Seats = []string{o.ids[i%64][i/64]}
			for n := uint64(1); left.Add(-1) >= 0; n++ {
				call.Buyer = tiredBuyer(uint64(i), n)
				binary.LittleEndian.PutUint64(call.Request[:], (n<<16|uint64(i))*0x9E3779B97F4A7C15)
				binary.LittleEndian.PutUint64(call.Request[8:], n)
				if err := e.Book(&call, time.Minute, &out); err != nil {
					b.Error(err)
					return
				}
				if err := e.Release(out.ID, Caller{Buyer: call.Buyer}, time.Minute, &out); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((processorTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// processorTime is what this process has used, user and system.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
