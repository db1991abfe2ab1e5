package testkit

import (
	"context"
	"fmt"
	"holdfast/storage/sqlstore/pgserver"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// WriteFile writes a file that only its owner may read, in a folder of the test's.
func WriteFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// QuietLog drops every line.
func QuietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Get asks for a page and gives its status and its text.
func Get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// EventuallyMax bounds what a test waits for; nothing takes nearly as long.
const EventuallyMax = time.Minute

// Eventually repeats a call that must be right at last.
func Eventually(t *testing.T, what string, right func() bool) time.Duration {
	t.Helper()
	begun, tick := time.Now(), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !right() {
		if <-tick.C; time.Since(begun) > EventuallyMax {
			t.Fatalf("never came: %s", what)
		}
	}
	return time.Since(begun)
}

// Visit comes on a connection of its own each time, as a balancer's question does.
func Visit(url string) (status int, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, CloseBody(err, response.Body)
}

// CloseBody closes an answer's body, and keeps what went wrong before.
func CloseBody(err error, body io.Closer) error {
	if closeErr := body.Close(); err == nil {
		return closeErr
	}
	return err
}

// AwaitNotReady asks until readyz says 503; no answer at all is what must not happen before that.
func AwaitNotReady(ctx context.Context, url string) error {
	for {
		status, err := Visit(url + "/readyz")
		switch {
		case err != nil:
			return fmt.Errorf("turned away before being told: %w", err)
		case status == http.StatusServiceUnavailable:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// FreeAddress is a loopback address that nobody listens on, and that no listener on port 0 and no outgoing connection
// of another test will be given before it is used: its port is below those that the system hands out.
func FreeAddress() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(pgserver.FreePort())) }
