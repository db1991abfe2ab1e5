package relay

import (
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

var me, other, third = storage.WriterID{1}, storage.WriterID{2}, storage.WriterID{3}

func TestRoute(t *testing.T) {
	for _, row := range []struct {
		name  string
		sight Sight
		to    storage.WriterID
		ok    bool
	}{
		{"served here", Sight{Me: me, Serving: true, Heard: other, HeardUp: true, Placed: third, Up: true}, me, true},
		{"whoever has it comes before whoever should", Sight{Me: me, Heard: other, HeardUp: true, Placed: me, Up: true}, other, true},
		{"whoever had it is gone: claim", Sight{Me: me, Heard: other, Placed: me, Up: true}, me, true},
		{"whoever had it is gone: ask the heir", Sight{Me: me, Heard: other, Placed: third, Up: true}, third, true},
		{"nobody heard of", Sight{Me: me, Placed: third, Up: true}, third, true},
		{"the only one is not to be reached", Sight{Me: me, Heard: other, Placed: other}, other, false},
		{"its log ends with this node's word", Sight{Me: me, Mine: true, Placed: third, Up: true}, me, true},
		{"no view", Sight{Me: me}, storage.WriterID{}, false},
	} {
		if to, ok := Route(row.sight); ok != row.ok || ok && to != row.to {
			t.Errorf("%s: %v %v", row.name, to[:1], ok)
		}
	}
}

func TestDutyOf(t *testing.T) {
	serving := Sight{Me: me, Serving: true, Placed: other, Up: true}
	still := Sight{Me: me, Placed: me, Up: true}
	for _, row := range []struct {
		name   string
		charge Charge
		want   Duty
	}{
		{"placed elsewhere, and the other is ready", Charge{Sight: serving, Ready: true}, HandOver},
		{"placed elsewhere, and the other is not ready", Charge{Sight: serving}, Rest},
		{"served where it is placed", Charge{Sight: Sight{Me: me, Serving: true, Placed: me}, Ready: true}, Rest},
		{"served, and nobody is there who could", Charge{Sight: Sight{Me: me, Serving: true}, Ready: true}, Rest},
		{"placed here and nobody's", Charge{Sight: still, Stopped: true}, Claim},
		{"placed here and another's", Charge{Sight: still, Stopped: true, Held: true}, Rest},
		{"placed here and resting", Charge{Sight: still}, Rest},
		{"placed elsewhere, and nobody else may claim it", Charge{Sight: Sight{Me: me, Mine: true, Placed: other, Up: true}, Stopped: true}, Claim},
		{"placed elsewhere and nobody's", Charge{Sight: Sight{Me: me, Placed: other, Up: true}, Stopped: true}, Rest},
	} {
		if got := DutyOf(row.charge); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestSettling: a node is quiet once what older views let in has ended, and settled once all members have said so of this view and round.
func TestSettling(t *testing.T) {
	s := NewSettling(me)
	if s.Quiet() || s.Settled() {
		t.Error("without a view")
	}
	s.View(10, []storage.WriterID{me, other})
	first := s.Admit()
	if s.View(10, []storage.WriterID{me, other}) || !s.Quiet() {
		t.Error("the same view again is no new one")
	}
	s.View(11, []storage.WriterID{me, other, third})
	second := s.Admit()
	s.Asked(other, 77)
	s.Heard(other, Settled{11, s.Round()})
	s.Heard(third, Settled{10, s.Round()})
	if _, tell := s.Answer(other); tell || s.Quiet() {
		t.Error("quiet while a request of an older view is under way")
	}
	s.Leave(first)
	if m, tell := s.Answer(other); !tell || m != (Settled{11, 77}) || s.Settled() {
		t.Error("quiet now, and not settled: one is in an older view")
	}
	if _, tell := s.Answer(third); tell {
		t.Error("who has not asked is not told")
	}
	s.Heard(third, Settled{11, s.Round()})
	if !s.Settled() {
		t.Error("all have said so; what this view lets in does not count")
	}
	s.Lost(other)
	if s.Settled() {
		t.Error("a word over a link that has ended is none")
	}
	s.Heard(other, Settled{11, s.Round()})
	old := s.Round()
	s.View(12, []storage.WriterID{me, other})
	s.View(11, []storage.WriterID{me, other, third})
	s.Heard(third, Settled{11, old})
	s.Heard(other, Settled{11, s.Round()})
	if s.Settled() {
		t.Error("a view that comes back is a new one: words of its first time do not count")
	}
	s.Heard(third, Settled{11, s.Round()})
	if s.Settled() {
		t.Error("a request of its first time is under way here")
	}
	s.Hold(second)
	s.Leave(second)
	if s.Settled() {
		t.Error("and part of it still is")
	}
	s.Leave(second)
	if !s.Settled() {
		t.Error("settled in the new view")
	}
}

// homeView is a view in which one node is everybody's home.
type homeView struct {
	version uint64
	home    storage.WriterID
	peers   []storage.WriterID
}

func (v homeView) Version() uint64                                               { return v.version }
func (v homeView) Peers() []storage.WriterID                                     { return v.peers }
func (v homeView) Owner(storage.SectionKey) storage.WriterID                     { return v.home }
func (v homeView) Home(storage.EventID, section.BuyerID) (home storage.WriterID) { return v.home }

// TestHomes: who becomes a home waits until the event is safe; who stays one does not.
func TestHomes(t *testing.T) {
	both := []storage.WriterID{me, other}
	h := NewHomes(me)
	settle := func() { h.Heard(other, Settled{h.Now().Version(), h.Question().Round}) }
	if _, ok := h.Admit(other, sampleEvent, sampleBuyer); ok || h.Of(sampleEvent, sampleBuyer) != (storage.WriterID{}) {
		t.Error("without a view nobody is a home")
	}
	h.See(homeView{1, me, both})
	if !h.Inherited(0, sampleEvent, sampleBuyer) {
		t.Error("an event that was never safe")
	}
	if _, ok := h.Safe(); ok {
		t.Error("the other has not said that it is settled")
	}
	settle()
	safe, ok := h.Safe()
	if !ok || h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("safe, and this node has been the home since")
	}
	h.See(homeView{2, me, both})
	if h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("a new view in which this node is still the home")
	}
	h.See(homeView{3, other, both})
	if _, ok := h.Admit(other, sampleEvent, sampleBuyer); ok {
		t.Error("another was the home before, and may still search")
	}
	settle()
	gen, ok := h.Admit(other, sampleEvent, sampleBuyer)
	if _, mine := h.Admit(third, sampleEvent, sampleBuyer); !ok || mine {
		t.Error("requests come from the home, and from nobody else")
	}
	h.See(homeView{4, me, both})
	if !h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("another node was the home in between")
	}
	h.Asked(other, Settle{Round: 9})
	told := 0
	tell := func(to storage.WriterID, m Settled) {
		if told++; to != other || m != (Settled{4, 9}) {
			t.Errorf("told %v %+v", to[:1], m)
		}
	}
	if h.Answers(tell); told != 0 {
		t.Error("a request of that time is under way")
	}
	h.Leave(gen)
	if h.Answers(tell); told != 1 {
		t.Error("now it is not")
	}
	settle()
	if safe, ok = h.Safe(); !ok || h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("safe again")
	}
	for version := range uint64(2 * pastMax) {
		h.See(homeView{5 + version, me, slices.Clone(both)})
	}
	if !h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("views that are forgotten cannot be vouched for")
	}
}

