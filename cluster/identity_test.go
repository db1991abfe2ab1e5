package cluster

import (
	"strings"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/cluster/heartbeat"
	"holdfast/storage"
)

// Companions of the tables: low, me and high in the order of their ids.
var (
	low       = storage.WriterID{0, 1}
	me, rival = storage.WriterID{1}, storage.WriterID{2}
	high      = storage.WriterID{9}
)

func at(second float64) time.Time {
	return time.Unix(1000, 0).Add(time.Duration(second * float64(time.Second)))
}

// peers makes members in a state, all without a word of their store.
func peers(state State, writers ...storage.WriterID) (all []Member) {
	for _, w := range writers {
		all = append(all, Member{Writer: w, Name: string(rune('a' + w[0])), State: state})
	}
	return all
}

// scene is an IdentityCheck with the look that feeds it: one beat of all rows a second, from second 0.
type scene struct {
	identity *IdentityCheck
	look     *heartbeat.ObservedBeats
	now      float64
}

func newScene(store storage.StoreID) *scene {
	return &scene{identity: NewIdentityCheck(me, store, 2*time.Second), look: heartbeat.Observe(me, 2*time.Second)}
}

// beat looks at rows (by writer, the value; missing: no row) at the next second, and judges.
func (s *scene) beat(rows map[storage.WriterID]section.Instant, others []Member, state State) *Identities {
	s.now++
	var list []storage.NodeBeat
	for w, value := range rows {
		list = append(list, storage.NodeBeat{Writer: w, Name: "row", At: value})
	}
	s.look.See(list, at(s.now), at(s.now))
	return s.judge(others, state)
}

func (s *scene) judge(others []Member, state State) *Identities {
	return s.identity.Judge(others, state, s.look.Rows(), at(s.now), 3*time.Second)
}

// values gives each second's rows: a row with step 1 moves, with step 0 it stands still, and without one it is not
// there.
type values map[storage.WriterID]section.Instant

func (s *scene) rows(steps values) map[storage.WriterID]section.Instant {
	rows := map[storage.WriterID]section.Instant{}
	for w, step := range steps {
		rows[w] = 100 + step*section.Instant(s.now)
	}
	return rows
}

// TestWhoeverHasNoMovingRowInThisStoreIsAStranger (P1): the table of IdentityCheck, row by row, as it stands after so
// many seconds.
func TestWhoeverHasNoMovingRowInThisStoreIsAStranger(t *testing.T) {
	for _, c := range []struct {
		name    string
		rows    values // before and while it is in gossip
		then    values // from the fifth second on; nil: as before
		state   State
		seconds int
		want    string // member, pending, or a word of why it is a stranger
	}{
		{"it beats here", values{high: 1}, nil, Serving, 3, "member"},
		{"no row, at first", nil, nil, Joining, 1, "pending"},
		{"no row", nil, nil, Joining, 4, "no heartbeat row"},
		{"no row, and it serves", nil, nil, Serving, 4, "no heartbeat row"},
		{"a row of before the copy, at first", values{high: 0}, nil, Serving, 1, "pending"},
		{"a row of before the copy", values{high: 0}, nil, Serving, 4, "never moved"},
		{"it moved to another store, at first", values{high: 1}, values{high: 0}, Serving, 6, "member"},
		{"it moved to another store", values{high: 1}, values{high: 0}, Serving, 12, "moved to another"},
		{"it moved, and its row was removed", values{high: 1}, values{}, Serving, 12, "moved to another"},
		{"cut off, and says so", values{high: 1}, values{high: 0}, Joining, 12, "member"},
		{"cut off, drains, and its row was removed", values{high: 1}, values{}, Draining, 12, "member"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(storage.StoreID{})
			s.beat(s.rows(c.rows), nil, Serving)
			var got *Identities
			for range c.seconds {
				rows := c.rows
				if c.then != nil && s.now >= 5 {
					rows = c.then
				}
				got = s.beat(s.rows(rows), peers(c.state, high), Serving)
			}
			wantStanding(t, got, c.want)
		})
	}
}

func wantStanding(t *testing.T, got *Identities, want string) {
	t.Helper()
	all := len(got.Members) + len(got.Foreign) + len(got.Pending)
	switch {
	case all != 1:
	case want == "member" && len(got.Members) == 1, want == "pending" && len(got.Pending) == 1:
		return
	case len(got.Foreign) == 1 && strings.Contains(got.Foreign[0].Why, want):
		return
	}
	t.Errorf("P1: judged %+v, want %s", got, want)
}

// TestANewcomersRowIsKnownAtTheNextLook: nobody waits for its second beat.
func TestANewcomersRowIsKnownAtTheNextLook(t *testing.T) {
	s := newScene(storage.StoreID{})
	s.beat(nil, nil, Serving)
	if got := s.judge(peers(Joining, high), Serving); !got.Look || len(got.Pending) != 1 {
		t.Errorf("met after the newest look: %+v, want another look", got)
	}
	if got := s.beat(s.rows(values{high: 1}), peers(Joining, high), Serving); got.Look || len(got.Members) != 1 {
		t.Errorf("after that look: %+v", got)
	}
}

