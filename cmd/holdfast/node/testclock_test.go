package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// asked is a call of a node in dev mode, by an operator or a buyer.
func asked(
	t *testing.T, n *node.Node, method, path, buyer, key, body string,
) (status int, answer map[string]any) {
	t.Helper()
	url := "http://" + n.Addr() + path
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if buyer != "" {
		request.Header.Set("X-Buyer", buyer)
	} else {
		request.Header.Set("Authorization", "Bearer dev")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s %s: %s %v", method, path, text, err)
	}
	return response.StatusCode, answer
}

func gala(t *testing.T, n *node.Node) (event string) {
	t.Helper()
	_, made := asked(t, n, "POST", "/v1/events", "", "make", `{"name":"Gala","currency":"EUR",`+
		`"starts_at":"2099-05-01T20:00:00+02:00","prices":{"standard":4500},`+
		`"plan":{"sections":[{"id":"A","rows":[{"label":"1","seats":2}]}]}}`)
	event, _ = made["id"].(string)
	if status, now := asked(t, n, "POST", "/v1/events/"+event+"/sale", "", "open", `{"state":"open"}`); status != 200 {
		t.Fatal(status, now)
	}
	return event
}

func testsOnly(data string) *config.Config {
	c := nodetest.Config(data)
	c.TestClock = true
	return c
}

// TestAStoreForTestsLetsTenMinutesPassAtOnce: a hold ends by its clock, which no restart turns back.
func TestAStoreForTestsLetsTenMinutesPassAtOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	n := nodetest.OpenWith(t, testsOnly(data))
	event := gala(t, n)
	hold := func(buyer, key string) int {
		status, answer := asked(t, n, "POST", "/v1/events/"+event+"/bookings", buyer, key, `{"seats":["A-1-1"]}`)
		t.Log(buyer, status, answer["code"], answer["expires_at"])
		return status
	}
	if hold("ann", "1") != 201 || hold("bob", "1") != 409 {
		t.Fatal("a held seat is not held")
	}
	for range 2 { // the same key: once
		status, now := asked(t, n, "POST", "/v1/test/clock/advance", "", "ten", `{"seconds":600}`)
		if status != 200 || now["ahead_seconds"] != 600.0 {
			t.Fatal(status, now)
		}
	}
	// P4: within 100 ms, which a busy machine makes more of.
	testkit.Eventually(t, "ten minutes later the seat is free", func() bool { return hold("bob", "2") == 201 })
	nodetest.Close(t, n)
	n = nodetest.OpenWith(t, nodetest.Config(data)) // the folder is marked, not the flag
	defer func() { nodetest.Close(t, n) }()
	status, now := asked(t, n, "GET", "/v1/test/clock", "", "", "")
	at, err := time.Parse(time.RFC3339, now["now"].(string))
	if ahead := time.Until(at); status != 200 || now["ahead_seconds"] != 600.0 || err != nil ||
		ahead < 9*time.Minute || ahead > 11*time.Minute {
		t.Errorf("after a restart: %d %v, %v ahead, %v", status, now, ahead, err)
	}
	if got := hold("cid", "3"); got != 409 {
		t.Errorf("bob's hold did not outlive the restart: %d", got)
	}
	for body, code := range map[string]string{`{"seconds":0}`: "bad_request", `{"seconds":315360000}`: "bad_request",
		`{"minutes":1}`: "bad_request", `{"seconds":700}`: ""} {
		if _, answer := asked(t, n, "POST", "/v1/test/clock/advance", "", body[2:9]+code, body); code != "" &&
			answer["code"] != code {
			t.Errorf("%s: %v", body, answer)
		}
	}
	testkit.Eventually(t, "cid gets the seat", func() bool { return hold("cid", "4") == 201 })
}

// TestOnlyNewStoresGetAClockForTests: what people buy from goes by the machine's clock for ever.
func TestOnlyNewStoresGetAClockForTests(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	n := nodetest.Open(t, data)
	for path, method := range map[string]string{"": "GET", "/advance": "POST"} {
		status, answer := asked(t, n, method, "/v1/test/clock"+path, "", "", `{"seconds":60}`)
		if method == "GET" {
			status, answer = asked(t, n, method, "/v1/test/clock", "", "", "")
		}
		if status != 409 || answer["code"] != "no_test_clock" {
			t.Errorf("%s: %d %v", method, status, answer)
		}
	}
	nodetest.Close(t, n)
	_, err := node.Open(t.Context(), testsOnly(data), testkit.QuietLog(), node.Options{})
	if err == nil || !strings.Contains(err.Error(), "new folder") {
		t.Errorf("a clock for tests is given to a store that was there: %v", err)
	}
	marked := filepath.Join(t.TempDir(), "m")
	nodetest.Close(t, nodetest.OpenWith(t, testsOnly(marked)))
	c := nodetest.Config(marked)
	c.DevAuth, c.OperatorKeyFile, c.JWTHS256SecretFile = false, secret(t, 16), secret(t, 32)
	if _, err = node.Open(t.Context(), c, testkit.QuietLog(), node.Options{}); err == nil ||
		!strings.Contains(err.Error(), "--dev-auth only") {
		t.Errorf("a store for tests is served to buyers: %v", err)
	}
	if err := os.WriteFile(filepath.Join(marked, "test-clock"), []byte("-5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = node.Open(t.Context(), testsOnly(marked), testkit.QuietLog(), node.Options{}); err == nil {
		t.Error("a clock that is behind is taken")
	}
}

func secret(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(strings.Repeat("s", n)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
