package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/feed/mail/smtptest"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// toldOutside gathers what a webhook hears.
type toldOutside struct {
	mu     sync.Mutex
	bodies bytes.Buffer
}

func (o *toldOutside) text() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.bodies.Bytes())
}

// feedItems are all that feeds keep in a stopped server's store: cursors, deliveries, mails that wait.
func feedItems(t *testing.T, data string) []byte {
	t.Helper()
	store, err := pebblestore.Open(filepath.Join(data, "store"), pebblestore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // it was read only
	var all bytes.Buffer
	err = store.FeedItems(t.Context(), nil, nil, 0, func(i storage.FeedItem) error {
		fmt.Fprintf(&all, "%s %s\n", i.Key, i.Value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

// TestFeedsAndQueuesNameNobody guards P14: webhooks, what is asked for, deliveries and mails that wait have neither a
// name nor an address in them, and a buyer who was forgotten while mails waited gets none.
func TestFeedsAndQueuesNameNobody(t *testing.T) {
	out := &toldOutside{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is not found
		out.mu.Lock()
		out.bodies.Write(body)
		out.mu.Unlock()
		w.WriteHeader(http.StatusServiceUnavailable) // so that all of it waits in a queue
	}))
	t.Cleanup(receiver.Close)
	s := newPrivateSaleWith(t, func(c *config.Config) {
		c.WebhooksPrivate, c.MailLanguage, c.TestClock = true, "en", true
		c.MailServer, c.MailFrom = "smtp://127.0.0.1:1?tls=off", "Box <box@example.com>" // nobody listens
	})
	s.giveContact()
	s.call("POST", "/v1/webhooks", "", `{"url":"`+receiver.URL+`","from":"beginning"}`, http.StatusCreated, nil)
	over := s.events[0].ID
	s.sell(over)
	testkit.Eventually(t, "a webhook is told", func() bool { return bytes.Contains(out.text(), []byte(over)) })
	testkit.Eventually(t, "a mail waits", func() bool {
		var mails struct {
			Queued int `json:"queued"`
		}
		s.call("GET", "/v1/mails", "", "", http.StatusOK, &mails)
		return mails.Queued > 0
	})
	var changes struct {
		Changes []any `json:"changes"`
	}
	s.call("GET", "/v1/events/"+over+"/changes", "", "", http.StatusOK, &changes)
	if code, status := tool(t, "cluster", "status", "--url", "http://"+s.node.Addr()); code != exitOK ||
		!strings.Contains(status, "webhook") || !strings.Contains(status, "mail") {
		t.Errorf("how far those are who are told: %d %s", code, status)
	}
	s.look() // it stops and starts the server
	s.places["webhooks"], s.places["changes"] = out.text(), fmt.Append(nil, changes)
	nodetest.Close(t, s.node)
	s.places["queues"] = feedItems(t, s.data)
	if len(s.places["queues"]) == 0 || len(changes.Changes) == 0 {
		t.Fatal("there is nothing in which a name could be")
	}
	for _, secret := range []string{fan, invited, address, phone} {
		for _, place := range s.where([]byte(secret)) {
			if !strings.Contains(place, string(filepath.Separator)+"contacts"+string(filepath.Separator)) {
				t.Errorf("P14: %s is in %s", secret, place)
			}
		}
	}
	s.mailsReach(t, over)
}

// mailsReach forgets the buyer, and then the event, while mails wait for a server that is there at last.
func (s *privateSale) mailsReach(t *testing.T, over string) {
	t.Helper()
	if code, out := tool(t, "forget", "--buyer", fan, "--reason", "asked", "--data", s.data); code != exitOK {
		t.Fatalf("forget: %d %s", code, out)
	}
	server := smtptest.Start(t, smtptest.Options{})
	s.configure = func(c *config.Config) {
		c.MailServer, c.MailFrom = "smtp://"+server.Addr+"?tls=off", "Box <box@example.com>"
		c.MailLanguage, c.WebhooksPrivate = "en", true
	}
	s.start()
	s.call("POST", "/v1/test/clock/advance", "", `{"seconds":3600}`, http.StatusOK, nil) // all of them are due
	testkit.Eventually(t, "no mail waits any more", func() bool {
		_, metrics := testkit.Get(t, "http://"+s.node.Addr()+"/metrics")
		return strings.Contains(metrics, `holdfast_mails_queued 0`) &&
			!strings.Contains(metrics, `holdfast_mails_total{result="nobody"} 0`)
	})
	if got := server.Got(); len(got) > 0 {
		t.Errorf("P14: mails to %v after they were forgotten", got)
	}
	s.call("POST", "/v1/events/"+over+"/sale", "", `{"state":"closed"}`, http.StatusOK, nil)
	if code, out := tool(t, "forget", "--event", over, "--reason", "a year is over", "--before-start", "--url",
		"http://"+s.node.Addr()); code != exitOK {
		t.Fatalf("forget: %d %s", code, out)
	}
	key := slices.Clone(s.key(over))
	s.look()
	s.places["queues"] = nil
	nodetest.Close(t, s.node)
	s.places["queues"] = feedItems(t, s.data)
	if key == nil {
		t.Fatal("the key was nowhere before")
	}
	if found := s.where(key); len(found) > 0 {
		t.Errorf("P14: the key is still in %v", found)
	}
	if code, out := tool(t, "audit", "--data", s.data); code != exitOK {
		t.Errorf("audit: %d %s", code, out)
	}
}
