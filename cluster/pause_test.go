package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/storage"
)

// childEnv holds, in the process that is the other node, whom to join.
const childEnv = "HOLDFAST_TEST_CLUSTER_JOIN"

// TestMain: this binary is also the other process of a test that stops one.
func TestMain(m *testing.M) {
	if join := os.Getenv(childEnv); join != "" {
		os.Exit(childNode(join))
	}
	os.Exit(m.Run())
}

// shouter writes down what it hears, and answers each message.
type shouter struct{ node chan *Node }

func (s *shouter) ViewChanged(*View)           {}
func (s *shouter) PeerUp(storage.WriterID)     { fmt.Println("up") }
func (s *shouter) PeerDown(p storage.WriterID) { fmt.Println("down") }
func (s *shouter) Received(from storage.WriterID, m []byte) error {
	n := <-s.node
	s.node <- n
	fmt.Println(string(m))
	n.Send(from, m)
	return nil
}

// childNode runs until its standard input ends.
func childNode(join string) int {
	s := &shouter{node: make(chan *Node, 1)}
	n, err := Join(context.Background(), Options{
		Writer: storage.NewWriterID(), Name: "child", GossipListen: "127.0.0.1:0", PeerListen: "127.0.0.1:0",
		Join: []string{join}, Handler: s,
	})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	s.node <- n
	fmt.Printf("%x\n", n.opts.Writer)
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = n.Close()
	return 0
}

// child is a process with a node, and the lines that it writes.
type child struct {
	*exec.Cmd
	id    storage.WriterID
	lines chan string
}

func startChild(t *testing.T, a *tested) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0]), lines: make(chan string, 1000)}
	c.Env = append(os.Environ(), childEnv+"="+a.GossipAddress())
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(c.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGCONT)
		_ = stdin.Close()
		killer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
		defer killer.Stop()
		<-read
		_ = c.Wait()
	})
	if _, err := fmt.Sscanf(c.next(t), "%x", (*idBytes)(&c.id)); err != nil {
		t.Fatal(err)
	}
	return c
}

// idBytes reads the hexadecimal form.
type idBytes storage.WriterID

func (b *idBytes) Scan(s fmt.ScanState, _ rune) error {
	var text []byte
	_, err := fmt.Fscanf(s, "%x", &text)
	copy(b[:], text)
	return err
}

func (c *child) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-c.lines:
		return line
	case <-time.After(patience):
		t.Fatal("the other process says nothing")
		return ""
	}
}

// TestPausedProcessComesBackWithFreshSessions: it knows nothing of its pause, and must not go on where it stood.
func TestPausedProcessComesBackWithFreshSessions(t *testing.T) {
	a := start(t, "a", nil)
	c := startChild(t, a)
	a.ear.until(t, "a link to the other process", func() bool { return a.Up(c.id) })
	a.ear.until(t, "it takes a message", func() bool { return a.Send(c.id, []byte("before")) })
	a.ear.until(t, "an answer", func() bool { return a.ear.count(c.id, "before") == 1 })
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began, ended := time.Now(), a.ear.count(c.id, "down")
	for i := 0; a.Send(c.id, fmt.Append(nil, "during ", i)) && i < 100; i++ {
	}
	a.ear.until(t, "the link is down", func() bool { return a.ear.count(c.id, "down") > ended && a.ear.parted(c.id) })
	t.Logf("down after %v", time.Since(began))
	a.ear.until(t, "it is out of the view", func() bool { return len(a.View().Members()) == 1 })
	t.Logf("out of the view after %v", time.Since(began))
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	a.ear.until(t, "the link is up again", func() bool { return a.Up(c.id) })
	t.Logf("up again %v after the pause", time.Since(began))
	a.ear.until(t, "it takes messages", func() bool { return a.Send(c.id, []byte("after")) })
	a.ear.until(t, "an answer", func() bool { return a.ear.count(c.id, "after") > 0 })
	var heard []string
	for line := ""; line != "after"; {
		line = c.next(t)
		heard = append(heard, line)
	}
	// What had arrived before the process was stopped, or reached it with its first breath, is a prefix of what was
	// sent, and then comes the end.
	story := strings.Join(heard, " ")
	begun, over := strings.HasPrefix(story, "up before "), strings.HasSuffix(story, "up after")
	if !begun || !over || !strings.Contains(story, "down") {
		t.Errorf("the paused one heard: %s", story)
	}
	next, down := 0, false
	for _, line := range heard {
		down = down || line == "down"
		if n := -1; strings.HasPrefix(line, "during") {
			if _, err := fmt.Sscanf(line, "during %d", &n); err != nil || n != next || down {
				t.Errorf("the paused one heard: %s", story)
			}
			next++
		}
	}
}
