package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/api/problem"
)

// exchange sends bytes on a connection of its own and reads answers until the server closes it.
func (h *house) exchange(text string) (answers []*http.Response, bodies []string) {
	h.t.Helper()
	conn, err := h.client.Transport.(*http.Transport).DialContext(h.t.Context(), "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		h.t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, text) }() // the server may hang up in the middle
	for reader := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				h.t.Errorf("%.60q: %v", text, err)
			}
			return answers, bodies
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			h.t.Error(err)
		}
		answers, bodies = append(answers, response), append(bodies, string(body))
	}
}

// smuggled stands behind a request, and must never be answered.
const smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

// What frames a request is beyond doubt, or it is refused with its connection: a front that reads the same bytes in
// another way would pass on one client's bytes as the beginning of the next one's request.
func TestDoubtfulFramingIsRefusedAndTheConnectionClosed(t *testing.T) {
	h := open(t, nil)
	for name, head := range map[string]string{
		"length and chunked": "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: " +
			"5\r\nTransfer-Encoding: chunked\r\n",
		"chunked and length": "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " +
			"chunked\r\nContent-Length: 5\r\n",
		"length and identity": "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: " +
			"0\r\nTransfer-Encoding: identity\r\n",
		"identity":         "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n",
		"gzip, chunked":    "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n",
		"chunked, chunked": "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n",
		"chunked twice": "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " +
			"chunked\r\nTransfer-Encoding: chunked\r\n",
		"empty coding":       "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n",
		"folded coding":      "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n",
		"folded by tab":      "POST /v1/events HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n",
		"folded first":       "GET /healthz HTTP/1.1\r\n Host: h\r\n",
		"space before colon": "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n",
		"tab before colon":   "POST /v1/events HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\t: chunked\r\n",
		"space in a name":    "GET /healthz HTTP/1.1\r\nHost: h\r\nContent Length: 5\r\n",
		"no name":            "GET /healthz HTTP/1.1\r\nHost: h\r\n: 5\r\n",
		"no colon":           "GET /healthz HTTP/1.1\r\nHost: h\r\nnothing\r\n",
		"length twice": "POST /v1/events HTTP/1.1\r\nHost: h\r\n" +
			"Content-Length: 5\r\nContent-Length: 5\r\n",
		"length as a list":          "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n",
		"negative length":           "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n",
		"length with plus":          "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n",
		"hexadecimal length":        "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n",
		"overflowing length":        "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n",
		"version 9.9":               "GET /healthz HTTP/9.9\r\nHost: h\r\n",
		"version 1.2":               "GET /healthz HTTP/1.2\r\nHost: h\r\n",
		"version 2.0":               "GET /healthz HTTP/2.0\r\nHost: h\r\n",
		"lower-case version":        "GET /healthz http/1.1\r\nHost: h\r\n",
		"no version":                "GET /healthz\r\nHost: h\r\n",
		"chunked in 1.0":            "POST /v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
		"no host":                   "GET /healthz HTTP/1.1\r\n",
		"empty host":                "GET /healthz HTTP/1.1\r\nHost:\r\n",
		"two hosts":                 "GET /healthz HTTP/1.1\r\nHost: h\r\nHost: g\r\n",
		"another host in target":    "GET http://g/healthz HTTP/1.1\r\nHost: h\r\n",
		"bare LF in the first line": "GET /healthz HTTP/1.1\nHost: h\r\n",
		"bare LF in a header":       "GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n",
		"bare CR in a value":        "GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n",
		"empty and bare LF":         "\r\n\r\nGET /healthz HTTP/1.1\nHost: h\r\n",
		"NUL in a value":            "GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n",
		"NUL in a name":             "GET /healthz HTTP/1.1\r\nHost: h\r\nX\x00: a\r\n",
		"NUL in the target":         "GET /healthz\x00 HTTP/1.1\r\nHost: h\r\n",
		"tab in the first line":     "GET\t/healthz HTTP/1.1\r\nHost: h\r\n",
		"two spaces":                "GET  /healthz HTTP/1.1\r\nHost: h\r\n",
		"identities twice":          "GET /v1/bookings/x HTTP/1.1\r\nHost: h\r\nX-Buyer: alice\r\nX-Buyer: bob\r\n",
		"keys twice": "POST /v1/events HTTP/1.1\r\nHost: h\r\nIdempotency-Key: 1\r\nidempotency-key: " +
			"2\r\n",
		"authorization twice": "POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " +
			"dev\r\nAUTHORIZATION: Bearer x\r\n",
		"media types twice": "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n",
		"places twice":      "POST /v1/events HTTP/1.1\r\nHost: h\r\nQueue-Place: 1\r\nQueue-Place: 2\r\n",
	} {
		answers, bodies := h.exchange(head + "\r\n" + smuggled)
		if len(answers) != 1 {
			t.Errorf("%s: %d answers, want one and the end\n%s", name, len(answers), bodies)
			continue
		}
		if a := answers[0]; a.StatusCode != 400 || !a.Close || a.Header.Get("Content-Type") != problem.MediaType {
			t.Errorf("%s: %d, closes %v, %s", name, a.StatusCode, a.Close, bodies[0])
		}
	}
}

