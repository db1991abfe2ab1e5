package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// marshalled is what encoding/json says of c; it escapes < > & for web pages unless told not to.
func marshalled(t interface{ Fatal(...any) }, c *LogChange) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func TestAppendLogChangeIsWhatMarshalSays(t *testing.T) {
	expires := Time(1_900_000_000_123)
	for _, c := range []LogChange{
		{},
		{Event: "e1", Section: "A", Seq: 1, Epoch: 1, At: 1_900_000_000_000, Kind: LogClaim},
		{Event: "e1", Section: `Block "<é>"`, Seq: 1<<64 - 1, Index: 7, Epoch: 3, At: 1,
			Kind: LogHoldPlaced, Booking: "b1",
			Request: HashText([16]byte{1}), Buyer: HashText([16]byte{2}), ExpiresAt: &expires,
			Seats: []uint32{0, 1, 1<<32 - 1}, Total: &Money{9000, "EUR"}},
		{Event: "e1", Section: "A", Seq: 2, Index: -1, Epoch: 1, Kind: LogHoldExpired,
			Booking: "b1", Seats: []uint32{}},
	} {
		if fast, slow := string(AppendLogChange([]byte("> "), &c)), "> "+marshalled(t, &c); fast != slow {
			t.Errorf("\n%s, want\n%s", fast, slow)
		}
	}
}

// Whatever a line says, whoever reads it back has the same; and where no letter needs an escape, byte for byte what
// encoding/json makes.
func TestLogChangeComesBack(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ -~]{0,40}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		c := LogChange{
			Event: text.Draw(t, "event"), Section: text.Draw(t, "section"), Seq: rapid.Uint64().Draw(t, "seq"),
			Index: rapid.Int().Draw(t, "index"),
			Epoch: rapid.Uint64().Draw(t, "epoch"), At: Time(rapid.Int64Range(0, 1<<45).Draw(t, "at")),
			Kind:    text.Draw(t, "kind"),
			Booking: text.Draw(t, "booking"), Request: text.Draw(t, "request"), Buyer: text.Draw(t, "buyer"),
		}
		if rapid.Bool().Draw(t, "ends") {
			end := Time(rapid.Int64Range(0, 1<<45).Draw(t, "end"))
			c.ExpiresAt = &end
		}
		if seats := rapid.SliceOf(rapid.Uint32()).Draw(t, "seats"); len(seats) > 0 {
			c.Seats = seats
		}
		line := AppendLogChange(nil, &c)
		var back LogChange
		if err := json.Unmarshal(line, &back); err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("%s came back as %+v (%v)", line, back, err)
		}
		if slow := marshalled(t, &c); !strings.Contains(slow, `\`) && !bytes.Contains(line, []byte(`\`)) &&
			string(line) != slow {
			t.Fatalf("\n%s, want\n%s", line, slow)
		}
		if bytes.IndexByte(line, '\n') >= 0 {
			t.Fatalf("%q is more than one line", line)
		}
	})
}

func oneLogChange() *LogChange {
	expires := Time(1_900_000_000_123)
	return &LogChange{Event: "0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40", Section: "A", Seq: 12345, Index: 17, Epoch: 1,
		At: 1_900_000_000_000, Kind: LogHoldPlaced,
		Booking: "b" + strings.Repeat("a", 48), Request: HashText([16]byte{1}), Buyer: HashText([16]byte{2}),
		ExpiresAt: &expires, Seats: []uint32{100, 101}}
}

func TestAppendLogChangeAllocatesNothing(t *testing.T) {
	c, out := oneLogChange(), make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { out = AppendLogChange(out[:0], c) }); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}

func BenchmarkAppendLogChange(b *testing.B) {
	c, out := oneLogChange(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendLogChange(out[:0], c)
	}
	b.SetBytes(int64(len(out)))
}

// TestLogKindsAreAll: a kind that is on no list is one that no reader's test asks about.
func TestLogKindsAreAll(t *testing.T) {
	text, err := os.ReadFile("log.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\tLog\w+ += "(\w+)"`).FindAllSubmatch(text, -1)
	if len(found) != len(LogKinds) {
		t.Errorf("%d kinds are named, %d are on the list", len(found), len(LogKinds))
	}
	for _, kind := range found {
		if !slices.Contains(LogKinds[:], string(kind[1])) {
			t.Errorf("%s is not on the list", kind[1])
		}
	}
}
