package cluster

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// crew is n serving members with ids that look like random ones.
func crew(n int) (members []Member) {
	for i := range n {
		var w storage.WriterID
		binary.LittleEndian.PutUint64(w[:], mix(uint64(i)+1))
		binary.LittleEndian.PutUint64(w[8:], mix(uint64(i)+1000))
		members = append(members, Member{Writer: w, Name: fmt.Sprint("n", i), State: Serving})
	}
	return members
}

// house is sections as they come: a few events with dense numbers.
func house(n int) (keys []storage.SectionKey) {
	for i := range n {
		keys = append(keys, storage.SectionKey{Event: storage.EventID{15: byte(i / 1000)},
			Section: storage.SectionNo(i % 1000)})
	}
	return keys
}

func TestSectionsAreSpreadEvenly(t *testing.T) {
	keys := house(10_000)
	for n := 1; n <= 16; n++ {
		members := crew(n)
		v := NewView(members[0].Writer, members)
		count := map[storage.WriterID]int{}
		for _, k := range keys {
			count[v.Owner(k)]++
		}
		fair := float64(len(keys)) / float64(n)
		for w, c := range count {
			// Four standard deviations of an even lottery; at 16 members they are 16 %.
			if off := math.Abs(float64(c) - fair); off > 4*math.Sqrt(fair) {
				t.Errorf("%d members: %x has %d sections; even would be %.0f", n, w[:2], c, fair)
			}
		}
		if len(count) != n {
			t.Errorf("%d of %d members own something", len(count), n)
		}
	}
}

func TestOnlyTheShareOfWhoComesOrGoesMoves(t *testing.T) {
	keys := house(10_000)
	for n := 1; n < 16; n++ {
		members := crew(n + 1)
		few, many := NewView(members[0].Writer, members[:n]), NewView(members[0].Writer, members)
		newcomer, moved := members[n].Writer, 0
		for _, k := range keys {
			before, after := few.Owner(k), many.Owner(k)
			if before == after {
				continue
			}
			if moved++; after != newcomer {
				t.Fatalf("with %d members %v moved from %x to %x, neither of which is new", n, k, before, after)
			}
		}
		fair := float64(len(keys)) / float64(n+1)
		if math.Abs(float64(moved)-fair) > 4*math.Sqrt(fair) {
			t.Errorf("%d sections moved to member %d; even would be %.0f", moved, n+1, fair)
		}
	}
}

func TestAllNodesAgree(t *testing.T) {
	members := crew(5)
	backwards := []Member{members[4], members[3], members[2], members[1], members[0]}
	a, b := NewView(members[0].Writer, members), NewView(members[3].Writer, backwards)
	for _, k := range house(1000) {
		if a.Owner(k) != b.Owner(k) {
			t.Fatalf("%v: %x and %x", k, a.Owner(k), b.Owner(k))
		}
	}
	if a.Version() != b.Version() {
		t.Error("versions differ")
	}
	backwards[2].State = Draining
	if c := NewView(members[0].Writer, backwards); c.Version() == a.Version() {
		t.Error("a state changed and the version did not")
	}
	if c := NewView(members[0].Writer, members[:4]); c.Version() == a.Version() {
		t.Error("a member went and the version stayed")
	}
	if m, ok := a.Member(members[2].Writer); !ok || m.Name != "n2" {
		t.Errorf("found %v %v", m, ok)
	}
	if _, ok := a.Member(storage.WriterID{1}); ok {
		t.Error("found a stranger")
	}
}

// TestOwnerIsTheHeaviest with hashes that can be read: the last digits of section times writer, modulo seven.
func TestOwnerIsTheHeaviest(t *testing.T) {
	hash := hashes{
		writer: func(w storage.WriterID) uint64 { return uint64(w[0]) },
		weigh:  func(writer, key uint64) uint64 { return writer * key % 7 },
	}
	three := []Member{{Writer: storage.WriterID{1}, State: Serving}, {Writer: storage.WriterID{2}, State: Serving},
		{Writer: storage.WriterID{3}, State: Serving}}
	draining := []Member{three[0], three[1], {Writer: storage.WriterID{3}, State: Draining}}
	joining := []Member{{Writer: storage.WriterID{1}, State: Joining}}
	for _, c := range []struct {
		members []Member
		key     uint64
		want    byte // 0: nobody
	}{
		{three, 1, 3},    // weights 1 2 3
		{three, 2, 3},    // 2 4 6
		{three, 3, 2},    // 3 6 2
		{three, 5, 1},    // 5 3 1
		{three, 7, 1},    // 0 0 0: the lowest writer, on every node
		{draining, 1, 2}, // the third is not asked
		{joining, 1, 0},
		{nil, 1, 0},
	} {
		if got := newViewBy(hash, storage.WriterID{1}, c.members).heaviest(c.key); got != (storage.WriterID{c.want}) {
			t.Errorf("of %v for %d: %x, want %d", c.members, c.key, got, c.want)
		}
	}
}

// TestPlacementNeverChanges: another hash moves every section of a cluster that is being upgraded node by node.
func TestPlacementNeverChanges(t *testing.T) {
	members := crew(5)
	v := NewView(members[0].Writer, members)
	var owners, homes string
	place := func(w storage.WriterID) string { m, _ := v.Member(w); return m.Name[1:] }
	for i := range 24 {
		owners += place(v.Owner(storage.SectionKey{Event: storage.EventID{1, 2, 3}, Section: storage.SectionNo(i)}))
		homes += place(v.Coordinator(storage.EventID{1, 2, 3}, section.BuyerID{byte(i)}))
	}
	if want := "232324013031440410420424"; owners != want {
		t.Errorf("owners %s, always were %s", owners, want)
	}
	if want := "333144432340342112033233"; homes != want {
		t.Errorf("homes %s, always were %s", homes, want)
	}
}

func TestBuyersAreSpreadEvenly(t *testing.T) {
	members := crew(4)
	v := NewView(members[0].Writer, members)
	count := map[storage.WriterID]int{}
	for i := range 10_000 {
		var buyer section.BuyerID
		binary.BigEndian.PutUint32(buyer[12:], uint32(i))
		count[v.Coordinator(storage.EventID{9}, buyer)]++
	}
	for w, c := range count {
		if c < 2300 || c > 2700 {
			t.Errorf("%x is home to %d of 10,000", w[:2], c)
		}
	}
}

func TestTenThousandOwnersAreQuick(t *testing.T) {
	members, keys := crew(16), house(10_000)
	began := time.Now()
	v := NewView(members[0].Writer, members)
	for _, k := range keys {
		v.Owner(k)
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("10,000 owners among 16 members took %v", took)
	}
	if n := testing.AllocsPerRun(100, func() { v.Owner(keys[7]) }); n != 0 {
		t.Errorf("Owner allocates %v times", n)
	}
}

func BenchmarkOwner(b *testing.B) {
	for _, n := range []int{3, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			members, keys := crew(n), house(1024)
			v := NewView(members[0].Writer, members)
			b.ReportAllocs()
			for i := range b.N {
				v.Owner(keys[i&1023])
			}
		})
	}
}
