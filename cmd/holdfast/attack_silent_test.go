package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/testkit"
)

// flood opens connections and says nothing on them, or these words. Those that the server has closed meanwhile are part
// of it.
func (x *victim) flood(address string, connections int, words string) (opened int) {
	x.t.Helper()
	for range connections {
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			continue
		}
		opened++
		x.t.Cleanup(func() { _ = conn.Close() })
		if words != "" {
			_, _ = io.WriteString(conn, words) // refused or accepted, both are right
		}
	}
	return opened
}

// P2: a resource that runs out costs refusals, never the process: more connections than there are descriptors, of every
// kind.
func TestAttackMoreConnectionsThanDescriptors(t *testing.T) {
	for _, limit := range []int{64, 256} {
		for name, words := range map[string]string{
			"silent":     "",
			"refused":    post("Content-Length: 5", "Transfer-Encoding: chunked"),
			"half heads": "GET /v1/events HTTP/1.1\r\nHost: ",
			"half bodies": "POST /v1/events/0190a1b2-0000-7000-8000-000000000000/bookings HTTP/1.1\r\nHost: " +
				"h\r\nX-Buyer: eve\r\nContent-Length: 1000\r\n\r\n" +
				`{"seats":[`,
		} {
			t.Run(fmt.Sprintf("%s under %d", name, limit), func(t *testing.T) {
				x := attacked(t, func(p *process) {
					p.descriptors = limit
				}, "--read-timeout", "2s", "--shutdown-timeout", "10s")
				if opened := x.flood(x.address, 2*limit, words); opened < limit {
					t.Fatalf("only %d connections: this proves nothing", opened)
				}
				x.stillSells()
				if x.metric(`holdfast_http_connections_gave_way_total{listener="public"}`)+
					x.metric(`holdfast_http_connections_refused_total{listener="public",reason="all"}`) == 0 {
					t.Error("nothing had to give way: this proves nothing")
				}
				if n := strings.Count(x.logs.String(), "cannot be accepted"); n > 1 {
					t.Errorf("the log tells of one outage %d times", n)
				}
			})
		}
	}
}

// Over the bound a newcomer hears why, and when to come again: with all places taken by somebody who is being served.
func TestAttackNewcomersAreRefusedInWords(t *testing.T) {
	x := attacked(t, nil, "--connections-max", "10")
	crashClient.CloseIdleConnections()
	for range 7 { // as many as may be streams
		stream := x.dial()
		fmt.Fprintf(stream, "GET /v1/events/%s/availability/stream HTTP/1.1\r\nHost: h\r\n\r\n", x.event)
		if line, err := bufio.NewReader(stream).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("a stream: %q %v", line, err)
		}
	}
	for range 3 {
		hangers["does not read"](x)
	}
	response := x.refusedNewcomer()
	body, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" ||
		!response.Close ||
		!strings.Contains(string(body), `"code":"overloaded"`) {
		t.Errorf("%s %v %s", response.Status, response.Header, body)
	}
}

// refusedNewcomer dials until a connection is refused, and gives the answer. Between two answers one that does not read
// may still give way to a newcomer, who is then let in and hears nothing; then there is one more of them.
func (x *victim) refusedNewcomer() *http.Response {
	x.t.Helper()
	for late := time.Now().Add(attackPatience); ; {
		conn := x.dial()
		if err := conn.SetDeadline(time.Now().Add(attackPatience / 10)); err != nil {
			x.t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil {
			return response
		}
		if time.Now().After(late) {
			x.t.Fatal(err)
		}
		_ = conn.Close()
		hangers["does not read"](x)
	}
}

// An operator is answered while buyers take every place there is.
func TestAttackOperatorIsAnsweredDuringAFlood(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	x := attacked(t, nil, "--connections-max", "16", "--read-timeout", "5s", "--admin-listen", admin)
	if answers, _ := x.exchange("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		1); len(answers) != 1 || answers[0].status != http.StatusNotFound {
		t.Errorf("/metrics on the public listener: %+v", answers)
	}
	x.flood(x.address, 64, "GET /v1/events HTTP/1.1\r\nHost: ")
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/v1/cluster": 200,
		"/v1/events": 405, "/": 404} {
		request, err := http.NewRequest("GET", "http://"+admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer dev")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s on the operators' listener: %d, want %d", path, response.StatusCode, want)
		}
	}
	x.stillSells()
}

// One address may not have more connections than it is allowed; it says so in words, and the process goes on.
func TestAttackOneAddressIsBounded(t *testing.T) {
	x := attacked(t, nil, "--connections-per-address", "6")
	crashClient.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	// the places of those just closed become free in a moment
	for served, late := 0, time.Now().Add(attackPatience); served < 6; {
		conn := x.dial()
		fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
		if answer, err := readAnswer(bufio.NewReader(conn)); err == nil && answer.status == http.StatusOK {
			served++
		}
		if time.Now().After(late) {
			t.Fatalf("only %d of 6 connections were served", served)
		}
	}
	if answers, _ := x.exchange("", 1); len(answers) != 1 || answers[0].status != http.StatusServiceUnavailable {
		t.Errorf("the seventh connection: %+v", answers)
	}
}
