package envelope_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// eventBytesMost is more than any event of a record has: a record is 64 KiB, and a public id of a test's seat 5 bytes.
const eventBytesMost = 2 << 20

// FuzzRecordsBecomeEvents: whatever a log has in a record (a damaged one, or one of a later build), each of its changes
// is an event that any reader of JSON takes, with a type that is known, an id that is its own, and a bound.
func FuzzRecordsBecomeEvents(f *testing.F) {
	for _, s := range cases() {
		if s.change == nil {
			continue
		}
		if body := encoded(s.change); body != nil {
			f.Add(body, uint8(s.no))
		}
	}
	f.Add([]byte{}, uint8(0))
	f.Add(bytes.Repeat([]byte{0xff}, 64), uint8(200))
	types := envelope.Types()
	f.Fuzz(func(t *testing.T, body []byte, no uint8) {
		if len(body) > storage.BodyBytesMax {
			return
		}
		r := envelope.Record{Key: storage.SectionKey{Event: names.Event, Section: storage.SectionNo(no)},
			Kind: storage.EntryChanges, Seq: 7, Epoch: 1, At: 1_700_000_000_123, Changes: 1}
		n, ids := 0, map[string]bool{}
		_ = section.DecodeChanges(body, r.At, func(c *section.Change) error { // what is damaged ends it
			var placing *envelope.Placing
			if p, is := envelope.PlacingOf(c); is {
				placing = p
			}
			e := envelope.Of(&r, n, c, placing, names)
			text := e.Append(nil)
			var back envelope.Event
			if err := json.Unmarshal(text, &back); err != nil || !bytes.Equal(back.Append(nil), text) {
				t.Fatalf("%s: %v", text, err)
			}
			if len(text) > eventBytesMost || !slices.Contains(types, e.Type) || ids[e.ID] ||
				!strings.HasSuffix(e.ID, "/"+"7"+"/"+string(appendInt(n))) {
				t.Fatalf("%d bytes, %s, %s", len(text), e.Type, e.ID)
			}
			if _, err := time.Parse(time.RFC3339, e.Time); err != nil && c.At < 1<<47 && c.At > 0 {
				t.Fatal(err)
			}
			ids[e.ID] = true
			n++
			return nil
		})
	})
}

// encoded is a change as logs have it; nil: it is a sample of what no log has.
func encoded(c *section.Change) (body []byte) {
	defer func() {
		if recover() != nil {
			body = nil
		}
	}()
	return section.AppendChange(nil, c.At, c)
}

func appendInt(n int) []byte {
	text, _ := json.Marshal(n) // a number
	return text
}
