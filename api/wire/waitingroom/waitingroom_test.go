package waitingroom

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"holdfast/api/wire"
)

// A place's answer is the same document that encoding/json makes, whatever is in it.
func TestAppendPlaceIsJSON(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "waiting", "a \"quote\"", "ü"})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint32()
		p := Place{Place: text.Draw(t, "place"), State: text.Draw(t, "state"), Gone: text.Draw(t, "gone"),
			Phase: text.Draw(t, "phase"), Number: n.Draw(t, "number"), Position: n.Draw(t, "position"),
			Ahead: n.Draw(t, "ahead"), ETABasis: text.Draw(t, "basis"), ETAGrew: text.Draw(t, "grew"),
			Next: text.Draw(t, "next"), RetryAfter: rapid.Int().Draw(t, "retry")}
		if rapid.Bool().Draw(t, "eta is known") {
			eta := rapid.Int64().Draw(t, "eta")
			p.ETASeconds = &eta
		}
		if rapid.Bool().Draw(t, "has a session") {
			p.ExpiresAt = &wire.OffsetTime{Time: 1_900_000_000_000, Minutes: 120}
		}
		if rapid.Bool().Draw(t, "has a party") {
			p.Party = &Party{Size: 4, Together: text.Draw(t, "together"),
				Parts: rapid.SliceOfN(rapid.IntRange(1, 100), 0, 3).Draw(t, "parts")}
		}
		var shared []byte
		if rapid.Bool().Draw(t, "has a message") {
			p.Message, p.SoldOut = "late", []string{"Stalls"}
			shared = []byte(`,"message":"late","sold_out":["Stalls"]`)
		}
		want, err := json.Marshal(&p)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendPlace(nil, &p, shared); string(got) != string(want) {
			t.Fatalf("%s\nis not %s", got, want)
		}
	})
}