// What is unusual and beyond doubt is served: strictness must not turn honest clients away.
func TestUnusualButCertainFramingIsServed(t *testing.T) {
	h := open(t, nil)
	end := "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	for name, text := range map[string]string{
		"lower-case names":      "GET /healthz HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n" + end,
		"no space after colon":  "GET /healthz HTTP/1.1\r\nHost:h\r\n\r\n" + end,
		"spaces around a value": "GET /healthz HTTP/1.1\r\nHost:  h  \r\n\r\n" + end,
		"GET with a body": "GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 27\r\n\r\nGET /metrics " +
			"HTTP/1.1\r\n\r\nab" + end,
		"keep-alive in 1.0":    "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + end,
		"absolute, the same":   "GET http://h/healthz HTTP/1.1\r\nHost: h\r\n\r\n" + end,
		"an empty line before": "\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" + end,
		"lists that may repeat": "GET /healthz HTTP/1.1\r\nHost: h\r\nAccept: a/b\r\nAccept: c/d\r\nVia: 1.1 " +
			"x\r\nVia: 1.1 y\r\n\r\n" + end,
		"a body with bare LFs":  "POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\na\n\n" + end,
		"bytes over ASCII":      "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Name: M\xc3\xbcller\r\n\r\n" + end,
		"a target with a colon": "GET /healthz?next=http://g/ HTTP/1.1\r\nHost: h\r\n\r\n" + end,
		"form data is no file": "POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; " +
			"boundary=x\r\nContent-Length: 3\r\n\r\nabc" + end,
		"a question about space": "POST /healthz HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " +
			"0\r\n\r\n" + end,
	} {
		answers, bodies := h.exchange(text)
		last := len(answers) - 1
		if last < 1 || answers[last].StatusCode != 200 || strings.Contains(fmt.Sprint(bodies), "bad_request") {
			t.Errorf("%s: %d answers: %q", name, len(answers), bodies)
		}
	}
}

// What comes in chunks is served, and is the last on its connection: how chunks end has several readings in the wild,
// and what one of them leaves over is never another request.
func TestChunksAreTheLastOfTheirConnection(t *testing.T) {
	h := open(t, nil)
	for name, end := range map[string]string{
		"as usual": "0\r\n\r\n", "bare LF": "0\r\n\n", "zeros": "000\r\n\r\n", "an extension": "0;a=b\r\n\r\n",
		"a space": "0 \r\n\r\n",
	} {
		for _, body := range []string{"", "5\r\n[1,2]\r\n"} {
			head := "POST /v1/events/x/bookings HTTP/1.1\r\nHost: h\r\nX-Buyer: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
			answers, bodies := h.exchange(head + body + end + smuggled)
			if len(answers) != 1 || !answers[0].Close {
				t.Errorf("%s after %q: %d answers: %q", name, body, len(answers), bodies)
			}
		}
	}
}

// Fields behind a body are no headers: proxies write headers anew, and pass trailers on.
func TestTrailersDecideNothing(t *testing.T) {
	h := open(t, nil)
	for _, field := range []string{"X-Buyer: mallory", "Idempotency-Key: k", "Forwarded: for=192.0.2.1", "X-Any:",
		"Forwarded : for=192.0.2.1", ":end: x", "A: b\r\n c"} {
		for _, body := range []string{"", "5\r\n[1,2]\r\n"} {
			answers, bodies := h.exchange("DELETE /v1/bookings/x HTTP/1.1\r\nHost: h\r\nX-Buyer: " +
				"a\r\nTransfer-Encoding: chunked\r\n\r\n" +
				body + "0\r\n" + field + "\r\n\r\n" + smuggled)
			if len(answers) != 1 || answers[0].StatusCode != 400 || !answers[0].Close {
				t.Errorf("%s after %q: %d answers: %q", field, body, len(answers), bodies)
			}
		}
	}
}

