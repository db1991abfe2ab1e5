package actors

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/storage"
)

// BenchmarkFollowing is how fast a node takes in the records of sections that other nodes run: the records of so many
// peers, each peer's on a goroutine of its own, as the link reads them. Every round applies each record once.
func BenchmarkFollowing(b *testing.B) {
	for _, peers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("peers=%d", peers), func(b *testing.B) {
			b.StopTimer()
			records := 0
			for range b.N {
				records += followOnce(b, peers)
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// followOnce has one node make records that the other does not hear, and then hears them, under the timer.
func followOnce(b *testing.B, peers int) (records int) {
	const sections, cycles = 8, 1500
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"%c","rows":[{"label":"1","seats":600}]}`, 'A'+i)
	}
	f := newFleetOf(b, 2, `{"sections":[`+plan.String()[1:]+`]}`, sections)
	defer f.stopAll()
	runs, follows := f.nodes[0], f.nodes[1]
	f.agree(follows)
	f.eventually("one node serves all", func() bool { return runs.e.Stats().SectionsServing.Load() == sections })
	f.eventually("the other follows all", f.allFollowed)
	var (
		mu   sync.Mutex
		kept [sections][][]byte
		last [sections]section.Seq
	)
	keep := func(m []byte) bool {
		var dec wire.Decoder
		var r wire.Record
		if dec.Begin(m) == wire.KindRecord && dec.Record(&r) == nil {
			e, err := storage.DecodeEntry(r.Entry)
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			kept[r.Section.Section], last[r.Section.Section] = append(kept[r.Section.Section], slices.Clone(m)), e.Seq
			mu.Unlock()
		}
		return true // nothing passes, so that nothing is read from the log instead
	}
	runs.drop.Store(&keep)
	var buyers sync.WaitGroup
	for s := range sections {
		buyers.Go(func() { holdReleaseOn(b, runs, s, cycles) })
	}
	buyers.Wait()
	b.StartTimer()
	for p := range peers {
		buyers.Go(func() {
			from := storage.WriterID{'p', byte(p)}
			for i := range 2 * cycles {
				for s := p; s < sections; s += peers {
					if i < len(kept[s]) {
						if err := follows.e.Received(from, kept[s][i]); err != nil {
							b.Error(err)
						}
					}
				}
			}
		})
	}
	buyers.Wait()
	b.StopTimer()
	for s := range sections {
		records += len(kept[s])
		_, o, err := follows.e.openEvent(f.event, deadlineSoon())
		if err != nil {
			b.Fatal(err)
		}
		at, _ := o.sections[s].following().CaughtUp()
		if at.Seq != last[s] {
			b.Errorf("section %d is followed to %d of %d", s, at.Seq, last[s])
		}
	}
	return records
}

func holdReleaseOn(b *testing.B, n *fleetNode, s, cycles int) {
	who := Caller{Fingerprint: 1}
	for i := range cycles {
		who.Buyer = tiredBuyer(uint64(s), uint64(i))
		who.Request = section.RequestID{byte(s), 'f', byte(i), byte(i >> 8), 1}
		held, err := n.hold(who, fleetSeat(s, 1+i%600))
		if err != nil {
			b.Error(err)
			return
		}
		who.Request[4] = 2
		if err := n.e.Release(held.ID, who, patience, &held); err != nil {
			b.Error(err)
			return
		}
	}
}
