package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/actors"
	"holdfast/actors/witness"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// sells buys single seats of row 1 in section A, one booking each, and gives their ids.
func (p *process) sells(event string, seats ...int) (ids []string) {
	p.t.Helper()
	for _, seat := range seats {
		who := fmt.Sprintf("buyer-%d", seat)
		got, ok := p.ask(p.t.Context().Done(), who, "POST", "/v1/events/"+event+"/bookings",
			fmt.Sprintf("hold-%d-%d", seat, len(ids)), fmt.Sprintf(`{"seats":["A-1-%d"]}`, seat))
		if !ok || got.status != http.StatusCreated {
			p.t.Fatalf("hold of seat %d: %+v", seat, got)
		}
		paid, ok := p.ask(p.t.Context().Done(), who, "POST", "/v1/bookings/"+got.ID+"/confirm", "pay-"+got.ID,
			`{"payment_token":"tok_ok"}`)
		if !ok || paid.status != http.StatusOK {
			p.t.Fatalf("payment of seat %d: %+v", seat, paid)
		}
		ids = append(ids, got.ID)
	}
	return ids
}

// lines takes what a process says, which is read while it runs.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// refusesToStart runs the server and expects that it ends by itself, and says why.
func (p *process) refusesToStart() string {
	p.t.Helper()
	said := &lines{}
	p.errs = said
	if err := p.launch(); err != nil {
		p.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
		p.t.Errorf("ended with %v", err)
	}
	return said.String()
}

// walFile is the store's log that is being written, and where its data ends.
func walFile(t *testing.T, data string) (path string, end int) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(data, datafolder.StoreFolder, "*.log"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no log in %s: %v", data, err)
	}
	path = slices.Max(all)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, len(bytes.TrimRight(text, "\x00"))
}

