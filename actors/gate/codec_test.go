package gate_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/codec"
	"holdfast/actors/gate"
	"holdfast/actors/gate/bound"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
)

// everyChange has each kind with all of its fields set. What a later build adds goes behind them.
func everyChange() []gate.Change {
	sections := []gate.SectionSeq{{Section: 1, Seq: 900}, {Section: 7, Seq: 3}}
	return []gate.Change{
		{
			Kind: gate.Founded,
			Settings: gate.Settings{Event: [16]byte{1}, Pool: 2, Generation: 17, OpensAt: 3, ClosesAt: 4000,
				DoorsAt: 5000,
				Rule:    gate.DrawRule{Chain: [32]byte{6}, Genesis: 7, Period: 3000, Round: 80, Late: 30_000},
				SaltKey: [32]byte{9}, Cap: 10, Rate: 11, Session: 12, Turn: 13, Grace: 14, MeanSeats: 15, Return: 16},
		},
		{Kind: gate.Joined, Oldest: -7, Entrants: []gate.Entrant{{Buyer: gate.Buyer{1, 2}, Party: 3}, {Party: 255}}},
		{Kind: gate.LeftQueue, Number: 300, From: gate.Late},
		{Kind: gate.LobbyClosed, Count: 1_000_000, Root: draw.Hash{5}, Round: 1 << 40},
		{Kind: gate.LotsDrawn, Signature: []byte("a signature"), Seed: draw.Hash{6}},
		{Kind: gate.DoorsOpened},
		{Kind: gate.Stocked, Stock: gate.Stock{Pool: 1, Free: 2, Held: 300, Paying: 4, Holding: 5, Sections: sections}},
		{Kind: gate.CalledUp, Upto: 70_000, People: 1000, Cites: 12, ShowRate: 640},
		{Kind: gate.CameEarly, Number: 1, From: gate.Called},
		{Kind: gate.SlotsOffered, People: 3},
		{Kind: gate.Admitted, Number: 5, From: gate.Offered, Session: 6, Until: 600_000, Latecomer: true},
		{Kind: gate.TurnsLapsed, People: 7, Offers: 8, OffersGone: 6},
		{Kind: gate.GraceEnded, People: 9},
		{Kind: gate.SessionEnding, Session: 10, Reason: gate.EndedBought},
		{Kind: gate.SessionsLapse, People: 11},
		{Kind: gate.SlotsFreed, Sessions: []gate.SessionNo{1, 2, 400}, Acks: []gate.Ack{{Node: gate.Node{1}, Seq: 5},
			{Node: gate.Node{2}, Superseded: true, Seq: 600}}},
		{Kind: gate.Operated, Action: gate.SetCap, Value: 12, Text: "text", Why: "reason", Request: gate.RequestID{1},
			Fingerprint: 1 << 60},
		{Kind: gate.Outage},
		{
			Kind:     gate.Joined,
			Oldest:   -7,
			Entrants: []gate.Entrant{{Buyer: gate.Buyer{1, 2}, Party: 3, Code: 300}, {Party: 255}},
		},
		{
			Kind:        gate.CodesMinted,
			Codes:       codebook.Codes{First: 301, Count: 1000, Uses: 5, From: 6, Until: 7000},
			Why:         "reason",
			Request:     gate.RequestID{1},
			Fingerprint: 1 << 60,
		},
		{Kind: gate.CodesRevoked, Codes: codebook.Codes{First: 301, Count: 2}, Why: "why", Request: gate.RequestID{1},
			Fingerprint: 1 << 60},
		{Kind: gate.Founded, Settings: gate.Settings{Event: [16]byte{1}, Session: 12, Turn: 13, Limits: bound.Limits{
			Joins: bound.Limit{Rate: 1, Burst: 2}, Polls: bound.Limit{Rate: 300}, Holds: bound.Limit{Burst: 4}}}},
		{Kind: gate.Operated, Action: gate.SetHoldBurst, Value: 70_000, Why: "reason"},
		{Kind: gate.LotsDrawn, Signature: []byte("a signature"), Previous: []byte("the one before"),
			Seed: draw.Hash{6}},
	}
}

