package gate_test

import (
	"testing"

	"holdfast/actors/gate"
)

// lobbyDrawn is a gate whose lobby was drawn by a round of a chained beacon.
func lobbyDrawn(t testing.TB) *desk {
	d := newDesk(t)
	d.now = 1000
	d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{ClosesAt: 2000, DoorsAt: 3000, Cap: 3, Session: 60_000,
		Turn: 1000, SaltKey: [32]byte{1}}})
	d.do(joinOf(0, 1, 2))
	d.now = 3000
	d.do(gate.Command{Kind: gate.HandIn, Signature: []byte("of the round"), Previous: []byte("of the one before")})
	return d
}

// Kind: a draw that nobody can verify, because the log, a snapshot or a follower forgot the round before (P8).
func TestRoundBeforeIsKept(t *testing.T) {
	d := lobbyDrawn(t)
	d.same()
	const want = "of the one before"
	if got := string(d.m.Previous()); got != want {
		t.Errorf("%q", got)
	}
	if got := string(d.follower.Previous()); got != want {
		t.Errorf("a follower: %q", got)
	}
	for name, kind := range map[string]*gate.Kind{"owner": {}, "follower": {Follows: true}} {
		restored, err := kind.Restore(d.m.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(restored.(interface{ Previous() []byte }).Previous()); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
