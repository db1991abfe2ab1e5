package storage

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"holdfast/actors/gate/bound"
)

// TestEventKeepsItsWaitingRoom: settings of the waiting room survive the stored form, and an event without one has the
// bytes that it always had.
func TestEventKeepsItsWaitingRoom(t *testing.T) {
	plain := &Event{ID: NewEventID(), Name: "x"}
	stored, err := EncodeEvent(plain)
	if err != nil || strings.Contains(string(stored), "WaitingRoom") {
		t.Errorf("an event without a waiting room is stored as %s, %v", stored, err)
	}
	e := plain.Clone()
	e.WaitingRoom = &WaitingRoom{OpensAt: 1, DoorsAt: 3, Cap: 4, Presale: true, Captcha: true, SaltKey: Bytes32{1, 255},
		CoolDown:    &CoolDown{BaseMillis: 5, MaxMillis: 6, ForgetMillis: 7},
		Beacon:      &DrawBeacon{Chain: Bytes32{7}},
		ProofOfWork: &ProofOfWork{Number: 8, RushNumber: 9, JoinsPerSecond: 10, LifetimeMillis: 11},
		Limits:      &bound.Limits{Joins: bound.Limit{Rate: 12, Burst: 13}, Holds: bound.Limit{Rate: 14}}}
	stored, err = EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeEvent(stored); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("%s comes back as %+v, %v", stored, got, err)
	}
	if c := e.Clone(); c.WaitingRoom == e.WaitingRoom || c.WaitingRoom.Beacon == e.WaitingRoom.Beacon ||
		c.WaitingRoom.ProofOfWork == e.WaitingRoom.ProofOfWork || c.WaitingRoom.CoolDown == e.WaitingRoom.CoolDown ||
		c.WaitingRoom.Limits == e.WaitingRoom.Limits {
		t.Error("a copy shares its waiting room")
	}
	for _, wrong := range []string{`"00"`, `"` + strings.Repeat("z", 64) + `"`} {
		text := strings.Replace(string(stored), `"01ff`+strings.Repeat("00", 30)+`"`, wrong, 1)
		if _, err := DecodeEvent([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("a salt key of %s: %v", wrong, err)
		}
	}
	if key := (SectionKey{Section: GateNo}); !key.IsGate() || (SectionKey{Section: GateNo - 1}).IsGate() {
		t.Error("a gate's log is taken for a section's, or the other way round")
	}
	for _, c := range []struct {
		no                         SectionNo
		section, gate, coordinator bool
	}{
		{0, true, false, false}, {GateNo - 1, true, false, false}, {GateNo, false, true, false},
		{CoordinatorNo - 1, false, true, false}, {CoordinatorNo, false, false, true}, {1<<32 - 1, false, false, true},
	} {
		key := SectionKey{Section: c.no}
		if key.IsSection() != c.section || key.IsGate() != c.gate || key.IsCoordinator() != c.coordinator {
			t.Errorf(
				"log %d: section %v, gate %v, coordinator %v", c.no, key.IsSection(), key.IsGate(), key.IsCoordinator(),
			)
		}
	}
}
