package check

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/budget"
	"holdfast/api/wire"
)

// TestLineFastAndSlow: what is read by hand is what the decoder reads, and anything else is left to it.
func TestLineFastAndSlow(t *testing.T) {
	fast := 0
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9 <"\\é☂-]{0,12}`)
		moment := rapid.Int64Range(0, 253402300799999)
		c := wire.LogChange{
			Event: text.Draw(t, "event"), Section: text.Draw(t, "section"), Seq: rapid.Uint64().Draw(t, "seq"),
			Index: rapid.IntRange(0, 1<<40).Draw(t, "index"),
			Epoch: rapid.Uint64Range(0, 1<<50).Draw(t, "epoch"), At: wire.Time(moment.Draw(t, "at")),
			Kind:    rapid.SampledFrom(logKindNames[1:]).Draw(t, "kind"),
			Booking: text.Draw(t, "booking"), Seats: rapid.SliceOfN(rapid.Uint32(), 0, 5).Draw(t, "seats"),
		}
		if rapid.Bool().Draw(t, "asked") {
			c.Request, c.Buyer = wire.HashText([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "request"))),
				wire.HashText([16]byte{3})
		}
		if rapid.Bool().Draw(t, "expiring") {
			end := wire.Time(moment.Draw(t, "end"))
			c.ExpiresAt = &end
		}
		if rapid.Bool().Draw(t, "of an order") {
			c.Order, c.Cited = text.Draw(t, "order"), rapid.Uint64Range(0, 1<<50).Draw(t, "cited")
		}
		line, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		var quick, slow logLine
		if err := slow.decode(line); err != nil {
			t.Fatal(err)
		}
		if quick.read(line) {
			fast++
			if asText(&quick) != asText(&slow) {
				t.Fatalf("%s\nby hand: %s\ndecoder: %s", line, asText(&quick), asText(&slow))
			}
		}
	})
	if fast == 0 {
		t.Error("nothing was read by hand")
	}
}

func asText(l *logLine) string {
	return fmt.Sprintf("%q", fmt.Sprintf("%+v %s", *l,
		strings.Join([]string{string(l.event), string(l.section), string(l.booking), string(l.order)}, "|")))
}

// FuzzLine: whatever bytes come, the quick reader takes only what the decoder takes, and for the same.
func FuzzLine(f *testing.F) {
	_, l := loggedWorld(5)
	for i := range l[:40] {
		line, err := json.Marshal(&l[i])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		budget.Reading{PerByte: 64}.Check(t, len(line), func() {
			var quick, slow logLine
			_ = quick.read(line)
			_ = slow.decode(line)
		})
		var quick, slow logLine
		if !quick.read(line) {
			return
		}
		if err := slow.decode(line); err != nil {
			t.Fatalf("taken by hand, and refused by the decoder: %v", err)
		}
		if asText(&quick) != asText(&slow) {
			t.Fatalf("by hand: %s\ndecoder: %s", asText(&quick), asText(&slow))
		}
	})
}
