package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/cmd/holdfast/client"
)

// server answers without a network.
type server struct {
	t     *testing.T
	busy  int // tries that are answered with status
	code  int
	after string // Retry-After of those; empty: none
	asked int
	keys  []string
}

// RoundTrip implements http.RoundTripper.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	if text, err := io.ReadAll(r.Body); err != nil || string(text) != body {
		s.t.Errorf("try %d sends %q: %v", s.asked, text, err)
	}
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader("{}"))}
	if s.asked <= s.busy {
		if answer.StatusCode = s.code; s.after != "" {
			answer.Header.Set("Retry-After", s.after)
		}
	}
	return answer, nil
}

const body = `{"a":1}`

// TestABusyServerIsAskedAgainUnderTheSameKey: after 503 with Retry-After, and only where a repeat has one effect.
func TestABusyServerIsAskedAgainUnderTheSameKey(t *testing.T) {
	whole := func() io.Reader { return strings.NewReader(body) }
	for _, c := range []struct {
		name  string
		to    server
		key   string
		body  io.Reader
		asked int
		fine  bool
		took  time.Duration
	}{
		{"not busy", server{}, "k", whole(), 1, true, 0},
		{"busy twice", server{busy: 2, code: 503, after: "1"}, "k", whole(), 3, true, 2 * time.Second},
		{"busy for ever", server{busy: 99, code: 503, after: "60"}, "k", whole(), 4, false, 6 * time.Second},
		{"without a key", server{busy: 2, code: 503, after: "1"}, "", whole(), 1, false, 0},
		{"without a time", server{busy: 2, code: 503}, "k", whole(), 1, false, 0},
		{"judged", server{busy: 2, code: 429, after: "1"}, "k", whole(), 1, false, 0},
		{"a body that is read once", server{busy: 2, code: 503, after: "1"}, "k", io.MultiReader(whole()), 1, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.to.t = t
				began := time.Now()
				to := client.Client{Base: "http://a.example", Key: "x", HTTP: &http.Client{Transport: &c.to}}
				err := to.Post(t.Context(), "/x", c.key, c.body, int64(len(body)), new(struct{}))
				if fine := err == nil; fine != c.fine || c.to.asked != c.asked || time.Since(began) != c.took {
					t.Errorf("asked %d times in %v: %v", c.to.asked, time.Since(began), err)
				}
				for _, key := range c.to.keys {
					if key != c.key {
						t.Errorf("keys %q", c.to.keys)
					}
				}
			})
		})
	}
}