// TestAnotherStoreIDIsEnough, whatever the rows say; and one that is not told says nothing.
func TestAnotherStoreIDIsEnough(t *testing.T) {
	ours, theirs := storage.StoreID{1}, storage.StoreID{2}
	for _, c := range []struct {
		mine, its storage.StoreID
		want      string
	}{{ours, theirs, "another database"}, {ours, ours, "member"}, {ours, storage.StoreID{}, "member"},
		{storage.StoreID{}, theirs, "member"}} {
		s := newScene(c.mine)
		s.beat(nil, nil, Serving)
		other := peers(Serving, high)
		other[0].Store = c.its
		wantStanding(t, s.beat(s.rows(values{high: 1}), other, Serving), c.want)
	}
}

// TestTimeWithoutALookMakesNoStrangers: while the store is away everybody's row stands still.
func TestTimeWithoutALookMakesNoStrangers(t *testing.T) {
	s := newScene(storage.StoreID{})
	s.beat(nil, nil, Serving)
	s.beat(s.rows(values{high: 1}), peers(Serving, high), Serving)
	for range 20 { // gossip is late to tell that it serves no more
		s.now++
		wantStanding(t, s.judge(peers(Serving, high), Joining), "member")
	}
	for range 2 {
		wantStanding(t, s.beat(s.rows(values{high: 0}), peers(Serving, high), Joining), "member")
	}
}

// TestOnlyOneSideOfTwoStoresServes (P1): each side judges the other by the same rule, and comes to opposite ends.
func TestOnlyOneSideOfTwoStoresServes(t *testing.T) {
	for _, c := range []struct {
		name          string
		ours, rivals  []storage.WriterID // those that serve
		state         State
		yields, stays bool // while they are there; and after they have left
	}{
		{"nobody else", nil, nil, Joining, false, false},
		{"started on a copy beside a house that sells", nil, []storage.WriterID{low, high}, Joining, true, true},
		{"started on a copy beside one node", nil, []storage.WriterID{high}, Joining, true, true},
		{"it sells, and one was started on a copy", nil, nil, Serving, false, false},
		{"both sell, the others are more", nil, []storage.WriterID{low, high}, Serving, true, false},
		{"both sell, the others are fewer", []storage.WriterID{low, {5}}, []storage.WriterID{high}, Serving, false,
			false},
		{"both sell, as many, and this one is lowest", nil, []storage.WriterID{high}, Serving, false, false},
		{"both sell, as many, and the other is lowest", nil, []storage.WriterID{low}, Serving, true, false},
		{"it restarts beside its own, which are more", []storage.WriterID{{5}, {6}}, []storage.WriterID{high}, Joining,
			false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, rows := newScene(storage.StoreID{}), values{}
			for _, w := range c.ours {
				rows[w] = 1
			}
			s.beat(nil, nil, c.state)
			var got *Identities
			for range 5 {
				got = s.beat(s.rows(rows), append(peers(Serving, c.ours...), peers(Serving, c.rivals...)...), c.state)
			}
			if (got.StandDown != "") != c.yields {
				t.Errorf("P1: yields %q, want %v: %+v", got.StandDown, c.yields, got)
			}
			got = s.beat(s.rows(rows), peers(Serving, c.ours...), Joining)
			if (got.StandDown != "") != c.stays {
				t.Errorf("P1: after the others left it yields %q, want %v", got.StandDown, c.stays)
			}
		})
	}
}

// TestWhoeverTurnsOutToBeOnThisStoreIsWaitedForNoMore.
func TestWhoeverTurnsOutToBeOnThisStoreIsWaitedForNoMore(t *testing.T) {
	s := newScene(storage.StoreID{})
	s.beat(nil, nil, Joining)
	for range 5 {
		s.beat(nil, peers(Serving, high), Joining)
	}
	if got := s.beat(nil, nil, Joining); got.StandDown == "" {
		t.Fatal("P1: a node that waited for a stranger serves once that has left")
	}
	s.beat(s.rows(values{high: 1}), peers(Serving, high), Joining)
	if got := s.beat(s.rows(values{high: 1}), peers(Serving, high), Joining); got.StandDown != "" ||
		len(got.Members) != 1 {
		t.Errorf("it beats here after all: %+v", got)
	}
}

// TestALivingRowThatGossipDoesNotKnowIsUnmet once it has lasted for 3 s, and not when it stands still.
func TestALivingRowThatGossipDoesNotKnowIsUnmet(t *testing.T) {
	s := newScene(storage.StoreID{})
	s.beat(nil, nil, Serving)
	for second := range 8 {
		got := s.beat(s.rows(values{high: 1, low: 0}), nil, Serving)
		if known := len(got.NotInGossip) == 0; known != (second < 3) || !known && got.NotInGossip[0].Writer != high {
			t.Errorf("second %d: unmet %+v", second, got.NotInGossip)
		}
	}
	if got := s.beat(s.rows(values{high: 1}), peers(Serving, high), Serving); len(got.NotInGossip) != 0 {
		t.Errorf("in gossip now: %+v", got.NotInGossip)
	}
}

