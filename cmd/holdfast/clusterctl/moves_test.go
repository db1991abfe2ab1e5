package clusterctl

import (
	"slices"
	"testing"

	"holdfast/api/wire"
)

func TestMovesAreToldByPairsOfNodes(t *testing.T) {
	look := func(sections ...wire.ClusterSection) *Status {
		return &Status{own: wire.Cluster{Self: "id0", Sections: sections}}
	}
	of := func(section, owner string) wire.ClusterSection {
		return wire.ClusterSection{Event: "e", Section: section, OwnerName: owner, Sure: owner != ""}
	}
	before := look(of("A", "n1"), of("B", "n1"), of("C", "n2"), of("D", "n2"))
	after := look(of("A", "n2"), of("B", "n2"), of("C", "n2"), of("D", ""), of("new", "n1"))
	after.own.Nodes = []wire.ClusterNode{{ID: "id0", Name: "n1", State: "draining"}}
	before.own.Nodes = []wire.ClusterNode{{ID: "id0", Name: "n1", State: "serving"}, {ID: "id1", Name: "n2"}}
	want := []string{"n1: serving → draining", "n2 has gone", "n1 → n2: 2 sections (A B)", "n2 → nobody: 1 section (D)"}
	if got := narrate(before, after); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	came, went := gains(movesBetween(before, after))
	if came["n2"] != 2 || went["n1"] != 2 || went["n2"] != 1 || signed(came["n2"], went["n2"]) != " +2 -1" {
		t.Errorf("came %v, went %v", came, went)
	}
}
