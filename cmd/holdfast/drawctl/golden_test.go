package drawctl

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"holdfast/api/wire/drawproof"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// TestPublishedDrawStaysReadable guards P8: what was published by this build can be checked for ever, so its bytes are
// kept, and are still confirmed.
func TestPublishedDrawStaysReadable(t *testing.T) {
	h, closed := drawn(t)
	var log bytes.Buffer
	for _, r := range h.log {
		if err := json.NewEncoder(&log).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{"testdata/log.ndjson": log.Bytes()}
	for name, d := range map[string]*drawproof.Document{
		"testdata/lobby.json": h.lobbyDocument(), "testdata/closed.json": closed, "testdata/drawn.json": h.document(3),
	} {
		body, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		files[name] = append(body, '\n')
	}
	for name, body := range files {
		if *update {
			if err := os.WriteFile(name, body, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(name); err != nil || !bytes.Equal(kept, body) {
			t.Errorf("%v: this build publishes other bytes than %s", err, name)
		}
	}
	read := func(name string) *drawproof.Document {
		d, err := drawproof.Parse(files["testdata/"+name])
		if err != nil {
			t.Fatal(name, err)
		}
		return d
	}
	kept, err := ReadLog(bytes.NewReader(files["testdata/log.ndjson"]), event.String())
	if err != nil {
		t.Fatal(err)
	}
	v := verify(t, Evidence{Now: read("drawn.json"), Log: kept,
		Earlier: []*drawproof.Document{read("lobby.json"), read("closed.json")}})
	if v.Verdict != Confirmed || !v.Independent {
		t.Errorf("%s", v.lines())
	}
}
