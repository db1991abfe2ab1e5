package lab

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Target is a kind of server that can be put under a load.
type Target struct {
	Name  string
	About string // how it is built and tuned
	// Compact: it reads plans in Holdfast's compact JSON only.
	Compact bool
	// Blind: it does nothing, so its answers prove nothing and are not checked.
	Blind bool
	// Start runs one of its own, with its data in folder. log takes what its processes say.
	Start func(ctx context.Context, folder string, log io.Writer) (*Running, error)
}

// Running is a server under load.
type Running struct {
	Endpoint
	Version string // of the server, for the report
	// CPU is the processor time it has used so far, its database included; nil: not ours to see.
	CPU func() time.Duration
	// Memory is what it has resident at this moment, in bytes; nil: not ours to see.
	Memory func() int64
	// Disk is how much its data takes, in bytes; 0: it cannot be told. nil: not ours to see.
	Disk func() int64
	// Stop ends the server in good order and waits for it; Close whatever was started for it besides, a database. Both
	// may be nil, and are called once.
	Stop  func() error
	Close func() error
	// Log opens the server's whole log, as lines of wire.LogChange, and Audit lets its own verifier look at its data,
	// both after Stop and before Close. nil: it has none, or none that can be reached.
	Log func(ctx context.Context) (io.ReadCloser, error)
	// QueueLog opens the log of an event's waiting room, as lines of waitingroom.LogChange, like Log.
	QueueLog func(ctx context.Context, event string) (io.ReadCloser, error)
	Audit    func(ctx context.Context) (clean bool, words string, err error)
	// Crash kills it without warning, and Revive starts it again on the same data and address. nil: not ours to kill.
	Crash  func()
	Revive func(ctx context.Context) error
}

// Embedded is Holdfast on its embedded store, started from a binary.
func Embedded(binary string, environment ...string) Target {
	return Target{
		Name: "holdfast", About: "Holdfast on its embedded store: every hold is synced to disk before it is answered.",
		Start: func(ctx context.Context, folder string, log io.Writer) (*Running, error) {
			data := filepath.Join(folder, "data")
			r, err := startEngine(ctx, &engineProcess{binary: binary, where: []string{"--data", data},
				environment: environment, log: log})
			if err == nil {
				r.Disk = func() int64 { return sizeOf(data) }
			}
			return r, err
		},
	}
}

// Database is a database started for a server.
type Database struct {
	URL  string
	CPU  func() time.Duration
	Stop func() error
}

// OnDatabase is Holdfast on a database that open starts for it.
func OnDatabase(binary string, open func(ctx context.Context, folder string) (*Database, error)) Target {
	return Target{
		Name: "holdfast-sql", About: "Holdfast on a PostgreSQL of its own, set as the peers' is.",
		Start: func(ctx context.Context, folder string, log io.Writer) (*Running, error) {
			d, err := open(ctx, folder)
			if err != nil {
				return nil, err
			}
			r, err := startEngine(ctx, &engineProcess{binary: binary, where: []string{"--store", d.URL}, log: log})
			if err != nil {
				return nil, errors.Join(err, d.Stop())
			}
			own := r.CPU
			r.CPU = func() time.Duration { return own() + d.CPU() }
			r.Close = d.Stop
			return r, nil
		},
	}
}

// Elsewhere is a server that runs already and is left as it was: the events made on it are deleted in the end. Its log
// is out of reach, so of its histories the answers are checked, and not the log.
func Elsewhere(t Endpoint) Target {
	return Target{
		Name: "holdfast", About: "A server at " + t.Address + ", started by somebody else.",
		Start: func(context.Context, string, io.Writer) (*Running, error) {
			t.Guest = &Guest{}
			return &Running{Endpoint: t}, nil
		},
	}
}

// Command is a target that some command serves on an address, with a Database or whatever else it needs behind it.
func Command(name, about string, open func(ctx context.Context, folder string) (*Backing, error)) Target {
	return Target{
		Name: name, About: about, Compact: true,
		Start: func(ctx context.Context, folder string, log io.Writer) (*Running, error) {
			b, err := open(ctx, folder)
			if err != nil {
				return nil, err
			}
			address, err := FreeAddress()
			if err != nil {
				return nil, errors.Join(err, b.Stop())
			}
			command, arguments := b.Command(address)
			p, err := StartProcess(ctx, address, Ready, log, command, arguments...)
			if err != nil {
				return nil, errors.Join(err, b.Stop())
			}
			return &Running{
				Endpoint: Endpoint{Address: address, OperatorKey: "dev"}, CPU: func() time.Duration {
					return p.CPU() + b.CPU()
				},
				Stop: func() error { p.Stop(); return nil }, Close: b.Stop,
			}, nil
		},
	}
}

// Backing is what stands behind a Command.
type Backing struct {
	Command func(address string) (command string, arguments []string)
	CPU     func() time.Duration
	Stop    func() error
}

// engineProcess is a holdfast binary and how to start it.
type engineProcess struct {
	binary      string
	where       []string // --data DIR or --store URL
	environment []string
	log         io.Writer
	process     *Process
}

func (e *engineProcess) start(ctx context.Context, address string) (err error) {
	arguments := append([]string{"serve", "--dev-auth", "--listen", address}, e.where...)
	e.process, err = startProcess(ctx, address, Ready, e.log, e.environment, e.binary, arguments...)
	return err
}

func startEngine(ctx context.Context, e *engineProcess) (*Running, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	if err := e.start(ctx, address); err != nil {
		return nil, err
	}
	gone := time.Duration(0) // the processor time of those that were killed
	return &Running{
		Endpoint: Endpoint{Address: address, OperatorKey: "dev"}, Version: e.version(ctx),
		CPU:    func() time.Duration { return gone + e.process.CPU() },
		Memory: func() int64 { return ResidentOf(e.process.PID()) },
		Stop:   func() error { e.process.Stop(); return nil },
		Log:    e.openLog, QueueLog: e.openQueueLog, Audit: e.audit,
		Crash:  func() { gone += e.process.CPU(); e.process.Kill() },
		Revive: func(ctx context.Context) error { return e.start(ctx, address) },
	}, nil
}

func (e *engineProcess) version(ctx context.Context) string {
	said, err := exec.CommandContext(ctx, e.binary, "version").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(said))
}

// openLog runs holdfast log. What goes wrong there is told by closing what it returns.
func (e *engineProcess) openLog(ctx context.Context) (io.ReadCloser, error) {
	return Log(ctx, e.binary, e.log, e.where...)
}

func (e *engineProcess) openQueueLog(ctx context.Context, event string) (io.ReadCloser, error) {
	return Log(ctx, e.binary, e.log, append([]string{"--waiting-room", "--event", event}, e.where...)...)
}

// audit runs the server's own verifier, and returns its last words.
func (e *engineProcess) audit(ctx context.Context) (clean bool, words string, err error) {
	clean, said, err := Audit(ctx, e.binary, e.where...)
	said = strings.TrimSpace(said)
	return clean, said[strings.LastIndexByte(said, '\n')+1:], err
}
