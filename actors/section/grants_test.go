package section

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
)

// goldenChanges are records of this build, by their bytes: a changed line means that logs cannot be read any more.
// Those without a grant are of earlier builds.
var goldenChanges = []struct {
	name   string
	change Change
	bytes  string
}{
	{
		"a hold",
		Change{Kind: HoldPlaced, At: 100, Booking: 7, ExpiresAt: 110, Seats: seatsOf(3, 4)},
		"8107140207" + "00",
	},
	{
		"a hold under a session",
		Change{Kind: HoldPlaced, At: 100, Booking: 7, ExpiresAt: 110, Seats: seatsOf(3), Session: 5,
			Horizon: 6},
		"8b071402060506",
	},
	{"a hold under a grant", Change{Kind: HoldPlaced, At: 100, Booking: 7, ExpiresAt: 110, Seats: seatsOf(3),
		Grant: grant.Grant{Number: 300, Epoch: 2, Total: 4, Coordinator: 3}}, "8c07140206" + "0c02ac0204"},
	{"a hold under both", Change{Kind: HoldPlaced, At: 100, Booking: 7, ExpiresAt: 110, Seats: seatsOf(3), Session: 5,
		Horizon: 6, Grant: grant.Grant{Number: 1, Epoch: 2, Total: 9, Unbound: true}},
		"8c07140206" + "03020109" + "0506"},
	{
		"a fence",
		Change{Kind: GrantsFenced, At: 100, Grant: grant.Grant{Number: 1, Epoch: 2, Coordinator: 3}},
		"0d0000" + "0c020100",
	},
}

// TestChangesKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestChangesKeepTheirBytes(t *testing.T) {
	for _, c := range goldenChanges {
		body := AppendChange(nil, 100, &c.change)
		if got := hex.EncodeToString(body); got != c.bytes {
			t.Errorf("%s is written as %s, want %s", c.name, got, c.bytes)
		}
		raw, err := hex.DecodeString(c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := DecodeChanges(raw, 100, func(got *Change) error {
			if !reflect.DeepEqual(*got, c.change) {
				t.Errorf("%s is read as %+v", c.name, *got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestDamagedGrantsAreRefused: nothing but what this build writes is taken for a grant.
func TestDamagedGrantsAreRefused(t *testing.T) {
	for _, raw := range []string{
		"8c07140206" + "4002010" + "1", // coordinator 16
		"8c07140206" + "0c000101",      // no epoch
		"8c07140206" + "0c020001",      // no number
		"8c07140206" + "0c0201",        // cut short
		"8c07140206" + "0d020101",      // a session that is not there
		"0d0000" + "0d0201000506",      // a fence under a session
		"0d0206" + "0c020100",          // a fence with a seat
		"0d0700" + "0c020100",          // and with a booking
		"0e0000", "0f0000",
	} {
		body, err := hex.DecodeString(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := DecodeChanges(body, 100, func(*Change) error { return nil }); !errors.Is(err, codec.ErrFormat) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestKeyOfAnOlderCoordinatorIsRefused (P5): a command whose key was looked for in an epoch that is over changes
// nothing; one without such a word, and a repeat, go on as ever.
func TestKeyOfAnOlderCoordinatorIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		key  grant.Grant
		want Rejection
	}{
		{"of the fence's epoch", grant.Key(2, 7), Accepted},
		{"of an older epoch", grant.Key(2, 6), GrantStale},
		{"of an epoch whose fence is not there yet", grant.Key(2, 8), GrantStale},
		{"of another coordinator", grant.Key(1, 7), GrantStale},
		{"none", grant.Grant{}, Accepted},
	} {
		k := newDesk(rowsLayout(6), testRules)
		no := k.mustHold(1, 0, 0)
		k.do(grantedBy(Command{Kind: FenceGrants}, grant.Grant{Number: 5, Epoch: 7, Coordinator: 2}))
		release := grantedBy(Command{Kind: ReleaseHold, Buyer: buyerOf(1), Booking: no, Request: RequestID{9}}, c.key)
		if got := k.do(release).Rejection; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		release.Grant = grant.Key(2, 6)
		if out := k.do(release); c.want == Accepted && (out.Rejection != Accepted || !out.Repeat) {
			t.Errorf("%s, then a repeat by way of an older coordinator: %+v", c.name, out)
		}
	}
}

// TestFencesSurviveASnapshot: a section that is loaded from a snapshot takes no older grants than before (P13), and one
// without fences keeps the bytes that older builds read.
func TestFencesSurviveASnapshot(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	k.mustHold(1, 0, 0)
	if body := k.state.AppendSnapshot(nil); body[0] != snapshotVersion1 {
		t.Errorf("version %d without fences", body[0])
	}
	k.do(grantedBy(Command{Kind: FenceGrants}, grant.Grant{Number: 5, Epoch: 7, Coordinator: 2}))
	body := k.state.AppendSnapshot(nil)
	again, err := Restore(k.state.layout, testRules, body)
	if err != nil || !bytes.Equal(again.AppendSnapshot(nil), body) {
		t.Fatalf("restored: %v", err)
	}
	if epoch, from := again.FencedAt(2); epoch != 7 || from != 5 {
		t.Errorf("fenced at %d/%d, want 7/5", epoch, from)
	}
	if bytes.Equal(again.AppendTruth(nil), newDesk(rowsLayout(6), testRules).state.AppendTruth(nil)) {
		t.Error("fences are no part of the truth")
	}
	for n := range body {
		if _, err := Restore(k.state.layout, testRules, body[:n]); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("%d bytes of %d: %v", n, len(body), err)
		}
	}
}

// TestCoordinatedSectionTellsDurableShares: what buyers' seats grew and shrank by is told record by record, so that
// nothing is given back before it is durable; an older event's section tells at once (P13).
func TestCoordinatedSectionTellsDurableShares(t *testing.T) {
	kind := Kind{Layout: rowsLayout(6), Rules: testRules, Coordinated: true}
	m := kind.New().(*Machine)
	m.Claimed(2, 1)
	records := []*Effects{}
	do := func(c Command) {
		call, e := &Call{Command: c, Reserved: 1}, &Effects{}
		if m.Decide(call, 1); call.Decision.Outcome.Rejection != Accepted {
			t.Fatalf("%v", call.Decision.Outcome.Rejection)
		}
		m.Apply(e)
		records = append(records, e)
	}
	g := grant.Grant{Number: 1, Epoch: 1, Total: 2}
	do(grantedBy(Command{Kind: FenceGrants}, g))
	do(grantedBy(Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0, 1)}, g))
	first := m.LastNo()
	do(Command{Kind: ReleaseHold, Buyer: buyerOf(1), Booking: first})
	if len(records[0].Fences) != 1 || len(m.SharesOf(records[0])) != 0 {
		t.Errorf("of the fence: %+v", records[0])
	}
	if s := m.SharesOf(records[1]); len(s) != 1 || s[0] != (Share{buyerOf(1), 2, true, g}) {
		t.Errorf("of the hold: %+v", s)
	}
	if s := m.Shares(); len(s) != 1 || s[0].Taken || s[0].Seats != 2 {
		t.Errorf("left over: %+v", s)
	}
	if s := m.Shares(); len(s) != 0 {
		t.Errorf("told twice: %+v", s)
	}
}
