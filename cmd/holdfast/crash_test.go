package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/checkout/sandbox"
)

// The crash test: a real process, real files, kill -9 at random moments under load, and a memory of every answer that was told.
//
//	buyers ──HTTP──▶ holdfast serve ──▶ disk
//	   │                 ▲
//	   │ remember         └── kill -9, start again; 20 times
//	   ▼
//	history ── at the end: every acknowledged answer found · every request one effect · no seat twice · money equals tickets · audit clean
const (
	crashKills  = 20
	crashBuyers = 24
	crashBound  = 100 * time.Second // the whole, however slow the machine
)

// process is one data folder and the holdfast that runs on it, when one does.
type process struct {
	t       *testing.T
	binary  string
	data    string
	address string
	command *exec.Cmd

	mu sync.Mutex
	up chan struct{} // closed while the process is ready; replaced by kill
}

func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "holdfast")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func newProcess(t *testing.T) *process {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return &process{t: t, binary: buildBinary(t), data: t.TempDir(), address: address, up: make(chan struct{})}
}

// start runs the server and waits until it is ready.
func (p *process) start() error {
	p.command = exec.Command(p.binary, "serve", "--listen", p.address, "--data", p.data, "--dev-auth", "--log-level", "error")
	p.command.Stderr = os.Stderr
	if err := p.command.Start(); err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		response, err := http.Get("http://" + p.address + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("not ready after 30 s: %w", err)
		}
	}
	p.mu.Lock()
	close(p.up)
	p.mu.Unlock()
	return nil
}

// kill is kill -9: nothing is flushed, nobody is told.
func (p *process) kill() {
	p.mu.Lock()
	p.up = make(chan struct{})
	p.mu.Unlock()
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// terminate asks the process to stop, and expects that it does so as agreed.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		p.t.Errorf("SIGTERM must end in exit code 0: %v", err)
	}
}

func (p *process) ready() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// wireBooking is what the test reads of an answer.
type wireBooking struct {
	ID      string   `json:"id"`
	State   string   `json:"state"`
	Seats   seatList `json:"seats"`
	Code    string   `json:"code"` // of a refusal
	Tickets []struct {
		Seat, Code string
	} `json:"tickets"`
}

// seatList is a booking's seats; in an event the member of that name is a number, which is of no interest here.
type seatList []string

func (l *seatList) UnmarshalJSON(text []byte) error {
	var seats []string
	if err := json.Unmarshal(text, &seats); err == nil {
		*l = seats
	}
	return nil
}

type answer struct {
	status int
	wireBooking
}

// ask sends one request until it is answered for certain, with the same key every time: what a patient client does. It returns
// false only when time is up.
func (p *process) ask(deadline <-chan struct{}, who, method, path, key, body string) (answer, bool) {
	for {
		select {
		case <-p.ready():
		case <-deadline:
			return answer{}, false
		}
		got, err := p.askOnce(who, method, path, key, body)
		if err == nil && got.status < 500 {
			return got, true
		}
		if err == nil && got.status != http.StatusServiceUnavailable {
			p.t.Errorf("%s %s: %d %s", method, path, got.status, got.Code)
			return got, false
		}
		retry := time.NewTimer(25 * time.Millisecond)
		select {
		case <-retry.C:
		case <-deadline:
			retry.Stop()
			return answer{}, false
		}
	}
}

var crashClient = &http.Client{Timeout: 8 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: crashBuyers}}

