package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// P8, on a real server: whoever has no admission holds nothing; whoever joined, was called and took their turn does;
// operators see it and close the doors.
func TestWaitingRoomOfARunningServer(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	ask := func(method, path, body string, head map[string]string, into any) int {
		t.Helper()
		return askServer(t, method, url+path, body, head, into)
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
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool { return room.Called > 0 })
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

// askServer sends one request, and reads the JSON of its answer.
func askServer(t *testing.T, method, url, body string, head map[string]string, into any) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
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
		t.Fatalf("%s %s: %d %s", method, url, response.StatusCode, text)
	}
	return response.StatusCode
}

// untilRoom follows the waiting room until it is as wanted.
func untilRoom(t *testing.T, url string, wanted func(*waitingroom.Room) bool) {
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
		if is && json.Unmarshal([]byte(data), &room) == nil && wanted(&room) {
			return
		}
	}
	t.Fatal("the stream ended before the waiting room was as wanted")
}

// P8, with nothing but what a running server publishes: saved in the lobby, at the close and after the draw, its
// answers are what holdfast draw verify confirms, and one that was changed afterwards is contradicted.
func TestDrawOfARunningServerIsConfirmed(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	node := nodetest.Open(t, data)
	url := "http://" + node.Addr()
	path, places := lobbyOf(t, url, []string{"alice", "bob", "carol"})
	saved := func(name, place string) string {
		var document json.RawMessage
		head := map[string]string{}
		if place != "" {
			head["Queue-Place"] = place
		}
		if status := askServer(t, "GET", url+path+"/queue/draw", "", head, &document); status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, document)
		}
		return testkit.WriteFile(t, name, string(document))
	}
	lobby := saved("lobby.json", "")
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool { return room.Phase == "closed" })
	closed := saved("closed.json", places[1])
	var changed json.RawMessage
	operator := map[string]string{"Authorization": "Bearer dev", "Idempotency-Key": "drum"}
	if status := askServer(t, "PATCH", url+path+"/waiting-room", `{"draw":{"signature":"c0ffee"},"reason":"drum"}`,
		operator, &changed); status != http.StatusOK {
		t.Fatalf("the draw's value: %d %s", status, changed)
	}
	untilRoom(t, url+path+"/queue/stream", func(room *waitingroom.Room) bool { return room.Seed != "" })
	drawn := saved("drawn.json", places[1])
	nodetest.Close(t, node)
	verify := func(document string, more ...string) (int, string) {
		return tool(t, append([]string{"draw", "verify", document, "--before", lobby, "--before", closed}, more...)...)
	}
	if code, out := verify(drawn, "--data", data); code != exitOK ||
		!strings.Contains(out, "CONFIRMED, not independent") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := verify(bentFile(t, drawn, `"entrants":3`, `"entrants":2`)); code != 1 {
		t.Errorf("an entrant was dropped: %d %s", code, out)
	}
}

// lobbyOf makes an event and has people join its lobby, which closes soon after. It tries a longer lobby where joins
// came too late.
func lobbyOf(t *testing.T, url string, people []string) (path string, places []string) {
	t.Helper()
	for wait := 2 * time.Second; ; wait *= 2 {
		var event wire.Event
		body := `{"name":"N","starts_at":"2035-06-01T19:30:00Z","currency":"EUR","prices":{"*":4500},"plan":` + smallPlan +
			`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","closes_at":"` +
			time.Now().
				Add(wait).
				UTC().
				Format(time.RFC3339Nano) +
			`","active_max":1}}`
		if status := askServer(t, "POST", url+"/v1/events", body, map[string]string{"Authorization": "Bearer dev"},
			&event); status != http.StatusCreated {
			t.Fatalf("%d", status)
		}
		path, places = "/v1/events/"+event.ID, nil
		inTime := true
		for _, name := range people {
			var place waitingroom.Place
			askServer(t, "POST", url+path+"/queue", "", map[string]string{"X-Buyer": name}, &place)
			places = append(places, place.Place)
			inTime = inTime && place.Phase == "lobby"
		}
		if inTime {
			return path, places
		}
	}
}
