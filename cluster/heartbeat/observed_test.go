package heartbeat

import (
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

var me, rival = storage.WriterID{1}, storage.WriterID{2}

// seen is one look in a table: at that second, with the rival's row at that value (0: no row).
type seen struct {
	second float64
	value  section.Instant
}

func at(second float64) time.Time {
	return time.Unix(1000, 0).Add(time.Duration(second * float64(time.Second)))
}

// TestJudge is the rule of takeover, row by row. Lapse is 2 s, a look takes no time.
func TestJudge(t *testing.T) {
	theirs := storage.Tail{Kind: storage.EntryChanges, Seq: 7, Epoch: 2, Writer: rival}
	for _, row := range []struct {
		name   string
		looks  []seen
		tail   storage.Tail
		readAt float64
		want   verdict
	}{
		{"never looked", nil, storage.Tail{}, 0, no},
		{"empty log", []seen{{0, 5}}, storage.Tail{}, 0.1, yes},
		{"my own", []seen{{0, 5}}, storage.Tail{Kind: storage.EntryChanges, Seq: 3, Writer: me}, 0.1, yes},
		{"released by a living one", []seen{{0, 5}}, storage.Tail{Kind: storage.EntryReleased, Seq: 7, Writer: rival},
			0.1, yes},
		{"just met", []seen{{0, 5}}, theirs, 0.1, no},
		{"still for less than the lapse", []seen{{0, 5}, {1, 5}, {1.9, 5}}, theirs, 2, no},
		{"still for the lapse", []seen{{0, 5}, {1, 5}, {2, 5}}, theirs, 2.1, yes},
		{"time since the newest look does not count", []seen{{0, 5}, {1, 5}}, theirs, 2.9, no},
		{"beats", []seen{{0, 5}, {1, 6}, {2, 7}, {3, 8}}, theirs, 3.1, no},
		{"a clock that runs backwards is alive too", []seen{{0, 5}, {1, 4}, {2, 3}, {3, 2}}, theirs, 3.1, no},
		{"came back", []seen{{0, 5}, {1, 5}, {2, 5}, {3, 6}}, theirs, 3.1, no},
		{"lapsed, but nobody has looked lately", []seen{{0, 5}, {1, 5}, {2, 5}}, theirs, 4, no},
		{"empty, but nobody has looked lately", []seen{{0, 5}}, storage.Tail{}, 2, no},
		{"a gap between looks proves nothing", []seen{{0, 5}, {9, 5}}, theirs, 9.1, no},
		{"nor shortly after it", []seen{{0, 5}, {9, 5}, {10.5, 5}}, theirs, 10.6, no},
		{"long enough after the gap", []seen{{0, 5}, {9, 5}, {10, 5}, {11, 5}}, theirs, 11.1, yes},
		{"left", []seen{{0, 5}, {0.5, 0}}, theirs, 0.6, yes},
		{"left and came back", []seen{{0, 5}, {0.5, 0}, {1, 6}}, theirs, 1.1, no},
		{"never met: it may have begun after the look", []seen{{0, 0}}, theirs, 0.1, lookAgain},
		{"never met, and the look is newer than the question", []seen{{0.2, 0}}, theirs, 0.1, yes},
	} {
		v := newObserved(me, 2*time.Second)
		last := 0.0
		for _, l := range row.looks {
			var rows []storage.NodeBeat
			rows = append(rows, storage.NodeBeat{Writer: me, At: 1})
			if l.value != 0 {
				rows = append(rows, storage.NodeBeat{Writer: rival, At: l.value})
			}
			v.see(rows, at(l.second), at(l.second))
			last = l.second
		}
		if got := v.judge(row.tail, at(row.readAt), at(max(row.readAt, last))); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestFreedAndForgotten: a lapse is told once, a departure at once, and rows that stood still for long are given up for
// removal.
func TestFreedAndForgotten(t *testing.T) {
	v := newObserved(me, 2*time.Second)
	told, removed := 0, 0
	const forgetAfter = forgetLapses * 2 * time.Second
	for half := range 2 * int(forgetAfter/time.Second+2) {
		freed, old := v.see([]storage.NodeBeat{{Writer: rival, At: 5}}, at(float64(half)/2), at(float64(half)/2))
		if freed {
			told++
		}
		if len(old) > 0 && half < 2*int(forgetAfter/time.Second) {
			t.Fatalf("given up after %d half seconds", half)
		}
		removed += len(old)
	}
	if told != 1 || removed == 0 {
		t.Errorf("the lapse was told %d times, the row given up %d times", told, removed)
	}
	end := float64(forgetAfter/time.Second) + 2
	if freed, _ := v.see(nil, at(end), at(end)); freed {
		t.Error("a lapsed row that is removed frees nothing new")
	}
	v.see([]storage.NodeBeat{{Writer: rival, At: 9}}, at(end), at(end))
	if freed, _ := v.see(nil, at(end), at(end)); !freed {
		t.Error("a living node that leaves frees its sections")
	}
}

// TestANodeOfNoClusterClaimsNothingFromALivingOne, whatever the log says, but what it has itself.
func TestANodeOfNoClusterClaimsNothingFromALivingOne(t *testing.T) {
	for _, c := range []struct {
		name   string
		gossip string
		tail   storage.Tail
		want   verdict
	}{
		{"an empty log", "10.0.0.1:7946", storage.Tail{}, no},
		{"released", "10.0.0.1:7946", storage.Tail{Seq: 3, Kind: storage.EntryReleased, Writer: storage.WriterID{9}},
			no},
		{"of one that has gone", "10.0.0.1:7946", storage.Tail{Seq: 3, Kind: storage.EntryChanges,
			Writer: storage.WriterID{9}}, no},
		{"its own", "10.0.0.1:7946", storage.Tail{Seq: 3, Kind: storage.EntryChanges, Writer: me}, yes},
		{"beside a node of no cluster", "", storage.Tail{Seq: 3, Kind: storage.EntryReleased,
			Writer: storage.WriterID{9}}, yes},
	} {
		v := newObserved(me, 2*time.Second)
		v.alone = true
		v.see(nil, at(0), at(0))
		v.see([]storage.NodeBeat{{Writer: rival, At: 1, Gossip: c.gossip}}, at(1), at(1))
		if got := v.judge(c.tail, at(1), at(1.1)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		for second := 2.0; second < 5; second++ { // the cluster dies
			v.see([]storage.NodeBeat{{Writer: rival, At: 1, Gossip: c.gossip}}, at(second), at(second))
		}
		if got := v.judge(c.tail, at(4), at(4.1)); got == no {
			t.Errorf("%s: %v, and the cluster is dead", c.name, got)
		}
	}
}
