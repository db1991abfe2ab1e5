package actors

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/actors/section"
)

// BenchmarkForwarded is what a hop costs the engines: holds and releases on sections of one node, asked of that node
// (local) and of another (forwarded), by many at once, on a store that costs nothing and links that are queues; in an
// event whose nodes count each for itself (ledgers), and in one with coordinators, which that one node has too.
func BenchmarkForwarded(b *testing.B) {
	for _, counted := range []bool{false, true} {
		b.Run(map[bool]string{false: "ledgers", true: "coordinators"}[counted], func(b *testing.B) {
			benchmarkForwarded(b, counted)
		})
	}
}

func benchmarkForwarded(b *testing.B, counted bool) {
	const sections = 16
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"%c","rows":[{"label":"1","seats":600}]}`, 'A'+i)
	}
	f := newFleetWith(b, 2, `{"sections":[`+plan.String()[1:]+`]}`, sections,
		func(c *Config) { c.Coordinators = counted })
	f.agree(f.nodes[1])
	f.eventually("one node serves all", func() bool { return f.nodes[0].e.Stats().SectionsServing.Load() == sections })
	f.readyCoordinators()
	for _, row := range []struct {
		name string
		node *fleetNode
	}{{"local", f.nodes[0]}, {"forwarded", f.nodes[1]}} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(256)
			var buyers, refused atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				buyer := buyers.Add(1)
				who := Caller{Fingerprint: 1}
				for turn := 0; pb.Next(); turn++ {
					who.Buyer = tiredBuyer(uint64(buyer)<<8|uint64(row.name[0]), uint64(turn))
					who.Request = section.RequestID{
						byte(buyer), byte(buyer >> 8), row.name[0], byte(turn), byte(turn >> 8), byte(turn >> 16), 1,
					}
					held, err := row.node.hold(who, fleetSeat(int(buyer)%sections, 1+int(buyer)/sections))
					if err != nil {
						refused.Add(1)
						continue
					}
					who.Request[6] = 2
					if err := row.node.e.Release(held.ID, who, patience, &held); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(refused.Load()), "refused")
		})
	}
}
