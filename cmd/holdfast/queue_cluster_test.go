package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// arrivals are people who come to a cluster one after the other, through each node that lives, and want a place.
type arrivals struct {
	path string
	urls []string
	next atomic.Int64

	mu     sync.Mutex
	places map[string]waitingroom.Place // by buyer
	at     []time.Time                  // of the answers with a place
}

// join asks for one buyer's place, as a client does: again, until there is an answer.
func (a *arrivals) join(t *testing.T, url, buyer string) (place waitingroom.Place) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		request, err := http.NewRequestWithContext(
			t.Context(), http.MethodPost, url+a.path+"/queue", strings.NewReader(`{"party":2}`),
		)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Buyer", buyer)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Errorf("%s joins at %s: %v", buyer, url, err)
			return place
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(response.Body)
		_ = response.Body.Close()
		switch {
		case err != nil:
			t.Errorf("%s joins: %v", buyer, err)
			return place
		case response.StatusCode == http.StatusCreated || response.StatusCode == http.StatusOK:
			if err := json.Unmarshal(text.Bytes(), &place); err != nil {
				t.Errorf("%s: %v", &text, err)
			}
			return place
		case response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests,
			time.Now().After(deadline):
			t.Errorf("%s joins: %d %s", buyer, response.StatusCode, &text)
			return place
		}
	}
}

// come sends people until over is closed.
func (a *arrivals) come(t *testing.T, over <-chan struct{}) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range 2 * len(a.urls) {
		all.Go(func() {
			for t.Context().Err() == nil {
				select {
				case <-over:
					return
				default:
				}
				buyer := fmt.Sprint("buyer-", a.next.Add(1))
				place := a.join(t, a.urls[i%len(a.urls)], buyer)
				a.mu.Lock()
				a.places[buyer], a.at = place, append(a.at, time.Now())
				a.mu.Unlock()
			}
		})
	}
	return &all
}

// count is how many have a place.
func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.at)
}

// gap is the longest time without an answer.
func (a *arrivals) gap() (longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortFunc(a.at, time.Time.Compare)
	for i := 1; i < len(a.at); i++ {
		longest = max(longest, a.at[i].Sub(a.at[i-1]))
	}
	return longest
}

// doorkeeper is the node that serves an event's gate, by its number; -1: none says so.
func doorkeeper(t *testing.T, urls []string, event string) int {
	for i, url := range urls {
		var said wire.Cluster
		status := askServer(t, "GET", url+"/v1/cluster", "", map[string]string{"Authorization": "Bearer dev"}, &said)
		for _, s := range said.Sections {
			if status == http.StatusOK && s.Event == event && s.Section == "waiting room" && s.State == "serving" &&
				s.Owner == said.Self {
				return i
			}
		}
	}
	return -1
}

// TestKillNineOfTheGatesNode: P2, P8. The node of an event's waiting room is killed while people join through the
// others: everybody has a place, numbers are dense, a second join finds the first, and the log is clean.
func TestKillNineOfTheGatesNode(t *testing.T) {
	database := pgtest.Database(t)
	r := startLocal(t, "--store", database)
	urls, pids := r.nodes()
	if len(urls) != 3 {
		t.Fatalf("%d nodes:\n%s", len(urls), r.text())
	}
	operator := map[string]string{"Authorization": "Bearer dev"}
	var event wire.Event
	if status := askServer(t, "POST", urls[0]+"/v1/events", `{"name":"N","starts_at":"2035-06-01T19:30:00Z",`+
		`"currency":"EUR","prices":{"*":4500},"plan":`+smallPlan+
		`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","active_max":5}}`, operator, &event); status != http.StatusCreated {
		t.Fatalf("%d %+v", status, event)
	}
	path := "/v1/events/" + event.ID
	askServer(t, "POST", urls[0]+path+"/sale", `{"state":"open"}`, operator, &event)
	victim := -1
	testkit.Eventually(t, "the gate serves", func() bool { victim = doorkeeper(t, urls, event.ID); return victim >= 0 })
	left := slices.Delete(slices.Clone(urls), victim, victim+1)
	a := &arrivals{path: path, urls: left, places: map[string]waitingroom.Place{}}
	over := make(chan struct{})
	all := a.come(t, over)
	testkit.Eventually(t, "people join", func() bool { return a.count() > 100 })
	if err := syscall.Kill(pids[victim], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	before := a.count()
	testkit.Eventually(t, "people join again", func() bool { return a.count() > before+100 })
	close(over)
	all.Wait()
	t.Logf("%d people joined; the longest time without a place given, over a kill -9 of the gate's node, was %v",
		a.count(), a.gap().Round(time.Millisecond))
	numbers := make([]bool, len(a.places))
	for buyer, place := range a.places {
		if int(place.Number) >= len(numbers) || numbers[place.Number] {
			t.Errorf("%s has number %d of %d, or another has it too", buyer, place.Number, len(numbers))
			continue
		}
		numbers[place.Number] = true
		if place.Number%20 == 0 {
			if again := a.join(t, left[place.Number%2], buyer); again.Number != place.Number {
				t.Errorf("%s had number %d, now %d", buyer, place.Number, again.Number)
			}
		}
	}
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r.wait()
	if code, out := tool(t, "audit", "--store", database); code != exitOK {
		t.Errorf("audit: %d\n%s", code, out)
	}
}
