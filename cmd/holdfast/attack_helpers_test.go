package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/cmd/holdfast/testkit"
)

// The attack suite: a real process, what a stranger on the network can send it, and three questions afterwards: does it
// live, does it still sell, does it stop in good order? A new attack is a row of a table, or a function that takes a
// *victim.
//
//	attack ──TCP──▶ holdfast serve
//	                    ▲
//	stillSells ─────────┘ a buyer who wants one seat, on a connection of its own
type victim struct {
	*process
	event string
	logs  *logBuffer
	sold  int // bookings that stillSells has made
}

// logBuffer is what the process under attack has logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is for the process.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was logged so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// attacked starts a server with an event on sale. At the end of the test it is asked to stop, and must do so with exit
// code 0 and a clean audit, whatever was done to it: unless the test has ended it itself.
func attacked(t *testing.T, edit func(*process), flags ...string) *victim {
	t.Helper()
	x := &victim{process: newProcess(t, buildBinary(t), "--data", t.TempDir()), logs: &logBuffer{}}
	x.level, x.errs, x.more = "info", x.logs, flags
	if edit != nil {
		edit(x.process)
	}
	if err := x.start(); err != nil {
		t.Fatalf("%v\n%s", err, x.logs)
	}
	t.Cleanup(func() {
		if x.command.ProcessState != nil {
			return
		}
		x.terminate()
		if t.Failed() {
			t.Logf("the server's log:\n%.4000s", x.logs)
		}
		x.auditClean()
	})
	x.event = x.createEvent()
	return x
}

// limited is the command of a process that may have only so many descriptors, and whose log somebody may want to read.
func (p *process) limited(arguments []string) *exec.Cmd {
	command := exec.Command(p.binary, arguments...)
	if p.descriptors > 0 {
		limit := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, p.descriptors)
		command = exec.Command("sh", append([]string{"-c", limit, p.binary}, arguments...)...)
	}
	command.Stderr = os.Stderr
	if p.errs != nil {
		command.Stderr = p.errs
	}
	return command
}

// auditClean: every promise that the log can prove still holds.
func (x *victim) auditClean() {
	x.t.Helper()
	if out, err := exec.Command(x.binary, "audit", x.where[0], x.where[1]).CombinedOutput(); err != nil {
		x.t.Errorf("audit: %v\n%s", err, out)
	}
}

// stop is SIGTERM; it returns what the process ended with, or fails when it has not ended after a time that no machine
// needs.
func (x *victim) stop() int {
	x.t.Helper()
	if err := x.command.Process.Signal(syscall.SIGTERM); err != nil {
		x.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- x.command.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			x.t.Fatal(err)
		}
		return x.command.ProcessState.ExitCode()
	case <-time.After(2 * time.Minute):
		_ = x.command.Process.Kill()
		<-ended
		x.t.Fatalf("SIGTERM had no effect\n%.4000s", x.logs)
		return -1
	}
}

// dial opens a connection that ends with the test.
func (x *victim) dial() net.Conn {
	x.t.Helper()
	conn, err := net.Dial("tcp", x.address)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// rawAnswer is one answer to bytes that no client library would send.
type rawAnswer struct {
	status  int
	code    string // of a problem document
	closes  bool   // the answer says "Connection: close"
	problem bool
	body    string
}

// attackPatience is how long an answer is waited for; it only ends tests that have failed.
const attackPatience = 30 * time.Second

// exchange sends bytes, and reads answers until the server hangs up, or most have come. closed says that it hung up, or
// that the last answer announces it and nothing follows.
func (x *victim) exchange(text string, most int) (answers []rawAnswer, closed bool) {
	x.t.Helper()
	conn := x.dial()
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(attackPatience)); err != nil {
		x.t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, text) }() // the server may hang up in the middle
	reader := bufio.NewReader(conn)
	for len(answers) < most {
		answer, err := readAnswer(reader)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				x.t.Errorf("no answer and no end to %.60q", text)
			}
			return answers, true
		}
		answers = append(answers, answer)
	}
	if !answers[most-1].closes {
		return answers, false
	}
	_, err := reader.ReadByte()
	return answers, err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func readAnswer(reader *bufio.Reader) (a rawAnswer, err error) {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return a, err
	}
	body, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		return a, err
	}
	a = rawAnswer{status: response.StatusCode, closes: response.Close, body: string(body)}
	a.problem = response.Header.Get("Content-Type") == "application/problem+json"
	var problem struct{ Code string }
	if a.problem {
		err = json.Unmarshal(body, &problem)
	}
	a.code = problem.Code
	return a, err
}

// stillSells: a buyer who has nothing to do with the attack gets a seat. Refusals for now (503) are repeated, as
// clients do.
func (x *victim) stillSells() {
	x.t.Helper()
	x.sold++
	who, key := fmt.Sprintf("honest-%d", x.sold), fmt.Sprintf("honest-%d", x.sold)
	deadline := make(chan struct{})
	stop := time.AfterFunc(attackPatience, func() { close(deadline) })
	defer stop.Stop()
	got, ok := x.ask(deadline, who, "POST", "/v1/events/"+x.event+"/bookings", key, `{"best_available":{"quantity":1}}`)
	if !ok || got.status != http.StatusCreated {
		x.t.Fatalf("it sells no more: %+v\n%.4000s", got, x.logs)
	}
}

// metric reads one number of /metrics; an absent one is an error.
func (x *victim) metric(name string) float64 {
	x.t.Helper()
	response, err := http.Get("http://" + x.address + "/metrics")
	if err != nil {
		x.t.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		x.t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				x.t.Fatal(err)
			}
			return number
		}
	}
	x.t.Fatalf("/metrics has no %s", name)
	return 0
}

// resident is the process's memory in bytes, as the system counts it.
func (x *victim) resident() int {
	x.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", x.command.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		x.t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
