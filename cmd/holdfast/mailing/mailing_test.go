package mailing_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/feed/mail/smtptest"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// caller asks a node over HTTP.
type caller struct {
	t   *testing.T
	url string
	n   int
}

func (c *caller) do(method, path, who string, body string) (answer map[string]any) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	c.n++
	request.Header.Set("Idempotency-Key", strings.Repeat("k", c.n))
	if name, buyer := strings.CutPrefix(who, "buyer "); buyer {
		request.Header.Set("X-Buyer", name)
	} else {
		request.Header.Set("Authorization", "Bearer dev")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// TestBuyersOfARunningNodeAreMailed (P15): a sale and a refund, over a restart, in the buyer's language.
func TestBuyersOfARunningNodeAreMailed(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	config := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	config.MailServer, config.MailFrom = "smtp://"+server.Addr+"?tls=off", "Box <box@example.com>"
	config.MailLink, config.MailLanguage = "https://box.example/", "en"
	node := nodetest.OpenWith(t, config)
	c := &caller{t: t, url: "http://" + node.Addr()}
	event := c.do("POST", "/v1/events", "operator", `{"name":"Gala","starts_at":"2030-05-01T20:00:00+02:00",`+
		`"currency":"EUR","prices":{"standard":4500},"plan":{"sections":[{"id":"A","rows":[{"label":"1",`+
		`"seats":6}]}]}}`)["id"].(string)
	c.do("POST", "/v1/events/"+event+"/sale", "operator", `{"state":"open"}`)
	c.do("PUT", "/v1/me/contact", "buyer bob", `{"email":"bob@example.com","language":"de"}`)
	booking := c.do("POST", "/v1/events/"+event+"/bookings", "buyer bob", `{"seats":["A-1-1","A-1-2"]}`)["id"].(string)
	c.do("POST", "/v1/bookings/"+booking+"/confirm", "buyer bob", `{"payment_token":"tok_ok"}`)
	sold := server.Await(t, 1)[0]
	nodetest.Close(t, node)

	node = nodetest.OpenWith(t, config)
	t.Cleanup(func() { nodetest.Close(t, node) })
	c.url = "http://" + node.Addr()
	c.do("POST", "/v1/bookings/"+booking+"/refund", "operator", `{"seats":["A-1-1"]}`)
	refunded := server.Await(t, 2)[1]
	for _, m := range []struct {
		got     smtptest.Got
		subject string
		words   []string
	}{
		{sold, "Ihre Karten für Gala", []string{"Summe: 90,00 EUR", "A-1-2", booking,
			"https://box.example/#/e/" + event}},
		{refunded, "Ihre Erstattung für Gala", []string{"45,00 EUR", "A-1-1", "übrigen", booking}},
	} {
		subject, text := read(t, m.got)
		if m.got.To != "bob@example.com" || subject != m.subject {
			t.Errorf("%q to %s, not %q", subject, m.got.To, m.subject)
		}
		for _, word := range m.words {
			if !strings.Contains(text, word) {
				t.Errorf("%q does not say %q:\n%s", subject, word, text)
			}
		}
	}
	for _, name := range []string{"tickets.pdf", "event.ics"} {
		attached := []byte(`filename="` + name + `"`)
		if !bytes.Contains(sold.Raw, attached) || bytes.Contains(refunded.Raw, attached) {
			t.Errorf("%s is attached where it should not be, or not where it should", name)
		}
	}
	if sold.Header.Get("Message-ID") == refunded.Header.Get("Message-ID") {
		t.Error("two mails have one id")
	}
	testkit.Eventually(t, "the mails are counted", func() bool {
		_, text := testkit.Get(t, c.url+"/metrics")
		return strings.Contains(text, `holdfast_mails_total{result="sent"} 1`) &&
			strings.Contains(
				text, "holdfast_mails_queued 0",
			) && strings.Contains(text, "holdfast_mail_server_failing 0")
	})
}

// read decodes a mail's subject and its plain text.
func read(t *testing.T, m smtptest.Got) (subject, text string) {
	t.Helper()
	decoder := new(mime.WordDecoder)
	subject, err := decoder.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(m.Raw), "Content-Type: text/plain")
	if !found {
		t.Fatalf("no plain text:\n%s", m.Raw)
	}
	_, text, _ = strings.Cut(text, "\r\n\r\n")
	text, _, _ = strings.Cut(text, "\r\n--")
	plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return subject, string(plain)
}
