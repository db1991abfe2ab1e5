// Package redistest starts a real Redis for tests: what an imitation agrees to is worth little alone.
package redistest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Start is the address of a Redis that runs as long as the test, on a socket of its own. It may still be starting.
// Without the program the test fails where CI is set, and is skipped elsewhere.
func Start(t testing.TB) string {
	t.Helper()
	program := find()
	if program == "" && os.Getenv("CI") != "" {
		t.Fatal("no Redis on this machine: make packages installs one")
	}
	if program == "" {
		t.Skip("A REAL REDIS IS NOT TESTED: there is none on this machine; make packages installs one")
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, program)
	server.Args = []string{"redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", t.TempDir()}
	server.Env = append(os.Environ(), "LC_ALL=C")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // killed
	})
	return "unix://" + socket
}

// find looks for the program, which Debian has by two names; empty: it is not there.
func find() string {
	for _, name := range []string{"redis-server", "redis-check-rdb"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}
