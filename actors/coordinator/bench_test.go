package coordinator

import (
	"testing"

	"holdfast/actors/section"
)

// benchHolds are how many keys and buyers an index and a quota have while they are measured.
const benchHolds = 200_000

// BenchmarkLedgers is what a buyer costs in the event's index and quota, among 200,000 others.
func BenchmarkLedgers(b *testing.B) {
	for _, bench := range []struct {
		name string
		path func(testing.TB) func()
	}{
		{"key-dropped", keyPath}, {"key-kept", keptPath}, {"key-repeated", repeatedPath},
		{"key-unknown", unknownPath}, {"buyer", quotaPath}, {"buyer-of-many", crowdedQuotaPath},
		{"grant", grantPath},
	} {
		b.Run(bench.name, func(b *testing.B) {
			run := bench.path(b)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

// crowdedIndex knows many keys.
func crowdedIndex() *KeyIndex {
	x := NewKeyIndex(nothingForgotten)
	for n := range uint64(benchHolds) {
		x.Adopt(scattered(n), 3, 1000)
	}
	return x
}

// keptPath is a hold: its key is entered, and stays. Now and then the index begins anew.
func keptPath(tb testing.TB) func() {
	b, _ := tb.(*testing.B)
	x, n := crowdedIndex(), uint64(benchHolds)
	return func() {
		if n++; n == 2*benchHolds && b != nil {
			b.StopTimer()
			x, n = crowdedIndex(), benchHolds
			b.StartTimer()
		}
		id := section.RequestID(scattered(n))
		x.Enter(id, 3, false)
		x.Leave(id, 3, true, 2000)
	}
}

func repeatedPath(testing.TB) func() {
	x, n := crowdedIndex(), uint64(0)
	return func() {
		n++
		id := section.RequestID(scattered(n % benchHolds))
		x.Enter(id, 3, false)
		x.Leave(id, 3, true, 2000)
	}
}

func unknownPath(testing.TB) func() {
	x, n := crowdedIndex(), uint64(benchHolds)
	return func() {
		n++
		if x.Contains(scattered(n)) {
			panic("a new key is known")
		}
	}
}

func crowdedQuotaPath(testing.TB) func() {
	q, n := NewBuyerQuota(), uint64(0)
	for n := range uint64(benchHolds) {
		q.Add(scattered(n), 1)
	}
	return func() {
		n++
		buyer := section.BuyerID(scattered(benchHolds + n))
		q.Reserve(buyer, 2, 8)
		q.Release(buyer, 2)
	}
}
