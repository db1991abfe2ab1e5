package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// catalog is every event of the house: the one that can be opened, five others, and more where a test wants them.
func (f *fake) catalog() []map[string]any {
	events := []map[string]any{f.event()}
	for i, name := range []string{"Harbour Jazz Night", "The Glass Menagerie", "City Derby: United vs Rovers",
		"An Evening of Bach", "Comedy Marathon"} {
		e := f.event()
		e["id"], e["name"], e["seats"] = fmt.Sprintf("other-%d", i), name, 1200*(i+1)
		e["sale"] = []string{"open", "paused", "closed"}[i%3]
		e["starts_at"] = fmt.Sprintf("2027-0%d-1%dT18:00:00.000Z", i+1, i)
		events = append(events, e)
	}
	for i := range f.more {
		e := f.event()
		e["id"], e["name"] = fmt.Sprintf("more-%d", i), fmt.Sprintf("Matinee %d", i)
		events = append(events, e)
	}
	return events
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	if f.failList {
		f.refuse(w, 400, "something_new")
		return
	}
	found := []map[string]any{}
	for _, e := range f.catalog() {
		if f.lean {
			delete(e, "sections")
			e["section_count"] = len(f.house.Sections)
		}
		if strings.Contains(strings.ToLower(e["name"].(string)), strings.ToLower(r.URL.Query().Get("q"))) {
			found = append(found, e)
		}
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	page := map[string]any{"events": found[from:min(len(found), from+limit)]}
	if from+limit < len(found) {
		page["next_cursor"] = strconv.Itoa(from + limit)
	}
	f.answerTagged(w, r, page)
}

// answerTagged answers as the server does: a copy that is still good costs no body.
func (f *fake) answerTagged(w http.ResponseWriter, r *http.Request, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(304)
		f.unchanged <- struct{}{}
		return
	}
	_, _ = w.Write(text)
}

// awaitUnchanged waits until a page has asked for a list that was as before.
func (f *fake) awaitUnchanged(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-f.unchanged:
	case <-ctx.Done():
		t.Fatal("no page asked again with the tag it was given")
	}
}

// mine lists 45 bookings of the buyer, two pages of which are full.
func (f *fake) mine(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	page := map[string]any{"bookings": []map[string]any{}, "next_cursor": nil, "as_of": "2027-01-01T00:00:00.000Z",
		"incomplete": false}
	list := []map[string]any{}
	for n := from; n < min(45, from+limit); n++ {
		list = append(list, map[string]any{"id": fmt.Sprint("b", n), "event": eventID, "placed_at": page["as_of"],
			"state": []string{"confirmed", "held", "expired"}[n%3], "seats": []string{fmt.Sprintf("A-1-%d", n)},
			"total": map[string]any{"amount": 4500, "currency": "EUR"}})
	}
	if f.travels {
		list = append(list[:0], f.withTickets("b0"))
	}
	if page["bookings"] = list; !f.travels && from+limit < 45 {
		page["next_cursor"] = strconv.Itoa(from + limit)
	}
	f.answer(w, 200, page)
}
