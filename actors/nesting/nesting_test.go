package nesting_test

import (
	"encoding/json"
	"strings"
	"testing"

	"holdfast/actors/nesting"
)

func TestDeeper(t *testing.T) {
	for _, row := range []struct {
		text   string
		limit  int
		at     int
		deeper bool
	}{
		{"", 0, 0, false},
		{"7", 0, 0, false},
		{"[]", 0, 0, true},
		{"[]", 1, 0, false},
		{"[[]]", 1, 1, true},
		{`{"a":[1,{"b":2}]}`, 3, 0, false},
		{`{"a":[1,{"b":2}]}`, 2, 8, true},
		{strings.Repeat("[]", 1000), 1, 0, false},     // many, not deep
		{strings.Repeat("]", 9) + "[[", 1, 10, true},  // closing what is not open earns nothing
		{`["[[[[","\"[[","\\",[]]`, 2, 0, false},      // brackets in strings are text
		{`["` + strings.Repeat("[", 99), 1, 0, false}, // a string that never ends
		{strings.Repeat(`{"a":`, 9), 8, 40, true},     // objects alike
	} {
		if at, deeper := nesting.Deeper([]byte(row.text), row.limit); at != row.at || deeper != row.deeper {
			t.Errorf("%.40q within %d: %d %v, want %d %v", row.text, row.limit, at, deeper, row.at, row.deeper)
		}
	}
}

// FuzzDeeper: what is valid JSON is exactly as deep as a decoder finds it.
func FuzzDeeper(f *testing.F) {
	for _, seed := range []string{`{"a":[{"b":"]"}]}`, `[[[[]]],"\"[",{}]`, `"\\"`, `[`, `"`} {
		f.Add([]byte(seed), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, limit uint8) {
		_, deeper := nesting.Deeper(text, int(limit))
		if !json.Valid(text) {
			return
		}
		if depth := depthOf(t, text); deeper != (depth > int(limit)) {
			t.Fatalf("%q is %d deep, and Deeper than %d: %v", text, depth, limit, deeper)
		}
	})
}

func depthOf(t *testing.T, text []byte) (deepest int) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			deepest = max(deepest, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}
