package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The end of the last row: a request of the attacker's inside the body of another, which a front that frames in another
// way would send on as the beginning of the next client's.
const smuggled = "0\r\n\r\nDELETE /v1/bookings/x HTTP/1.1\r\nHost: h\r\nX-Buyer: alice\r\n\r\n"

// framingAttacks have one answer, a refusal, and then the end of the connection. heads have a request line; the rest is
// put behind it.
var framingAttacks = map[string]string{
	"CL and TE":                 post("Content-Length: 5", "Transfer-Encoding: chunked") + smuggled,
	"TE and CL":                 post("Transfer-Encoding: chunked", "Content-Length: 5") + smuggled,
	"TE and CL 0":               post("Transfer-Encoding: chunked", "Content-Length: 0") + smuggled,
	"TE identity":               post("Transfer-Encoding: identity") + smuggled,
	"TE identity and CL":        post("Transfer-Encoding: identity", "Content-Length: 5") + smuggled,
	"TE gzip":                   post("Transfer-Encoding: gzip") + smuggled,
	"TE gzip, chunked":          post("Transfer-Encoding: gzip, chunked") + smuggled,
	"TE chunked, identity":      post("Transfer-Encoding: chunked, identity") + smuggled,
	"TE xchunked":               post("Transfer-Encoding: xchunked") + smuggled,
	"TE quoted":                 post(`Transfer-Encoding: "chunked"`) + smuggled,
	"TE twice":                  post("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + smuggled,
	"TE empty":                  post("Transfer-Encoding:") + smuggled,
	"TE with vertical tab":      post("Transfer-Encoding: \vchunked") + smuggled,
	"TE folded":                 post("Transfer-Encoding:\r\n chunked") + smuggled,
	"TE folded by a tab":        post("Transfer-Encoding:\r\n\tchunked") + smuggled,
	"TE, space before colon":    post("Transfer-Encoding : chunked") + smuggled,
	"TE, tab before colon":      post("Transfer-Encoding\t: chunked") + smuggled,
	"CL, space before colon":    post("Content-Length : 5") + smuggled,
	"CL twice, equal":           post("Content-Length: 5", "Content-Length: 5") + smuggled,
	"CL twice, different":       post("Content-Length: 5", "Content-Length: 6") + smuggled,
	"CL list":                   post("Content-Length: 5, 5") + smuggled,
	"CL negative":               post("Content-Length: -1") + smuggled,
	"CL plus":                   post("Content-Length: +5") + smuggled,
	"CL hexadecimal":            post("Content-Length: 0x5") + smuggled,
	"CL fraction":               post("Content-Length: 5.0") + smuggled,
	"CL empty":                  post("Content-Length:") + smuggled,
	"CL overflow":               post("Content-Length: 18446744073709551621") + smuggled,
	"CL with an inner space":    post("Content-Length: 5 5") + smuggled,
	"name with a space":         post("X Y: 5") + smuggled,
	"folded host":               "GET /healthz HTTP/1.1\r\nHost:\r\n h\r\n\r\n" + smuggled,
	"HTTP/1.0 and TE":           "POST /v1/events HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
	"HTTP/9.9":                  "GET /healthz HTTP/9.9\r\nHost: h\r\n\r\n" + smuggled,
	"HTTP/1.10":                 "GET /healthz HTTP/1.10\r\nHost: h\r\n\r\n" + smuggled,
	"HTTP/0.9":                  "GET /healthz\r\n\r\n" + smuggled,
	"HTTP/2 preface":            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"bare LF after the line":    "GET /healthz HTTP/1.1\nHost: h\r\n\r\n" + smuggled,
	"bare LF after empty lines": "\r\n\r\nGET /healthz HTTP/1.1\nHost: h\r\n\r\n" + smuggled,
	"a name in a trailer":       post("Transfer-Encoding: chunked") + "0\r\nX-Buyer: alice\r\n\r\n" + smuggled,
	"an address in a trailer": post("X-Buyer: a", "Transfer-Encoding: chunked") +
		"2\r\n{}\r\n0\r\nForwarded: for=192.0.2.1\r\n\r\n" + smuggled,
	"bare LF throughout":        "GET /healthz HTTP/1.1\nHost: h\n\n" + smuggled,
	"bare LF in the head":       "GET /healthz HTTP/1.1\r\nHost: h\nX: y\r\n\r\n" + smuggled,
	"bare CR in a value":        "GET /healthz HTTP/1.1\r\nHost: h\r\nX: y\rZ: w\r\n\r\n" + smuggled,
	"NUL in a value":            "GET /healthz HTTP/1.1\r\nHost: h\r\nX: y\x00\r\n\r\n" + smuggled,
	"no host":                   "GET /healthz HTTP/1.1\r\n\r\n" + smuggled,
	"two hosts":                 "GET /healthz HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n" + smuggled,
	"two buyers":                post("X-Buyer: alice", "X-Buyer: bob") + smuggled,
	"two keys":                  post("Idempotency-Key: a", "Idempotency-Key: b") + smuggled,
	"two authorizations":        post("Authorization: Bearer dev", "Authorization: Bearer x") + smuggled,
	"two media types":           post("Content-Type: application/json", "Content-Type: text/plain") + smuggled,
	"chunk size negative":       post("Transfer-Encoding: chunked") + "-1\r\n" + smuggled,
	"chunk size with 0x":        post("Transfer-Encoding: chunked") + "0x5\r\nabcde\r\n" + smuggled,
	"chunk size overflow":       post("Transfer-Encoding: chunked") + "fffffffffffffffff\r\n" + smuggled,
	"chunk without its line":    post("Transfer-Encoding: chunked") + "3\r\nabcdef\r\n" + smuggled,
	"chunk ended by a bare LF":  post("Transfer-Encoding: chunked") + "3\r\nabc\n" + smuggled,
	"chunk size and a bare LF":  post("Transfer-Encoding: chunked") + "3\nabc\r\n" + smuggled,
	"chunk size and only spces": post("Transfer-Encoding: chunked") + "   \r\n" + smuggled,
}

func post(headers ...string) string {
	return "POST /v1/events/x/bookings HTTP/1.1\r\nHost: h\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
}

// No request can be smuggled: where one ends is beyond doubt, or it is the last one of its connection.
func TestAttackFraming(t *testing.T) {
	x := attacked(t, nil)
	for name, text := range framingAttacks {
		answers, closed := x.exchange(text, 2)
		switch {
		case len(answers) != 1 || !closed:
			t.Errorf("%s: %d answers, closed %v: %+v", name, len(answers), closed, answers)
		case answers[0].status != http.StatusBadRequest || !answers[0].problem || !answers[0].closes:
			t.Errorf("%s: %+v", name, answers[0])
		}
	}
	x.stillSells()
}

// A victim behind a front that frames by Content-Length keeps its booking: the report's attack, with the front's part
// played by the test.
func TestAttackSmuggledDelete(t *testing.T) {
	x := attacked(t, nil)
	held, err := x.askOnce("victim", "POST", "/v1/events/"+x.event+"/bookings", "v1",
		`{"best_available":{"quantity":1}}`)
	if err != nil || held.status != http.StatusCreated {
		t.Fatalf("%+v %v", held, err)
	}
	body := "0\r\n\r\nDELETE /v1/bookings/" + held.ID + " HTTP/1.1\r\nHost: h\r\nFoo: "
	for _, coding := range []string{"Transfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked"} {
		attack := "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n" + coding +
			"\r\n\r\n" + body
		x.exchange(attack+"GET /v1/bookings/"+held.ID+" HTTP/1.1\r\nHost: h\r\nX-Buyer: victim\r\n\r\n", 3)
		if now, err := x.askOnce("victim", "GET", "/v1/bookings/"+held.ID, "", ""); err != nil || now.State != "held" {
			t.Errorf("%q: the victim's booking is %q: %v", coding, now.State, err)
		}
	}
}

// What a proxy blocks by its prefix has no other name.
func TestAttackPathAliases(t *testing.T) {
	x := attacked(t, nil)
	for _, path := range []string{
		"//metrics", "/%6detrics", "/x%2f..%2fmetrics", "/assets/..%2fmetrics", "/assets/../metrics", "/v1/../metrics",
		"/v1/%2e%2e/metrics", "/./metrics", "/metrics/",
		"/metrics.", "/metrics/.", "/metrics;a=b", "/metrics%23", "/metrics#a", "/metrics%3f", "/metrics%00",
		"/x\\..\\metrics", "/%5cmetrics", "/Metrics", "///metrics",
		"//v1/cluster", "/v1//cluster", "/v1/cluster/", "/v1/./cluster", "/v1/%63luster", "/v1/events/../cluster",
		"/v1/events/%2e%2e/cluster", "/v1/events/..%2fcluster", "/%76%31/cluster",
		"http://g/metrics", "http:///metrics", "metrics", "?/metrics", "*",
	} {
		answers, _ := x.exchange("GET "+path+" HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer dev\r\nConnection: "+
			"close\r\n\r\n", 1)
		if len(answers) != 1 || answers[0].status != http.StatusNotFound && answers[0].status != http.StatusBadRequest {
			t.Errorf("%s: %.100v", path, answers)
		}
	}
	x.stillSells()
}
