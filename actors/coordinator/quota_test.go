package coordinator

import (
	"encoding/binary"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
)

// TestBudgets holds what every booking does with the quota and the index against its allocations.
func TestBudgets(t *testing.T) {
	budget.Check(t, raceDetector, []budget.Path{
		budget.Exact("key met and dropped", 1000, 0, keyPath),
		budget.Exact("buyer's seats counted and given back", 1000, 0, quotaPath),
	})
}

// scattered are ids as spread out as clients' are.
func scattered(n uint64) (id [16]byte) {
	binary.LittleEndian.PutUint64(id[:], n*0x9E3779B97F4A7C15)
	return id
}

func keyPath(testing.TB) func() {
	x, n := NewKeyIndex(nothingForgotten), uint64(0)
	return func() {
		n++
		id := section.RequestID(scattered(n))
		x.Enter(id, 3, false)
		x.Leave(id, 3, false, DecidedUnknown)
	}
}

func quotaPath(testing.TB) func() {
	q, n := NewBuyerQuota(), uint64(0)
	return func() {
		n++
		buyer := section.BuyerID(scattered(n))
		q.Reserve(buyer, 2, 8)
		q.Release(buyer, 2)
	}
}

// BenchmarkLedgers is what a buyer costs in the event's index and quota.
func BenchmarkLedgers(b *testing.B) {
	for name, path := range map[string]func(testing.TB) func(){"key-dropped": keyPath, "buyer": quotaPath} {
		b.Run(name, func(b *testing.B) {
			run := path(b)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

func TestBuyerQuota(t *testing.T) {
	q, buyer := NewBuyerQuota(), section.BuyerID{1}
	if !q.Reserve(buyer, 3, 4) || q.Reserve(buyer, 2, 4) || !q.Reserve(buyer, 1, 4) {
		t.Error("four of four")
	}
	q.Release(buyer, 2)
	if !q.Reserve(buyer, 2, 4) || q.Reserve(buyer, 1, 4) {
		t.Error("two given back are two to take")
	}
	q.Release(buyer, 9)
	if len(q.shards[1].seats) != 0 {
		t.Error("a buyer without seats is still remembered")
	}
	q.Add(buyer, 9)
	if q.Reserve(buyer, 1, 4) {
		t.Error("seats found at load do not count")
	}
	if q.Seats(buyer) != 9 || q.Seats(section.BuyerID{2}) != 0 || !q.Room(section.BuyerID{2}, 4, 4) ||
		q.Room(buyer, 1, 9) {
		t.Error("what is counted is not what is told")
	}
	q.Each(func(who section.BuyerID, seats uint32) {
		if who != buyer || seats != 9 {
			t.Errorf("%d seats of %v", seats, who[0])
		}
	})
}
