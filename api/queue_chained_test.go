package api

import (
	"encoding/hex"
	"strings"
	"testing"
)

// Round 72785 of drand's default network, which is chained, as drand published it.
const (
	chainedSignature = "82f5d3d2de4db19d40a6980e8aa37842a0e55d1df06bd68bddc8d60002e8e959" +
		"eb9cfa368b3c1b77d18f02a54fe047b80f0989315f83b12a74fd8679c4f12aae" +
		"86eaf6ab5690b34f1fddd50ee3cc6f6cdf59e95526d5a5d82aaa84fa6f181e42"
	chainedPrevious = "a609e19a03c2fcc559e8dae14900aaefe517cb55c840f6e69bc8e4f66c8d18e8" +
		"a609685d9917efbfb0c37f058c2de88f13d297c7e19e0ab24813079efe57a182" +
		"554ff054c7638153f9b26a60e7111f71a0ff63d9571704905d3ca6df0b031747"
	chainedBody = `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","closes_at":"2020-08-16T21:48:00Z",` +
		`"active_max":10,"draw":{"chain":"8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",` +
		`"genesis":"2020-07-22T15:17:30Z","period_seconds":30,"round":72785}}`
)

// Kind: a draw seeded by what is no round of the beacon, or by one that nobody can verify later. Where the chain's key
// is known, a hand-in is held against it; a chained chain needs the round before (P8).
func TestHandInIsHeldAgainstTheBeacon(t *testing.T) {
	h, d, event := withDoors(t, chainedBody)
	hand := func(signature, more string) *answer {
		return h.do("PATCH", event+"/waiting-room", operator, `{"reason":"the round","draw":{"round":72785,`+
			`"signature":"`+signature+`"`+more+`}}`)
	}
	before := `,"previous_signature":"` + chainedPrevious + `"`
	for _, c := range []struct {
		name, signature, more, field string
		status                       int
		code                         string
	}{
		{"alone", chainedSignature, "", "draw.previous_signature", 400, "bad_request"},
		{"none", chainedSignature, `,"previous_signature":""`, "draw.previous_signature", 400, "bad_request"},
		{"no digits", chainedSignature, `,"previous_signature":"xyz"`, "draw.previous_signature", 422, "invalid"},
		{"too long", chainedSignature, `,"previous_signature":"` + strings.Repeat("00", 1025) + `"`,
			"draw.previous_signature", 422, "invalid"},
		{"another's", chainedPrevious, before, "draw.signature", 422, "invalid"},
		{"behind another", chainedSignature, `,"previous_signature":"` + chainedSignature + `"`, "draw.signature", 422,
			"invalid"},
		{"ground", "00" + chainedSignature[2:], before, "draw.signature", 422, "invalid"},
	} {
		if a := hand(c.signature, c.more).want(c.status, c.code); a.problem.Field != c.field {
			t.Errorf("%s: field %q", c.name, a.problem.Field)
		}
	}
	if d.handed != "" {
		t.Error("a round that is none reached the gate")
	}
	hand(chainedSignature, before).want(200, "")
	if hex.EncodeToString([]byte(d.handed)) != chainedSignature ||
		hex.EncodeToString([]byte(d.before)) != chainedPrevious {
		t.Errorf("%x behind %x reached the gate", d.handed, d.before)
	}
}
