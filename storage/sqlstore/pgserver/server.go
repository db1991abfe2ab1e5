package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// User is the role that owns everything on the server; it needs no password.
const User = "holdfast"

// Server is a PostgreSQL of its caller's own. Its methods are safe for concurrent use.
type Server struct {
	binaries string
	folder   string // "": the system's place for temporary files
	dir      string
	owner    *os.File
	who      *syscall.Credential
	port     int
	settings settings
	certFile string
	keyFile  string

	mu      sync.Mutex // guards what follows
	process *os.Process
	ended   <-chan struct{}
}

// Times within which a healthy server does what it is told, far too long for a busy machine.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	startTries   = 20
	startPause   = 50 * time.Millisecond
)

// Start makes a server and waits until it answers. Without the programs the error is os.ErrNotExist; on any error
// nothing is left behind that the next Start would not sweep. The caller closes the server.
func Start(ctx context.Context, options ...Option) (*Server, error) {
	binaries, err := Binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{binaries: binaries, settings: defaults()}
	for _, option := range options {
		option(s)
	}
	if err = s.create(ctx); err == nil {
		err = s.retry(ctx, func() { s.port = FreePort() })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pgserver: %w\n%s", err, s.LastWords()), s.Close())
	}
	return s, nil
}

// retry starts the process, several times if it must: somebody may have been quicker to take the port, and the
// processes of a crashed server may take a moment to go.
func (s *Server) retry(ctx context.Context, prepare func()) (err error) {
	tick := time.NewTicker(startPause)
	defer tick.Stop()
	for range startTries {
		prepare()
		if err = s.up(ctx); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
	return err
}

// create makes the directory, the data and the files that the server reads at its start.
func (s *Server) create(ctx context.Context) (err error) {
	if s.who, err = unprivileged(); err != nil {
		return err
	}
	if s.dir, s.owner, err = newDir(s.folder, s.who); err != nil {
		return err
	}
	initdb := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", User, "--auth", "trust", "--no-sync",
		"--no-locale", "--encoding", "UTF8")
	if said, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, said)
	}
	if s.certFile == "" {
		return nil
	}
	return s.requireTLS()
}

// requireTLS copies certificate and key (a server refuses a key that others may read) and closes the door to plain
// connections.
func (s *Server) requireTLS() error {
	s.settings["ssl"] = "on"
	for name, from := range map[string]string{"server.crt": s.certFile, "server.key": s.keyFile} {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := s.write(name, text); err != nil {
			return err
		}
	}
	return s.write("pg_hba.conf", []byte("local all all trust\nhostssl all all all trust\n"))
}

func (s *Server) write(name string, text []byte) error {
	path := filepath.Join(s.data(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	return give(path, s.who)
}

// Dir is the directory that holds everything of the server.
func (s *Server) Dir() string { return s.dir }

func (s *Server) data() string    { return filepath.Join(s.dir, dataDir) }
func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

func (s *Server) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(s.binaries, program), arguments...)
	command.Dir = s.dir
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.who, Setpgid: true}
	return command
}

// Ports are below those that the system gives to outgoing connections: a server that comes back finds its own still
// free.
const portMin, portMax = 20_000, 32_000

// FreePort is a port on the loopback that nobody listens on, at this moment, and that no outgoing connection will take.
func FreePort() int {
	for {
		port := portMin + rand.IntN(portMax-portMin)
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil && listener.Close() == nil {
			return port
		}
	}
}

// up starts the server's process and waits until it answers.
func (s *Server) up(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("the server runs already")
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the server keeps its own
	arguments := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir}
	// The server outlives the call, and so the context of the call: it ends by down.
	command := s.command(context.WithoutCancel(ctx), "postgres", append(arguments, s.settings.arguments()...)...)
	command.Stdout, command.Stderr = log, log
	ended, err := Launch(command)
	if err != nil {
		return err
	}
	s.process, s.ended = command.Process, ended
	if err := s.answers(ctx); err != nil {
		_ = s.process.Kill() // it may have ended by itself
		<-s.ended
		s.process = nil
		return err
	}
	return nil
}

// answers waits for the first connection that the server lets in.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return errors.New("postgres ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// PID is the id of the server's first process, of which all its others are children; zero while it is down.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Pid
}

// Stop stops the server in good order, as an operator would: every connection is told. It is no error that it was down.
func (s *Server) Stop() error {
	return s.down(func(p *os.Process) error { return p.Signal(syscall.SIGINT) })
}

// Crash kills every process of the server at once: nobody is told, nothing is tidied up. What was not synced is lost to
// the server's processes; what was handed to the operating system is not, since that lives on. It is no error that the
// server was down.
func (s *Server) Crash() error { return s.down(killAll) }

// Restart starts a stopped or crashed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.retry(ctx, func() {}); err != nil {
		return fmt.Errorf("pgserver: restart: %w\n%s", err, s.LastWords())
	}
	return nil
}

// down ends the server's process by tell, if there is one, and waits for it.
func (s *Server) down(tell func(*os.Process) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	if err := tell(s.process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("pgserver: %w", err)
	}
	select {
	case <-s.ended:
		s.process = nil
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("pgserver: postgres did not end within %v", stopTimeout)
	}
}

// Close crashes the server and removes everything it had: it was made to be thrown away.
func (s *Server) Close() error {
	err := s.Crash()
	if s.dir != "" {
		err = errors.Join(err, removeDir(s.dir))
	}
	if s.owner != nil {
		err = errors.Join(err, s.owner.Close())
	}
	return err
}

// LastWords is the end of the server's log, or why there is none.
func (s *Server) LastWords() []byte {
	if s.dir == "" {
		return nil // it never came so far
	}
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return []byte(err.Error())
	}
	const lines = 40
	all := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], nil)
}
