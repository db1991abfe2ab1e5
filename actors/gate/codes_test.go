package gate_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/gate/codebook"
)

// presold is a gate that asks for codes, with codes in every state.
func presold(t testing.TB) *desk {
	d := newDesk(t)
	d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{Cap: 3, Session: 60_000, Turn: 1000, Presale: 1}})
	d.do(gate.Command{Kind: gate.Mint, Codes: codebook.Codes{Count: 3, Uses: 2, Until: 5000}, Reason: "members",
		Request: gate.RequestID{7}, Fingerprint: 8})
	d.do(gate.Command{Kind: gate.Mint, Codes: codebook.Codes{Count: 200, Uses: 60_000, From: 1}, Reason: "press"})
	d.do(byCode(1, 1))
	d.do(byCode(1, 2))
	d.do(byCode(2, 3))
	d.do(gate.Command{Kind: gate.Revoke, Codes: codebook.Codes{First: 3, Count: 2}, Reason: "leaked"})
	return d
}

func byCode(code codebook.No, n int) gate.Command {
	c := joinOf(n)
	c.Entrants[0].Code = code
	return c
}

// TestCodesSurviveTheirSnapshot guards P10: counts of codes come back, and one that is cut, bent or empty is refused.
func TestCodesSurviveTheirSnapshot(t *testing.T) {
	d := presold(t)
	d.same()
	d.crash()
	if a := d.do(byCode(1, 9)); a.Places[0].Refused != gate.CodeUsedUp {
		t.Errorf("a code that was used up before the crash: %+v", a.Places)
	}
	d.wantClean()
	good := d.m.AppendSnapshot(nil)
	for n := range good {
		if _, err := (&gate.Kind{}).Restore(good[:n]); !errors.Is(err, gate.ErrSnapshot) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	plain := append(bytes.Clone(busy(t).m.AppendSnapshot(nil)), 0)
	plain[0] = good[0]
	if _, err := (&gate.Kind{}).Restore(plain); !errors.Is(err, gate.ErrSnapshot) {
		t.Errorf("a snapshot with codes that has none: %v", err)
	}
}

// TestCodesAreCountedExactly guards P8: in whatever order joins, repeats, leaving, taking back and crashes come, no
// code lets in more than it may, nor fewer, and a repeat uses nothing. The twin is a count.
func TestCodesAreCountedExactly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		d.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{Cap: 2, Session: 60_000, Turn: 1000, Presale: 1}})
		uses := rapid.SliceOfN(rapid.Uint32Range(1, 4), 1, 4).Draw(rt, "uses")
		for _, n := range uses {
			d.do(gate.Command{Kind: gate.Mint, Codes: codebook.Codes{Count: 1, Uses: n}, Reason: "why"})
		}
		left, taken := append([]uint32{0}, uses...), map[codebook.No]bool{}
		inside := map[int]bool{}
		code := func() codebook.No { return codebook.No(rapid.IntRange(0, len(uses)+1).Draw(rt, "code")) }
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			n := rapid.IntRange(0, 8).Draw(rt, "buyer")
			switch rapid.SampledFrom([]string{"join", "join", "join", "leave", "revoke", "crash"}).Draw(rt, "step") {
			case "leave":
				d.do(gate.Command{Kind: gate.Leave, Buyer: buyer(n)})
				delete(inside, n)
			case "revoke":
				no := code()
				a := d.do(gate.Command{Kind: gate.Revoke, Codes: codebook.Codes{First: no, Count: 1}, Reason: "why"})
				if taken[no] = a.Rejection == gate.Accepted || taken[no]; taken[no] != (no > 0 && int(no) < len(left)) {
					rt.Fatalf("code %d of %d taken back: %v", no, len(uses), a.Rejection)
				}
			case "crash":
				d.crash()
			default:
				c := byCode(code(), n)
				if more := byCode(c.Entrants[0].Code, (n+1)%9); rapid.Bool().Draw(rt, "two") {
					c.Entrants = append(c.Entrants, more.Entrants...)
				}
				a := d.do(c)
				for i, e := range c.Entrants {
					who := (n + i) % 9
					known := e.Code > 0 && int(e.Code) < len(left)
					want := inside[who] || known && left[e.Code] > 0 && !taken[e.Code]
					if got := a.Places[i].State != gate.NoPlace; got != want {
						rt.Fatalf("buyer %d by code %d: %+v, want %v", who, e.Code, a.Places[i], want)
					}
					if want && !inside[who] {
						left[e.Code]--
						inside[who] = true
					}
				}
			}
			d.same()
		}
		d.wantClean()
	})
}

// TestAuditNamesWrongUsesOfCodes: a log that lets somebody in whom no code lets in is not clean.
func TestAuditNamesWrongUsesOfCodes(t *testing.T) {
	for name, more := range map[string]gate.Change{
		"used up":      {Kind: gate.Joined, Entrants: byCode(1, 9).Entrants},
		"taken back":   {Kind: gate.Joined, Entrants: byCode(3, 9).Entrants},
		"never minted": {Kind: gate.Joined, Entrants: byCode(999, 9).Entrants},
		"without one":  {Kind: gate.Joined, Entrants: joinOf(9).Entrants},
		"too late":     {Kind: gate.Joined, At: 5000, Oldest: 5000, Entrants: byCode(2, 9).Entrants},
		"out of order": {Kind: gate.CodesMinted, Codes: codebook.Codes{First: 9, Count: 1, Uses: 1}, Why: "why"},
		"no reason":    {Kind: gate.CodesRevoked, Codes: codebook.Codes{First: 1, Count: 1}},
		"unknown":      {Kind: gate.CodesRevoked, Codes: codebook.Codes{First: 900, Count: 1}, Why: "why"},
	} {
		d := presold(t)
		d.log = append(d.log, audit.Entry{Seq: d.seq + 1, At: more.At, Body: gate.AppendChange(nil, more.At, &more)})
		found := d.audit().Findings
		if len(found) == 0 || !strings.Contains(found[0].String(), "code") {
			t.Errorf("%s: %v", name, found)
		}
	}
}
