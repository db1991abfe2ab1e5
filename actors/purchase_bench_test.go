package actors

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/storage/pebblestore"
)

// benchPrices have every seat cost something: what is free never meets a processor.
var benchPrices = map[string]int64{"standard": 4500}

// timedBank tells how much time its processor took.
type timedBank struct {
	processor.Processor
	took atomic.Int64 // nanoseconds
}

func (k *timedBank) spend(begun time.Time) { k.took.Add(int64(time.Since(begun))) }

func (k *timedBank) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	defer k.spend(time.Now())
	return k.Processor.Open(ctx, o)
}

func (k *timedBank) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	defer k.spend(time.Now())
	return k.Processor.Charge(ctx, c)
}

// pebbleEngine is the clients of the SQL benchmarks before an embedded store. Closing it is the benchmark's.
func pebbleEngine(b *testing.B, bank processor.Processor) *sqlEngine {
	b.Helper()
	store, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := &sqlEngine{b: b, prices: benchPrices}
	if s.engine, err = Open(context.Background(), Config{Store: store, Processor: bank}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.engine.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkConfirm is what one buyer alone waits for a confirm of one section, less what the processor took of it, in
// units of a bare synced write of the same disk in the same run, the two in turn. A confirm is two commits: the
// reference is durable before the charge, and the sale after it.
func BenchmarkConfirm(b *testing.B) {
	inside, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	bank := &timedBank{Processor: inside}
	s := pebbleEngine(b, bank)
	s.sell(600_000)
	db, err := pebble.Open(b.TempDir(), &pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	var confirms, commits []time.Duration
	value := make([]byte, 220)
	b.ResetTimer()
	for i := range b.N {
		client := i % sqlClients
		if err := s.hold(client); err != nil {
			b.Fatal(err)
		}
		c := &s.clients[client]
		who := s.caller()
		who.Buyer = c.call.Buyer
		bank.took.Store(0)
		start := time.Now()
		if err := s.engine.Confirm(c.out.ID, who, "tok_ok", time.Minute, &c.out); err != nil {
			b.Fatal(err)
		}
		confirms = append(confirms, time.Since(start)-time.Duration(bank.took.Load()))
		start = time.Now()
		if err := db.Set(fmt.Appendf(nil, "%020d", i), value, pebble.Sync); err != nil {
			b.Fatal(err)
		}
		commits = append(commits, time.Since(start))
	}
	slices.Sort(confirms)
	slices.Sort(commits)
	at := func(d []time.Duration, percent int) float64 { return float64(d[len(d)*percent/100].Microseconds()) }
	for _, percent := range []int{50, 99} {
		b.ReportMetric(at(confirms, percent), fmt.Sprintf("confirm-p%d-µs", percent))
		b.ReportMetric(at(commits, percent), fmt.Sprintf("commit-p%d-µs", percent))
		b.ReportMetric(at(confirms, percent)/at(commits, percent), fmt.Sprintf("p%d-commits", percent))
	}
}

// BenchmarkPurchases is holds and their confirms, each of a seat of its own that costs something, 512 clients in a
// closed loop over 64 sections of the embedded store; a round is four seconds. The same on PostgreSQL, beside a row a
// seat, is in BenchmarkSQLStore.
func BenchmarkPurchases(b *testing.B) {
	inside, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	s := pebbleEngine(b, inside)
	var rounds figures
	for range b.N {
		s.sell(600_000)
		rounds = append(rounds, closedLoop(b, sqlClients, s.buy))
	}
	tell("purchases       %v", rounds)
	b.ReportMetric(rounds.median().rate, "purchases/s")
	b.ReportMetric(float64(rounds.median().p99)/1e6, "purchase-p99-ms")
	if err := s.allSold(); err != nil {
		b.Error(err)
	}
}

// allSold says whether what the clients bought last is sold, so that nothing else was measured.
func (s *sqlEngine) allSold() error {
	for i := range s.clients {
		out := &s.clients[i].out
		if out.State.String() != "confirmed" || out.Amount != benchPrices["standard"] {
			return fmt.Errorf("client %d has %v for %d", i, out.State, out.Amount)
		}
	}
	return nil
}

// BenchmarkSQLPurchases is BenchmarkPurchases on PostgreSQL beside a row a seat, alone.
func BenchmarkSQLPurchases(b *testing.B) {
	url := benchServer(b)
	s := openSQLEngine(b, url, 0, 0)
	s.prices = benchPrices
	s.purchases(openClassic(b, url), url, []int{10, 64})
	if err := s.allSold(); err != nil {
		b.Error(err)
	}
}
