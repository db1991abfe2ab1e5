package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stranger comes on a connection of its own each time, as a balancer's question does.
func stranger(url string) (status int, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, closing(err, response.Body)
}

func closing(err error, body io.Closer) error {
	if closeErr := body.Close(); err == nil {
		return closeErr
	}
	return err
}

// awaitNotReady asks until readyz says 503; no answer at all is what must not happen before that.
func awaitNotReady(ctx context.Context, url string) error {
	for {
		status, err := stranger(url + "/readyz")
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

func TestDrainingNodeSaysSoAndStillServes(t *testing.T) {
	node := openNode(t, filepath.Join(t.TempDir(), "d"))
	url := "http://" + node.Addr()
	draining, end := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() {
		node.Drain(draining, time.Hour)
		close(drained)
	}()
	if err := awaitNotReady(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if status, err := stranger(url + "/v1/events"); err != nil || status != http.StatusOK {
		t.Errorf("a new connection while draining: %d %v", status, err)
	}
	select {
	case <-drained:
		t.Error("the drain ended before its time")
	default:
	}
	end()
	<-drained
	closeNode(t, node)
	if status, err := stranger(url + "/v1/events"); err == nil {
		t.Errorf("a closed node answers %d", status)
	}
}

// TestServeDrainsBeforeItCloses runs the command itself, in JSON: every line of its output is for machines, and whoever asks while
// it stops hears 503 before the door is shut.
func TestServeDrainsBeforeItCloses(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lines, errs := io.Pipe()
	var stdout bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "d"), "--dev-auth", "--log-format", "json", "--drain-wait", "1s",
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
	if err := awaitNotReady(t.Context(), at); err != nil {
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
