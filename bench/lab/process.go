package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"holdfast/bench/load"
)

// Process is a program that this run started, known by its id and by nothing else.
type Process struct {
	Address string // host:port; of a server that was waited for
	command *exec.Cmd
	ended   chan struct{} // closed once it is gone
	exit    error         // how it ended; to be read after ended
}

// readyTimeout bounds the start of a server; a restart after millions of changes replays them.
const readyTimeout = 2 * time.Minute

// dialTimeout bounds one attempt to reach a server.
const dialTimeout = 5 * time.Second

// readyPoll is how often readiness is asked for; it bounds the error of a measured restart.
const readyPoll = 2 * time.Millisecond

// stopTimeout is how long a server may take to stop before it is killed.
const stopTimeout = 20 * time.Second

// The ports that FreeAddress chooses from are below those that a system hands out by itself, so that no listener on
// port 0 and no outgoing connection is given one before it is used.
const portMin, portMax = 20_000, 32_000

// FreeAddress is a loopback address that nobody listens on, at this moment.
func FreeAddress() (string, error) {
	var last error
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(portMin+rand.IntN(portMax-portMin))))
		if err == nil {
			defer func() { _ = l.Close() }()
			return l.Addr().String(), nil
		}
		last = err
	}
	return "", fmt.Errorf("lab: no free port: %w", last)
}

// StartHoldfast runs a holdfast binary with an embedded store in data, in dev mode, and waits until it can serve. Its
// log goes to log. The caller stops it.
func StartHoldfast(ctx context.Context, binary, data string, log io.Writer) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	return StartProcess(ctx, address, Ready, log, binary, "serve", "--dev-auth", "--listen", address, "--data", data)
}

// StartProcess runs a command and waits until ready says nil for its address.
func StartProcess(ctx context.Context, address string, ready func(address string) error, log io.Writer, command string,
	arguments ...string) (*Process, error) {
	return startProcess(ctx, address, ready, log, nil, command, arguments...)
}

// startProcess is StartProcess with variables added to the environment.
func startProcess(ctx context.Context, address string, ready func(address string) error, log io.Writer,
	environment []string,
	command string, arguments ...string,
) (*Process, error) {
	run := exec.Command(command, arguments...) //nolint:noctx // stopped by Stop: a context would kill it
	run.Stdout, run.Stderr = log, log
	run.Env = append(os.Environ(), environment...)
	p, err := Launch(run)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	p.Address = address
	if err := p.await(ctx, ready); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *Process) await(ctx context.Context, ready func(string) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		err := ready(p.Address)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("lab: %s ended before it was ready; see its log", p.command.Path)
		case <-ctx.Done():
			return fmt.Errorf("lab: %s is not ready: %w", p.command.Path, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

var errNotReady = errors.New("lab: not ready")

// Ready asks the server itself.
func Ready(address string) error {
	c, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(dialTimeout))
	a, err := c.RoundTrip([]byte("GET /readyz HTTP/1.1\r\nHost: " + address + "\r\n\r\n"))
	if err == nil && a.Status != 200 {
		err = errNotReady
	}
	return err
}

// Accepts is readiness for a server that knows no readyz.
func Accepts(address string) error {
	c, err := load.Dial(address)
	if err == nil {
		c.Close()
	}
	return err
}

// PID is the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

// CPU is the processor time used so far.
func (p *Process) CPU() time.Duration { return ProcessorTimeOf(p.PID()) }

// Gone says that the process has ended.
func (p *Process) Gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Exit is how a process ended that is Gone; nil: in good order.
func (p *Process) Exit() error { return p.exit }

// Signal tells the process something; one that is gone hears nothing, which is no error here.
func (p *Process) Signal(s syscall.Signal) { _ = p.command.Process.Signal(s) }

// Kill is kill -9: nothing is flushed, nobody is told. It waits until the process is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// Leave asks the process to end and waits; false: it did not within that time and was killed.
func (p *Process) Leave(patience time.Duration) bool {
	p.Signal(syscall.SIGTERM)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		p.Kill()
		return false
	}
}

// Stop asks the process to end, and kills it when it does not within StopTimeout.
func (p *Process) Stop() { p.Leave(stopTimeout) }

// SleepUntil waits for a moment; an error says that ctx ended before.
func SleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("lab: %w", ctx.Err())
	}
}

// LastWords is the end of what a server said, as an error to be joined.
func LastWords(path string) error {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return nil //nolint:nilerr // the log is extra
	}
	return fmt.Errorf("the server said: %s", text[max(0, len(text)-2000):])
}
