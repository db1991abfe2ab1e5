package coordinator

import (
	"testing"

	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage"
)

// readyGranter is a granter of two sections in epoch 5, with nothing counted.
func readyGranter(t *testing.T) (*Granter, *BuyerQuota) {
	t.Helper()
	q := NewBuyerQuota()
	d := NewGranter(1, 2, q)
	d.Begin(5)
	d.Counted(0, 0, 0)
	d.Counted(1, 5, 1)
	if d.Ready() {
		t.Fatal("ready without a fence")
	}
	d.Fenced(0, &grant.Grant{Number: 1, Epoch: 5, Coordinator: 1})
	if !d.Ready() {
		t.Fatalf("not ready: %v are missing", d.Missing())
	}
	return d, q
}

func (d *Granter) mustGrant(t *testing.T, buyer byte, seats uint32) grant.Grant {
	t.Helper()
	g, v := d.Grant(d.epoch, section.BuyerID{buyer}, seats, 4, false)
	if v != Granted {
		t.Fatalf("%d seats: %d", seats, v)
	}
	return g
}

// TestGranterGrantsOnlyWhatItCanCount (P13, P3): a granter gives nothing while a section lacks its fence or is not
// counted, nor after another's fence.
func TestGranterGrantsOnlyWhatItCanCount(t *testing.T) {
	for _, c := range []struct {
		name  string
		lose  func(d *Granter)
		ready bool
	}{
		{"nothing", func(*Granter) {}, true},
		{"a section that is excluded", func(d *Granter) { _, _ = d.Exclude(5, 1) }, true},
		{"another's fence", func(d *Granter) { d.Fenced(1, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1}) }, false},
		{"another's fence, in a log that was loaded", func(d *Granter) { d.Counted(1, 6, 1) }, false},
		{"another coordinator's fence", func(d *Granter) { d.Fenced(1, &grant.Grant{Number: 1, Epoch: 6}) }, true},
		{"the end of the epoch", (*Granter).End, false},
		{"another's fence, before the word of this node's claim", func(d *Granter) {
			d.End()
			d.Fenced(1, &grant.Grant{Number: 1, Epoch: 7, Coordinator: 1})
			d.Begin(6)
			if epoch, _, _ := d.Epoch(); epoch != 0 {
				t.Errorf("it waits in epoch %d for fences that no section takes any more", epoch)
			}
		}, false},
		{"a section that is closed for good", func(d *Granter) {
			d.Begin(6)
			d.GivenUp(1)
			d.Fenced(0, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1})
		}, true},
		{"a section that came back", func(d *Granter) { d.Counted(1, 5, 1) }, true},
		{"a section that came back without the fence", func(d *Granter) { d.Counted(1, 4, 9) }, false},
	} {
		d, _ := readyGranter(t)
		c.lose(d)
		_, v := d.Grant(d.epoch, section.BuyerID{2}, 1, 4, false)
		if d.Ready() != c.ready || (v == Granted) != c.ready {
			t.Errorf("%s: ready %v, verdict %d", c.name, d.Ready(), v)
		}
		if _, v := d.Grant(d.epoch-1, section.BuyerID{3}, 1, 4, false); v != NotReady {
			t.Errorf("P5: %s: who has looked for a key in the epoch before gets verdict %d", c.name, v)
		}
	}
}

var fated = section.BuyerID{2}

