package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/testkit"
)

// The crash test: a real process, real files, kill -9 at random moments under load, and a memory of every answer that
// was told.
//
//	buyers ──HTTP──▶ holdfast serve ──▶ disk, or PostgreSQL
//	   │                 ▲
//	   │ remember         └── kill -9, start again; 20 times
//	   ▼
//	history ── at the end: every acknowledged answer found · every request one effect · no seat twice
//	           · money equals tickets · audit clean
const (
	crashKills  = 20
	crashBuyers = 24
	crashBound  = 100 * time.Second // the whole, however slow the machine
)

// process is one place where bookings are kept and the holdfast that runs on it, when one does.
type process struct {
	t      *testing.T
	binary string
	where  [2]string // --data DIR or --store URL
	more   []string  // further flags
	// descriptors, when set, is the child's hard limit of open files (ulimit -n); errs takes what it logs, at this
	// level (error).
	descriptors int
	errs        io.Writer
	level       string
	address     string
	command     *exec.Cmd
	// door, when set, chooses the address that a request goes to; several processes may serve one place.
	door func() string
	// patience is how long a request is waited for.
	patience time.Duration
	tokens   []string      // that buyers pay with
	bound    time.Duration // of the whole story
	// watch, when set, sees every answer and how long it took.
	watch func(response *http.Response, err error, took time.Duration)

	mu sync.Mutex
	up chan struct{} // closed while the process is ready; replaced by kill
}

// untiring lets a few buyers do what thousands would: the tests that crash and cut want load, not limits.
var untiring = []string{"--buyer-rate=0"}

func newProcess(t *testing.T, binary, flag, where string) *process {
	t.Helper()
	return &process{t: t, binary: binary, where: [2]string{flag, where}, address: testkit.FreeAddress(),
		patience: 8 * time.Second, up: make(chan struct{}), more: untiring, bound: crashBound,
		tokens: []string{"tok_ok", "tok_ok", "tok_ok", "tok_unknown"}}
}

// start runs the server and waits until it is ready.
func (p *process) start() error {
	if err := p.launch(); err != nil {
		return err
	}
	if err := p.answers("/readyz"); err != nil {
		return err
	}
	p.mu.Lock()
	close(p.up)
	p.mu.Unlock()
	return nil
}

func (p *process) launch() error {
	arguments := []string{"serve", "--listen", p.address, p.where[0], p.where[1], "--dev-auth", "--log-level",
		cmp.Or(p.level, "error")}
	arguments = append(arguments, p.more...)
	p.command = p.limited(arguments)
	return p.command.Start()
}

// answers waits until the server says yes.
func (p *process) answers(path string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		response, err := http.Get("http://" + p.address + path)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("%s: no yes after 30 s: %w", path, err)
		}
	}
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
	Sale    string   `json:"sale"` // of an event
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

// ask sends one request until it is answered for certain, with the same key every time: what a patient client does. It
// returns false only when time is up.
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

var crashClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crashBuyers}}

