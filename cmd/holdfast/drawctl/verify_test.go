package drawctl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/beacon"
	"holdfast/actors/gate/draw"
	"holdfast/api/wire/drawproof"
)

func verify(t *testing.T, e Evidence) *Verdict {
	t.Helper()
	v, err := Verify(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *Verdict) lines() string {
	var out strings.Builder
	_ = v.Print(&out)
	return out.String()
}

func drawn(t *testing.T) (h *house, closed *drawproof.Document) {
	h = lobby(t, quicknetRule(), closes)
	closed = h.document(3)
	h.do(published, gate.Command{Kind: gate.HandIn, Round: round, Signature: sig(signature)})
	return h, closed
}

// TestHonestDraw guards P8: an honest draw is confirmed and independent, with every kind of evidence.
func TestHonestDraw(t *testing.T) {
	h, closed := drawn(t)
	all := Evidence{Now: h.document(3), Earlier: []*drawproof.Document{h.lobbyDocument(), closed}, Log: h.read()}
	for name, e := range map[string]Evidence{
		"document": {Now: all.Now}, "witness": {Now: all.Now, Earlier: all.Earlier},
		"log":   {Now: all.Now, Log: all.Log},
		"chain": {Now: all.Now, Chain: beacon.Quicknet()}, "all": all, "late": {Now: h.document(9), Log: all.Log},
	} {
		v := verify(t, e)
		if v.Verdict != Confirmed || !v.Independent || v.Rank == nil || *v.Rank != *e.Now.Place.Rank {
			t.Errorf("%s:\n%s", name, v.lines())
		}
		unchecked := strings.Contains(v.lines(), "not checked")
		if unchecked == (name == "all") {
			t.Errorf("%s: what was not checked is not told, or told for nothing:\n%s", name, v.lines())
		}
	}
	early := verify(t, Evidence{Now: closed, Log: h.read()})
	if early.Verdict != NotDrawn || early.Independent || early.Rank != nil {
		t.Errorf("before the draw:\n%s", early.lines())
	}
	if v := verify(t, Evidence{Now: h.lobbyDocument()}); v.Verdict != NotDrawn || v.Independent {
		t.Errorf("in the lobby:\n%s", v.lines())
	}
}

// TestLateCloseTakesALaterRound guards P8: whose lobby closed late is seeded by the round that the rule gives then.
func TestLateCloseTakesALaterRound(t *testing.T) {
	rule := quicknetRule()
	h := lobby(t, rule, published-28_000) // the planned round is too near: round + 1 is the first that is 30 s away
	now := h.document(3)
	if now.Close.Round != round+1 {
		t.Fatalf("round %d", now.Close.Round)
	}
	h.do(published+3000, gate.Command{Kind: gate.HandIn, Round: round + 1, Signature: sig(signature2)})
	if v := verify(t, Evidence{Now: h.document(3), Log: h.read()}); v.Verdict != Confirmed || !v.Independent {
		t.Errorf("%s", v.lines())
	}
	now = h.document(3)
	now.Close.Round = round
	if v := verify(t, Evidence{Now: now}); v.Verdict != Contradicted || v.result("rule") != Failed {
		t.Errorf("the planned round, which came too soon after the close:\n%s", v.lines())
	}
}

// TestIndependentOnlyByAKey guards P8: nothing is called independent unless a beacon's signature was verified.
func TestIndependentOnlyByAKey(t *testing.T) {
	h := lobby(t, gate.DrawRule{}, closes)
	h.do(published, gate.Command{Kind: gate.HandIn, Signature: []byte("chosen by the operator")})
	v := verify(t, Evidence{Now: h.document(3), Log: h.read()})
	if v.Verdict != Confirmed || v.Independent || !strings.Contains(v.lines(), "not independent: ") ||
		!strings.Contains(v.lines(), "the operator is trusted") {
		t.Errorf("without a beacon:\n%s", v.lines())
	}
	rule := quicknetRule()
	rule.Chain = [32]byte{9}
	h = lobby(t, rule, closes)
	h.do(published, gate.Command{Kind: gate.HandIn, Round: round, Signature: []byte("of a chain that nobody knows")})
	now := h.document(3)
	if v := verify(t, Evidence{Now: now}); v.Verdict != Confirmed || v.Independent || v.result("beacon") != NotChecked {
		t.Errorf("an unknown chain:\n%s", v.lines())
	}
	if v := verify(t, Evidence{Now: now, Chain: beacon.Quicknet()}); v.Verdict != Contradicted || v.Independent {
		t.Errorf("the key of another chain:\n%s", v.lines())
	}
	forged := beacon.Quicknet()
	forged.Hash = [32]byte{9}
	if v := verify(t, Evidence{Now: now, Chain: forged}); v.Verdict != Contradicted || v.Independent {
		t.Errorf("a key that the rule's hash does not pin:\n%s", v.lines())
	}
}

// TestOperatorWhoGrinds guards P8: whoever tries several values, or several rounds, is found by the document alone.
func TestOperatorWhoGrinds(t *testing.T) {
	h, closed := drawn(t)
	for name, c := range map[string]struct {
		check string
		bend  func(d *drawproof.Document)
	}{
		"another round's signature": {"beacon", func(d *drawproof.Document) { d.Draw.Signature = sig(signature2) }},
		"a value of one's own":      {"beacon", func(d *drawproof.Document) { d.Draw.Signature = []byte("lucky") }},
		"another round": {"rule", func(d *drawproof.Document) {
			d.Close.Round, d.Draw.Signature = round+1, sig(signature2)
		}},
		"another rule": {"witness", func(d *drawproof.Document) {
			d.Rule.Beacon.Round, d.Close.Round, d.Draw.Signature = round+1, round+1, sig(signature2)
		}},
		"a clock that is fast": {"rule", func(d *drawproof.Document) { d.Rule.Beacon.Genesis += 600_000 }},
		"a round before the close": {"rule", func(d *drawproof.Document) {
			d.Rule.ClosesAt = d.Rule.Beacon.Genesis + 3000*(round+1)
			d.Close.At = d.Rule.ClosesAt
		}},
		"closed before its time": {"rule", func(d *drawproof.Document) { d.Close.At -= 1000 }},
	} {
		d := h.document(3)
		c.bend(d)
		d.Draw.Seed = drawproof.Hash(draw.Seed(event, *d.Close.Entrants, draw.Hash(d.Close.Root), d.Draw.Signature))
		rank := draw.NewPermutation(draw.Hash(d.Draw.Seed), *d.Close.Entrants)
		*d.Place.Rank = rank.Place(3)
		v := verify(t, Evidence{Now: d, Earlier: []*drawproof.Document{closed}})
		if v.Verdict != Contradicted || v.Independent || v.result(c.check) != Failed || v.result("seed") == Failed {
			t.Errorf("%s:\n%s", name, v.lines())
		}
	}
}

// TestEntrantsBentAfterTheClose guards P8: a dropped, added or swapped entrant is found, by the log, by a place, or by
// whoever saved the document at the close.
func TestEntrantsBentAfterTheClose(t *testing.T) {
	h, closed := drawn(t)
	swap := func(a, b byte) func(c *gate.Change) {
		return func(c *gate.Change) {
			for i := range c.Entrants {
				switch c.Entrants[i].Buyer {
				case buyer(a):
					c.Entrants[i].Buyer = buyer(b)
				case buyer(b):
					c.Entrants[i].Buyer = buyer(a)
				}
			}
		}
	}
	for name, bend := range map[string]func(c *gate.Change){
		"swapped": swap(2, 5),
		"dropped": func(c *gate.Change) {
			if c.Kind == gate.Joined && c.Entrants[0].Buyer == buyer(4) {
				c.Kind = 0
			}
		},
		"party grown": func(c *gate.Change) {
			if c.Kind == gate.Joined && c.Entrants[0].Buyer == buyer(4) {
				c.Entrants[0].Party++
			}
		},
		"added": func(c *gate.Change) {
			if c.Kind == gate.Joined && c.Entrants[0].Buyer == buyer(4) {
				c.Entrants = append(c.Entrants, gate.Entrant{Buyer: buyer(77), Party: 1})
			}
		},
	} {
		v := verify(t, Evidence{Now: h.document(8), Log: logOf(t, h.forge(bend))})
		if v.Verdict != Contradicted || v.result("entrants") != Failed {
			t.Errorf("%s in the log:\n%s", name, v.lines())
		}
	}
	// An operator who bends the log and publishes what fits to it, as if it had always been so.
	another := lobbyOf(t, quicknetRule(), closes, 0, 1, 2, 3, 5, 6, 7, 8, 9)
	another.do(published, gate.Command{Kind: gate.HandIn, Round: round, Signature: sig(signature)})
	v := verify(t, Evidence{Now: another.document(8), Log: another.read()})
	if v.Verdict != Confirmed {
		t.Fatalf("the bent house does not hold together, so it proves nothing:\n%s", v.lines())
	}
	v = verify(t, Evidence{Now: another.document(8), Log: another.read(), Earlier: []*drawproof.Document{closed}})
	if v.Verdict != Contradicted || v.result("witness") != Failed {
		t.Errorf("a root that was exchanged after the close:\n%s", v.lines())
	}
	now := h.document(3)
	now.Place = another.document(3).Place
	if v := verify(t, Evidence{Now: now}); v.Verdict != Contradicted || v.result("place") != Failed {
		t.Errorf("a place of another tree:\n%s", v.lines())
	}
}

// TestDrawnTwice guards P8: a second draw is found in the log, and by whoever saved the first.
func TestDrawnTwice(t *testing.T) {
	h, _ := drawn(t)
	first := h.document(3)
	second := h.document(3)
	second.Draw.Signature = []byte("another")
	if v := verify(t, Evidence{Now: second, Earlier: []*drawproof.Document{first}}); v.result("witness") != Failed {
		t.Errorf("%s", v.lines())
	}
	var again []Record
	for _, r := range h.log {
		again = append(again, r)
		_ = gate.DecodeChanges(r.Body, gate.Instant(r.At), func(c *gate.Change) error {
			if c.Kind == gate.LotsDrawn {
				again = append(again, r)
			}
			return nil
		})
	}
	for i := range again {
		again[i].Seq = uint64(i) + 1
	}
	if v := verify(t, Evidence{Now: first, Log: logOf(t, again)}); v.Verdict != Contradicted {
		t.Errorf("%s", v.lines())
	}
}

// TestRankOfAnother guards P8: a rank that the seed does not give is found.
func TestRankOfAnother(t *testing.T) {
	h, _ := drawn(t)
	d := h.document(3)
	*d.Place.Rank = (*d.Place.Rank + 1) % 9
	if v := verify(t, Evidence{Now: d}); v.Verdict != Contradicted || v.result("place") != Failed {
		t.Errorf("%s", v.lines())
	}
	d = h.document(3)
	d.Draw.Seed[0]++
	if v := verify(t, Evidence{Now: d}); v.Verdict != Contradicted || v.result("seed") != Failed {
		t.Errorf("%s", v.lines())
	}
}

// TestLogOnPaper guards P8: an exported log is read back line by line, and one that is cut or mixed up is refused.
func TestLogOnPaper(t *testing.T) {
	h, _ := drawn(t)
	var out bytes.Buffer
	for _, r := range h.log {
		if err := json.NewEncoder(&out).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	whole := out.String()
	l, err := ReadLog(strings.NewReader(whole), event.String())
	if err != nil {
		t.Fatal(err)
	}
	if v := verify(t, Evidence{Now: h.document(3), Log: l}); v.Verdict != Confirmed {
		t.Errorf("%s", v.lines())
	}
	lines := strings.SplitAfter(whole, "\n")
	for name, text := range map[string]string{
		"nothing":       "",
		"no line":       "{}\n",
		"cut in front":  strings.Join(lines[1:], ""),
		"line left out": lines[0] + strings.Join(lines[2:], ""),
		"line twice":    lines[0] + whole,
		"other event":   strings.Replace(whole, event.String(), "0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40", 1),
		"line too long": `{"event":"` + strings.Repeat("a", lineBytesMax) + `"}`,
		"damaged body":  strings.Replace(whole, `"kind":"claim","body":null`, `"kind":"changes","body":"AAAA"`, 1),
	} {
		if _, err := ReadLog(strings.NewReader(text), event.String()); err == nil {
			t.Errorf("%s: is read", name)
		}
	}
}

// TestChainOfAnotherHash guards P8: drand's parameters are read in both spellings, and only if they give their hash.
func TestChainOfAnotherHash(t *testing.T) {
	q := beacon.Quicknet()
	first := fmt.Sprintf(`{"public_key":"%x","period":3,"genesis_time":1692803367,"hash":"%x","groupHash":"%x",
		"schemeID":"bls-unchained-g1-rfc9380","metadata":{"beaconID":"quicknet"}}`, q.PublicKey, q.Hash, q.Group)
	second := fmt.Sprintf(
		`{"public_key":"%x","period":3,"genesis_time":1692803367,"chain_hash":"%x","genesis_seed":"%x",
		"scheme":"bls-unchained-g1-rfc9380","beacon_id":"quicknet"}`,
		q.PublicKey,
		q.Hash,
		q.Group,
	)
	for _, text := range []string{first, second} {
		if c, err := ParseChain([]byte(text)); err != nil || c.Verify(round, nil, sig(signature)) != nil {
			t.Errorf("%v of %s", err, text)
		}
	}
	for _, text := range []string{"", "{}", strings.Replace(first, `"period":3`, `"period":30`, 1),
		strings.Replace(first, "83cf", "83c", 1), first + strings.Repeat(" ", infoBytesMax)} {
		if _, err := ParseChain([]byte(text)); err == nil {
			t.Errorf("is read: %.80s", text)
		}
	}
}
