package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// node is a place for one holdfast and, most of the time, the holdfast in it.
type node struct {
	name    string
	host    host
	api     string // host:port
	gossip  string
	peer    string
	folder  string
	clock   string // file with the offset of its wall clock
	arms    []string
	program []string // further arguments
	papers  *papers

	mu      sync.Mutex
	wanted  bool // it should be running
	process *process
	born    time.Time // of the process
	grown   bool      // the process has been ready since it was started
	starts  int
}

// leaveBound is how long a node may take to leave in good order.
const leaveBound = 25 * time.Second

// errNodeStays is of a node that was asked to go and did not.
var errNodeStays = errors.New("did not leave in time and was killed")

// start runs the program, if it does not run.
func (n *node) start(a *arena) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = true
	if n.process != nil && !n.process.gone() {
		return nil
	}
	return n.launch(a)
}

func (n *node) launch(a *arena) error {
	out, err := os.OpenFile(filepath.Join(n.folder, n.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer out.Close() // the process keeps its own
	n.starts++
	fmt.Fprintf(out, "--- start %d of %s at %v\n", n.starts, n.name, time.Now().UTC().Format(time.RFC3339Nano))
	command := a.ground.command(n.host, a.cfg.Binary, n.arguments(a)...)
	command.Stdout, command.Stderr = out, out
	if err := n.setClock(0); err != nil {
		return err
	}
	command.Env = append(append(os.Environ(), n.arms...), a.cfg.Environment...)
	p, err := launch(command)
	if err != nil {
		return fmt.Errorf("chaos: %s: %w", n.name, err)
	}
	n.process, n.born, n.grown = p, time.Now(), false
	return nil
}

func (n *node) arguments(a *arena) []string {
	arguments := []string{"serve", "--listen", n.api, "--store", a.database.far, "--log-level", "info"}
	return append(append(arguments, a.papers.flags...), n.program...)
}

// current is the process, nil when there is none alive.
func (n *node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil || n.process.gone() {
		return nil
	}
	return n.process
}

// stop marks the node as one that should not run, and hands over its process.
func (n *node) stop() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = false
	return n.process
}

func (n *node) kill() {
	if p := n.stop(); p != nil {
		p.kill()
	}
}

// leave asks the node to go in good order (SIGTERM), and says what was not in order.
func (n *node) leave() error {
	p := n.stop()
	if p == nil || p.gone() {
		return nil
	}
	p.signal(syscall.SIGCONT) // one that a nemesis has stopped cannot hear
	if !p.leave(leaveBound) {
		return fmt.Errorf("%s %w (%v)", n.name, errNodeStays, leaveBound)
	}
	if p.exit != nil {
		return fmt.Errorf("%s was asked to leave and ended with %w", n.name, p.exit)
	}
	return nil
}

// signal reaches the process if there is one.
func (n *node) signal(s syscall.Signal) {
	if p := n.current(); p != nil {
		p.signal(s)
	}
}

// setClock moves the node's wall clock, in a build that reads the file. It is replaced at once, so that nobody reads
// half a number.
func (n *node) setClock(offset time.Duration) error {
	fresh := n.clock + ".new"
	if err := os.WriteFile(fresh, []byte(offset.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	if err := os.Rename(fresh, n.clock); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	return nil
}
