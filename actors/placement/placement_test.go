package placement

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

var me, other, third = storage.WriterID{1}, storage.WriterID{2}, storage.WriterID{3}

func TestRoute(t *testing.T) {
	for _, row := range []struct {
		name    string
		routing Routing
		to      storage.WriterID
		ok      bool
	}{
		{"served here", Routing{Me: me, Serving: true, Reported: other, ReportedUp: true, Placed: third, PlacedUp: true}, me, true},
		{"whoever has it comes before whoever should", Routing{Me: me, Reported: other, ReportedUp: true, Placed: me, PlacedUp: true}, other, true},
		{"whoever had it is gone: claim", Routing{Me: me, Reported: other, Placed: me, PlacedUp: true}, me, true},
		{"whoever had it is gone: ask the successor", Routing{Me: me, Reported: other, Placed: third, PlacedUp: true}, third, true},
		{"nobody heard of", Routing{Me: me, Placed: third, PlacedUp: true}, third, true},
		{"the only one is not to be reached", Routing{Me: me, Reported: other, Placed: other}, other, false},
		{"its log ends with this node's word", Routing{Me: me, TailIsOurs: true, Placed: third, PlacedUp: true}, me, true},
		{"no view", Routing{Me: me}, storage.WriterID{}, false},
	} {
		if to, ok := Route(row.routing); ok != row.ok || ok && to != row.to {
			t.Errorf("%s: %v %v", row.name, to[:1], ok)
		}
	}
}

func TestActionFor(t *testing.T) {
	serving := Routing{Me: me, Serving: true, Placed: other, PlacedUp: true}
	still := Routing{Me: me, Placed: me, PlacedUp: true}
	for _, row := range []struct {
		name      string
		situation Situation
		want      Action
	}{
		{"placed elsewhere, and the other is ready", Situation{Routing: serving, Ready: true}, Transfer},
		{"placed elsewhere, and the other is not ready", Situation{Routing: serving}, Stay},
		{"served where it is placed", Situation{Routing: Routing{Me: me, Serving: true, Placed: me}, Ready: true}, Stay},
		{"served, and nobody is there who could", Situation{Routing: Routing{Me: me, Serving: true}, Ready: true}, Stay},
		{"placed here and nobody's", Situation{Routing: still, Stopped: true}, Claim},
		{"placed here and another's", Situation{Routing: still, Stopped: true, OwnerAnnounced: true}, Stay},
		{"placed here and resting", Situation{Routing: still}, Stay},
		{"placed elsewhere, and nobody else may claim it", Situation{Routing: Routing{Me: me, TailIsOurs: true, Placed: other, PlacedUp: true}, Stopped: true}, Claim},
		{"placed elsewhere and nobody's", Situation{Routing: Routing{Me: me, Placed: other, PlacedUp: true}, Stopped: true}, Stay},
	} {
		if got := ActionFor(row.situation); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestEntryBelievesTheNewestWord: an owner's own word goes before hints, a newer epoch before an older one, and an
// owner is forgotten only by its own word on that epoch or a later one.
func TestEntryBelievesTheNewestWord(t *testing.T) {
	type word struct {
		who       storage.WriterID
		epoch     section.Epoch
		announced bool
	}
	for _, row := range []struct {
		name   string
		heard  []word
		forget word
		want   word
	}{
		{"nothing", nil, word{}, word{}},
		{"a hint", []word{{other, 3, false}}, word{}, word{other, 3, false}},
		{"no word at all", []word{{other, 3, false}, {storage.WriterID{}, 9, true}}, word{}, word{other, 3, false}},
		{"a hint passed on, nothing known", []word{{other, 0, false}}, word{}, word{other, 0, false}},
		{"a hint passed on, a hint known", []word{{other, 3, false}, {third, 0, false}}, word{}, word{third, 3, false}},
		{"a hint passed on, its owner has spoken", []word{{other, 3, true}, {third, 0, false}}, word{}, word{other, 3, true}},
		{"an older owner's late word", []word{{other, 3, true}, {third, 2, true}}, word{}, word{other, 3, true}},
		{"a newer owner", []word{{other, 3, true}, {third, 4, true}}, word{}, word{third, 4, true}},
		{"a hint of a newer owner", []word{{other, 3, true}, {third, 4, false}}, word{}, word{third, 4, false}},
		{"the owner lets go", []word{{other, 3, true}}, word{who: other, epoch: 3}, word{}},
		{"the owner let go of an earlier life", []word{{other, 3, true}}, word{who: other, epoch: 2}, word{other, 3, true}},
		{"another lets go", []word{{other, 3, true}}, word{who: third, epoch: 9}, word{other, 3, true}},
	} {
		var e Entry
		for _, w := range row.heard {
			e.Hear(w.who, w.epoch, w.announced)
		}
		e.Forget(row.forget.who, row.forget.epoch)
		got, known := e.Owner()
		if got != (Ownership{row.want.who, row.want.epoch, row.want.announced}) || known != (row.want != word{}) {
			t.Errorf("%s: %+v %v", row.name, got, known)
		}
		e.Clear()
		if _, known := e.Owner(); known {
			t.Errorf("%s: known after Clear", row.name)
		}
	}
}
