//go:build unix && !linux

package pgserver

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Launch starts a program; ended is closed when it is gone. Here nothing stops it when this process dies without a
// word.
func Launch(command *exec.Cmd) (ended <-chan struct{}, err error) {
	done := make(chan struct{})
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(done)
		_ = command.Wait() // how it ended is in its own log
	}()
	return done, nil
}

// killAll ends a server at once, without a checkpoint; the nearest thing to a power cut here.
func killAll(parent *os.Process) error { return parent.Signal(syscall.SIGQUIT) }

// ProcessorTime is zero: only Linux tells it without ending the processes.
func ProcessorTime(...int) time.Duration { return 0 }
