package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
)

// lockedLog is a log that a test reads while a node writes.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestLimitsOfARunningNode: they are shown, changed with a reason that the log keeps, and met by the next caller; a
// Redis that is not there is an alarm, and stops neither the start nor a buyer.
func TestLimitsOfARunningNode(t *testing.T) {
	cfg, logs := nodetest.Config(filepath.Join(t.TempDir(), "d")), &lockedLog{}
	cfg.Redis = "redis://u:geheim@127.0.0.1:1"
	n, err := node.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(logs, nil)), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nodetest.Close(t, n) })
	if err := demo.WaitReady(t.Context(), n.Engine()); err != nil {
		t.Fatal(err)
	}
	url := "http://" + n.Addr()
	if code, out := tool(t, "limits", "show", "--url", url); code != exitOK || !strings.Contains(out, "cut_off") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := tool(t, "limits", "set", "--url", url, "--buyer-rate", "1"); code != exitFailed ||
		!strings.Contains(out, "--reason") {
		t.Errorf("without a reason: %d %s", code, out)
	}
	if code, out := tool(t, "limits", "set", "--url", url, "--reason", "nothing"); code != exitFailed ||
		!strings.Contains(out, "changes nothing") {
		t.Errorf("without a change: %d %s", code, out)
	}
	code, out := tool(t, "limits", "set", "--url", url, "--buyer-rate", "0.001", "--buyer-burst", "2", "--reason",
		"a drill")
	if code != exitOK || !strings.Contains(out, "0.001/s, 2 at once") {
		t.Errorf("%d %s", code, out)
	}
	statuses := ""
	for range 21 {
		statuses += fmt.Sprint(" ", statusOfBooking(t, url))
	}
	if want := strings.Repeat(" 404", 20) + " 429"; statuses != want {
		t.Errorf("%s, want%s", statuses, want)
	}
	for _, want := range []string{"ALARM: Redis does not answer", "a drill", "buyer=0.001/s,2"} {
		if !strings.Contains(logs.String(), want) {
			t.Errorf("the log has no %q", want)
		}
	}
	if strings.Contains(logs.String(), "geheim") {
		t.Error("the log has Redis's password")
	}
}

// statusOfBooking is what alice hears of a booking that is none.
func statusOfBooking(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/bookings/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Buyer", "alice")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection is used again
	_ = response.Body.Close()
	return response.StatusCode
}
