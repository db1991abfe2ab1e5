package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/nodetest"
)

// TestTicketsOfTheCommandLine: keys are listed and made once under a word, and what two scanners let in is told.
func TestTicketsOfTheCommandLine(t *testing.T) {
	s := newPrivateSale(t)
	defer func() { nodetest.Close(t, s.node) }()
	event, url := s.events[0].ID, "http://"+s.node.Addr()
	var b wire.Booking
	s.call("POST", "/v1/events/"+event+"/bookings", fan, `{"seats":["A-1-3"]}`, http.StatusCreated, &b)
	s.call("POST", "/v1/bookings/"+b.ID+"/confirm", fan, `{"payment_token":"tok_ok"}`, http.StatusOK, &b)
	var all struct {
		Tickets []struct {
			Code string `json:"code"`
		} `json:"tickets"`
	}
	s.call("GET", "/v1/bookings/"+b.ID+"/tickets", fan, "", http.StatusOK, &all)
	said := func(want int, args ...string) string {
		t.Helper()
		code, out := tool(t, append(append([]string{"tickets"}, args...), "--url", url)...)
		if code != want {
			t.Fatalf("%v: %d %s", args, code, out)
		}
		return out
	}
	if out := said(exitOK, "keys", "list"); strings.Count(out, "signs") != 1 || strings.Count(out, "\n") != 2 {
		t.Errorf("keys: %s", out)
	}
	for range 2 {
		out := said(exitOK, "keys", "rotate", "--idempotency-key", "season")
		if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 3 ||
			strings.Contains(lines[1], "signs") || !strings.Contains(lines[2], "signs") {
			t.Errorf("keys: %s", out)
		}
	}
	if out := said(exitOK, "conflicts", event); out != "" {
		t.Errorf("nobody was let in: %s", out)
	}
	for _, told := range [][2]string{{"north", "2026-05-01T20:00:00Z"}, {"south", "2026-05-01T20:01:00Z"}} {
		body, err := json.Marshal(map[string]any{"scanner": told[0],
			"scans": []map[string]string{{"code": all.Tickets[0].Code, "at": told[1]}}})
		if err != nil {
			t.Fatal(err)
		}
		s.call("POST", "/v1/tickets/scan/batch", "", string(body), http.StatusOK, nil)
	}
	out := said(exitFindings, "conflicts", event)
	for _, want := range []string{"A, A-1-3", "admitted", "north", "and", "south", "20:01:00"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if code, out := tool(t, "tickets", "conflicts", "nonsense", "--url", url); code != exitFailed {
		t.Errorf("an event that is none: %d %s", code, out)
	}
	if code, out := tool(t, "event", "delete", event, "--yes", "--url", url); code != exitFailed ||
		!strings.Contains(out, "event_has_bookings") {
		t.Errorf("an event with a ticket is deleted: %d %s", code, out)
	}
	other := s.events[1].ID
	if code, out := tool(t, "event", "delete", other, "--url", url); code == exitOK {
		t.Errorf("deleted without a word: %s", out)
	}
	for range 2 {
		if code, out := tool(t, "event", "delete", other, "--yes", "--key", "mistake", "--url", url); code != exitOK ||
			!strings.Contains(out, "June Day: deleted") {
			t.Errorf("delete: %d %s", code, out)
		}
	}
	s.call("GET", "/v1/events/"+other, fan, "", http.StatusNotFound, nil)
	if code, out := tool(t, "cluster", "status", "--url", url); strings.Contains(out, "told by") {
		t.Errorf("nobody is told anything: %d %s", code, out)
	}
}
