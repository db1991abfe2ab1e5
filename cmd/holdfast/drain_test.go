package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// TestServeDrainsBeforeItCloses runs the command itself, in JSON: every line of its output is for machines, and whoever
// asks while it stops hears 503 before the door is shut.
func TestServeDrainsBeforeItCloses(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lines, errs := io.Pipe()
	var stdout bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "d"), "--dev-auth", "--log-format",
			"json", "--drain-wait", "1s",
		}, &stdout, errs)
		_ = errs.Close() // ends the reading below; a pipe's close cannot fail
	}()
	url := make(chan string, 1)
	logRead := make(chan struct{})
	go func() {
		defer close(logRead)
		for scanner := bufio.NewScanner(lines); scanner.Scan(); {
			var line struct{ Msg, URL string }
			if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
				t.Errorf("log line %s: %v", scanner.Text(), err)
			}
			if line.Msg == "open" {
				url <- strings.TrimSuffix(line.URL, "/")
			}
		}
	}()
	var at string
	select {
	case at = <-url:
	case code := <-ended:
		t.Fatalf("serve ended with %d", code)
	}
	stop()
	if err := testkit.AwaitNotReady(t.Context(), at); err != nil {
		t.Error(err)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	<-logRead
	if stdout.Len() > 0 {
		t.Errorf("plain words for people on stdout: %s", stdout.String())
	}
}