func (p *process) askOnce(who, method, path, key, body string) (answer, error) {
	address := p.address
	if p.door != nil {
		address = p.door()
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, bytes.NewReader([]byte(body)))
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
	began := time.Now()
	response, err := crashClient.Do(request)
	if p.watch != nil {
		p.watch(response, err, time.Since(began))
	}
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

func (p *process) createEvent() string { return p.createEventUnder("create") }

func (p *process) createEventUnder(key string) string {
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
	created, err := p.askOnce("", "POST", "/v1/events", key, body)
	if err != nil || created.status != http.StatusCreated {
		p.t.Fatalf("create: %v %+v", err, created)
	}
	opened, err := p.askOnce("", "POST", "/v1/events/"+created.ID+"/sale", "open-"+key, `{"state":"open"}`)
	if err != nil || opened.status != http.StatusOK {
		p.t.Fatalf("open: %v %+v", err, opened)
	}
	return created.ID
}

// killOften kills and restarts, at random moments, until the count is reached or time is up.
func (p *process) killOften(most int, chance *rand.Rand, deadline <-chan struct{}) (kills int) {
	for kills < most {
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
	p := newProcess(t, buildBinary(t), "--data", t.TempDir())
	told := p.killedUnderLoad(crashKills)
	books, err := sandbox.Open(filepath.Join(p.where[1], datafolder.PaymentsFile))
	if err != nil {
		t.Fatal(err)
	}
	told.check(t, p, chargedBookings(t, books))
	if err := books.Close(); err != nil {
		t.Error(err)
	}
}

// chargedBookings says whose money the processor has, by its own list.
func chargedBookings(t *testing.T, books *sandbox.Sandbox) map[string]bool {
	t.Helper()
	charged := make(map[string]bool)
	err := books.Payments(t.Context(), time.Time{}, func(p processor.Payment) error {
		if p.Status == processor.Captured && p.Refunded < p.Amount {
			booking, _, _ := strings.Cut(string(p.Attempt), "-")
			charged[booking] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return charged
}

// killedUnderLoad is the story: shop, be killed, come back; then read everything back and stop.
func (p *process) killedUnderLoad(most int) *history {
	p.t.Helper()
	seed := crashSeed(p.t)
	if err := p.start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = p.command.Process.Kill() })
	sale := p.openSale(p.createEvent(), seed, crashBuyers)
	kills := p.killOften(most, rand.New(rand.NewPCG(seed, 1<<32)), sale.deadline)
	if kills < most {
		p.t.Errorf("only %d of %d kills within %s: the machine is too slow for this test to mean what it says", kills,
			most, p.bound)
	}
	p.t.Logf("%d kills", kills)
	told := sale.close()
	p.terminate()
	return told
}

// sale is an event and the buyers who shop for it until it closes.
type sale struct {
	*process
	told     *history
	deadline chan struct{} // closed when time is up
	enough   chan struct{}
	began    time.Time
	buyers   sync.WaitGroup
}

func (p *process) openSale(event string, seed uint64, buyers int) *sale {
	p.t.Helper()
	s := &sale{process: p, told: &history{bookings: make(map[string]*toldBooking)}, deadline: make(chan struct{}),
		enough: make(chan struct{}), began: time.Now()}
	bound := time.AfterFunc(p.bound, func() { close(s.deadline) })
	p.t.Cleanup(func() { bound.Stop() })
	for i := range buyers {
		s.buyers.Go(func() {
			b := &crashBuyer{process: p, told: s.told, event: event, name: fmt.Sprintf("buyer-%d", i),
				chance: rand.New(rand.NewPCG(seed, uint64(i)))}
			b.shop(s.enough, s.deadline)
		})
	}
	return s
}

// close sends the buyers home and holds what they were told against what the server says now.
func (s *sale) close() *history {
	s.t.Helper()
	close(s.enough)
	s.buyers.Wait()
	s.t.Logf("open for %v: %s", time.Since(s.began).Round(time.Millisecond), s.told.summary())
	found, ok := s.told.readBack(s.process, s.deadline)
	if !ok {
		s.t.Fatal("no time left to read the bookings back")
	}
	for _, wrong := range s.told.contradictions(found) {
		s.t.Error(wrong)
	}
	return s.told
}

// check (P5, P6, P10, and by the audit I7 to I10 of orders): the processor's books and the tickets name the same
// bookings; the log agrees with itself, and holds exactly the bookings that buyers were told of, so no repeat ever made
// a second one.
func (h *history) check(t *testing.T, p *process, charged map[string]bool) {
	t.Helper()
	if len(charged) == 0 {
		t.Error("nobody bought anything: this proves nothing about money")
	}
	if orders := h.ordersByState(); orders["confirmed"]+orders["refunded"] == 0 {
		t.Errorf("orders %v: this proves nothing about bookings over several sections", orders)
	}
	for _, wrong := range h.moneyErrors(charged) {
		t.Error(wrong)
	}
	out, err := exec.Command(p.binary, "audit", p.where[0], p.where[1], "--json").Output()
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
