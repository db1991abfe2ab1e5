package coordinator

import (
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

var (
	sampleEvent = storage.EventID{0xe1, 15: 0x0e}
	sampleBuyer = section.BuyerID{0xb0, 15: 1}
)

var me, other, third = storage.WriterID{1}, storage.WriterID{2}, storage.WriterID{3}

// testView is a view in which one node is every buyer's coordinator.
type testView struct {
	version     uint64
	coordinator storage.WriterID
	peers       []storage.WriterID
}

func (v testView) Version() uint64           { return v.version }
func (v testView) Peers() []storage.WriterID { return v.peers }
func (v testView) Coordinator(storage.EventID, section.BuyerID) storage.WriterID {
	return v.coordinator
}

// TestCoordinatorWaitsUntilSafe: a node that becomes a coordinator waits until the event is safe; one that stays one
// does not.
func TestCoordinatorWaitsUntilSafe(t *testing.T) {
	both := []storage.WriterID{me, other}
	v := NewViews(me)
	settle := func() { v.OnQuiesced(other, Quiesced{v.Now().Version(), v.Quiesce().Round}) }
	if _, ok := v.Admit(other, sampleEvent, sampleBuyer); ok || v.Of(sampleEvent, sampleBuyer) != (storage.WriterID{}) {
		t.Error("without a view nobody is a coordinator")
	}
	v.See(testView{1, me, both})
	if !v.Inherited(0, sampleEvent, sampleBuyer) {
		t.Error("an event that was never safe")
	}
	if _, ok := v.Safe(); ok {
		t.Error("the other has not said that it is quiet")
	}
	settle()
	safe, ok := v.Safe()
	if !ok || v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("safe, and this node has been the coordinator since")
	}
	v.See(testView{2, me, both})
	if v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("a new view in which this node is still the coordinator")
	}
	v.See(testView{3, other, both})
	if _, ok := v.Admit(other, sampleEvent, sampleBuyer); ok {
		t.Error("another was the coordinator before, and may still search")
	}
	settle()
	gen, ok := v.Admit(other, sampleEvent, sampleBuyer)
	if _, mine := v.Admit(third, sampleEvent, sampleBuyer); !ok || mine {
		t.Error("requests come from the coordinator, and from nobody else")
	}
	v.See(testView{4, me, both})
	if !v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("another node was the coordinator in between")
	}
	v.OnQuiesce(other, Quiesce{Round: 9})
	told := 0
	tell := func(to storage.WriterID, m Quiesced) {
		if told++; to != other || m != (Quiesced{4, 9}) {
			t.Errorf("told %v %+v", to[:1], m)
		}
	}
	if v.Answers(tell); told != 0 {
		t.Error("a request of that time is under way")
	}
	v.Leave(gen)
	if v.Answers(tell); told != 1 {
		t.Error("now it is not")
	}
	settle()
	if safe, ok = v.Safe(); !ok || v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("safe again")
	}
	for version := range uint64(2 * ViewsMax) {
		v.See(testView{5 + version, me, slices.Clone(both)})
	}
	if !v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("views that are forgotten cannot be vouched for")
	}
}

// TestViewsThatOnlyOthersHad: a node whose own view never changed, while another saw it gone and back, begins anew:
// somebody may have searched in its place. What it may yet come to see, and what it has heeded already, is no reason.
func TestViewsThatOnlyOthersHad(t *testing.T) {
	both := []storage.WriterID{me, other}
	v := NewViews(me)
	v.See(testView{1, me, both})
	v.OnQuiesced(other, Quiesced{1, v.Quiesce().Round})
	safe, ok := v.Safe()
	if !ok {
		t.Fatal("not all are quiet")
	}
	if v.OnQuiesce(other, Quiesce{Round: 1, Views: []uint64{1}}) ||
		v.OnQuiesce(other, Quiesce{Round: 2, Views: []uint64{1, 7}}) {
		t.Error("the other is ahead, and this node may come to see what it sees")
	}
	if v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("nothing has changed yet")
	}
	back := Quiesce{Round: 3, Views: []uint64{1, 7, 1}}
	if !v.OnQuiesce(other, back) || !v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("the other had a view that this node never had")
	}
	if _, ok := v.Safe(); ok {
		t.Error("quiet, although nobody was asked anew")
	}
	if v.OnQuiesce(other, back) {
		t.Error("it was heeded already")
	}
	v.OnQuiesced(other, Quiesced{1, v.Quiesce().Round})
	if safe, ok = v.Safe(); !ok || v.Inherited(safe, sampleEvent, sampleBuyer) {
		t.Error("quiet anew, and safe from there on")
	}
	if !v.OnQuiesce(other, Quiesce{Round: 5, Views: []uint64{1, 7, 1, 7, 1}}) {
		t.Error("the same again, a second time")
	}
}