// TestWhereNobodyServesTheCopyWaits (P1): the house's own database was away when a node was started on a copy of it, or
// all start at once.
func TestWhereNobodyServesTheCopyWaits(t *testing.T) {
	five := storage.WriterID{5}
	for _, c := range []struct {
		name             string
		ours, rivals     []storage.WriterID
		frozen, yielding bool // the rivals' rows stand still here; they say that they yield
		want             bool
	}{
		{"more are elsewhere", nil, []storage.WriterID{low, high}, false, false, true},
		{"more are here", []storage.WriterID{five, high}, []storage.WriterID{low}, false, false, false},
		{"as many, and the lowest id is here", nil, []storage.WriterID{high}, false, false, false},
		{"as many, and the lowest id is there", nil, []storage.WriterID{low}, false, false, true},
		{"the rows of the living stand still here", []storage.WriterID{five}, []storage.WriterID{high}, true, false,
			true},
		{"they wait themselves", nil, []storage.WriterID{low, high}, true, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, rows := newScene(storage.StoreID{}), values{}
			for _, w := range c.ours {
				rows[w] = 1
			}
			if c.frozen {
				for _, w := range c.rivals {
					rows[w] = 0
				}
			}
			rivals := peers(Joining, c.rivals...)
			for i := range rivals {
				rivals[i].StandsDown = c.yielding
			}
			var got *Identities
			for range 6 {
				got = s.beat(s.rows(rows), append(peers(Joining, c.ours...), rivals...), Joining)
			}
			if (got.StandDown != "") != c.want {
				t.Errorf("P1: yields %q, want %v: %+v", got.StandDown, c.want, got)
			}
			if got = s.beat(s.rows(rows), peers(Joining, c.ours...), Joining); (got.StandDown != "") != c.want {
				t.Errorf("P1: after the others left it yields %q, want %v", got.StandDown, c.want)
			}
			rows[five] = 1
			if got = s.beat(s.rows(rows), peers(Serving, five), Joining); len(c.ours) > 0 && got.StandDown != "" {
				t.Errorf("one of its own store serves, and it yields: %q", got.StandDown)
			}
		})
	}
}

// TestOneWhoLeavesGossipBeforeItIsKnownIsWaitedFor (P1): it may be paused, or cut off, and sell on the database of
// which this node's is a copy. It is let go when its row proves where it is, or was.
func TestOneWhoLeavesGossipBeforeItIsKnownIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name        string
		rows, after values // its row while it is in gossip, and after it has left
		state       State
		yielding    bool // it says that it stands down
		want        bool // stands down for it, for good
	}{
		{"it serves, and has no row here", nil, nil, Serving, false, true},
		{"it serves, and its row stands still", values{low: 0}, values{low: 0}, Serving, false, true},
		{"it joins, and its row stands still", values{low: 0}, values{low: 0}, Joining, false, true},
		{"it drains, and its row stands still", values{low: 0}, values{low: 0}, Draining, false, true},
		{"it drains, and never had a row here", nil, nil, Draining, false, true},
		{"it served, and its row was removed", values{low: 0}, nil, Serving, false, true},
		{"it beats here, unheard by gossip", values{low: 0}, values{low: 1}, Serving, false, false},
		{"it left in good order", values{low: 0}, nil, Draining, false, false},
		{"it waits itself", values{low: 0}, values{low: 0}, Joining, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, others := newScene(storage.StoreID{}), peers(c.state, low)
			others[0].StandsDown = c.yielding
			s.beat(s.rows(c.rows), others, Joining)
			if s.beat(s.rows(c.rows), others, Joining); len(s.judge(others, Joining).Pending) != 1 {
				t.Fatal("it is known before it leaves: the test tests nothing")
			}
			for second := range 9 {
				got := s.beat(s.rows(c.after), nil, Joining)
				if (got.StandDown != "") != c.want {
					t.Fatalf("P1: %d s after it left: yields %q, want %v", second, got.StandDown, c.want)
				}
				if said := got.StandsDown(); second == 0 && said || second > 2 && said != c.want {
					t.Errorf("%d s after it left it says that it stands down: %v", second, said)
				}
			}
			rows := s.rows(c.after)
			for range 2 {
				if rows = s.rows(c.after); rows != nil {
					rows[high] = 100 + section.Instant(s.now)
				}
				if got := s.beat(rows, peers(Serving, high), Joining); got.StandDown != "" {
					t.Errorf("one of its own store serves, and it yields: %q", got.StandDown)
				}
			}
			rows[low] = 1000
			if s.beat(rows, nil, Joining); s.beat(rows, nil, Joining).StandDown != "" {
				t.Error("it beats here after all, and is waited for")
			}
		})
	}
}
