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
		budget.Exact("a grant, and its hold followed and released", 1000, 0, grantPath),
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

// grantPath is what a coordinator adds to a hold.
func grantPath(testing.TB) func() {
	q, n := NewBuyerQuota(), uint64(0)
	d := NewGranter(0, 1, q)
	d.Begin(1)
	d.Counted(0, 1, 1)
	return func() {
		n++
		buyer := section.BuyerID(scattered(n))
		g, _ := d.Grant(d.epoch, buyer, 2, 8, false)
		d.Asks(&g, 0, section.RequestID{})
		d.Placed(&g, buyer, 2)
		q.Release(buyer, 2)
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
	if q.Buyers() != 0 {
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
	if q.Buyers() != 1 {
		t.Errorf("%d buyers have seats, want one", q.Buyers())
	}
}

// TestQuotaOfMany: every buyer of a large sale has a count of their own, also after half of them have gone.
func TestQuotaOfMany(t *testing.T) {
	const buyers = 200_000
	q := NewBuyerQuota()
	for n := range uint64(buyers) {
		q.Add(scattered(n), uint32(n%7+1))
	}
	for n := uint64(0); n < buyers; n += 2 {
		q.Release(scattered(n), uint32(n%7+1))
	}
	if q.Buyers() != buyers/2 {
		t.Errorf("%d buyers have seats, want %d", q.Buyers(), buyers/2)
	}
	for n := range uint64(buyers) {
		if seats := q.Seats(scattered(n)); seats != uint32(n%7+1)*uint32(n%2) {
			t.Fatalf("buyer %d has %d seats", n, seats)
		}
	}
}
