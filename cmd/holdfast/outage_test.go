package main

import (
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// ownersOf is who runs each section, as one node sees it.
func ownersOf(t *testing.T, node *node.Node) map[string]wire.ClusterSection {
	t.Helper()
	all := map[string]wire.ClusterSection{}
	for _, s := range seen(t, "http://"+node.Addr()).Sections {
		all[s.Section] = s
	}
	return all
}

// TestSectionsStayWhereTheyAreAfterADatabaseOutage: the node whose first beat gets through serves for half a second
// before the others do, and is not to be given what they have, to give it back. One epoch each is the outage's: a
// section that was in doubt is claimed anew by who had it.
func TestSectionsStayWhereTheyAreAfterADatabaseOutage(t *testing.T) {
	server := pgtest.Start(t)
	nodes := nodetest.OpenCluster(t, server.Database(t), 3)
	importWide(t, "http://"+nodes[0].Addr())
	testkit.Eventually(t, "every section is served where it belongs", func() bool {
		return settled(t, nodes, wideSections)
	})
	for round := range 3 {
		before, handed := ownersOf(t, nodes[0]), handedOver(nodes)
		server.Crash(t)
		for _, n := range nodes {
			testkit.Eventually(t, n.Name()+" knows that it is cut off", func() bool { return !n.StoreAnswers() })
		}
		server.Restart(t)
		back := time.Now()
		testkit.Eventually(t, "every section is served where it belongs", func() bool {
			return settled(t, nodes, wideSections)
		})
		t.Logf("round %d: settled %v after the database was back, %d handed over", round,
			time.Since(back).Round(time.Millisecond), handedOver(nodes)-handed)
		if n := handedOver(nodes) - handed; n > 0 {
			t.Errorf("round %d: %d sections were handed over, and all nodes were there all the time", round, n)
		}
		for name, s := range ownersOf(t, nodes[0]) {
			if was := before[name]; s.Owner != was.Owner || s.Epoch > was.Epoch+1 {
				t.Errorf("round %d: section %s went from %s in epoch %d to %s in epoch %d", round, name, was.OwnerName,
					was.Epoch, s.OwnerName, s.Epoch)
			}
		}
	}
}

func handedOver(nodes []*node.Node) (all int64) {
	for _, n := range nodes {
		all += n.Engine().Stats().HandedOver.Load()
	}
	return all
}
