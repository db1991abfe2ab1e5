package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"holdfast/actors/feed/mail/smtptest"
	"holdfast/cmd/holdfast/testkit"
)

// ears hear what a server that is killed tells outside: a webhook's receiver and a mail server, which stall and refuse,
// and a topic.
type ears struct {
	mails *smtptest.Server
	topic *kfake.Cluster

	mu    sync.Mutex
	asked int
	seen  map[string]bool              // ids
	last  map[string]string            // by shard, the last one that came for the first time
	heard map[string]map[string]string // by type, booking → id of the message
	wrong []string
}

// listen has the server tell of all its bookings, and gives its buyers addresses.
func (p *process) listen(buyers int) *ears {
	p.t.Helper()
	e := &ears{mails: smtptest.Start(p.t, smtptest.Options{}), seen: map[string]bool{}, last: map[string]string{},
		heard: map[string]map[string]string{}}
	receiver := httptest.NewServer(http.HandlerFunc(e.hear))
	p.t.Cleanup(receiver.Close)
	p.more = append(p.more[:len(p.more):len(p.more)], "--webhooks-private", "--mail-server",
		"smtp://"+e.mails.Addr+"?tls=off", "--mail-from", "box@example.com")
	broker, flags := startTopic(p.t)
	e.topic, p.more = broker, append(p.more, flags...)
	if err := p.start(); err != nil {
		p.t.Fatal(err)
	}
	url := "http://" + p.address
	if code, out := tool(p.t, "webhooks", "add", receiver.URL, "--url", url); code != exitOK {
		p.t.Fatalf("webhooks add: %d %s", code, out)
	}
	for i := range buyers {
		name := fmt.Sprintf("buyer-%d", i)
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, url+"/v1/me/contact",
			strings.NewReader(`{"email":"`+name+`@example.com"}`))
		if err != nil {
			p.t.Fatal(err)
		}
		request.Header.Set("X-Buyer", name)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			p.t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
			p.t.Fatalf("a contact: %d", response.StatusCode)
		}
	}
	n := 0
	e.mails.Refuse(func(step, _ string) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if step != "data" {
			return nil
		}
		if n++; n < 30 && n%5 == 0 {
			return smtptest.Answer(451)
		}
		return nil
	})
	p.terminate()
	p.mu.Lock()
	p.up = make(chan struct{})
	p.mu.Unlock()
	return e
}

// hear takes a message. Every 40th it refuses, and every 97th it lets wait.
func (e *ears) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed
	}
	e.mu.Lock()
	e.asked++
	n := e.asked
	e.mu.Unlock()
	switch {
	case n%97 == 0:
		<-time.After(300 * time.Millisecond)
	case n%40 == 0:
		w.WriteHeader(http.StatusServiceUnavailable)
		e.note(r.Header.Get("webhook-id"), body, false)
		return
	}
	e.note(r.Header.Get("webhook-id"), body, true)
}

func (e *ears) note(id string, body []byte, taken bool) {
	var m struct {
		ID, Type, Sequence, PartitionKey string
		Change                           int
		Data                             struct{ Booking string }
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := json.Unmarshal(body, &m); err != nil || m.ID != id {
		e.wrong = append(e.wrong, fmt.Sprintf("P15: a message %q has the body %s: %v", id, body, err))
		return
	}
	at := fmt.Sprintf("%s.%06d", m.Sequence, m.Change)
	if last := e.last[m.PartitionKey]; !e.seen[id] && at < last {
		e.wrong = append(e.wrong, fmt.Sprintf("P15: %s comes for the first time after %s", id, last))
	} else if !e.seen[id] {
		e.last[m.PartitionKey] = at
	}
	e.seen[id] = true
	if !taken {
		return
	}
	if e.heard[m.Type] == nil {
		e.heard[m.Type] = map[string]string{}
	}
	if before := e.heard[m.Type][m.Data.Booking]; m.Type == "booking.confirmed" && before != "" && before != id {
		e.wrong = append(e.wrong, fmt.Sprintf("P15: %s is told as %s, and as %s", m.Data.Booking, before, id))
	}
	e.heard[m.Type][m.Data.Booking] = id
}

// missing are bookings that were sold, and were not told of.
func (e *ears) missing(sold []string) (webhooks, mails int) {
	told := map[string]bool{}
	for _, m := range e.mails.Got() {
		for line := range strings.SplitSeq(string(m.Raw), "\n") {
			if id, found := strings.CutPrefix(line, "Booking "); found && m.Header.Get("Subject") != "" {
				told[strings.TrimSpace(id)] = true
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range sold {
		if e.heard["booking.confirmed"][id] == "" {
			webhooks++
		}
		if !told[id] {
			mails++
		}
	}
	return webhooks, mails
}

// check waits until every booking that was sold has been told, and looks that nothing was told wrongly.
func (e *ears) check(t *testing.T, sold []string) {
	t.Helper()
	testkit.Eventually(t, "P15: every sale is told", func() bool {
		webhooks, mails := e.missing(sold)
		return webhooks+mails == 0
	})
	checkTopic(t, e.topic, sold)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, wrong := range e.wrong {
		t.Error(wrong)
	}
	t.Logf("%d sales told by %d messages and %d mails", len(sold), e.asked, len(e.mails.Got()))
}
