package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const queueEvent = "11111111-1111-8111-8111-111111111111"

// Each command asks for one change, with its reason and a key, and shows what the server says.
func TestQueueCommandsAskForOneChange(t *testing.T) {
	var asked, keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1/events/"+queueEvent)+" "+string(body))
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		_, _ = w.Write([]byte(`{"phase":"paused","joined":7,"active_max":9,"inside":2,"message":"\u001b[2Jlate"}`))
	}))
	defer server.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, `GET /queue `},
		{[]string{"rate", "2.5"}, `{"admit_per_second":2.5}`}, {[]string{"rate", "none"}, `{"admit_unbounded":true}`},
		{[]string{"cap", "0"}, `{"active_max":0}`}, {[]string{"pause"}, `{"paused":true}`},
		{[]string{"resume"}, `{"paused":false}`}, {[]string{"open"}, `{"open":true}`},
		{[]string{"message", "soon"}, `{"message":"soon"}`}, {[]string{"message", ""}, `{"message":""}`},
		{[]string{"draw", "--round", "5", "--signature", "0a"}, `{"draw":{"round":5,"signature":"0a"}}`},
	} {
		args := append(append([]string{"queue"}, c.args...), queueEvent, "--url", server.URL)
		if c.args[0] != "status" {
			args = append(args, "--reason", "why not", "--key", "k")
		}
		asked = asked[:0]
		code, out := tool(t, args...)
		if code != exitOK || !strings.Contains(out, "2 of 9") || strings.Contains(out, "\x1b") {
			t.Errorf("%q: %d %s", args, code, out)
		}
		if len(asked) == 0 {
			t.Errorf("%q asked nothing", args)
			continue
		}
		got := asked[len(asked)-1]
		if rest, is := strings.CutPrefix(got, "PATCH /waiting-room "); is {
			var change, want map[string]any
			if json.Unmarshal([]byte(rest), &change) != nil || json.Unmarshal([]byte(c.want), &want) != nil {
				t.Fatalf("%s", rest)
			}
			if want["reason"] = "why not"; !same(change, want) || keys[len(keys)-1] != "k" {
				t.Errorf("%q asked for %s, want %v", args, rest, want)
			}
		} else if got != c.want {
			t.Errorf("%q asked %q", args, got)
		}
	}
}

func same(a, b map[string]any) bool {
	one, err := json.Marshal(a)
	other, failed := json.Marshal(b)
	return err == nil && failed == nil && string(one) == string(other)
}

// A slip is told before anybody is asked.
func TestQueueCommandsNeedAReasonAndAnEvent(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"queue", "pause", queueEvent}, "--reason"},
		{[]string{"queue", "pause", "zzz", "--reason", "x"}, `"zzz" is no event id`},
		{[]string{"queue", "rate", "fast", queueEvent, "--reason", "x"}, `"fast" is no rate`},
		{[]string{"queue", "rate", "2x", queueEvent, "--reason", "x"}, `"2x" is no rate`},
	} {
		if code, out := tool(t, c.args...); code != exitFailed || !strings.Contains(out, c.says) {
			t.Errorf("%q: %d %s", c.args, code, out)
		}
	}
}
