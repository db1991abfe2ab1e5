package coordinator

import (
	"testing"

	"holdfast/actors/grant"
	"holdfast/actors/section"
)

// TestAnExcludedSectionGetsNoGrants (P13): only an epoch whose fence stands in a section may exclude it; then no grant
// is used there, those on their way are listed, and the others are granted on.
func TestAnExcludedSectionGetsNoGrants(t *testing.T) {
	d, _ := readyGranter(t)
	g := d.mustGrant(t, 2, 3)
	if !d.Asks(&g, 1, section.RequestID{7}) {
		t.Fatal("a section that is served is not asked")
	}
	d.Unknown(&g)
	if _, ok := d.Exclude(4, 1); ok {
		t.Error("an epoch that is over excludes a section")
	}
	list, ok := d.Exclude(5, 1)
	want := grant.Share{Buyer: fated, Request: [16]byte{7}, Seats: 3}
	if !ok || len(list) != 1 || list[0] != want {
		t.Fatalf("under way are %+v, %v, want %+v", list, ok, want)
	}
	if _, again := d.Exclude(5, 1); again {
		t.Error("a section is excluded twice")
	}
	other := d.mustGrant(t, 3, 1)
	if d.Asks(&other, 1, section.RequestID{}) || !d.Asks(&other, 0, section.RequestID{}) {
		t.Error("the excluded section is asked, or the other is not")
	}
	if _, v := d.Grant(d.epoch, fated, 2, 4, false); v != OverLimit {
		t.Errorf("2 more beside 3 in doubt of 4: %d", v)
	}
	d.Begin(6)
	if _, ok := d.Exclude(6, 1); ok {
		t.Error("a section without the epoch's fence is excluded")
	}
}

// TestAnExclusionCountsInTheNextEpoch (P13): the next epoch needs no fence in a section that is excluded, counts what
// is listed there once, however much of it this node knows, and grants there only behind its own fence.
func TestAnExclusionCountsInTheNextEpoch(t *testing.T) {
	q := NewBuyerQuota()
	d := NewGranter(1, 2, q)
	d.Counted(0, 0, 0)
	shares := []grant.Share{{Buyer: fated, Seats: 2}, {Buyer: fated, Request: [16]byte{7}, Seats: 1}}
	d.Begin(6, Excluded{Section: 1, Shares: shares})
	seats := func(want uint32, when string) {
		t.Helper()
		if got := q.Seats(fated); got != want {
			t.Errorf("%s: %d seats count, want %d", when, got, want)
		}
	}
	seats(3, "as listed")
	d.Fenced(0, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1})
	if _, v := d.Grant(d.epoch, fated, 2, 4, false); !d.Ready() || v != OverLimit {
		t.Errorf("ready %v; 2 more beside 3 of 4: %d", d.Ready(), v)
	}
	live := func(visit func(section.BuyerID, uint32)) { visit(fated, 1); visit(fated, 1) }
	live(q.Add) // the section's log could be read here
	d.Counted(1, 5, 1)
	d.Known(1, live)
	seats(3, "two of three are known")
	if d.Readmit(6, 1); !d.Excluded(1) || d.Readmittable(6, 1) {
		t.Error("readmitted without the epoch's fence")
	}
	d.Fenced(1, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1})
	if !d.Readmittable(6, 1) || d.Readmittable(5, 1) {
		t.Error("behind its fence it may not be readmitted")
	}
	d.Readmit(6, 1)
	seats(2, "what its log has, up to the fence")
	if g := d.mustGrant(t, 2, 1); !d.Asks(&g, 1, section.RequestID{}) {
		t.Error("it is not asked")
	}
	d.Begin(7, Excluded{Section: 1, Shares: shares})
	d.End()
	seats(3, "two live and a grant; the list is another node's now")
}
