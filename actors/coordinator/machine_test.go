package coordinator_test

import (
	"bytes"
	"slices"
	"testing"

	"holdfast/actors/coordinator"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/machinetest"
)

// TestConformance: a coordinator's log stands under the writer and the shard.
func TestConformance(t *testing.T) {
	machinetest.Run(t, machinetest.Subject{
		Kind:     coordinator.ClaimsKind{},
		Command:  exclude,
		Refused:  exclude, // once more
		Accepted: func(command any) bool { return command.(*coordinator.Order).Done },
		Many:     4000,
	})
}

func exclude(n int) any {
	return &coordinator.Order{Exclusion: grant.Exclusion{Section: uint32(n), First: true, Last: true,
		Shares: []grant.Share{
			{Buyer: [16]byte{1}, Seats: uint32(n)}, {Buyer: [16]byte{2}, Request: [16]byte{3}, Seats: 2},
		}}}
}

// do has a machine judge and apply orders, and gives the bytes of each; nil: refused.
func do(t *testing.T, m machine.Machine, at machine.Instant, orders ...coordinator.Order) (bodies [][]byte) {
	t.Helper()
	for i := range orders {
		d := m.Decide(&orders[i], at)
		var body []byte
		if d.Changes > 0 {
			body = m.AppendChanges(nil, at)
			m.Apply(m.NewEffects())
		}
		if bodies = append(bodies, body); (body != nil) != orders[i].Done {
			t.Fatalf("order %d is done %v, and has %d bytes", i, orders[i].Done, len(body))
		}
	}
	return bodies
}

func part(no uint32, first, last bool, buyer byte) coordinator.Order {
	return coordinator.Order{Exclusion: grant.Exclusion{Section: no, First: first, Last: last,
		Shares: []grant.Share{{Buyer: [16]byte{buyer}, Seats: 1}}}}
}

func end(no uint32) coordinator.Order {
	return coordinator.Order{Exclusion: grant.Exclusion{Section: no, Readmitted: true}}
}

// TestExclusionsStandWholeOrNotAtAll (P13): a section is excluded once the last part of its list is in the log, and no
// part of an earlier try is among them; it is readmitted once.
func TestExclusionsStandWholeOrNotAtAll(t *testing.T) {
	m := coordinator.ClaimsKind{}.New().(*coordinator.Claims)
	m.Claimed(2, 10)
	bodies := do(t, m, 10, part(7, false, true, 1), part(7, true, false, 1), part(3, true, true, 9))
	if bodies[0] != nil || bodies[1] == nil || len(m.Excluded()) != 1 || m.Excluded()[0].Section != 3 {
		t.Fatalf("a first part that is missing, or a last: %v", m.Excluded())
	}
	bodies = append(bodies, do(t, m, 11, part(7, true, false, 2), part(7, false, true, 3), part(7, true, true, 4))...)
	all := m.Excluded()
	if bodies[5] != nil || len(all) != 2 || len(all[1].Shares) != 2 || all[1].Shares[0].Buyer[0] != 2 {
		t.Fatalf("two tries: %v", all)
	}
	bodies = append(bodies, do(t, m, 12, end(3), end(3))...)
	if bodies[7] != nil || len(m.Excluded()) != 1 {
		t.Errorf("readmitted twice: %v", m.Excluded())
	}
	stale := part(9, true, true, 1)
	stale.Life = 99
	if do(t, m, 12, stale)[0] != nil {
		t.Error("an order of another life is done")
	}
	again := coordinator.ClaimsKind{}.New()
	for i, at := range []machine.Instant{10, 10, 10, 11, 11, 11, 12, 12} {
		if _, err := again.Replay(bodies[i], at, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(again.AppendSnapshot(nil), m.AppendSnapshot(nil)) {
		t.Error("P10: the replay is another state")
	}
}

// TestClaimsOfEarlierBuilds (P10): a log of claims alone opens, its snapshot is left for its log, the bytes of an
// exclusion are those that were written, and nothing else is taken.
func TestClaimsOfEarlierBuilds(t *testing.T) {
	m := coordinator.ClaimsKind{}.New()
	if n, err := m.Replay(nil, 0, nil); n != 0 || err != nil {
		t.Errorf("an empty record: %d, %v", n, err)
	}
	good := do(t, coordinator.ClaimsKind{}.New(), 5, part(7, true, true, 1))[0]
	want := []byte{6, 0, 7, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}
	if !bytes.Equal(good, want) {
		t.Errorf("the bytes of an exclusion are %v, and were %v", good, want)
	}
	for _, bad := range [][]byte{{1}, {8, 0, 1, 0}, {3, 0, 1}, good[:len(good)-1], append(slices.Clone(good), 0)} {
		if _, err := (coordinator.ClaimsKind{}).New().Replay(bad, 5, nil); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	for _, bad := range [][]byte{nil, {9, 0, 0}, {1, 0, 2, 7, 1, 0, 7, 1, 0}, {1, 0, 0, 0}} {
		if _, err := (coordinator.ClaimsKind{}).Restore(bad); err == nil {
			t.Errorf("the snapshot %v is taken", bad)
		}
	}
}
