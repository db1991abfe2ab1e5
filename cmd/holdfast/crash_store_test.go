package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// The same story on a database, where more can go wrong: the owner may only be asleep, and the database itself may go.
const (
	storeKills  = 10 // each restart waits until the killed node's heartbeat has lapsed
	storeBuyers = 12
	// storeStep is how many more bookings are acknowledged between one mishap and the next.
	storeStep = 25
	// storeWait bounds the request in these tests; storeSlack is what a busy machine may add.
	storeWait  = 3 * time.Second
	storeSlack = 4 * time.Second
)

// chargedIn reads the shared books of the pretended processor.
func chargedIn(t *testing.T, address string) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), crashBound)
	defer cancel()
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	return chargedBookings(t, sandbox.OpenShared(store))
}

// TestKillNineOnADatabase guards P1, P2, P5, P6 and P10 when the process is killed and the database is not.
func TestKillNineOnADatabase(t *testing.T) {
	p := newProcess(t, buildBinary(t), "--store", pgtest.Database(t))
	told := p.killedUnderLoad(storeKills)
	told.check(t, p, chargedIn(t, p.where[1]))
}

// sellsOn waits until so many more bookings are acknowledged.
func (s *sale) sellsOn(more int) {
	s.t.Helper()
	count := func() int {
		s.told.mu.Lock()
		defer s.told.mu.Unlock()
		return len(s.told.bookings)
	}
	from := count()
	s.until(fmt.Sprintf("%d more bookings", more), func() bool { return count() >= from+more })
}

func (s *sale) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-s.deadline:
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// metric reads one number of a process's /metrics; -1 when it does not answer.
func (p *process) metric(name string) float64 {
	response, err := http.Get("http://" + p.address + "/metrics")
	if err != nil {
		return -1
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				p.t.Errorf("%s: %v", lines.Text(), err)
			}
			return value
		}
	}
	return -1
}

// TestStoreProcessAsleepIsFenced guards P1, P3 and P10 where a lease would fail: the owner is stopped past its
// heartbeat, another process takes over and sells, the owner wakes and believes that it still owns everything. Buyers
// use both doors all the time.
func TestStoreProcessAsleepIsFenced(t *testing.T) {
	binary, address := buildBinary(t), pgtest.Database(t)
	owner, heir := newProcess(t, binary, "--store", address), newProcess(t, binary, "--store", address)
	if err := owner.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.command.Process.Kill() })
	if err := heir.launch(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = heir.command.Process.Kill() })
	if err := heir.answers("/healthz"); err != nil {
		t.Fatal(err)
	}
	sale, stolen := owner.openSaleByDoors(heir)
	sale.sellsOn(storeStep)
	if n := owner.metric("holdfast_fenced_total"); n != 0 || heir.metric("holdfast_sections_serving") != 0 {
		t.Errorf("fenced %v times before anything happened; the one that stands by serves %v sections", n,
			heir.metric("holdfast_sections_serving"))
	}
	if err := owner.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	slept := time.Now()
	sale.until("the heir serves every section", func() bool {
		return heir.metric("holdfast_sections_serving") == crashSections
	})
	t.Logf("the heir serves every section %v after the owner fell asleep", time.Since(slept).Round(time.Millisecond))
	sale.sellsOn(storeStep)
	if err := owner.command.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	sale.until("the owner is fenced", func() bool { return owner.metric("holdfast_fenced_total") > 0 })
	sale.until("the owner serves nothing", func() bool { return owner.metric("holdfast_sections_serving") == 0 })
	sale.sellsOn(storeStep)
	if n := stolen.Load(); n == 0 {
		t.Error("no buyer was ever refused by the one who does not own: the doors were not both used")
	}
	told := sale.close()
	for _, p := range []*process{owner, heir} {
		if n := p.metric("holdfast_ticket_guard_violations_total"); n != 0 {
			t.Errorf("P1: the second guard was met %v times: the first one failed", n)
		}
		p.terminate()
	}
	told.check(t, owner, chargedIn(t, address))
}

// openSaleByDoors opens a sale whose buyers knock at both processes in turn. refused counts the answers 503.
func (p *process) openSaleByDoors(other *process) (s *sale, refused *atomic.Int64) {
	p.t.Helper()
	doors, turn := []string{p.address, other.address}, &atomic.Int64{}
	refused = &atomic.Int64{}
	p.watch = func(response *http.Response, err error, _ time.Duration) {
		if err == nil && response.StatusCode == http.StatusServiceUnavailable {
			refused.Add(1)
		}
	}
	event := p.createEvent()
	if err := other.answers("/v1/events/" + event); err != nil {
		p.t.Fatal(err)
	}
	p.patience = time.Second // one door leads to a sleeper
	p.door = func() string { return doors[turn.Add(1)%2] }
	return p.openSale(event, crashSeed(p.t), storeBuyers), refused
}

// TestStoreProcessSurvivesItsDatabase guards P2, P3 and P5: the database is stopped, and crashed, under a running
// process. Every request is answered within its deadline, refusals say when to come back, and the sale goes on by
// itself.
func TestStoreProcessSurvivesItsDatabase(t *testing.T) {
	server := pgtest.Start(t)
	p := newProcess(t, buildBinary(t), "--store", server.Database(t))
	p.more = append(p.more, "--request-timeout", storeWait.String())
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	seen := &answers{}
	p.watch = seen.note
	sale := p.openSale(p.createEvent(), crashSeed(t), storeBuyers)
	for _, gone := range []func(testing.TB){server.Stop, server.Crash} {
		sale.sellsOn(storeStep)
		before := seen.count()
		gone(t)
		sale.until("buyers are refused", func() bool { return seen.count() >= before+2*storeBuyers })
		sale.until("the alert", func() bool { return p.metric("holdfast_store_reachable") == 0 })
		server.Restart(t)
		sale.until("the end of the alert", func() bool { return p.metric("holdfast_store_reachable") == 1 })
		sale.sellsOn(storeStep)
	}
	told := sale.close()
	p.terminate()
	seen.check(t)
	told.check(t, p, chargedIn(t, p.where[1]))
}

// answers is what buyers saw while the database came and went.
type answers struct {
	mu      sync.Mutex
	refused int
	slowest time.Duration
	wrong   []string
}

func (a *answers) note(response *http.Response, err error, took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slowest = max(a.slowest, took)
	switch {
	case err != nil:
		a.wrong = append(a.wrong, fmt.Sprintf("no answer after %v: %v", took, err))
	case response.StatusCode == http.StatusServiceUnavailable:
		a.refused++
		if response.Header.Get("Retry-After") == "" {
			a.wrong = append(a.wrong, "503 without Retry-After")
		}
	}
}

func (a *answers) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

func (a *answers) check(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, wrong := range a.wrong[:min(len(a.wrong), 10)] {
		t.Errorf("P3: %s", wrong)
	}
	if a.slowest > storeWait+storeSlack {
		t.Errorf("P3: the slowest answer took %v, the deadline is %v", a.slowest, storeWait)
	}
	t.Logf("%d refused with 503, slowest answer %v", a.refused, a.slowest)
}
