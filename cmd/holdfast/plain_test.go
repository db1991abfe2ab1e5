package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"holdfast/actors/venue"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/terminal"
)

// Kind: messages in the words of the source (packages, Go's layout of times, a library's errors) where an operator made
// a slip.
func TestSlipsOfAnOperatorAreToldInPlainWords(t *testing.T) {
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(plan, []byte(smallPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"status":401,"code":"unauthorized","detail":"the bearer token is not valid","field":"Authorization"}`))
	}))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	defer server.Close()
	const event = "11111111-1111-8111-8111-111111111111"
	made := []string{"import", "--data", filepath.Join(dir, "d"), "--name", "X", "--starts-at",
		"2030-05-01T20:00:00+02:00", plan}
	for _, c := range []struct {
		args  []string
		wants string
	}{
		{[]string{"sale", "shut", event, "--data", dir}, `"shut" is no state of a sale`},
		{[]string{"sale", "open", "zzz", "--data", dir}, `"zzz" is no event id`},
		{[]string{"sale", "open", event, "--data", filepath.Join(dir, "d")}, "holdfast: no such event"},
		{[]string{"audit", "--data", filepath.Join(dir, "nothing")}, "no holdfast has kept anything in this folder"},
		{[]string{"import", "--check", "--front", "nowhere", plan}, "holdfast: --front nowhere: front is neither"},
		{append(made, "--price", "*=25.00"), "a whole number of minor units"},
		{append(made, "--price", "25"), "write CATEGORY=MINOR"},
		{append(made, "--price", "*=1", "--price", "*=2"), `"*" has two prices`},
		{append(made[:len(made)-2:len(made)-2], "2030-05-01T20:00:00", plan), "is no time with an offset"},
		{[]string{"sale", "open", event, "--url", server.URL},
			"--operator-key-file is needed: the server refused: the bearer"},
		{[]string{"sale", "open", event, "--url", gone.URL}, "no answer from 127.0.0.1:"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), c.args, &out, &errs); code != exitFailed {
			t.Errorf("%q: exit code %d", c.args, code)
		}
		said := errs.String()
		if !strings.Contains(said, c.wants) {
			t.Errorf("%q says %q, want %q", c.args, said, c.wants)
		}
		for _, ours := range []string{"storage:", "actors:", "venue:", "pebblestore:", "15:04:05Z07:00",
			"invalid map value"} {
			if strings.Contains(said, ours) {
				t.Errorf("%q speaks of %s: %q", c.args, ours, said)
			}
		}
	}
}

// Several prices may stand in one value, and a category's name may have any sign in it.
func TestPricesOfOddlyNamedCategories(t *testing.T) {
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	text := `{"sections":[{"id":"A","category":"a=b","rows":[{"label":"1","seats":4}]},
		{"id":"B","category":"c;d","rows":[{"label":"1","seats":4}]}]}`
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args := []string{"import", "--data", filepath.Join(dir, "d"), "--name", "X", "--starts-at",
		"2030-05-01T20:00:00+02:00",
		"--price", `a=b=100;c\;d=250`, plan}
	if code := run(t.Context(), args, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for _, line := range []string{"a=b  1.00 EUR", "c;d  2.50 EUR"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in %q", line, out.String())
		}
	}
}

// Kind: a table whose columns do not line up: a hidden sign that is written out, a total that is longer than every
// name.
func TestTableOfSectionsLinesUp(t *testing.T) {
	for _, id := range []string{"A", "Steh\u00adplatz", "Parkett links vorn"} {
		text := `{"sections":[{"id":"` + id +
			`","rows":[{"label":"1","seats":4}]},{"id":"B","rows":[{"label":"1","seats":11}]}]}`
		plan, err := venue.Parse([]byte(text), venue.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		describePlan(terminal.NewWriter(&out), plan)
		wide := 0
		for _, line := range strings.Split(out.String(), "\n") {
			if at := strings.LastIndexByte(line, ' '); at < 0 ||
				!slices.Contains([]string{"seats", "4", "11", "15"}, line[at+1:]) {
				continue
			}
			if n := utf8.RuneCountInString(line); wide == 0 {
				wide = n
			} else if n != wide {
				t.Errorf("%q: a line of %d characters under one of %d:\n%s", id, n, wide, out.String())
			}
		}
		if wide == 0 {
			t.Errorf("%q: no table in %q", id, out.String())
		}
	}
}

// Kind: a resource that another process has, told in the words of a system call and twice over.
func TestWhatAnotherProcessHasIsToldOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	node := nodetest.Open(t, data)
	defer nodetest.Close(t, node)
	serve := []string{"serve", "--dev-auth", "--data"}
	elsewhere := filepath.Join(t.TempDir(), "e")
	for _, c := range []struct {
		args  []string
		wants string
	}{
		{append(serve, data, "--listen", "127.0.0.1:0"), "in use by a running holdfast: stop the other first"},
		{[]string{"audit", "--data", data}, "in use by a running holdfast: one process only"},
		{append(serve, elsewhere, "--listen", node.Addr()), "--listen " + node.Addr() +
			": another program listens there already"},
		{append(serve, elsewhere, "--listen", "127.0.0.1:99999"),
			"--listen 127.0.0.1:99999: address 99999: invalid port"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), c.args, &out, &errs)
		if said := errs.String(); code != exitFailed || !strings.Contains(said, c.wants) ||
			strings.Contains(said, "bind:") {
			t.Errorf("%q: exit code %d, %q", c.args, code, said)
		}
	}
}
