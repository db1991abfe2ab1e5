package actors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// BenchmarkUnloadedHold is what one buyer alone waits for a durable hold, beside the bare synced write of the same disk
// in the same run, the two in turn so that the disk's moods meet both.
func BenchmarkUnloadedHold(b *testing.B) {
	e, o, _ := benchEvent(b, 1)
	ev := o.sections[0].ev
	db, err := pebble.Open(b.TempDir(), &pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	var holds, syncs []time.Duration
	var out BookingView
	value := make([]byte, 220)
	b.ResetTimer()
	for i := range b.N {
		call := BookCall{Event: ev.header.Load().ID, Seats: []string{o.ids[0][i%len(o.ids[0])]}}
		call.Buyer = tiredBuyer(1, uint64(i))
		binary.LittleEndian.PutUint64(call.Request[:], uint64(i+1)*0x9E3779B97F4A7C15)
		start := time.Now()
		if err := e.Book(&call, time.Minute, &out); err != nil {
			b.Fatal(err)
		}
		holds = append(holds, time.Since(start))
		who := Caller{Buyer: call.Buyer}
		if err := e.Release(out.ID, who, time.Minute, &out); err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		if err := db.Set(fmt.Appendf(nil, "%020d", i), value, pebble.Sync); err != nil {
			b.Fatal(err)
		}
		syncs = append(syncs, time.Since(start))
	}
	slices.Sort(holds)
	slices.Sort(syncs)
	p50 := func(d []time.Duration) float64 { return float64(d[len(d)/2].Microseconds()) }
	b.ReportMetric(p50(holds), "hold-p50-µs")
	b.ReportMetric(p50(syncs), "sync-p50-µs")
	b.ReportMetric(p50(holds)-p50(syncs), "over-µs")
}