// fates are what may become of a grant of 3 seats to one buyer, and what counts then.
var fates = []struct {
	name string
	then func(t *testing.T, d *Granter, g *grant.Grant)
	want uint32
}{
	{"under way", func(*testing.T, *Granter, *grant.Grant) {}, 3},
	{"refused", func(_ *testing.T, d *Granter, g *grant.Grant) { d.Refused(g) }, 0},
	{"placed", func(_ *testing.T, d *Granter, g *grant.Grant) { d.Placed(g, fated, 3) }, 3},
	{"placed, then told of", func(_ *testing.T, d *Granter, g *grant.Grant) { d.Placed(g, fated, 3); d.Refused(g) }, 3},
	{"unknown", func(_ *testing.T, d *Granter, g *grant.Grant) { d.Unknown(g) }, 3},
	{"unknown, then refused by the next node", func(_ *testing.T, d *Granter, g *grant.Grant) {
		d.Unknown(g)
		d.Refused(g)
	}, 3},
	{"unknown, then a fence behind it", func(t *testing.T, d *Granter, g *grant.Grant) {
		d.Unknown(g)
		list, next := d.Doubtful()
		if len(list) != 1 || list[0] != 1 || next != 2 {
			t.Errorf("in doubt are %v before grant %d, want section 1 before 2", list, next)
		}
		d.Fenced(1, &grant.Grant{Number: next, Epoch: 5, Coordinator: 1})
	}, 0},
	{"unknown, then another section's fence", func(_ *testing.T, d *Granter, g *grant.Grant) {
		d.Unknown(g)
		d.Fenced(0, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
	}, 3},
	{"placed unseen, and counted with its section", func(_ *testing.T, d *Granter, g *grant.Grant) {
		d.Unknown(g)
		d.quota.Add(fated, 3)
		d.Counted(1, 5, 1)
		d.Fenced(1, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
	}, 3},
	{"accepted, and counted with its section", func(t *testing.T, d *Granter, _ *grant.Grant) {
		d.quota.Add(fated, 3)
		d.Counted(1, 5, 1)
		if list, _ := d.Doubtful(); len(list) != 1 || list[0] != 1 {
			t.Errorf("in doubt are %v, want section 1", list)
		}
		d.Fenced(1, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
	}, 3},
	{"counted with its section, then refused", func(_ *testing.T, d *Granter, g *grant.Grant) {
		d.Counted(1, 5, 1)
		d.Asks(g, 0, section.RequestID{})
		d.Refused(g)
	}, 0},
	{"behind a fence, then unknown", func(_ *testing.T, d *Granter, g *grant.Grant) {
		d.Asks(g, 0, section.RequestID{})
		d.Fenced(1, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
		d.Asks(g, 1, section.RequestID{})
		d.Unknown(g)
	}, 0},
	{"the next epoch's fences", func(t *testing.T, d *Granter, _ *grant.Grant) {
		d.Begin(6)
		d.Fenced(0, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1})
		if got := d.quota.Seats(fated); got != 3 {
			t.Errorf("%d count before the section has the fence", got)
		}
		d.Fenced(1, &grant.Grant{Number: 1, Epoch: 6, Coordinator: 1})
	}, 0},
}

// TestGrantCountsUntilItsFateIsKnown (P13): seats of a grant count from the grant on, once, until they are live seats
// or will surely not be.
func TestGrantCountsUntilItsFateIsKnown(t *testing.T) {
	for _, c := range fates {
		d, q := readyGranter(t)
		g := d.mustGrant(t, 2, 3)
		if _, v := d.Grant(d.epoch, fated, 2, 4, false); v != OverLimit ||
			g != (grant.Grant{Number: 1, Epoch: 5, Total: 3, Coordinator: 1}) {
			t.Fatalf("granted %+v; 2 more of 4: %d", g, v)
		}
		d.Asks(&g, storage.SectionNo(1), section.RequestID{})
		c.then(t, d, &g)
		if got := q.Seats(fated); got != c.want {
			t.Errorf("%s: %d seats count, want %d", c.name, got, c.want)
		}
	}
}

// TestGrantThatNoSectionWasAskedWithCounts (P13): the home of an order is asked last; a fence, or a count, of some
// section says nothing of a grant that waits for that. One whose section has fenced it out is not used elsewhere.
func TestGrantThatNoSectionWasAskedWithCounts(t *testing.T) {
	for no := range storage.SectionNo(2) {
		d, q := readyGranter(t)
		g := d.mustGrant(t, 2, 3)
		d.Fenced(no, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
		d.Counted(no, 5, 2)
		if list, _ := d.Doubtful(); q.Seats(fated) != 3 || len(list) != 0 {
			t.Errorf("behind a fence of section %d %d seats count, and in doubt are %v", no, q.Seats(fated), list)
		}
		if shares, _ := d.Exclude(5, no); len(shares) != 0 {
			t.Errorf("under way in section %d, which was not asked: %v", no, shares)
		}
		if !d.Asks(&g, 1-no, section.RequestID{}) {
			t.Fatal("it cannot be used any more")
		}
		d.Fenced(1-no, &grant.Grant{Number: 2, Epoch: 5, Coordinator: 1})
		if got := q.Seats(fated); got != 0 || d.Asks(&g, 1-no, section.RequestID{}) {
			t.Errorf("fenced out, %d seats count, or it may be used again", got)
		}
	}
}

// TestAnothersHoldIsCounted: a hold under a grant of another node's epoch is live seats like any.
func TestAnothersHoldIsCounted(t *testing.T) {
	d, q := readyGranter(t)
	d.Placed(&grant.Grant{Number: 1, Epoch: 4, Coordinator: 1}, section.BuyerID{3}, 2)
	if got := q.Seats(section.BuyerID{3}); got != 2 {
		t.Errorf("%d seats count, want 2", got)
	}
}