// TestGoldenBytes guards P10: logs and snapshots of earlier builds open for ever.
func TestGoldenBytes(t *testing.T) {
	var got strings.Builder
	for _, c := range everyChange() {
		fmt.Fprintf(&got, "change %d %x\n", c.Kind, gate.AppendChange(nil, 0, &c))
	}
	later := gate.Change{Kind: gate.DoorsOpened, At: -3}
	fmt.Fprintf(&got, "change at another instant %x\n", gate.AppendChange(nil, 0, &later))
	d := busy(t)
	fmt.Fprintf(&got, "snapshot %x\nfollower %x\n", d.m.AppendSnapshot(nil), d.follower.AppendSnapshot(nil))
	d = presold(t)
	fmt.Fprintf(&got, "snapshot with codes %x\n", d.m.AppendSnapshot(nil))
	d = limited(t)
	chained := lobbyDrawn(t)
	fmt.Fprintf(&got, "snapshot with a chained round %x\n", chained.m.AppendSnapshot(nil))
	fmt.Fprintf(&got, "snapshot with limits %x\nfollower %x\n", d.m.AppendSnapshot(nil),
		d.follower.AppendSnapshot(nil))
	const file = "testdata/golden.hex"
	if *update {
		d.must(os.WriteFile(file, []byte(got.String()), 0o644))
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got.String() {
		t.Errorf("%v: the bytes are others than in %s:\n%s", err, file, got.String())
	}
}

// busy is a gate with somebody in every state.
func busy(t testing.TB) *desk {
	d := newDesk(t)
	d.now = 1000
	d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{ClosesAt: 2000, DoorsAt: 3000, Cap: 3, Session: 60_000,
		Turn: 1000, Grace: 5000, SaltKey: [32]byte{1}, Rate: 50_000}})
	d.do(
		gate.Command{
			Kind: gate.Restock, Stock: gate.Stock{Free: 90, Sections: []gate.SectionSeq{{Section: 1, Seq: 4}}},
		},
	)
	d.do(joinOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
	d.now = 3000
	d.do(gate.Command{Kind: gate.HandIn, Signature: []byte("the operator's")})
	byRank := func(rank int) gate.Buyer {
		for n := range 10 {
			if p, _, _ := d.m.Lookup(buyer(n)); d.m.Rank(p.Number) == gate.Rank(rank) {
				return buyer(n)
			}
		}
		return gate.Buyer{}
	}
	do := func(at gate.Instant, k gate.CommandKind, rank int) {
		d.now = at
		d.do(gate.Command{Kind: k, Buyer: byRank(rank)})
	}
	operate := func(a gate.Action, value uint32) {
		c := gate.Command{Kind: gate.Operate, Action: a, Value: value, Reason: "why", Text: "soon"}
		c.Request[0], c.Fingerprint = byte(d.seq), 7
		d.do(c)
	}
	do(3100, gate.Take, 0)
	do(3200, gate.Leave, 0)
	do(3300, gate.Take, 1)
	do(4100, gate.Look, 0) // rank 2 is late
	operate(gate.SetCap, 6)
	operate(gate.SetMessage, 0)
	do(4200, gate.Take, 3)
	do(4300, gate.Leave, 8)
	operate(gate.SetCap, 1)
	do(4400, gate.Take, 4)
	do(4500, gate.Take, 2)
	operate(gate.SetCap, 4)
	return d
}

