package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// P2: bodies that are announced, and perhaps never sent, take no more memory than they are allowed together; holds are
// sold meanwhile, and when the attackers have gone the memory is there again.
func TestAttackAnnouncedBodiesAreBoundedTogether(t *testing.T) {
	x := attacked(t, nil, "--body-memory-mib", "1", "--read-timeout", "3s")
	for name, framing := range map[string]string{"by length": "Content-Length: 60000",
		"in chunks": "Transfer-Encoding: chunked"} {
		var conns []net.Conn
		for range 30 {
			conn := x.dial()
			fmt.Fprintf(conn, "POST /v1/events/%s/bookings HTTP/1.1\r\nHost: h\r\nX-Buyer: eve\r\n%s\r\n\r\n", x.event,
				framing)
			conns = append(conns, conn)
		}
		refused := 0
		for _, conn := range conns { // those that fit hear nothing, and are closed by the read timeout
			if err := conn.SetReadDeadline(time.Now().Add(attackPatience)); err != nil {
				t.Fatal(err)
			}
			if answer, err := readAnswer(bufio.NewReader(conn)); err == nil && answer.code == "overloaded" &&
				answer.closes {
				refused++
			}
		}
		if refused < 10 {
			t.Errorf("%s: %d of 30 bodies of 1 MiB's sixteenth were refused", name, refused)
		}
		x.stillSells()
	}
	large := post("X-Buyer: bob", "Content-Length: 60000") + strings.Repeat(" ", 60_000)
	for deadline := time.Now().Add(attackPatience); ; {
		answers, _ := x.exchange(large, 1)
		if len(answers) == 1 && answers[0].status != http.StatusServiceUnavailable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the memory never came back: %+v", answers)
		}
	}
}

// A form's files do not go to the system's folder for temporary ones, which nobody bounds.
func TestAttackFormsAreNoFiles(t *testing.T) {
	x := attacked(t, nil)
	form := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + strings.Repeat("x", 50_000) +
		"\r\n--b--\r\n"
	head := post("X-Buyer: eve", "Content-Type: multipart/form-data; boundary=b",
		fmt.Sprintf("Content-Length: %d", len(form)))
	if answers, _ := x.exchange(head+form, 1); len(answers) != 1 || answers[0].status/100 != 4 {
		t.Errorf("%+v", answers)
	}
	x.stillSells()
}

// A client that sends a byte now and then is given the time of one request, whatever it is slow with; the server sells
// beside thousands of them.
func TestAttackSlowClientsAreCut(t *testing.T) {
	x := attacked(t, nil, "--read-timeout", "1s", "--idle-timeout", "1s")
	for name, text := range map[string]string{
		"nothing": "", "half a line": "GET /heal", "half a head": "GET /healthz HTTP/1.1\r\nHost",
		"half a body":     post("X-Buyer: eve", "Content-Length: 10") + "{",
		"half a chunk":    post("X-Buyer: eve", "Transfer-Encoding: chunked") + "5\r\nab",
		"an endless size": post("Transfer-Encoding: chunked") + strings.Repeat("0", 10),
		"half a trailer":  post("X-Buyer: eve", "Transfer-Encoding: chunked") + "0\r\nX: ",
		"after an answer": "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		if _, closed := x.exchange(text, 2); !closed {
			t.Errorf("%s: the connection is open still", name)
		}
	}
	x.stillSells()
}

// Whoever does not read holds a connection until the write timeout, and nothing else.
func TestAttackClientsThatDoNotReadAreCut(t *testing.T) {
	x := attacked(t, nil, "--write-timeout", "1s", "--connections-max", "30")
	for range 10 {
		hangers["does not read"](x)
	}
	x.stillSells()
	crashClient.CloseIdleConnections()
	for deadline := time.Now().Add(attackPatience); ; {
		if x.metric(`holdfast_http_connections{listener="public"}`) < 10 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("connections of clients that do not read are open still")
		}
	}
}
