package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"holdfast/bench/load"
)

// Process is a server that this run started, and will stop by its process id.
type Process struct {
	Address string
	command *exec.Cmd
	exited  chan struct{} // closed once the process is gone
}

// readyTimeout bounds the start of a server; a restart after millions of changes replays them.
const readyTimeout = 2 * time.Minute

// dialTimeout bounds one attempt to reach a server.
const dialTimeout = 5 * time.Second

// readyPoll is how often readiness is asked for; it bounds the error of a measured restart.
const readyPoll = 2 * time.Millisecond

// StopTimeout is how long a server may take to stop before it is killed.
const StopTimeout = 20 * time.Second

// FreeAddress is a loopback address that nobody listens on, at this moment.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// StartHoldfast runs a holdfast binary with an embedded store in data, in dev mode, and waits until it can serve. Its log goes to
// log. The caller stops it.
func StartHoldfast(ctx context.Context, binary, data string, log io.Writer) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	return StartProcess(ctx, address, Ready, log, binary, "serve", "--dev-auth", "--listen", address, "--data", data)
}

// StartProcess runs a command and waits until ready says nil for its address.
func StartProcess(ctx context.Context, address string, ready func(address string) error, log io.Writer, command string, arguments ...string) (*Process, error) {
	return startProcess(ctx, address, ready, log, nil, command, arguments...)
}

// startProcess is StartProcess with variables added to the environment.
func startProcess(ctx context.Context, address string, ready func(address string) error, log io.Writer, environment []string,
	command string, arguments ...string,
) (*Process, error) {
	p := &Process{Address: address, command: exec.Command(command, arguments...), exited: make(chan struct{})} //nolint:noctx // stopped by Stop: a context would kill it
	p.command.Stdout, p.command.Stderr = log, log
	p.command.Env = append(os.Environ(), environment...)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	go func() {
		_ = p.command.Wait() // how it ended is in its log
		close(p.exited)
	}()
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
		case <-p.exited:
			return fmt.Errorf("lab: %s ended before it was ready; see its log", p.command.Path)
		case <-ctx.Done():
			return fmt.Errorf("lab: %s is not ready: %w", p.command.Path, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

var errNotReady = errors.New("lab: not ready")

// readyz asks the server itself.
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

// accepts is readiness for a server that knows no readyz.
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

// Kill ends the process as a crash would, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // already gone is as good
	<-p.exited
}

// Stop asks the process to end, and kills it when it does not.
func (p *Process) Stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(StopTimeout)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.Kill()
	}
}

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
