package actors

import (
	"context"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/storage/faultstore"
)

// TestLapseOnItsWayRefusesNobody (P4, P11): a hold has lapsed and the record that says so takes its time. Who wants the
// seat meanwhile waits for that record, and is not refused because of a hold that is over.
func TestLapseOnItsWayRefusesNobody(t *testing.T) {
	rules := boxRules()
	b := newBox(t, rules, Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	b.now.Add(int64(rules.HoldTTL) + 1)
	sent, gate := make(chan struct{}, 1), make(chan struct{})
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Do: faultstore.Pass, Times: 1, Hook: func(context.Context) {
		sent <- struct{}{}
		<-gate
	}})
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := b.hold(caller(2, 1), "A-1-2"); first <- err }()
	<-sent // with the lapse of A-1-1 in it
	if b.letters(0)[0] != 'h' {
		t.Fatal("P9: the map shows a lapse that is not durable")
	}
	if !b.section(0).mapIsTrue() {
		t.Error("P7: a moment after its end the map may still refuse for it")
	}
	b.now.Add(shard.LapsePatience)
	if b.section(0).mapIsTrue() {
		t.Fatal("the map goes on refusing for a hold that is over")
	}
	go func() { _, err := b.hold(caller(3, 1), "A-1-1"); second <- err }()
	close(gate)
	for _, held := range []chan error{first, second} {
		if err := <-held; err != nil {
			t.Error(err)
		}
	}
	b.mustHold(caller(4, 1), "A-1-3")
	if next := section.Instant(b.section(0).shard.Serving().TrustedUntil()); next <= section.Instant(b.now.Load()) {
		t.Errorf("when all is durable the map is not believed again: until %d, now %d", next, b.now.Load())
	}
}
