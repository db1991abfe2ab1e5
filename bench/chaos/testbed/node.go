package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"holdfast/bench/lab"
)

// Node is a place for one holdfast and, most of the time, the holdfast in it.
type Node struct {
	Name    string
	Host    Host
	API     string // host:port
	gossip  string
	peer    string
	folder  string
	clock   string // file with the offset of its wall clock
	arms    []string
	program []string // further arguments
	papers  *credentials

	mu      sync.Mutex
	wanted  bool // it should be running
	process *lab.Process
	born    time.Time // of the process
	grown   bool      // the process has been ready since it was started
	starts  int
}

// leaveBound is how long a node may take to leave in good order.
const leaveBound = 25 * time.Second

// errNodeStays is of a node that was asked to go and did not.
var errNodeStays = errors.New("did not leave in time and was killed")

// Start runs the program, if it does not run.
func (n *Node) Start(a *Bed) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = true
	if n.process != nil && !n.process.Gone() {
		return nil
	}
	return n.launch(a)
}

func (n *Node) launch(a *Bed) error {
	out, err := os.OpenFile(filepath.Join(n.folder, n.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	defer out.Close() // the process keeps its own
	n.starts++
	fmt.Fprintf(out, "--- start %d of %s at %v\n", n.starts, n.Name, time.Now().UTC().Format(time.RFC3339Nano))
	command := a.Machines.command(n.Host, a.cfg.Binary, n.arguments(a)...)
	command.Stdout, command.Stderr = out, out
	if err := n.SetClock(0); err != nil {
		return err
	}
	command.Env = append(append(os.Environ(), n.arms...), a.cfg.Environment...)
	p, err := lab.Launch(command)
	if err != nil {
		return fmt.Errorf("testbed: %s: %w", n.Name, err)
	}
	n.process, n.born, n.grown = p, time.Now(), false
	return nil
}

func (n *Node) arguments(a *Bed) []string {
	arguments := []string{"serve", "--listen", n.API, "--store", a.Database.far, "--log-level", "info"}
	return append(append(arguments, a.papers.flags...), n.program...)
}

// current is the process, nil when there is none alive.
func (n *Node) current() *lab.Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil || n.process.Gone() {
		return nil
	}
	return n.process
}

// stop marks the node as one that should not run, and hands over its process.
func (n *Node) stop() *lab.Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = false
	return n.process
}

// Kill is kill -9; the node stays away until it is started.
func (n *Node) Kill() {
	if p := n.stop(); p != nil {
		p.Kill()
	}
}

// leave asks the node to go in good order (SIGTERM), and says what was not in order.
func (n *Node) leave() error {
	p := n.stop()
	if p == nil || p.Gone() {
		return nil
	}
	p.Signal(syscall.SIGCONT) // one that a nemesis has stopped cannot hear
	if !p.Leave(leaveBound) {
		return fmt.Errorf("%s %w (%v)", n.Name, errNodeStays, leaveBound)
	}
	if p.Exit() != nil {
		return fmt.Errorf("%s was asked to leave and ended with %w", n.Name, p.Exit())
	}
	return nil
}

// Signal reaches the process if there is one.
func (n *Node) Signal(s syscall.Signal) {
	if p := n.current(); p != nil {
		p.Signal(s)
	}
}

// SetClock moves the node's wall clock, in a build that reads the file. It is replaced at once, so that nobody reads
// half a number.
func (n *Node) SetClock(offset time.Duration) error {
	fresh := n.clock + ".new"
	if err := os.WriteFile(fresh, []byte(offset.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	if err := os.Rename(fresh, n.clock); err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	return nil
}
