package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// heard is one request to a receiver.
type heard struct {
	header http.Header
	body   []byte
}

// receive is a receiver on this machine.
func receive(t *testing.T) (url string, next func() heard) {
	t.Helper()
	all := make(chan heard, 256)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			all <- heard{r.Header, body}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() heard {
		t.Helper()
		select {
		case one := <-all:
			return one
		case <-time.After(20 * time.Second):
			t.Fatal("P15: nothing is told")
			return heard{}
		}
	}
}

// TestP15WhatIsTriggeredIsToldAndBroughtHere: by a webhook of a running server over a restart of it, and by listen.
func TestP15WhatIsTriggeredIsToldAndBroughtHere(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	config := nodetest.Config(data)
	config.WebhooksPrivate = true
	node := nodetest.OpenWith(t, config)
	event, url := node.Engine().Events()[0].ID.String(), "http://"+node.Addr()
	to, next := receive(t)
	code, out := tool(t, "webhooks", "add", to, "--types", "booking.*", "--url", url)
	id, secret := "", ""
	for word := range strings.FieldsSeq(out) {
		switch {
		case strings.HasPrefix(word, "we_"):
			id = word
		case strings.HasPrefix(word, "whsec_"):
			secret = word
		}
	}
	if code != exitOK || id == "" || secret == "" {
		t.Fatalf("add: %d %s", code, out)
	}
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	told := func(kind string) {
		t.Helper()
		for one := next(); ; one = next() {
			if err := hook.Verify(one.body, one.header); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(one.body, []byte(`"type":"`+kind+`"`)) {
				return
			}
		}
	}
	for _, kind := range []string{"booking.confirmed", "booking.released", "booking.refunded"} {
		if code, out := tool(t, "trigger", kind, "--event", event, "--url", url); code != exitOK {
			t.Fatalf("trigger %s: %d %s", kind, code, out)
		}
		told(kind)
	}
	nodetest.Close(t, node)
	node = nodetest.OpenWith(t, config)
	t.Cleanup(func() { nodetest.Close(t, node) })
	url = "http://" + node.Addr()
	if code, out := tool(t, "trigger", "booking.held", "--event", event, "--url", url); code != exitOK {
		t.Fatalf("trigger: %d %s", code, out)
	}
	told("booking.held")
	for command, want := range map[string]string{"list": "told",
		"ping " + id: "delivered", "deliveries " + id: "MESSAGE",
		"disable " + id: "enabled false", "enable " + id: "enabled true", "rotate " + id: "whsec_"} {
		args := append([]string{"webhooks"}, strings.Fields(command)...)
		if code, out := tool(t, append(args, "--url", url)...); code != exitOK ||
			!strings.Contains(out, want) {
			t.Errorf("%s: %d %s", command, code, out)
		}
	}
	if code, out := tool(t, "webhooks", "remove", id, "--url", url); code != exitOK {
		t.Errorf("remove: %d %s", code, out)
	}
	listens(t, url, event)
}

// TestATriggeredHoldEndsAtOnceInAStoreForTests, and elsewhere when it ends.
func TestATriggeredHoldEndsAtOnceInAStoreForTests(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	config := nodetest.Config(data)
	config.TestClock = true
	node := nodetest.OpenWith(t, config)
	nodetest.Close(t, node)
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2099-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	node = nodetest.OpenWith(t, config)
	t.Cleanup(func() { nodetest.Close(t, node) })
	event, url := node.Engine().Events()[0].ID.String(), "http://"+node.Addr()
	code, out := tool(t, "trigger", "booking.expired", "--event", event, "--url", url)
	if code != exitOK || !strings.Contains(out, "booking.expired") {
		t.Fatalf("trigger: %d %s", code, out)
	}
	testkit.Eventually(t, "the hold has expired", func() bool {
		code, out := tool(t, "bookings", "list", event, "--url", url)
		return code == exitOK && strings.Contains(out, "expired")
	})
	if code, out := tool(t, "copy", "--from", "pebble:"+data, "--to", "pebble:"+t.TempDir()); code == exitOK ||
		!strings.Contains(out, "made for tests") {
		t.Errorf("copy: %d %s", code, out)
	}
}

// listens has the changes of an event brought to a receiver, from the first on.
func listens(t *testing.T, url, event string) {
	t.Helper()
	to, next := receive(t)
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	go func() {
		ended <- run(ctx, []string{"listen",
			"--url", url, "--event", event, "--forward-to", to, "--beginning", "--secret",
			secret}, &stdout, &stderr)
	}()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for one := next(); !bytes.Contains(one.body, []byte(`"type":"booking.refunded"`)); one = next() {
		if err := hook.Verify(one.body, one.header); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if code := <-ended; code != exitOK || !strings.Contains(stderr.String(), "--cursor") {
		t.Errorf("listen: %d %s %s", code, stdout.String(), stderr.String())
	}
}
