package baselines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/storage/sqlstore/pgserver"
)

// redisProgram is looked for on PATH. So is redisChecker, which is the same program under another name, and serves when
// it is called by the first: Debian has it in redis-tools, which brings no service along that would start by itself.
const redisProgram, redisChecker = "redis-server", "redis-check-rdb"

func redisBinary() (string, error) {
	found, err := exec.LookPath(redisProgram)
	if err == nil {
		return found, nil
	}
	if found, other := exec.LookPath(redisChecker); other == nil {
		return found, nil
	}
	return "", fmt.Errorf("baselines: Redis: %w", err)
}

// Times within which a healthy Redis does what it is told, far too long for a busy machine.
const (
	redisStartTimeout = 20 * time.Second
	redisStopTimeout  = 10 * time.Second
	redisStartTries   = 10
)

// redisServer is a Redis of this run's own. It keeps nothing on a disk.
type redisServer struct {
	dir     string
	address string
	process *os.Process
	ended   <-chan struct{}
}

// startRedis starts a server in a directory of its own in folder and waits until it answers. Somebody may be quicker to
// take the port; then another one is tried.
func startRedis(ctx context.Context, folder string) (r *redisServer, err error) {
	program, err := redisBinary()
	if err != nil {
		return nil, err
	}
	r = &redisServer{}
	if r.dir, err = os.MkdirTemp(folder, "holdfast-redis-"); err != nil {
		return nil, fmt.Errorf("baselines: Redis: %w", err)
	}
	for range redisStartTries {
		if err = r.start(ctx, program, pgserver.FreePort()); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("baselines: Redis: %w\n%s", err, r.lastWords()), r.stop())
	}
	return r, nil
}

func (r *redisServer) start(ctx context.Context, program string, port int) (err error) {
	r.address = filepath.Join(r.dir, "socket")
	command := exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--unixsocket", r.address,
		"--dir", r.dir, //nolint:noctx // it outlives the call, and ends by stop
		"--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", r.logFile())
	command.Args[0], command.Dir = redisProgram, r.dir
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if r.ended, err = pgserver.Launch(command); err != nil {
		return err
	}
	r.process = command.Process
	if err = r.answers(ctx); err != nil {
		_ = r.process.Kill() // it may have ended by itself
		<-r.ended
		r.process = nil
	}
	return err
}

// answers waits for the first PONG.
func (r *redisServer) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisStartTimeout)
	defer cancel()
	client := redis.NewClient((&Backends{RedisAddress: r.address}).redisOptions())
	defer func() { _ = client.Close() }() // nothing is lost with it
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.ended:
			return errors.New("redis-server ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", err)
		}
	}
}

func (r *redisServer) logFile() string { return filepath.Join(r.dir, "log") }

// lastWords is the server's log, or why there is none.
func (r *redisServer) lastWords() []byte {
	text, err := os.ReadFile(r.logFile())
	if err != nil {
		return []byte(err.Error())
	}
	return text
}

// stop ends the server, and removes what it had.
func (r *redisServer) stop() error {
	if r.process != nil {
		if err := r.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("baselines: Redis: %w", err)
		}
		select {
		case <-r.ended:
		case <-time.After(redisStopTimeout):
			_ = r.process.Kill() // it may have ended just now
			<-r.ended
		}
	}
	return os.RemoveAll(r.dir)
}
