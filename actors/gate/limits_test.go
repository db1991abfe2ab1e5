package gate_test

import (
	"bytes"
	"errors"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/bound"
)

// limited is a gate whose limits an operator has changed.
func limited(t testing.TB) *desk {
	d := newDesk(t)
	d.now = 1000
	d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{Cap: 3, Session: 60_000, Turn: 1000,
		Limits: bound.Limits{Joins: bound.Limit{Rate: 200, Burst: 5}, Polls: bound.Limit{Rate: 1000}}}})
	for _, c := range []gate.Command{{Action: gate.SetPollRate}, {Action: gate.SetHoldRate, Value: 500},
		{Action: gate.SetHoldBurst, Value: 2}} {
		c.Kind, c.Reason = gate.Operate, "scripts"
		d.do(c)
	}
	return d
}

// Kind: a limit that an operator has set and that a restart, a snapshot or another node forgets (P10).
func TestLimitsAreTheLogs(t *testing.T) {
	d := limited(t)
	want := bound.Limits{Joins: bound.Limit{Rate: 200, Burst: 5}, Holds: bound.Limit{Rate: 500, Burst: 2}}
	d.same()
	if got := d.m.Public().Limits; got != want {
		t.Errorf("%+v", got)
	}
	if got := d.follower.Public().Limits; got != want {
		t.Errorf("a follower: %+v", got)
	}
	for name, kind := range map[string]*gate.Kind{"owner": {}, "follower": {Follows: true}} {
		restored, err := kind.Restore(d.m.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		public := restored.(interface{ Public() gate.Public }).Public()
		if public.Limits != want {
			t.Errorf("%s: %+v", name, public.Limits)
		}
	}
	snapshot := d.follower.AppendSnapshot(nil)
	same := append(bytes.Clone(snapshot[:len(snapshot)-8]), 0xc8, 1, 5, 0xe8, 7, 0, 0, 0) // the settings' own: no form
	if _, err := (&gate.Kind{Follows: true}).Restore(same); !errors.Is(err, gate.ErrSnapshot) {
		t.Errorf("limits that are the settings', said again: %v", err)
	}
}
