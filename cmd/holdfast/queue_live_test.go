package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/nodetest"
)

// P8, on a real server: whoever has no admission holds nothing; whoever joined, was called and took their turn does;
// operators see it and close the doors.
func TestWaitingRoomOfARunningServer(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	ask := func(method, path, body string, head map[string]string, into any) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range head {
			request.Header.Set(name, value)
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
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
		}
		return response.StatusCode
	}
	operator, alice := map[string]string{"Authorization": "Bearer dev"}, map[string]string{"X-Buyer": "alice"}
	var event wire.Event
	if status := ask("POST", "/v1/events", `{"name":"N","starts_at":"2035-06-01T19:30:00Z","currency":"EUR",`+
		`"prices":{"*":4500},"plan":`+smallPlan+`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","active_max":1}}`,
		operator, &event); status != http.StatusCreated || event.WaitingRoom == nil {
		t.Fatalf("%d %+v", status, event)
	}
	path := "/v1/events/" + event.ID
	ask("POST", path+"/sale", `{"state":"open"}`, operator, &event)
	var refused wire.Problem
	book := func(into any) int { return ask("POST", path+"/bookings", `{"seats":["A-1-1"]}`, alice, into) }
	if book(&refused); refused.Code != "not_admitted" {
		t.Fatalf("without an admission: %+v", refused)
	}
	var place waitingroom.Place
	if status := ask("POST", path+"/queue", `{"party":2}`, alice, &place); status != http.StatusCreated {
		t.Fatalf("%d %+v", status, place)
	}
	untilCalled(t, url+path+"/queue/stream")
	alice["Queue-Place"] = place.Place
	var admission waitingroom.Admission
	if status := ask("POST", path+"/queue/admission", "", alice, &admission); status != http.StatusOK {
		t.Fatalf("%d %+v", status, admission)
	}
	var booking wire.Booking
	alice["Queue-Admission"] = admission.Admission
	if status := book(&booking); status != http.StatusCreated {
		t.Fatalf("with an admission: %d %+v", status, booking)
	}
	code, out := tool(t, "queue", "pause", event.ID, "--url", url, "--reason", "fire drill")
	if code != exitOK || !strings.Contains(out, "paused") {
		t.Errorf("pause: %d %s", code, out)
	}
	code, out = tool(t, "queue", "status", event.ID, "--url", url)
	if code != exitOK || !strings.Contains(out, "of 1") {
		t.Errorf("status: %d %s", code, out)
	}
}

// untilCalled follows the waiting room until somebody is called.
func untilCalled(t *testing.T, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		var room waitingroom.Room
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if is && json.Unmarshal([]byte(data), &room) == nil && room.Called > 0 {
			return
		}
	}
	t.Fatal("the stream ended before anybody was called")
}
