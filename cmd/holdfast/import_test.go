package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// caseFile is a small plan of the venue's cases.
func caseFile(name string) string {
	return filepath.Join("..", "..", "actors", "venue", "testdata", "cases", name)
}

// A check judges as a server does, card numbers (P12) included, and both read what editors and other systems write.
func TestCheckAndImportAgree(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile(caseFile(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	numeric := read("numeric-guids.json")
	for _, c := range []struct{ what, plan, refusal string }{
		{"numeric guids", numeric, ""},
		{"guids that begin like cards", strings.ReplaceAll(numeric, "20260501", "40260501"), ""},
		{"byte order mark", read("bom.json"), ""},
		{"a card as a guid", strings.Replace(read("zwj-emoji.json"), "g-1-1", "4111-1111-1111-1111", 1),
			"/zones/0/rows/0/seats/0/seat_guid"},
		{"a card as a name", strings.Replace(numeric, `"name": "Hall"`, `"name": "4111111111111111"`, 1), "/name"},
		{"a look-alike", read("lookalike-invisible.json"), "look alike"},
	} {
		plan := testkit.WriteFile(t, "plan.json", c.plan)
		checked, told := tool(t, "import", "--check", plan)
		made, said := tool(t, "import", "--data", filepath.Join(t.TempDir(), "d"), "--starts-at",
			"2030-05-01T20:00:00Z", "--price", "*=1", plan)
		if (checked == exitOK) != (c.refusal == "") || made != checked {
			t.Errorf("%s: check %d, import %d\n%s\n%s", c.what, checked, made, told, said)
		}
		if !strings.Contains(told, c.refusal) || strings.Contains(told, "1111") {
			t.Errorf("%s: %s", c.what, told)
		}
	}
}

// The key of an import is judged with a server and without one by one rule.
func TestKeysOfImportsAreJudgedWithoutAServerToo(t *testing.T) {
	for key, good := range map[string]bool{"season-2030": true, "4111111111111111": false, "4111-1111-1111-1111": false,
		"two words": false, "schlüssel": false} {
		code, out := tool(t, "import", "--data", filepath.Join(t.TempDir(), "d"), "--name", "Night", "--starts-at",
			"2030-05-01T20:00:00Z",
			"--price", "*=1", "--key", key, caseFile("nfd-labels.json"))
		if (code == exitOK) != good || !good && !strings.Contains(out, "Idempotency-Key") ||
			strings.Contains(out, "1111") {
			t.Errorf("%q: %d %s", key, code, out)
		}
	}
}

// A category is named on the command line in whatever spelling (NFC, NFD) the keyboard makes.
func TestPricesFindCategoriesInEitherSpelling(t *testing.T) {
	for _, price := range []string{"Caf\u00e9=1", "Cafe\u0301=1"} {
		code, out := tool(t, "import", "--data", filepath.Join(t.TempDir(), "d"), "--name", "Night", "--starts-at",
			"2030-05-01T20:00:00Z",
			"--price", price, caseFile("nfd-labels.json"))
		if code != exitOK {
			t.Errorf("%+q: %d %s", price, code, out)
		}
	}
}

// Kind: a price without its fees on a terminal. What an import prints first is the total, and the file of prices is the
// API's own form.
func TestImportTellsTotalsAndWhatTheyAreMadeOf(t *testing.T) {
	prices := testkit.WriteFile(t, "prices.json", `{"*":{"face":4000,"fees":[{"code":"service","amount":500}],`+
		`"taxes":[{"code":"vat","rate":"19.00","included":true}]}}`)
	data := filepath.Join(t.TempDir(), "d")
	run := func(more ...string) (int, string) {
		return tool(t, append([]string{"import", "--data", data, "--name", "Night",
			"--starts-at", "2030-05-01T20:00:00Z", "--prices", prices, caseFile("nfd-labels.json")}, more...)...)
	}
	code, out := run()
	const says = "  45.00 EUR  (face 40.00 EUR, service 5.00 EUR, included vat 7.18 EUR)"
	if code != exitOK || !strings.Contains(out, says) {
		t.Errorf("%d %s", code, out)
	}
	_, again := run()
	if id := out[strings.LastIndex(out, "event "):]; !strings.HasSuffix(again, id) {
		t.Errorf("the same import made another event: %s, %s", out, again)
	}
	if code, out = run("--price", "*=1"); code != exitOK || !strings.Contains(out, "  0.01 EUR\n") {
		t.Errorf("--price does not override: %d %s", code, out)
	}
	for content, says := range map[string]string{
		`{"*":{"face":-1}}`: "must be from 0", `{"*":null}`: "null", `[1]`: "wrong type",
		`{"*":{"face":1,"tip":2}}`: "tip",
	} {
		prices = testkit.WriteFile(t, "bad.json", content)
		if code, out := run(); code == exitOK || !strings.Contains(out, says) {
			t.Errorf("%s: %d %s", content, code, out)
		}
	}
}