// TestSnapshotAndReplay guards P10, on a gate with somebody in every state.
func TestSnapshotAndReplay(t *testing.T) {
	d := busy(t)
	d.same()
	d.wantClean()
	good := d.m.AppendSnapshot(nil)
	for _, kind := range []*gate.Kind{{}, {Follows: true}} {
		for name, body := range map[string][]byte{
			"nothing": nil, "trailing byte": append(bytes.Clone(good), 0), "version": append([]byte{9}, good[1:]...)} {
			if _, err := kind.Restore(body); !errors.Is(err, gate.ErrSnapshot) &&
				(!kind.Follows || name != "trailing byte") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for n := range good {
		if _, err := (&gate.Kind{}).Restore(good[:n]); !errors.Is(err, gate.ErrSnapshot) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := (&gate.Kind{}).Restore(d.follower.AppendSnapshot(nil)); !errors.Is(err, gate.ErrSnapshot) {
		t.Errorf("P10: an owner is made of a follower's counters: %v", err)
	}
}

// TestEveryChangeIsReadBack guards P10.
func TestEveryChangeIsReadBack(t *testing.T) {
	all := everyChange()
	var body []byte
	for i := range all {
		all[i].At += 50 // at the record's instant, and off it
		body = gate.AppendChange(body, gate.Instant(50*(i%2)), &all[i])
		if all[i].Kind == gate.Joined {
			body = body[:len(body):len(body)]
		}
		n := 0
		err := gate.DecodeChanges(body, gate.Instant(50*(i%2)), func(c *gate.Change) error {
			n++
			got := *c
			if len(c.Entrants) == 0 {
				got.Entrants = nil
			}
			if len(c.Sessions) == 0 {
				got.Sessions, got.Acks = nil, nil
			}
			if len(c.Stock.Sections) == 0 {
				got.Stock.Sections = nil
			}
			if !reflect.DeepEqual(got, all[i]) {
				t.Errorf("%+v is read as %+v", all[i], got)
			}
			return nil
		})
		if err != nil || n != 1 {
			t.Errorf("kind %d: %d changes, %v", all[i].Kind, n, err)
		}
		for cut := 1; cut < len(body); cut++ {
			if err := gate.DecodeChanges(body[:cut], 0, func(*gate.Change) error { return nil }); err == nil {
				t.Errorf("kind %d: cut to %d of %d bytes it is read", all[i].Kind, cut, len(body))
			}
		}
		body = body[:0]
	}
}

// FuzzDecode: any bytes are refused, or are exactly what the change that was read writes.
func FuzzDecode(f *testing.F) {
	for _, c := range everyChange() {
		f.Add(gate.AppendChange(nil, 5, &c))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var again []byte
		read := func() error {
			again = again[:0]
			return gate.DecodeChanges(body, 5, func(c *gate.Change) error {
				again = gate.AppendChange(again, 5, c)
				return nil
			})
		}
		budget.Reading{PerByte: 400}.Check(t, len(body), func() { _ = read() })
		if err := read(); err == nil && !bytes.Equal(body, again) {
			t.Fatalf("accepted bytes that it would not write:\n%x\n%x", body, again)
		} else if err != nil && !errors.Is(err, codec.ErrFormat) {
			t.Fatal(err)
		}
	})
}

// FuzzRestore: any bytes are refused, or are exactly what the restored gate writes; and it works.
func FuzzRestore(f *testing.F) {
	f.Add(busy(f).m.AppendSnapshot(nil))
	f.Add((&gate.Kind{}).New().AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		budget.Reading{PerByte: 800}.Check(t, len(body), func() { _, _ = (&gate.Kind{}).Restore(body) })
		m, err := (&gate.Kind{}).Restore(body)
		if err != nil {
			return
		}
		if got := m.AppendSnapshot(nil); !bytes.Equal(body, got) {
			t.Fatalf("accepted bytes that it would not write:\n%x\n%x", body, got)
		}
		call := gate.Call{Command: gate.Command{Kind: gate.Look, Buyer: buyer(1)}}
		m.Decide(&call, m.LastAt())
		m.NextTimer()
	})
}

// FuzzReplay: bytes of a log are applied, or refused with an error or a panic that says impossible; never anything
// else.
func FuzzReplay(f *testing.F) {
	for _, e := range busy(f).log {
		f.Add(e.Body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := busy(t)
		func() {
			defer func() {
				if p := recover(); p != nil && !slices.ContainsFunc([]string{"gate: impossible", "index out of range"},
					func(s string) bool { return strings.Contains(fmt.Sprint(p), s) }) {
					t.Fatal(p)
				}
			}()
			_, _ = d.replayed.Replay(body, d.now, nil)
		}()
	})
}

// TestGoldenIsHex keeps the file readable by other programs.
func TestGoldenIsHex(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.hex")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if _, err := hex.DecodeString(words[len(words)-1]); err != nil {
			t.Error(err)
		}
	}
}
