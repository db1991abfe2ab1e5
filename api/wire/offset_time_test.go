package wire

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOffsetTimeKeepsWhatWasGiven(t *testing.T) {
	for text, want := range map[string]string{
		`"2030-06-01T19:30:00Z"`:           "2030-06-01T19:30:00.000Z",
		`"2030-06-01T21:30:00.1239+02:00"`: "2030-06-01T21:30:00.123+02:00",
		`"2030-01-01T00:00:00-09:30"`:      "2030-01-01T00:00:00.000-09:30",
		`"2030-06-01T19:30:00+00:00"`:      "2030-06-01T19:30:00.000Z",
	} {
		var got OffsetTime
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`"tomorrow"`, `7`, `"1969-12-31T23:59:59Z"`, `"2030-06-01T19:30:00"`, `""`,
		`"2030-06-01T19:30:00+24:00"`,
		`"2030-06-01T19:30:00+00:60"`, `"2030-06-01T9:30:00Z"`, `"2030-06-01T19:30:00,5Z"`,
		`"9999-12-31T23:30:00-01:00"`} {
		var got OffsetTime
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s taken as %s", text, got)
		}
	}
}

// What is written is the moment that was meant, by time's own rules.
func TestOffsetTimeIsTheMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := OffsetTime{Time: Time(rapid.Int64Range(0, 250_000_000_000_000).Draw(t, "at")),
			Minutes: rapid.Int16Range(-minutesMax, minutesMax).Draw(t, "minutes")}
		at, err := time.Parse(time.RFC3339Nano, given.String())
		if err != nil || at.UnixMilli() != int64(given.Time) {
			t.Fatalf("%+v is written %s: %v, %v", given, given, at, err)
		}
		if _, seconds := at.Zone(); seconds != int(given.Minutes)*60 {
			t.Fatalf("%s is %d seconds ahead, want %d minutes", given, seconds, given.Minutes)
		}
	})
}

func TestOffsetTimeDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		dst = AppendOffsetTime(dst[:0],
			OffsetTime{Time: 1_900_000_000_123, Minutes: -210})
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