func flipByte(t *testing.T, path string, at int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[at] ^= 0x10
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKillNineThenBitRotDoesNotSellTicketsAgain guards P1, P2 and P6: one wrong bit near the end of the log, in a real
// process's folder, is refused with words that say what to do. The audit finds it. Whoever accepts the loss sells on,
// and no booking id is given a second time.
func TestKillNineThenBitRotDoesNotSellTicketsAgain(t *testing.T) {
	p := newProcess(t, buildBinary(t), "--data", t.TempDir())
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	event := p.createEvent()
	given := p.sells(event, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	p.kill()
	whole, data := p.where[1], ""
	for part := 1; part < 8; part++ {
		data = filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(data, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		p.where[1] = data
		path, end := walFile(t, data)
		flipByte(t, path, end*part/8)
		said := p.refusesToStart()
		for _, want := range []string{"acknowledged data is lost", filepath.Base(path), "Restore",
			"holdfast store accept-loss --data " + data} {
			if !strings.Contains(said, want) {
				t.Errorf("P2: part %d of 8 is wrong: not a word of %q:\n%s", part, want, said)
			}
		}
	}
	if code, out := tool(t, "audit", "--data", data); code != exitFindings || !strings.Contains(out, ": lost: ") {
		t.Errorf("audit: exit code %d:\n%s", code, out)
	}
	if code, out := tool(t, "copy", "--from", "pebble:"+data, "--to",
		"pebble:"+filepath.Join(t.TempDir(), "x")); code != exitFailed || !strings.Contains(out, "lost") {
		t.Errorf("copy: exit code %d:\n%s", code, out)
	}
	p.acceptsLoss("--data", data)
	p.errs = nil
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	for _, id := range p.sells(event, 10, 9, 11) {
		if slices.Contains(given, id) {
			t.Errorf("booking id %s was given twice", id)
		}
	}
	p.terminate()
}

// acceptsLoss looks first, which changes nothing, and then accepts what is lost.
func (p *process) acceptsLoss(where ...string) {
	p.t.Helper()
	accept := append([]string{"store", "accept-loss"}, where...)
	for range 2 {
		if code, out := tool(p.t, accept...); code != exitFindings || !strings.Contains(out, "LOST") ||
			!strings.Contains(out, "nothing was changed") {
			p.t.Errorf("looking: exit code %d:\n%s", code, out)
		}
	}
	if code, out := tool(p.t, append(accept, "--yes")...); code != exitOK ||
		!strings.Contains(out, storectl.AcceptedFile) {
		p.t.Errorf("accepting: exit code %d:\n%s", code, out)
	}
	dir := where[len(where)-1]
	if text, err := os.ReadFile(filepath.Join(dir, storectl.AcceptedFile)); err != nil ||
		!bytes.Contains(text, []byte(`"why"`)) {
		p.t.Errorf("what was accepted is not written down: %q, %v", text, err)
	}
	if code, out := tool(p.t, accept...); code != exitOK || !strings.Contains(out, "nothing is missing") {
		p.t.Errorf("after it was accepted: exit code %d:\n%s", code, out)
	}
}

// asOwner runs a statement on the server, beside the database.
func asOwner(t *testing.T, server *pgtest.Server, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), statement)
	if err = errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// late is what a buyer hears who wants a seat after the loss, under one key for each seat.
func (p *process) late(event, seat string) answer {
	p.t.Helper()
	got, err := p.askOnce("late", "POST", "/v1/events/"+event+"/bookings", "late-"+seat,
		fmt.Sprintf(`{"seats":["%s"]}`, seat))
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

// TestStoreProcessDoesNotSellOnARestoredCopy guards P1 and P2: while all nodes are stopped the database is replaced by
// an older copy. A node that remembers does not serve what the copy lacks, says so once, in a metric too, and again
// after a restart; the other sections are served. The audit finds it by the node's folder.
func TestStoreProcessDoesNotSellOnARestoredCopy(t *testing.T) {
	server := pgtest.Start(t)
	asOwner(t, server, "CREATE DATABASE sale")
	state := filepath.Join(t.TempDir(), "state")
	p := newProcess(t, buildBinary(t), "--store", server.URL("sale"))
	p.more = append([]string{"--state-dir", state}, untiring...)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	event := p.createEvent()
	given := p.sells(event, 1, 2)
	p.terminate()
	asOwner(t, server, "CREATE DATABASE older TEMPLATE sale")
	p.up = make(chan struct{})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	given = append(given, p.sells(event, 3, 4)...)
	last, _ := actors.ParseBookingID([]byte(given[len(given)-1]))
	testkit.Eventually(t, "the node has written down what it sold", func() bool {
		known, err := witness.Read(state)
		return err == nil && known.Of(last.Section).Mark().Seq >= 14 // two lives of a claim and six records
	})
	p.kill()
	asOwner(t, server, "DROP DATABASE sale WITH (FORCE)")
	asOwner(t, server, "ALTER DATABASE older RENAME TO sale")
	for range 2 {
		said := &lines{}
		p.errs, p.up = said, make(chan struct{})
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the loss is counted", func() bool { return p.metric("holdfast_log_lost_total") == 1 })
		if got := p.late(event, "A-1-3"); got.status != http.StatusServiceUnavailable {
			t.Errorf("P1: a seat that was sold: %+v", got)
		}
		testkit.Eventually(t, "another section is served", func() bool {
			return p.late(event, "B-1-1").status == http.StatusCreated
		})
		testkit.Eventually(t, "it is said", func() bool { return strings.Contains(said.String(), "ALARM") })
		if text := said.String(); strings.Count(text, "ALARM") != 1 ||
			!strings.Contains(text, "acknowledged records are lost") || !strings.Contains(text, "accept-loss") {
			t.Errorf("said:\n%s", text)
		}
		p.terminate()
	}
	if code, out := tool(t, "audit", "--store", p.where[1], "--state-dir", state); code != exitFindings ||
		!strings.Contains(out, ": lost: ") {
		t.Errorf("audit: exit code %d:\n%s", code, out)
	}
	p.acceptsLoss("--store", p.where[1], "--state-dir", state)
	p.errs, p.up = nil, make(chan struct{})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	for _, id := range p.sells(event, 3, 5) {
		if slices.Contains(given, id) {
			t.Errorf("booking id %s was given twice", id)
		}
	}
	p.terminate()
}

// TestServeSaysWhetherCommitsWaitForAStandby: an operator reads at the start what a failover would lose.
func TestServeSaysWhetherCommitsWaitForAStandby(t *testing.T) {
	said := &lines{}
	p := newProcess(t, buildBinary(t), "--store", pgtest.Database(t))
	p.errs, p.level = said, "info"
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.terminate()
	if text := said.String(); strings.Count(text, "commits wait for no standby") != 1 {
		t.Errorf("said:\n%s", text)
	}
}
