package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/drawctl"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

const (
	drawnFile  = "drawctl/testdata/drawn.json"
	closedFile = "drawctl/testdata/closed.json"
	lobbyFile  = "drawctl/testdata/lobby.json"
	gateLog    = "drawctl/testdata/log.ndjson"
)

// bentFile is a copy of a file with one text exchanged.
func bentFile(t *testing.T, name, old, text string) string {
	t.Helper()
	whole, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(whole), old) {
		t.Fatalf("%s: %v", name, err)
	}
	return testkit.WriteFile(t, filepath.Base(name), strings.Replace(string(whole), old, text, 1))
}

// TestDrawVerdictsAndTheirCodes guards P8: whoever publishes or scripts the verdict gets word and exit code right.
func TestDrawVerdictsAndTheirCodes(t *testing.T) {
	operators := bentFile(t, drawnFile, `"chain": "52db9ba7`, `"chain": "00db9ba7`)
	for name, c := range map[string]struct {
		code int
		says string
		args []string
	}{
		"all": {0, "CONFIRMED, independent", []string{drawnFile, "--before", lobbyFile, "--before", closedFile, "--log",
			gateLog, "--require-independent"}},
		"document":        {0, "CONFIRMED, independent", []string{drawnFile}},
		"not independent": {0, "CONFIRMED, not independent", []string{operators}},
		"must be":         {1, "not independent", []string{operators, "--require-independent"}},
		"another seed":    {1, "CONTRADICTED", []string{bentFile(t, drawnFile, `"seed": "e4`, `"seed": "e5`)}},
		"another root": {1, "changed after the close", []string{drawnFile, "--before", bentFile(t, closedFile, `"f9926a`,
			`"f9926b`)}},
		"another log": {2, "of event", []string{drawnFile, "--log", bentFile(t, gateLog, `"e1070000`, `"e1080000`)}},
		"no draw yet": {2, "NOT DRAWN YET", []string{closedFile}},
		"no document": {2, "no published draw", []string{gateLog}},
		"no file":     {2, "no such file", []string{"drawctl/testdata/none.json"}},
		"two logs":    {2, "one of --log", []string{drawnFile, "--log", gateLog, "--data", t.TempDir()}},
		"salt key":    {2, "64 hexadecimal", []string{drawnFile, "--salt-key", gateLog}},
		"chain info":  {2, "/info", []string{drawnFile, "--chain-info", gateLog}},
	} {
		code, out := tool(t, append([]string{"draw", "verify"}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: code %d, want %d and %q:\n%s", name, code, c.code, c.says, out)
		}
	}
	code, out := tool(t, "draw", "verify", drawnFile, "--json")
	var v drawctl.Verdict
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != 0 || !v.Independent ||
		v.Verdict != drawctl.Confirmed ||
		v.Rank == nil ||
		*v.Rank != 7 {
		t.Errorf("%v: %d %s", err, code, out)
	}
}

// gateFolder is a stopped server's data with the log of a waiting room.
func gateFolder(t *testing.T, lines string) (data, event string) {
	t.Helper()
	data = t.TempDir()
	store, err := pebblestore.Open(filepath.Join(data, datafolder.StoreFolder), pebblestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tail, writer := storage.Tail{}, storage.NewWriterID()
	for in := bufio.NewScanner(strings.NewReader(lines)); in.Scan(); {
		var r drawctl.Record
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		event = r.Event
		id, err := storage.ParseEventID(event)
		if err != nil {
			t.Fatal(err)
		}
		e := storage.Entry{Kind: storage.EntryChanges, Seq: tail.Seq + 1, Epoch: 1, Writer: writer,
			Batch: storage.NewBatchID(), At: section.Instant(r.At), Prev: tail.Hash, Body: r.Body}
		if r.Kind == "claim" {
			e.Kind, e.Body = storage.EntryClaim, []byte("owner")
		}
		key := storage.SectionKey{Event: id, Section: 1 << 31}
		if err := store.Commit(t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
			t.Fatal(err)
		}
		tail = e.After(storage.HashEntry(&e))
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return data, event
}

// TestGateLogOfAStoppedServer guards P8: the log in the store is exported as it is, and verified without an export.
func TestGateLogOfAStoppedServer(t *testing.T) {
	lines, err := os.ReadFile(gateLog)
	if err != nil {
		t.Fatal(err)
	}
	data, event := gateFolder(t, string(lines))
	if code, out := tool(t, "draw", "export", event, "--data", data); code != 0 || out != string(lines) {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := tool(t, "draw", "verify", drawnFile, "--data", data); code != 0 || !strings.Contains(out,
		"the 9 entrants of the log give the published root") {
		t.Errorf("%d: %s", code, out)
	}
	code, out := tool(t, "log", "--waiting-room", "--event", event, "--data", data)
	if code != 0 || strings.Count(out, "\n") < 9 || !strings.Contains(out, `"kind":"lobby_closed","count":9`) {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := tool(t, "log", "--waiting-room", "--data", data); code != 2 || !strings.Contains(out, "--event") {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := tool(t, "draw", "export", "0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40", "--data", data); code != 2 ||
		!strings.Contains(out, "no log of a waiting room") {
		t.Errorf("%d: %s", code, out)
	}
}
