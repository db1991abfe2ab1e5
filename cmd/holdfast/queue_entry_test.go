package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/api/proofofwork"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// asker asks a server, reads the answer, and gives its status.
func asker(t *testing.T, url string) func(method, path, body string, head map[string]string, into any) int {
	return func(method, path, body string, head map[string]string, into any) int {
		t.Helper()
		return askServer(t, method, url+path, body, head, into)
	}
}

// madeRoom makes an event with a waiting room on a running server, and gives its path.
func madeRoom(t *testing.T, url, room string) (id, path string) {
	t.Helper()
	var event wire.Event
	if status := asker(t, url)("POST", "/v1/events", `{"name":"N","starts_at":"2035-06-01T19:30:00Z","currency":"EUR",`+
		`"prices":{"*":4500},"plan":`+smallPlan+`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","active_max":1,`+
		room+`}}`, map[string]string{"Authorization": "Bearer dev"}, &event); status != http.StatusCreated {
		t.Fatalf("%d %+v", status, event)
	}
	return event.ID, "/v1/events/" + event.ID
}

// Kind: a presale code that lets in more people, or fewer, than it may: when many use it at once, when they repeat, and
// after the server has begun anew. The audit holds the log against it.
func TestPresaleCodesOfARunningServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	node := nodetest.Open(t, data)
	url := "http://" + node.Addr()
	id, path := madeRoom(t, url, `"presale":true`)
	mint := []string{"queue", "codes", "mint", id, "--url", url, "--uses", "5", "--key", "one", "--reason", "press"}
	code, out := tool(t, append(mint, "--count", "2")...)
	_, again := tool(t, append(mint, "--count", "2")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitOK || out != again || len(lines) != 2 {
		t.Fatalf("%d %q, and again %q", code, out, again)
	}
	if code, out := tool(t, append(mint, "--count", "3")...); code == exitOK || !strings.Contains(out, "idempotency") {
		t.Errorf("another body under one key: %d %s", code, out)
	}
	_, press, _ := strings.Cut(lines[0], "\t")
	join := func(url, code string, n int) (why string) {
		var answer struct{ Code, Place string }
		asker(t, url)("POST", path+"/queue", `{"code":"`+code+`"}`,
			map[string]string{"X-Buyer": fmt.Sprintf("fan %d", n)}, &answer)
		return answer.Code
	}
	var got [40]string
	var all sync.WaitGroup
	for i := range got { // each of 20 fans joins twice, from two windows
		all.Go(func() { got[i] = join(url, press, i/2) })
	}
	all.Wait()
	in := []int{}
	for i := 0; i < len(got); i += 2 {
		if got[i] == "" && got[i+1] == "" {
			in = append(in, i/2)
		} else if got[i] != "code_used_up" || got[i+1] != "code_used_up" {
			t.Errorf("fan %d hears %q and %q", i/2, got[i], got[i+1])
		}
	}
	if len(in) != 5 {
		t.Errorf("a code of 5 uses lets %d in", len(in))
	}
	boundCodes(t, id, url, join)
	nodetest.Close(t, node)

	node = nodetest.Open(t, data)
	url = "http://" + node.Addr()
	for n := range 20 {
		if why := join(url, press, n); (why == "") != slices.Contains(in, n) {
			t.Errorf("after a restart fan %d hears %q", n, why)
		}
	}
	_, other, _ := strings.Cut(lines[1], "\t")
	code, out = tool(t, "queue", "codes", "revoke", id, "--url", url, "--code", other, "--reason", "leaked")
	if code != exitOK {
		t.Errorf("%d %s", code, out)
	}
	if why := join(url, other, 99); why != "code_revoked" {
		t.Errorf("a code that was taken back: %q", why)
	}
	nodetest.Close(t, node)
	if code, out := tool(t, "audit", "--data", data); code != exitOK {
		t.Errorf("audit: %d %s", code, out)
	}
}