// TestChunksWithoutATrailerAreServed: whatever stands around Transfer-Encoding, and however little comes in chunks. A
// client that does not know the length of what it sends uses them for nothing at all.
func TestChunksWithoutATrailerAreServed(t *testing.T) {
	h := open(t, nil)
	fields := []string{"Transfer-Encoding: chunked", "X-Any: a", "Cookie: a=b", "Content-Type: text/plain",
		"User-Agent: x", "Trailer: X-Any", "Connection: close"}
	for n := range 1 << len(fields) {
		for turn := range fields {
			head := "POST /healthz HTTP/1.1\r\nHost: h\r\n"
			for i := range fields {
				if at := (i + turn) % len(fields); at == 0 || n>>at&1 == 1 {
					head += fields[at] + "\r\n"
				}
			}
			for _, body := range []string{"", "2\r\n{}\r\n"} {
				answers, bodies := h.exchange(head + "\r\n" + body + "0\r\n\r\n")
				if len(answers) != 1 || answers[0].StatusCode != 405 {
					t.Fatalf("%q after %q: %q", body, head, bodies)
				}
			}
		}
	}
}

// Whoever asks before sending too much is told no before sending, and not "go on".
func TestTooLargeBodyIsRefusedBeforeItIsSent(t *testing.T) {
	h := open(t, nil)
	answers, _ := h.exchange("POST /v1/events/x/bookings HTTP/1.1\r\nHost: h\r\nExpect: " +
		"100-continue\r\nContent-Length: 100000000\r\n\r\n")
	if len(answers) != 1 || answers[0].StatusCode != 413 {
		t.Fatalf("%v", answers)
	}
}

// A refusal never overtakes the answers to what came before it on the connection.
func TestRefusalComesAfterTheAnswersBeforeIt(t *testing.T) {
	h := open(t, nil)
	good := "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, bad := range map[string]string{
		"framing": "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: " +
			"chunked\r\n\r\n0\r\n\r\n",
		"too much": "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n",
	} {
		answers, bodies := h.exchange(good + good + bad + good)
		if len(answers) != 3 || answers[0].StatusCode != 200 || answers[1].StatusCode != 200 ||
			answers[2].StatusCode < 400 {
			t.Errorf("%s: %d answers: %q", name, len(answers), bodies)
		}
	}
}

// A path has one spelling: a filter that guards a prefix is not passed by another.
func TestNoPathHasAnAlias(t *testing.T) {
	h := open(t, nil)
	for _, path := range []string{
		"//metrics", "/%6detrics", "/x%2f..%2fmetrics", "/assets/..%2fmetrics", "/assets/../metrics", "/v1/..",
		"/v1/../metrics", "/v1/%2e%2e/metrics",
		"/./metrics", "/metrics/", "/metrics/.", "/metrics.", "/metrics%00", "/metrics%20", "/metrics;x", "/metrics#x",
		"/metrics%3fx", "/\\metrics", "/x\\..\\metrics",
		"/assets/..\\metrics", "/METRICS", "/%2fmetrics", "/v1//cluster", "/v1/./cluster", "/v1/cluster/",
		"/v1/clus%74er", "/%76%31/cluster", "/v1/events/..%2fcluster",
		"/v1/events/%2e%2e/cluster", "/v1/events/..", "/v1/events/%2e%2e%2fcluster", "/v1/x/../cluster",
		"/v1/events/../../metrics", "/%252e%252e/metrics",
		"/assets/%2e%2e/%2e%2e/metrics", "*",
	} {
		answers, bodies := h.exchange("GET " + path +
			" HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer dev\r\nConnection: close\r\n\r\n")
		if len(answers) != 1 || answers[0].StatusCode != 404 && answers[0].StatusCode != 400 {
			t.Errorf("%s: %.80q", path, bodies)
		}
	}
}

func TestEncodedIDsInPathsAreFound(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	encoded := strings.ReplaceAll(event, "-", "%2D")
	for _, path := range []string{encoded, encoded + "?x=y", encoded + "/availability", event + "/"} {
		answers, bodies := h.exchange("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if len(answers) != 1 || answers[0].StatusCode != 200 {
			t.Errorf("%s: %.80q", path, bodies)
		}
	}
}