func (p *process) askOnce(who, method, path, key, body string) (answer, error) {
	request, err := http.NewRequest(method, "http://"+p.address+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{}, err
	}
	if who == "" {
		request.Header.Set("Authorization", "Bearer dev")
	} else {
		request.Header.Set("X-Buyer", who)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := crashClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	got := answer{status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&got.wireBooking); err != nil {
		return answer{}, fmt.Errorf("answer cut off: %w", err)
	}
	return got, nil
}

const crashSections, crashRows, crashRowSeats = 6, 4, 15

func (p *process) createEvent() string {
	p.t.Helper()
	sections := ""
	for s := range crashSections {
		rows := ""
		for r := range crashRows {
			rows += fmt.Sprintf(`,{"label":"%d","seats":%d}`, r+1, crashRowSeats)
		}
		sections += fmt.Sprintf(`,{"id":"%c","category":"Stalls","rows":[%s]}`, 'A'+s, rows[1:])
	}
	body := `{"name":"Crash","starts_at":"2030-01-01T20:00:00Z","currency":"EUR","hold_ttl_seconds":6,"hold_ceiling_seconds":12,"max_seats_per_booking":8,` +
		`"max_seats_per_buyer":360,"prices":{"Stalls":1000},"plan":{"sections":[` + sections[1:] + `]}}`
	created, err := p.askOnce("", "POST", "/v1/events", "create", body)
	if err != nil || created.status != http.StatusCreated {
		p.t.Fatalf("create: %v %+v", err, created)
	}
	opened, err := p.askOnce("", "POST", "/v1/events/"+created.ID+"/sale", "open", `{"state":"open"}`)
	if err != nil || opened.status != http.StatusOK {
		p.t.Fatalf("open: %v %+v", err, opened)
	}
	return created.ID
}

// killOften kills and restarts, at random moments, until the count is reached or time is up.
func (p *process) killOften(chance *rand.Rand, deadline <-chan struct{}) (kills int) {
	for kills < crashKills {
		moment := time.NewTimer(50*time.Millisecond + time.Duration(chance.Int64N(int64(1200*time.Millisecond))))
		select {
		case <-moment.C:
		case <-deadline:
			moment.Stop()
			return kills
		}
		p.kill()
		kills++
		if err := p.start(); err != nil {
			p.t.Errorf("restart %d: %v", kills, err)
			return kills
		}
	}
	return kills
}

func crashSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_CRASH_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("replay the same choices with HOLDFAST_CRASH_SEED=%d", seed)
	return seed
}

// TestKillNineLosesNothing guards P1, P2, P5, P6 and P10 in a real process on a real disk.
func TestKillNineLosesNothing(t *testing.T) {
	seed := crashSeed(t)
	p := newProcess(t)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	event := p.createEvent()

	deadline := make(chan struct{})
	bound := time.AfterFunc(crashBound, func() { close(deadline) })
	defer bound.Stop()
	enough := make(chan struct{})
	told := &history{bookings: make(map[string]*toldBooking)}
	var buyers sync.WaitGroup
	for i := range crashBuyers {
		buyers.Go(func() {
			b := &crashBuyer{process: p, told: told, event: event, name: fmt.Sprintf("buyer-%d", i), chance: rand.New(rand.NewPCG(seed, uint64(i)))}
			b.shop(enough, deadline)
		})
	}
	kills := p.killOften(rand.New(rand.NewPCG(seed, 1<<32)), deadline)
	close(enough)
	buyers.Wait()
	if kills < crashKills {
		t.Errorf("only %d of %d kills within %s: the machine is too slow for this test to mean what it says", kills, crashKills, crashBound)
	}
	t.Logf("%d kills, %s", kills, told.summary())
	found, ok := told.readBack(p, deadline)
	if !ok {
		t.Fatal("no time left to read the bookings back")
	}
	for _, wrong := range told.contradictions(found) {
		t.Error(wrong)
	}
	p.terminate()
	told.checkMoney(t, filepath.Join(p.data, paymentsFile))
	told.checkAudit(t, p)
}

// checkMoney (P6): the processor's ledger and the tickets name the same bookings.
func (h *history) checkMoney(t *testing.T, ledger string) {
	t.Helper()
	payments, _, err := sandbox.Ledger(ledger)
	if err != nil {
		t.Fatal(err)
	}
	charged := make(map[string]bool)
	for _, payment := range payments {
		if payment.Status == "charged" {
			charged[string(payment.ID)] = true
		}
	}
	for _, wrong := range h.moneyErrors(charged) {
		t.Error(wrong)
	}
}

// checkAudit (P5, P10): the log agrees with itself, and holds exactly the bookings that buyers were told of, so no repeat ever
// made a second one.
func (h *history) checkAudit(t *testing.T, p *process) {
	t.Helper()
	out, err := exec.Command(p.binary, "audit", "--data", p.data, "--json").Output()
	if err != nil {
		t.Errorf("audit: %v\n%s", err, out)
	}
	var report audit.Report
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	b := report.Events[0].Bookings
	if all := b.Held + b.Paying + b.Confirmed + b.Released + b.Expired + b.Refunded; all != uint64(len(h.bookings)) {
		t.Errorf("the log holds %d bookings, buyers were told of %d", all, len(h.bookings))
	}
}
