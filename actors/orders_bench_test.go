package actors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
)

// BenchmarkOrderHold is what one buyer alone waits for a durable hold on seats of one, two and four sections, the three
// in turn so that the disk's moods meet all: in milliseconds, and in holds on one section.
func BenchmarkOrderHold(b *testing.B) {
	e, o, _ := benchEvent(b, 4)
	parts := []int{1, 2, 4}
	waits := make([][]time.Duration, len(parts))
	var out BookingView
	for i := 0; b.Loop(); i++ {
		for n, sections := range parts {
			var seats []string
			for no := range sections {
				seats = append(seats, o.ids[no][(len(parts)*i+n)%len(o.ids[no])])
			}
			start := time.Now()
			if err := e.Book(orderCall(o, 1, uint64(len(parts)*i+n+1), seats), time.Minute, &out); err != nil {
				b.Fatal(err)
			}
			waits[n] = append(waits[n], time.Since(start))
			if err := e.Release(out.ID, Caller{Operator: true}, time.Minute, &out); err != nil {
				b.Fatal(err)
			}
		}
	}
	for n := range waits {
		slices.Sort(waits[n])
		p50 := waits[n][len(waits[n])/2]
		b.ReportMetric(float64(p50.Microseconds())/1000, fmt.Sprintf("of-%d-p50-ms", parts[n]))
		b.ReportMetric(float64(p50)/float64(waits[0][len(waits[0])/2]), fmt.Sprintf("of-%d-holds", parts[n]))
	}
}

// BenchmarkRivalOrders is two buyers who want the same seats of two sections, named in opposite order, at once: how
// long until both have their answers, and how often one of them got the seats.
func BenchmarkRivalOrders(b *testing.B) {
	e, o, _ := benchEvent(b, 2)
	var took []time.Duration
	won := 0
	for i := 0; b.Loop(); i++ {
		seats := []string{o.ids[0][i%len(o.ids[0])], o.ids[1][i%len(o.ids[1])]}
		var both sync.WaitGroup
		var outs [2]BookingView
		var errs [2]error
		start := time.Now()
		for k := range 2 {
			wanted := slices.Clone(seats)
			if k == 1 {
				slices.Reverse(wanted)
			}
			both.Go(func() {
				errs[k] = e.Book(orderCall(o, byte(k+1), uint64(2*i+k+1), wanted), time.Minute, &outs[k])
			})
		}
		both.Wait()
		took = append(took, time.Since(start))
		for k, err := range errs {
			if err != nil {
				continue
			}
			won++
			if err := e.Release(outs[k].ID, Caller{Operator: true}, time.Minute, &outs[k]); err != nil {
				b.Fatal(err)
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(won)/float64(len(took)), "won")
}

func orderCall(o *openEvent, who byte, key uint64, seats []string) *BookCall {
	call := &BookCall{Event: o.sections[0].key.Event, Seats: seats}
	call.Buyer = tiredBuyer(uint64(who), key)
	call.Request = section.RequestID{15: who}
	binary.LittleEndian.PutUint64(call.Request[:], key*0x9E3779B97F4A7C15)
	return call
}
