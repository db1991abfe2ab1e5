package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"holdfast/cmd/holdfast/clusterctl"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// localRun is a running holdfast cluster local, and what it has printed.
type localRun struct {
	t       *testing.T
	command *exec.Cmd
	read    chan struct{} // closed at the end of its output

	mu    sync.Mutex
	lines []string
}

// startLocal runs the command as a process, because its nodes are processes of its own executable, and waits until all
// of them serve.
func startLocal(t *testing.T, args ...string) *localRun {
	t.Helper()
	args = append([]string{"cluster", "local", "--listen", "127.0.0.1:0", "--demo-buyers", "4", "--logs", t.TempDir()},
		args...)
	r := &localRun{t: t, command: exec.Command(buildBinary(t), args...), read: make(chan struct{})}
	r.command.Stderr = os.Stderr
	out, err := r.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.command.Process.Kill() }) // it has ended by then, if all is well
	go func() {
		defer close(r.read)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			r.mu.Lock()
			r.lines = append(r.lines, scanner.Text())
			r.mu.Unlock()
		}
	}()
	testkit.Eventually(t, "the local cluster serves", func() bool { return r.said("sections: ") })
	return r
}

func (r *localRun) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

func (r *localRun) said(what string) bool { return strings.Contains(r.text(), what) }

// nodes reads the printed list.
func (r *localRun) nodes() (urls []string, pids []int) {
	for line := range strings.SplitSeq(r.text(), "\n") {
		var name, page string
		var pid int
		if n, _ := fmt.Sscanf(line, "  %s %s pid %d", &name, &page, &pid); n == 3 {
			urls, pids = append(urls, strings.TrimSuffix(page, "/")), append(pids, pid)
		}
	}
	return urls, pids
}

// gone says that no such process runs. One that nobody has waited for yet, as happens to orphans in a container, does
// not run.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	after := bytes.LastIndexByte(stat, ')') + 2
	return err == nil && len(stat) > after && (stat[after] == 'Z' || stat[after] == 'X')
}

func (r *localRun) wait() int {
	<-r.read
	_ = r.command.Wait() // its exit code says it
	return r.command.ProcessState.ExitCode()
}

// TestKillNineOfANodeOfALocalCluster: its sections are in doubt until its heartbeat lapses, then the others have them,
// and the operator sees both (P3); at the end no process is left.
func TestKillNineOfANodeOfALocalCluster(t *testing.T) {
	r := startLocal(t, "--store", pgtest.Database(t))
	urls, pids := r.nodes()
	if len(urls) != 3 {
		t.Fatalf("%d nodes:\n%s", len(urls), r.text())
	}
	testkit.Eventually(t, "three nodes share the stadium", func() bool {
		s := seen(t, urls[0])
		return s.Total > 0 && s.Serving == s.Total && s.Misplaced == 0 && len(s.Nodes) == 3
	})
	if err := syscall.Kill(pids[2], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "sections in doubt", func() bool {
		nodes, err := clusterctl.NewNodes([]string{urls[0]}, "")
		if err != nil {
			t.Fatal(err)
		}
		status, err := nodes.Status(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(clusterctl.Draw(status, nil, nil, false), "in doubt: ")
	})
	took := testkit.Eventually(t, "the others have them", func() bool {
		s := seen(t, urls[1])
		return s.Serving == s.Total && s.InDoubt == 0 && len(s.Nodes) == 2
	})
	t.Logf("healed %v after it was seen to be in doubt", took)
	if code, out := tool(t, "cluster", "status", "--url", urls[1]); code != exitOK ||
		!strings.Contains(out, ", 0 in doubt, 0 not") {
		t.Errorf("status once healed: %d\n%s", code, out)
	}
	testkit.Eventually(t, "it says what happened", func() bool {
		return r.said("n3 has gone") && r.said("has ended: signal: killed") && r.said("nobody → n")
	})
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(); code != exitOK {
		t.Errorf("^C: exit code %d\n%s", code, r.text())
	}
	for _, pid := range pids {
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

// TestKillNineOfTheLocalClusterItself: the kernel ends what it had started, the database too.
func TestKillNineOfTheLocalClusterItself(t *testing.T) {
	pgtest.Shared(t) // says loudly when there is no PostgreSQL on this machine
	r := startLocal(t, "--nodes", "2")
	_, pids := r.nodes()
	var database string
	for line := range strings.SplitSeq(r.text(), "\n") {
		if address, found := strings.CutPrefix(line, "database: "); found {
			database, _, _ = strings.Cut(address, " ")
		}
	}
	at, err := url.Parse(database)
	if err != nil || at.Host == "" || len(pids) != 2 {
		t.Fatalf("%v, %d nodes:\n%s", err, len(pids), r.text())
	}
	if err := r.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.wait()
	for _, pid := range pids {
		testkit.Eventually(t, fmt.Sprint("the end of ", pid), func() bool { return gone(pid) })
	}
	testkit.Eventually(t, "the end of the database", func() bool {
		conn, err := net.Dial("tcp", at.Host)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

// TestStoreProcessesOfALocalClusterThatCannotStart says why, and leaves nothing.
func TestStoreProcessesOfALocalClusterThatCannotStart(t *testing.T) {
	command := exec.Command(buildBinary(t), "cluster", "local", "--nodes", "2", "--listen", "127.0.0.1:0", "--logs",
		t.TempDir(),
		"--store", "postgres://holdfast:s3cret@127.0.0.1:1/none?sslmode=disable")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "n1 ended at its start") ||
		!strings.Contains(string(out), "127.0.0.1:1") || strings.Contains(string(out), "s3cret") {
		t.Errorf("%v\n%s", err, out)
	}
}
