package actors

import (
	"context"
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
	"holdfast/storage/sqlstore"
)

// distantStore takes its time for a commit, as a store on another continent does, and no processor.
type distantStore struct {
	storage.Store
	delay time.Duration
}

func (d *distantStore) Commit(ctx context.Context, appends []storage.Append) []error {
	<-time.After(d.delay)
	return d.Store.Commit(ctx, appends)
}

func scalePlan(sections int) string {
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"S%d","rows":[{"label":"1","seats":400}]}`, i)
	}
	return `{"sections":[` + plan.String()[1:] + `]}`
}

// shopper holds a seat of its own in a section and gives it back, over and over, on nodes in turn.
type shopper struct {
	f       *fleet
	no      int
	section int
	turn    int
}

func (s *shopper) once(node *fleetNode) (took time.Duration, err error) {
	who := Caller{Buyer: tiredBuyer(uint64(s.no), uint64(s.turn)), Fingerprint: 1}
	s.turn++
	who.Request = section.RequestID{byte(s.no), byte(s.no >> 8), byte(s.turn), byte(s.turn >> 8), byte(s.turn >> 16), 1}
	began := time.Now()
	held, err := node.hold(who, fmt.Sprintf("S%d-1-%d", s.section, 1+s.no%400))
	if err != nil {
		return 0, err
	}
	took = time.Since(began)
	who.Request[5] = 2
	return took, node.e.Release(held.ID, who, patience, &held)
}

// BenchmarkScaleOut is the rate of durable changes over 1 to 4 nodes, 16 clients a node, on a store whose commits take
// 5 ms: what nodes add when the machine is not the limit. Appends go as they do to CockroachDB: 32 at once, each alone.
// There are 16 sections and clients for each node, spread over all of them, so that of the requests of n nodes (n-1)/n
// are passed on.
func BenchmarkScaleOut(b *testing.B) {
	const clients, round = 16, 3 * time.Second
	alone := 0.0
	for nodes := 1; nodes <= 4; nodes++ {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			store := &distantStore{memstore.New(), 5 * time.Millisecond}
			f := newFleetWith(
				b, nodes, scalePlan(clients*nodes), clients*nodes,
				func(c *Config) { c.Store, c.CommitConcurrency, c.CommitGroup = store, 32, 1 },
			)
			changes := int64(0)
			for range b.N {
				before := f.changes()
				until := time.Now().Add(round)
				var all sync.WaitGroup
				for i := range clients * nodes {
					s := &shopper{f: f, no: i, section: i}
					all.Go(func() {
						for time.Now().Before(until) {
							if _, err := s.once(f.nodes[i%nodes]); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				changes += f.changes() - before
			}
			rate := float64(changes) / float64(b.N) / round.Seconds()
			if nodes == 1 {
				alone = rate
			}
			b.ReportMetric(rate, "changes/s")
			b.ReportMetric(rate/alone/float64(nodes), "efficiency")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (f *fleet) changes() (n int64) {
	for _, node := range f.living() {
		n += node.e.Stats().Changes.Load()
	}
	return n
}

// BenchmarkHandOver is what buyers feel of a drain and of a join, on PostgreSQL, with one buyer always busy in each of
// 64 sections: the longest that any of them waited for a hold, without and while sections moved, and how many were
// refused.
func BenchmarkHandOver(b *testing.B) {
	const sections = 64
	address := benchServer(b)
	store, err := sqlstore.Open(b.Context(), address, sqlstore.Options{Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	lanes, group := store.Shape()
	f := newFleetWith(
		b, 3, scalePlan(sections), sections,
		func(c *Config) { c.Store, c.CommitConcurrency, c.CommitGroup = store, lanes, group },
	)
	var quiet, moving patienceOf
	var refused, moved atomic.Int64
	now := atomic.Pointer[patienceOf]{}
	now.Store(&quiet)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range sections {
		s := &shopper{f: f, no: i, section: i}
		all.Go(func() {
			for turn := 0; ; turn++ {
				select {
				case <-stop:
					return
				default:
				}
				into := now.Load()
				took, err := s.once(f.nodes[turn%3])
				if err != nil {
					refused.Add(1)
					b.Log(err)
				}
				into.add(took)
			}
		})
	}
	pauseFor(2 * time.Second)
	leaving := f.nodes[1]
	for range b.N {
		now.Store(&moving)
		had := leaving.e.Stats().SectionsServing.Load()
		f.agree(leaving)
		f.eventually(
			"the others have all",
			func() bool { return leaving.e.Stats().SectionsServing.Load() == 0 && f.serving() == sections },
		)
		f.agree()
		f.eventually(
			"it has its share again",
			func() bool { return leaving.e.Stats().SectionsServing.Load() == had && f.serving() == sections },
		)
		moved.Add(2 * had)
		now.Store(&quiet)
		pauseFor(time.Second)
	}
	close(stop)
	all.Wait()
	b.ReportMetric(float64(moved.Load())/float64(b.N), "moves/op")
	b.ReportMetric(float64(refused.Load()), "refused")
	quiet.report(b, "quiet")
	moving.report(b, "moving")
}

func pauseFor(d time.Duration) { <-time.After(d) }

// patienceOf gathers how long buyers waited.
type patienceOf struct {
	mu   sync.Mutex
	took []time.Duration
}

func (p *patienceOf) add(d time.Duration) {
	p.mu.Lock()
	p.took = append(p.took, d)
	p.mu.Unlock()
}

func (p *patienceOf) report(b *testing.B, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.took)
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}} {
		i := min(int(q.at*float64(len(p.took))), len(p.took)-1)
		b.ReportMetric(float64(p.took[i].Microseconds())/1000, name+"-"+q.name+"-ms")
	}
}
