package pebblestore

import (
	"fmt"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// BenchmarkSale is one call in which each of 64 sections sells two parties of three, with a table that holds so many rows already, in its
// memtables and in its tables: the second guard of P1 looks each seat up. One op is one call.
func BenchmarkSale(b *testing.B) {
	for _, rows := range []int{0, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			w := &seller{t: b, s: budgetStore(b), call: make([]storage.Append, benchSections)}
			for i := range w.call {
				w.chains = append(w.chains, newChain(storage.SectionNo(i)))
			}
			for sold := 0; sold < rows; sold += benchSections * 500 {
				w.commit(500)
			}
			b.ReportAllocs()
			for b.Loop() {
				w.commit(6)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(6*benchSections), "ns/ticket")
		})
	}
}

// BenchmarkRead reads back a log of 10,000 entries of a kilobyte, verified; one op is one entry.
func BenchmarkRead(b *testing.B) {
	const entries = 10_000
	s, c := budgetStore(b), newChain(1)
	var all []storage.Entry
	for range entries {
		a := c.next(make([]byte, 1<<10))
		c.advance(&a)
		all = append(all, a.Entry)
	}
	if err := s.Import(ctx, c.key, all); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += entries {
		if last, err := readAll(s, c.key, 0); err != nil || last != section.Seq(entries) {
			b.Fatal(last, err)
		}
	}
}
