package actors

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
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

// BenchmarkCoordinators is what coordinators cost three nodes: holds and releases a second by 16 clients a node, each
// on a seat of its own, in an event whose nodes count each for itself and in one with coordinators, in turns, and the
// second as a part of the first. On a store that costs nothing the machine is the limit, and every hop is seen; on one
// whose commits take 5 ms, as a database's do, waiting is.
func BenchmarkCoordinators(b *testing.B) {
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		b.Run(fmt.Sprintf("commit=%v", delay), func(b *testing.B) {
			const nodes, clients, turn = 3, 16, time.Second
			var fleets [2]*fleet
			for i := range fleets {
				store := storage.Store(memstore.New())
				if delay > 0 {
					store = &distantStore{store, delay}
				}
				fleets[i] = newFleetWith(b, nodes, scalePlan(clients*nodes), clients*nodes, func(c *Config) {
					c.Store, c.Coordinators, c.CommitConcurrency, c.CommitGroup = store, i == 1, 32, 1
				})
				fleets[i].readyCoordinators()
			}
			var done [2]int64
			var took [2]patienceOf
			for range 2 * b.N {
				for i, f := range fleets {
					until := time.Now().Add(turn)
					var all sync.WaitGroup
					for client := range clients * nodes {
						s := &shopper{f: f, no: client, section: client, turn: int(done[i])}
						all.Go(func() {
							for time.Now().Before(until) {
								waited, err := s.once(f.nodes[client%nodes])
								if err != nil {
									b.Error(err)
									return
								}
								took[i].add(waited)
							}
						})
					}
					all.Wait()
					done[i] = int64(len(took[i].took))
				}
			}
			for i, name := range []string{"ledgers", "coordinators"} {
				b.ReportMetric(float64(done[i])/float64(2*b.N)/turn.Seconds(), name+"-holds/s")
				slices.Sort(took[i].took)
				b.ReportMetric(float64(took[i].took[len(took[i].took)/2].Microseconds())/1000, name+"-p50-ms")
			}
			b.ReportMetric(float64(done[1])/float64(done[0]), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
