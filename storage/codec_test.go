package storage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
)

var update = flag.Bool(
	"update", false, "rewrite the golden files; a changed line means that old logs can no longer be read",
)

const baseAt section.Instant = 1_700_000_000_000

func pattern(n int, first byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

func seatRange(first, count int) (seats []section.SeatIndex) {
	for i := range count {
		seats = append(seats, section.SeatIndex(first+i))
	}
	return seats
}

// examples are one change of every kind, and the odd ones.
func examples() map[string]section.Change {
	request, buyer := section.RequestID(pattern(16, 0x10)), section.BuyerID(pattern(16, 0x40))
	const fingerprint = 0xfedcba9876543210
	return map[string]section.Change{
		"hold of two neighbours": {
			Kind: section.HoldPlaced, At: baseAt, Request: request, Fingerprint: fingerprint, Buyer: buyer,
			Booking: 300, ExpiresAt: baseAt + 600_000, Seats: seatRange(1200, 2),
		},
		"hold of one seat": {
			Kind: section.HoldPlaced, At: baseAt, Request: request, Fingerprint: fingerprint, Buyer: buyer,
			Booking: 300, ExpiresAt: baseAt + 600_000, Seats: seatRange(1200, 1),
		},
		"hold under an admission": {
			Kind: section.HoldPlaced, At: baseAt, Request: request, Fingerprint: fingerprint, Buyer: buyer,
			Booking: 300, ExpiresAt: baseAt + 600_000, Seats: seatRange(1200, 2), Session: 1234, Horizon: 98765,
		},
		"split hold": {
			Kind: section.HoldPlaced, Split: true, At: baseAt, Request: request, Fingerprint: 1, Buyer: buyer,
			Booking: 1, ExpiresAt: baseAt + 1, Seats: []section.SeatIndex{0, 2, 3, 9},
		},
		"extended, later than its record": {
			Kind: section.HoldExtended, At: baseAt + 5, Request: request, Booking: 7, ExpiresAt: baseAt + 900_000,
		},
		"released": {
			Kind: section.HoldReleased, At: baseAt, Request: request, Fingerprint: fingerprint, Booking: 7,
		},
		"payment begun":  {Kind: section.PaymentBegun, At: baseAt, Request: request, Booking: 7},
		"sold":           {Kind: section.BookingSold, At: baseAt - 3, Request: request, Booking: 7},
		"payment failed": {Kind: section.PaymentFailed, At: baseAt, Booking: 7},
		"refunded": {
			Kind: section.BookingRefundedChange, At: baseAt, Request: request, Booking: 1 << 40,
		},
		"expired": {Kind: section.HoldExpired, At: baseAt, Booking: 7},
		"blocked: ten thousand": {
			Kind: section.SeatsBlocked, At: baseAt, Request: request, Seats: seatRange(0, 10_000),
		},
		"unblocked": {
			Kind: section.SeatsUnblocked, At: baseAt, Fingerprint: 2, Seats: []section.SeatIndex{5},
		},
		"priced hold": {
			Kind: section.HoldPlaced, At: baseAt, Request: request, Fingerprint: fingerprint, Buyer: buyer,
			Booking: 300, ExpiresAt: baseAt + 600_000, Seats: seatRange(1200, 2), Total: 19_000, PriceMark: 4711,
		},
		"priced hold under an admission": {
			Kind: section.HoldPlaced, At: baseAt, Booking: 300, Seats: seatRange(1200, 2), Total: 9075, PriceMark: 1,
			Session: 1234, Horizon: 98765,
		},
		"priced hold under a grant": {
			Kind: section.HoldPlaced, At: baseAt, Booking: 300, Seats: seatRange(1200, 2), Session: 1, Horizon: 2,
			Total: 1<<61 - 1, PriceMark: tariff.MarkMax,
			Grant: grant.Grant{Number: 3, Epoch: 2, Total: 5, Coordinator: 1},
		},
		"priced hold of nothing": {
			Kind: section.HoldPlaced, At: baseAt, Booking: 1, Seats: seatRange(0, 1), PriceMark: 9,
		},
		"far corners": {
			Kind: section.HoldPlaced, At: -1 << 63, Booking: 1<<64 - 1, ExpiresAt: 1<<63 - 1,
			Seats: []section.SeatIndex{0, 1<<32 - 2, 1<<32 - 1},
		},
	}
}

func decodeOne(t testing.TB, body []byte) (got section.Change) {
	t.Helper()
	n := 0
	err := section.DecodeChanges(body, baseAt, func(c *section.Change) error {
		got, n = *c, n+1
		got.Seats = append([]section.SeatIndex(nil), c.Seats...)
		return nil
	})
	if err != nil || n != 1 {
		t.Fatalf("decoded %d changes: %v", n, err)
	}
	return got
}

func TestChangesSurviveTheCodec(t *testing.T) {
	for name, c := range examples() {
		if got := decodeOne(t, section.AppendChange(nil, baseAt, &c)); !reflect.DeepEqual(got, c) {
			t.Errorf("%s: came back as %+v, want %+v", name, got, c)
		}
	}
}

func TestChangesAreSmall(t *testing.T) {
	for name, most := range map[string]int{
		"hold of two neighbours": 50, "hold of one seat": 50, "priced hold": 53,
		"released": 27, "payment failed": 3, "expired": 3, "blocked: ten thousand": 31,
	} {
		c := examples()[name]
		if got := len(section.AppendChange(nil, baseAt, &c)); got > most {
			t.Errorf("%s takes %d bytes, want at most %d", name, got, most)
		}
	}
}

func exampleEntry() Entry {
	e := Entry{
		Kind: EntryChanges, Seq: 1_000, Epoch: 3, Writer: WriterID(pattern(16, 1)), Batch: BatchID(pattern(16, 0x80)),
		At: baseAt, Prev: Hash(pattern(32, 0xc0)),
	}
	c := examples()["hold of two neighbours"]
	e.Body = section.AppendChange(nil, e.At, &c)
	return e
}

// TestGolden pins the bytes of version 1: logs written today must be read for ever, and hashes must not change (P10).
func TestGolden(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"hold under an admission", "hold of two neighbours", "hold of one seat", "split hold", "extended, later than its record", "released",
		"payment begun", "sold", "payment failed", "refunded", "expired", "blocked: ten thousand", "unblocked", "far corners",
		"priced hold", "priced hold under an admission", "priced hold under a grant",
		"priced hold of nothing"} {
		c := examples()[name]
		b.WriteString(name + ": " + hex.EncodeToString(section.AppendChange(nil, baseAt, &c)) + "\n")
	}
	e := exampleEntry()
	hash := HashEntry(&e)
	b.WriteString("entry: " + hex.EncodeToString(AppendEntry(nil, &e)) + "\n")
	b.WriteString("entry hash: " + hex.EncodeToString(hash[:]) + "\n")
	const path = "testdata/format_v1.golden"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the stored form changed:\n%s\nwas:\n%s", b.String(), want)
	}
}