// TestViewsThatOnlyOthersHad: a node whose own view never changed, while another saw it gone and back, begins anew: somebody may have searched
// in its place. What it may yet come to see, and what it has heeded already, is no reason.
func TestViewsThatOnlyOthersHad(t *testing.T) {
	both := []storage.WriterID{me, other}
	h := NewHomes(me)
	h.See(homeView{1, me, both})
	h.Heard(other, Settled{1, h.Question().Round})
	safe, ok := h.Safe()
	if !ok {
		t.Fatal("not settled")
	}
	if h.Asked(other, Settle{Round: 1, Views: []uint64{1}}) || h.Asked(other, Settle{Round: 2, Views: []uint64{1, 7}}) {
		t.Error("the other is ahead, and this node may come to see what it sees")
	}
	if h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("nothing has changed yet")
	}
	back := Settle{Round: 3, Views: []uint64{1, 7, 1}}
	if !h.Asked(other, back) || !h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("the other had a view that this node never had")
	}
	if _, ok := h.Safe(); ok {
		t.Error("settled, although nobody was asked anew")
	}
	if h.Asked(other, back) {
		t.Error("it was heeded already")
	}
	h.Heard(other, Settled{1, h.Question().Round})
	if safe, ok = h.Safe(); !ok || h.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("settled anew, and safe from there on")
	}
	if !h.Asked(other, Settle{Round: 5, Views: []uint64{1, 7, 1, 7, 1}}) {
		t.Error("the same again, a second time")
	}
}
