package actors

import (
	"encoding/binary"
	"fmt"
	"slices"
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

// BenchmarkRivalOrders is two buyers who want the same seats, named in opposite order, at once: how long until one of
// them has the seats, until both have their answers, and how often one got them. What a hold on one section takes in
// the same moments says how much of that is the disk's.
func BenchmarkRivalOrders(b *testing.B) {
	for _, sections := range []int{2, 4} {
		b.Run(fmt.Sprintf("of-%d", sections), func(b *testing.B) { rivalOrders(b, sections) })
	}
}

func rivalOrders(b *testing.B, sections int) {
	e, o, _ := benchEvent(b, sections+1)
	var first, both, alone []time.Duration
	for i := 0; b.Loop(); i++ {
		var seats []string
		for no := range sections {
			seats = append(seats, o.ids[no][i%len(o.ids[no])])
		}
		var outs [2]BookingView
		var errs [2]error
		var took [2]time.Duration
		start := time.Now()
		_ = together(2, func(k int) error {
			wanted := slices.Clone(seats)
			if k == 1 {
				slices.Reverse(wanted)
			}
			errs[k] = e.Book(orderCall(o, byte(k+1), uint64(2*i+k+1), wanted), time.Minute, &outs[k])
			took[k] = time.Since(start)
			return nil
		})
		both = append(both, max(took[0], took[1]))
		for k, err := range errs {
			if err != nil {
				continue
			}
			first = append(first, took[k])
			if err := e.Release(outs[k].ID, Caller{Operator: true}, time.Minute, &outs[k]); err != nil {
				b.Fatal(err)
			}
		}
		start = time.Now()
		single := orderCall(o, 3, uint64(i+1), []string{o.ids[sections][i%len(o.ids[sections])]})
		if err := e.Book(single, time.Minute, &outs[0]); err != nil {
			b.Fatal(err)
		}
		alone = append(alone, time.Since(start))
		if err := e.Release(outs[0].ID, Caller{Operator: true}, time.Minute, &outs[0]); err != nil {
			b.Fatal(err)
		}
	}
	for name, list := range map[string][]time.Duration{"first": first, "both": both, "hold": alone} {
		if slices.Sort(list); len(list) > 0 {
			b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"-p50-ms")
			b.ReportMetric(float64(list[len(list)*99/100].Microseconds())/1000, name+"-p99-ms")
		}
	}
	b.ReportMetric(float64(len(first))/float64(len(both)), "won")
}

func orderCall(o *openEvent, who byte, key uint64, seats []string) *BookCall {
	call := &BookCall{Event: o.sections[0].key.Event, Seats: seats}
	call.Buyer = tiredBuyer(uint64(who), key)
	call.Request = section.RequestID{15: who}
	binary.LittleEndian.PutUint64(call.Request[:], key*0x9E3779B97F4A7C15)
	return call
}