func TestEntrySurvivesTheCodec(t *testing.T) {
	empty := Entry{Kind: EntryReleased, Seq: 1<<64 - 1, Epoch: 1, At: -5}
	for _, e := range []Entry{exampleEntry(), empty} {
		stored := AppendEntry(nil, &e)
		got, err := DecodeEntry(stored)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("came back as %+v (%v), want %+v", got, err, e)
		}
		if len(stored) != EntrySize(&e) {
			t.Errorf("EntrySize says %d, stored form has %d", EntrySize(&e), len(stored))
		}
		if HashEntry(&e) != HashStored(stored) {
			t.Error("the hash of an entry is not the hash of its stored form")
		}
	}
}

func TestDecodersAreStrict(t *testing.T) {
	hold := examples()["hold of two neighbours"]
	whole := section.AppendChange(nil, baseAt, &hold)
	entry := exampleEntry()
	stored := AppendEntry(nil, &entry)
	for n := 1; n < len(whole); n++ {
		if err := section.DecodeChanges(whole[:n], baseAt, func(*section.Change) error { return nil }); !errors.Is(
			err, ErrFormat,
		) {
			t.Errorf("a change cut after %d bytes: %v", n, err)
		}
	}
	for n := range entryFixed + 8 {
		if _, err := DecodeEntry(stored[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("an entry cut after %d bytes: %v", n, err)
		}
	}
	for name, body := range map[string]string{
		"unknown kind":              "0f0700",
		"no kind":                   "000700",
		"trailing byte":             "08070000",
		"padded booking":            "08870000",
		"padded run count":          "0800810002",
		"overlong number":           "08ffffffffffffffffffff0100",
		"request present but zero":  "28" + strings.Repeat("00", 24) + "0700",
		"buyer present but zero":    "48" + strings.Repeat("00", 16) + "0700",
		"at present but equal":      "18000700",
		"expires present but zero":  "880700" + "00",
		"seats past the last index": "0900" + "04" + "feffffff1f" + "02",
		"price without a mark":      "0e0100" + "0000" + "01",
		"price and two of what":     "0e0100" + "07c0" + "01",
		"price with noughts":        "0e0100" + "0700" + "28",
		"nothing with noughts":      "0e0100" + "0700" + "01",
		"price over all bounds":     "0e0100" + "0700" + "fdffffffffffffffff01",
		"too many seats":            "0900" + "02" + "01" + "ffff03",
	} {
		raw, err := hex.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		at := baseAt
		if name == "expires present but zero" {
			at = 0
		}
		if err := section.DecodeChanges(raw, at, func(*section.Change) error { return nil }); !errors.Is(
			err, ErrFormat,
		) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	tooLong := AppendEntry(nil, &Entry{Kind: EntryChanges, Seq: 1, Epoch: 1, Body: make([]byte, BodyBytesMax+1)})
	if _, err := DecodeEntry(tooLong); !errors.Is(err, ErrFormat) {
		t.Errorf("an entry with a body over the limit: %v", err)
	}
}

func TestVisitorsErrorComesBack(t *testing.T) {
	stop := errors.New("stop")
	c := examples()["expired"]
	if err := section.DecodeChanges(section.AppendChange(nil, baseAt, &c), baseAt, func(*section.Change) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
}

func TestEncoderRefusesBugs(t *testing.T) {
	for name, c := range map[string]section.Change{
		"no kind":              {},
		"unknown kind":         {Kind: section.SeatsUnblocked + 1},
		"price of a sale":      {Kind: section.BookingSold, Booking: 1, Total: 5, PriceMark: 1},
		"price without a mark": {Kind: section.HoldPlaced, Booking: 1, Total: 5},
		"mark out of bounds":   {Kind: section.HoldPlaced, Booking: 1, PriceMark: tariff.MarkMax + 1},
		"price below 0":        {Kind: section.HoldPlaced, Booking: 1, Total: -5, PriceMark: 1},
		"seats unsorted":       {Kind: section.SeatsBlocked, Seats: []section.SeatIndex{2, 1}},
		"seat twice":           {Kind: section.SeatsBlocked, Seats: []section.SeatIndex{2, 2}},
		"too many seats":       {Kind: section.SeatsBlocked, Seats: seatRange(0, section.ChangeSeatsMax+1)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was encoded", name)
				}
			}()
			section.AppendChange(nil, baseAt, &c)
		}()
	}
}

// TestCodecDoesNotAllocate guards the write path's cost: nothing a change, at most one small scratch a record on
// reading, and on hashing when the pool has just been emptied (the race detector does that at random).
func TestCodecDoesNotAllocate(t *testing.T) {
	c, e := examples()["hold of two neighbours"], exampleEntry()
	buffer := make([]byte, 0, 1<<16)
	body := []byte{}
	for range 500 {
		body = section.AppendChange(body, baseAt, &c)
	}
	seats := 0
	for _, m := range []struct {
		name string
		most float64
		run  func()
	}{
		{"AppendChange", 0, func() { buffer = section.AppendChange(buffer[:0], baseAt, &c) }},
		{"AppendEntry", 0, func() { buffer = AppendEntry(buffer[:0], &e) }},
		{"HashEntry", 1, func() { HashEntry(&e) }},
		{"DecodeChanges of 500", 1, func() {
			_ = section.DecodeChanges(body, baseAt, func(c *section.Change) error { seats += len(c.Seats); return nil })
		}},
	} {
		if got := testing.AllocsPerRun(100, m.run); got > m.most {
			t.Errorf("%s allocates %.0f times, want at most %.0f", m.name, got, m.most)
		}
	}
}

// FuzzDecodeChanges: never a panic, and whatever is accepted has exactly that one encoding.
func FuzzDecodeChanges(f *testing.F) {
	for _, c := range examples() {
		f.Add(section.AppendChange(nil, baseAt, &c), int64(baseAt))
	}
	f.Fuzz(func(t *testing.T, body []byte, at int64) {
		budget.Reading{PerByte: 64}.Check(t, len(body), func() {
			_ = section.DecodeChanges(body, section.Instant(at), func(*section.Change) error { return nil })
		})
		var again []byte
		err := section.DecodeChanges(body, section.Instant(at), func(c *section.Change) error {
			again = section.AppendChange(again, section.Instant(at), c)
			return nil
		})
		if err == nil && !bytes.Equal(again, body) {
			t.Fatalf("two encodings of one meaning:\n%x\n%x", body, again)
		}
	})
}

// FuzzDecodeEntry: the same for entries.
func FuzzDecodeEntry(f *testing.F) {
	e := exampleEntry()
	f.Add(AppendEntry(nil, &e))
	f.Add(AppendEntry(nil, &Entry{Kind: EntryClaim, Seq: 1, Epoch: 1}))
	f.Fuzz(func(t *testing.T, src []byte) {
		budget.Reading{PerByte: 8}.Check(t, len(src), func() { _, _ = DecodeEntry(src) })
		e, err := DecodeEntry(src)
		if err == nil && !bytes.Equal(AppendEntry(nil, &e), src) {
			t.Fatalf("two encodings of one entry: %x", src)
		}
	})
}

func BenchmarkAppendChange(b *testing.B) {
	c := examples()["hold of two neighbours"]
	buffer := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		buffer = section.AppendChange(buffer[:0], baseAt, &c)
	}
}

func BenchmarkHashEntry(b *testing.B) {
	e := exampleEntry()
	e.Body = make([]byte, 16<<10)
	b.SetBytes(int64(len(e.Body)))
	for b.Loop() {
		HashEntry(&e)
	}
}

// FuzzDecodeEvent: stored headers are read as they were written, or refused as ErrFormat.
func FuzzDecodeEvent(f *testing.F) {
	stored, err := EncodeEvent(
		&Event{Name: "one", Currency: "EUR", Prices: map[string]int64{"a": 1}, Sections: []SectionInfo{{ID: "A"}}},
	)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Add([]byte(`{"Prices":` + strings.Repeat(`{"a":`, 3000)))
	f.Fuzz(func(t *testing.T, stored []byte) {
		budget.Reading{PerByte: 500}.Check(t, len(stored), func() { _, _ = DecodeEvent(stored) })
		e, err := DecodeEvent(stored)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if _, err := EncodeEvent(e); err != nil {
			t.Fatal(err)
		}
	})
}