// boundCodes: a code for each of a list of buyers, which nobody else may use.
func boundCodes(t *testing.T, id, url string, join func(url, code string, n int) string) {
	t.Helper()
	members := testkit.WriteFile(t, "members", "ann\n\nfan 0\n")
	code, out := tool(t, "queue", "codes", "mint", id, "--url", url, "--buyers-file", members, "--until",
		"2100-01-01T00:00:00Z", "--reason", "members")
	if code != exitOK || !strings.Contains(out, "\tann\n") {
		t.Fatalf("%d %s", code, out)
	}
	anns := strings.Split(strings.Split(out, "\n")[0], "\t")[1]
	if why := join(url, anns, 1); why != "wrong_buyer" {
		t.Errorf("another's code: %q", why)
	}
}

// P8, on a real server: no place without a proof, one with; and a bound of polls that is set reaches those who wait.
func TestProofOfWorkOfARunningServer(t *testing.T) {
	c := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	c.QueuePollsPerSecond = 1
	node := nodetest.OpenWith(t, c)
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	_, path := madeRoom(t, url, `"proof_of_work":{"max_number":1000}`)
	ask := asker(t, url)
	for n := range 20 {
		fan := map[string]string{"X-Buyer": fmt.Sprintf("fan %d", n)}
		var refused wire.Problem
		if ask("POST", path+"/queue", "", fan, &refused); refused.Code != "proof_required" || refused.Field != "proof" {
			t.Fatalf("%+v", refused)
		}
		var challenge waitingroom.Challenge
		ask("GET", path+"/queue/challenge", "", fan, &challenge)
		z := challenge.ProofOfWork
		number, found := proofofwork.Solve(z.Challenge, z.Salt, z.MaxNumber)
		if !found {
			t.Fatalf("%+v", z)
		}
		proof := proofofwork.AppendProof(nil, z.Challenge, z.Salt, z.Signature, uint64(number))
		var place waitingroom.Place
		status := ask("POST", path+"/queue", `{"proof":"`+string(proof)+`"}`, fan, &place)
		if status != http.StatusCreated {
			t.Fatalf("%d %+v", status, place)
		}
	}
	// 19 wait at one poll a second: asking again sooner would be too often, and nothing else says so
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool {
		return room.Waiting == 19 && room.RetryAfter >= 19
	})
}

// Kind: limits of an event's own that one command sets and a restart forgets. They bind at once, with their name, and
// stand in the log with their reason.
func TestRoomLimitsOfARunningServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	node := nodetest.Open(t, data)
	url := "http://" + node.Addr()
	id, path := madeRoom(t, url, `"limits":{"polls":{"per_second":0.001,"burst":1}}`)
	fan := map[string]string{"X-Buyer": "ann"}
	join := func(url string) wire.Problem {
		var refused wire.Problem
		asker(t, url)("POST", path+"/queue", "", fan, &refused)
		return refused
	}
	for range 3 {
		if refused := join(url); refused.Code != "" {
			t.Fatalf("%+v", refused)
		}
	}
	code, out := tool(t, "queue", "limits", id, "--url", url, "--joins", "0.001", "--joins-burst", "1", "--polls", "0",
		"--reason", "scripts join")
	if code != exitOK || !strings.Contains(out, "joins 0.001 a second, 1 at once") || strings.Contains(out, "polls") {
		t.Errorf("%d %s", code, out)
	}
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool { return room.Limits != nil })
	if refused := join(url); refused.Code != "" {
		t.Errorf("the first that is counted: %+v", refused)
	}
	if refused := join(url); refused.Code != "rate_limited" || refused.Limit != "joins" {
		t.Errorf("a join over the limit: %+v", refused)
	}
	nodetest.Close(t, node)

	node = nodetest.Open(t, data)
	url = "http://" + node.Addr()
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool {
		return room.Limits != nil && *room.Limits.Joins.Burst == 1 && room.Limits.Polls == nil
	})
	join(url)
	if refused := join(url); refused.Limit != "joins" {
		t.Errorf("after a restart: %+v", refused)
	}
	nodetest.Close(t, node)
	if code, out := tool(t, "audit", "--data", data); code != exitOK {
		t.Errorf("audit: %d %s", code, out)
	}
}
