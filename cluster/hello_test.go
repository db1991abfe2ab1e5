package cluster

import (
	"log/slog"
	"sync/atomic"
	"testing"

	"holdfast/storage"
)

// onStore puts a node on a store; the words that it logs are counted.
func onStore(id byte, words string, n *atomic.Int32) func(*Options) {
	return func(o *Options) {
		o.Store = storage.StoreID{id}
		o.Logger = slog.New(counted{Handler: slog.DiscardHandler, words: words, ear: o.Handler.(*ear), n: n})
	}
}

// TestNodesOfDifferentStoresRefuseTheLink (P1): both sides, each with a reason, and the log says so once, however often
// they call. Nothing but the hello keeps these apart: they have no rows to judge by.
func TestNodesOfDifferentStoresRefuseTheLink(t *testing.T) {
	var refused, refusedToo atomic.Int32
	a := start(t, "a", onStore(1, "turned away between nodes", &refused))
	b := start(t, "b", onStore(2, "turned away between nodes", &refusedToo), a)
	a.ear.until(t, "a refuses", func() bool {
		return refused.Load() > 0 &&
			a.Refused().Streams+b.Refused().Streams > 1
	})
	b.ear.until(t, "b refuses", func() bool { return refusedToo.Load() > 0 })
	if a.Up(b.id()) || b.Up(a.id()) || a.ear.count(b.id(), "up")+b.ear.count(a.id(), "up") != 0 {
		t.Error("P1: nodes of different stores have a link")
	}
	if n := refused.Load(); n > 4 { // as the caller and as the one called, by two wordings at most
		t.Errorf("said %d times", n)
	}
}

// TestNodesOfOneStoreAndOfNoneMeet: a build that names no store is not refused for that, in either direction, and those
// that do name theirs.
func TestNodesOfOneStoreAndOfNoneMeet(t *testing.T) {
	var refused atomic.Int32
	old := start(t, "old", func(o *Options) { o.protocol = [2]uint8{1, 3} })
	a := start(t, "a", onStore(1, "refused", &refused), old)
	b := start(t, "b", onStore(1, "refused", &refused), old)
	connected(t, old, a, b)
	if err := old.Close(); err != nil { // the upgrade's last old node goes
		t.Fatal(err)
	}
	for _, pair := range [][2]*tested{{a, b}, {b, a}} {
		pair[0].ear.until(t, "the store is named once all can read it", func() bool {
			m, _ := pair[0].View().Member(pair[1].id())
			return m.Store == storage.StoreID{1}
		})
	}
	again := start(t, "again", func(o *Options) { o.protocol = [2]uint8{1, 3} }, a) // and is rolled back
	connected(t, a, b, again)
	if refused.Load() != 0 {
		t.Errorf("refused %d times", refused.Load())
	}
}
