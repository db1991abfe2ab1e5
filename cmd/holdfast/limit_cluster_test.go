package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// limitHouse is an event on three node processes, of sections that are spread over them.
type limitHouse struct {
	t     *testing.T
	urls  []string
	path  string
	ended atomic.Int32 // the node that was killed; -1: none
}

const limitSections, limitMost = 9, 4

func openLimitHouse(t *testing.T, urls []string) *limitHouse {
	t.Helper()
	h := &limitHouse{t: t, urls: urls}
	h.ended.Store(-1)
	var sections []string
	for i := range limitSections {
		sections = append(sections, fmt.Sprintf(`{"id":"S%d","rows":[{"label":"1","seats":60}]}`, i))
	}
	operator, event := map[string]string{"Authorization": "Bearer dev"}, wire.Event{}
	if status := askServer(t, "POST", urls[0]+"/v1/events", `{"name":"L","starts_at":"2035-06-01T19:30:00Z",`+
		`"currency":"EUR","prices":{"*":4500},"max_seats_per_booking":4,"max_seats_per_buyer":`+fmt.Sprint(limitMost)+
		`,"plan":{"sections":[`+strings.Join(sections, ",")+`]}}`, operator, &event); status != http.StatusCreated {
		t.Fatalf("%d %+v", status, event)
	}
	h.path = "/v1/events/" + event.ID
	askServer(t, "POST", urls[0]+h.path+"/sale", `{"state":"open"}`, operator, &event)
	testkit.Eventually(t, "three nodes share the house", func() bool {
		s := seen(t, urls[0])
		return s.Serving == s.Total && s.Misplaced == 0 && len(s.Nodes) == 3
	})
	return h
}

// hold asks for a seat as a client does: under one key, again at the next node, until there is an answer. It gives the
// status and the code.
func (h *limitHouse) hold(node int, buyer, key, seat string) (status int, code string) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); node++ {
		if node %= len(h.urls); int32(node) == h.ended.Load() {
			continue
		}
		request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.urls[node]+h.path+"/bookings",
			strings.NewReader(`{"seats":["`+seat+`"]}`))
		if err != nil {
			panic(err) // the test's own words
		}
		request.Header.Set("X-Buyer", buyer)
		request.Header.Set("Idempotency-Key", key)
		response, err := http.DefaultClient.Do(request)
		if err != nil { // it died with its node, and may have been done
			<-time.After(20 * time.Millisecond)
			continue
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests {
			<-time.After(20 * time.Millisecond)
			continue
		}
		var said struct{ Code string }
		_ = json.Unmarshal(text, &said) // a booking has none
		return response.StatusCode, said.Code
	}
	return 0, "no answer within a minute"
}

// TestLimitOfABuyerOverNodesThroughKillNine (P13): one buyer wants 40 seats at once, over sections on three nodes, one
// of which is killed meanwhile. The buyer has as many as allowed, and never more; the audit proves that from the logs.
func TestLimitOfABuyerOverNodesThroughKillNine(t *testing.T) {
	database := pgtest.Database(t)
	r := startLocal(t, "--store", database)
	urls, pids := r.nodes()
	if len(urls) != 3 {
		t.Fatalf("%d nodes:\n%s", len(urls), r.text())
	}
	h := openLimitHouse(t, urls)
	for buyer := range 3 { // whose coordinators are on different nodes
		victim := 2 - buyer
		var granted, over atomic.Int32
		var all sync.WaitGroup
		wave := func(from, to int) {
			for i := from; i < to; i++ {
				all.Go(func() {
					seat := fmt.Sprintf("S%d-1-%d", i%limitSections, 1+20*buyer+i/limitSections)
					switch status, code := h.hold(i%3, fmt.Sprint("greedy", buyer), fmt.Sprint("key", i), seat); {
					case status == http.StatusCreated:
						granted.Add(1)
					case status == http.StatusUnprocessableEntity && code == "too_many_seats":
						over.Add(1)
					default:
						t.Errorf("%s: %d %s", seat, status, code)
					}
				})
			}
		}
		wave(0, 40)
		if buyer == 1 {
			testkit.Eventually(t, "somebody was answered", func() bool { return granted.Load()+over.Load() > 0 })
			h.ended.Store(int32(victim))
			if err := syscall.Kill(pids[victim], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			wave(40, 80)
		}
		all.Wait()
		for i := 100; i < 110 && granted.Load() < limitMost; i++ { // what was counted in doubt is free again
			wave(i, i+1)
			all.Wait()
		}
		if got := granted.Load(); got != limitMost {
			t.Errorf("buyer %d has %d seats, and may have %d", buyer, got, limitMost)
		}
	}
	h.oneKeyAtAllNodes()
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r.wait()
	if code, out := tool(t, "audit", "--store", database); code != exitOK || strings.Contains(out, "carry no grant") {
		t.Errorf("audit: %d\n%s", code, out)
	}
}

// oneKeyAtAllNodes (P5): one key for three different requests in the same moment, at all nodes, is one booking, and a
// mismatch for the others.
func (h *limitHouse) oneKeyAtAllNodes() {
	for round := range 10 {
		var all sync.WaitGroup
		var booked, mismatched atomic.Int32
		for i := range 3 {
			all.Go(func() {
				seat := fmt.Sprintf("S%d-1-%d", (round+i)%limitSections, 50+round)
				switch status, code := h.hold(i, fmt.Sprint("twice", round), "one-key", seat); {
				case status == http.StatusCreated:
					booked.Add(1)
				case status == http.StatusUnprocessableEntity:
					mismatched.Add(1)
				default:
					h.t.Errorf("%s: %d %s", seat, status, code)
				}
			})
		}
		if all.Wait(); booked.Load() != 1 || mismatched.Load() != 2 {
			h.t.Errorf("P5: one key for three requests: %d bookings, %d mismatches", booked.Load(), mismatched.Load())
		}
	}
}
