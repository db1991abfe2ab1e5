package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// launch starts a program that the kernel stops when this process dies, however it dies. The kernel ties that to the thread that
// started it, so the thread is kept until the program ends.
func launch(command *exec.Cmd) (ended <-chan struct{}, err error) {
	command.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // how it ended is in its own log
		}
	}()
	return done, <-started
}

// killAll ends a server as a power cut does: no process of it says another word.
func killAll(parent *os.Process) error {
	// Stopped, the parent cannot start a child that nobody counted.
	if err := parent.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent.Pid, parent.Pid))
	if err != nil {
		return err
	}
	for field := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
		}
	}
	return parent.Kill()
}
