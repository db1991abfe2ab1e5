package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/bench/lab"
	"holdfast/bench/rig"
)

func TestCommandLineRefusesNonsense(t *testing.T) {
	cases := map[string][]string{
		"no command":            {},
		"unknown scenario":      {"http", "everything"},
		"neither server":        {"http", "holds"},
		"a target with TLS":     {"http", "holds", "--target", "https://127.0.0.1:1"},
		"a target with a path":  {"http", "holds", "--target", "http://127.0.0.1:1/v1"},
		"comparison needs ours": {"compare-null", "holds"},
		"restart needs ours":    {"http", "restart", "--target", "http://127.0.0.1:1"},
		"no such answer":        {"null", "--answer", filepath.Join(t.TempDir(), "none")},
	}
	for name, arguments := range cases {
		var out, errs bytes.Buffer
		if code := command(t.Context(), arguments, &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%s: code %d, said %q", name, code, errs.String())
		}
	}
}

func TestHelpIsNoError(t *testing.T) {
	var out, errs bytes.Buffer
	if code := command(t.Context(), []string{"--help"}, &out, &errs); code != 0 ||
		!strings.Contains(out.String(), "compare-null") {
		t.Errorf("code %d, said %q %q", code, out.String(), errs.String())
	}
}

func TestNullServesUntilStopped(t *testing.T) {
	address, err := lab.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	answer := filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(answer, []byte("HTTP/1.1 409 Conflict\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nno"),
		0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		ended <- command(ctx, []string{"null", "--listen", address, "--answer", answer}, io.Discard, &errs)
	}()
	var got string
	for got == "" {
		select {
		case code := <-ended:
			t.Fatalf("ended with %d: %s", code, errs.String())
		default:
			got, err = fetch(ctx, "http://"+address+"/anything")
			if err != nil && ctx.Err() != nil {
				t.Fatal(err)
			}
		}
	}
	if got != "409 a/b no" {
		t.Errorf("answered %q", got)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("ended with %d: %s", code, errs.String())
	}
}

func fetch(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("Content-Type"), body),
		errors.Join(err, response.Body.Close())
}

func TestReportCarriesItsRecipe(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		c := console{ctx: t.Context(), out: &out}
		if err := c.report(asJSON, "holdfast-bench http holds", rig.Result{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "holdfast-bench http holds") ||
			!strings.Contains(out.String(), lab.Machine()) {
			t.Errorf("report lacks the command or the machine: %s", out.String())
		}
		if asJSON != strings.Contains(out.String(), `"per_second": 0`) {
			t.Errorf("JSON %v: %s", asJSON, out.String())
		}
	}
}
