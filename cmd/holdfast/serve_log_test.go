package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
)

// Whoever collects JSON lines gets the one that says why the server is gone, from every stage of a start.
func TestFatalErrorsAreJSONWhereLogsAre(t *testing.T) {
	for name, args := range map[string][]string{
		"settings that cannot work":  {"serve", "--log-format=json", "--dev-auth"},
		"a flag that does not exist": {"serve", "--log-format", "json", "--dev-oauth"},
		"a folder that cannot be":    {"serve", "--log-format=json", "--dev-auth", "--data", "/dev/null/x"},
		"an address in use": {"serve", "--log-format=json", "--dev-auth", "--data", t.TempDir(), "--listen",
			"256.0.0.1:1"},
	} {
		code, out := tool(t, args...)
		if code != exitFailed {
			t.Errorf("%s: exit code %d", name, code)
		}
		said := ""
		for line := range strings.Lines(out) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Errorf("%s: no JSON: %s", name, line)
			}
			if fields["level"] == "ERROR" {
				said, _ = fields["error"].(string)
			}
		}
		if said == "" {
			t.Errorf("%s: nothing says why:\n%s", name, out)
		}
	}
	if _, out := tool(t, "serve", "--dev-auth"); !strings.HasPrefix(out, "holdfast: ") {
		t.Errorf("for people: %s", out)
	}
}

// A line that names a section or a node says what people call them.
func TestLogNamesSectionsAndNodes(t *testing.T) {
	var out bytes.Buffer
	log, lines := node.NewLog(&out, "json", "info")
	node := openNodeWith(t, log)
	plan := testkit.WriteFile(t, "plan.json",
		`{"sections":[{"id":"VIP_BL","category":"Stalls","rows":[{"label":"1","seats":10}]}]}`)
	if code, said := tool(t, "import", "--url", "http://"+node.Addr(), "--name", "May Day", "--starts-at",
		"2030-05-01T20:00:00Z", "--price", "*=2500", plan); code != exitOK {
		t.Fatal(said)
	}
	key := storage.SectionKey{Event: node.Engine().Events()[0].ID}
	log.Warn("section fenced", "section", key.String(), "error", &storage.FencedError{Section: key})
	lines.Flush()
	if text := out.String(); !strings.Contains(text, `"section":"VIP_BL","log":"`+key.String()) ||
		!strings.Contains(text, "section VIP_BL ("+key.String()+") is at seq") {
		t.Errorf("%s", text)
	}
}

// openNodeWith is openNode with a log.
func openNodeWith(t *testing.T, log *slog.Logger) *node.Node {
	t.Helper()
	node, err := node.Open(t.Context(), nodetest.Config(t.TempDir()), log, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nodetest.Close(t, node) })
	return node
}
