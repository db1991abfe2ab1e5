package pgtest

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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is the role that owns everything on a test's server; it needs no password.
const User = "holdfast"

// Server is a PostgreSQL of a test's own.
type Server struct {
	binaries string
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

// Start starts a server for one test and stops it when the test is over.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s, err := start(need(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's last words:\n%s", s.lastWords())
		}
		if err := s.remove(); err != nil {
			t.Errorf("PostgreSQL did not go away: %v", err)
		}
	})
	return s
}

// start makes a server; what it leaves behind on an error is swept.
func start(binaries string, options ...Option) (*Server, error) {
	s := &Server{binaries: binaries, settings: defaults()}
	for _, option := range options {
		option(s)
	}
	err := s.create()
	if err == nil {
		err = s.retry(func() { s.port = freePort() })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: %w\n%s", err, s.lastWords()), s.remove())
	}
	return s, nil
}

// retry starts the process, several times if it must: somebody may have been quicker to take the port, and the processes of a crashed
// server may take a moment to go.
func (s *Server) retry(prepare func()) (err error) {
	tick := time.NewTicker(startPause)
	defer tick.Stop()
	for range startTries {
		prepare()
		if err = s.up(); err == nil {
			return nil
		}
		<-tick.C
	}
	return err
}

// create makes the directory, the data and the files that the server reads at its start.
func (s *Server) create() (err error) {
	if s.who, err = unprivileged(); err != nil {
		return err
	}
	if s.dir, s.owner, err = newDir(s.who); err != nil {
		return err
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", User, "--auth", "trust", "--no-sync", "--no-locale", "--encoding", "UTF8")
	if said, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, said)
	}
	if s.certFile == "" {
		return nil
	}
	return s.requireTLS()
}

// requireTLS copies certificate and key (a server refuses a key that others may read) and closes the door to plain connections.
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

func (s *Server) data() string    { return filepath.Join(s.dir, dataDir) }
func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

func (s *Server) command(program string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(s.binaries, program), arguments...)
	command.Dir = s.dir
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.who, Setpgid: true}
	return command
}

// Ports are below those that the system gives to outgoing connections: a server that comes back finds its own still free.
const portMin, portMax = 20_000, 32_000

func freePort() int {
	for {
		port := portMin + rand.IntN(portMax-portMin)
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil && listener.Close() == nil {
			return port
		}
	}
}

// up starts the server's process and waits until it answers.
func (s *Server) up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("pgtest: the server runs already")
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the server keeps its own
	arguments := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir}
	command := s.command("postgres", append(arguments, s.settings.arguments()...)...)
	command.Stdout, command.Stderr = log, log
	ended, err := launch(command)
	if err != nil {
		return err
	}
	s.process, s.ended = command.Process, ended
	if err := s.answers(); err != nil {
		_ = s.process.Kill() // it may have ended by itself
		<-s.ended
		s.process = nil
		return err
	}
	return nil
}

// answers waits for the first connection that the server lets in.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
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

func (s *Server) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.adminURL())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// down ends the server's process by tell, if there is one, and waits for it.
func (s *Server) down(tell func(*os.Process) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	if err := tell(s.process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		s.process = nil
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("pgtest: postgres did not end within %v", stopTimeout)
	}
}

// remove crashes the server and removes everything it had: what a test wrote is of no use to anybody.
func (s *Server) remove() error {
	err := s.down(killAll)
	if s.dir != "" {
		err = errors.Join(err, removeDir(s.dir))
	}
	if s.owner != nil {
		err = errors.Join(err, s.owner.Close())
	}
	return err
}

// lastWords is the end of the server's log.
func (s *Server) lastWords() []byte {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return []byte(err.Error())
	}
	const lines = 40
	all := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], nil)
}
