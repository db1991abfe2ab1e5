package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Launch starts a program that the kernel stops (SIGQUIT) when this process dies, however it dies; ended is closed when
// the program is gone. The kernel ties that to the thread that started it, so the thread is kept until then.
func Launch(command *exec.Cmd) (ended <-chan struct{}, err error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
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
	all, err := children(parent.Pid)
	if err != nil {
		return err
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
	return parent.Kill()
}

// children are the processes that a process with one thread has started and not yet waited for.
func children(pid int) (pids []int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	for field := range strings.FieldsSeq(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// clockTick is the unit of /proc/<pid>/stat, fixed at 100 a second for user space on Linux.
const clockTick = 10 * time.Millisecond

// ProcessorTime is what processes, all that they have started, and all of those that ended, have used of all cores so
// far, user and system, in steps of 10 ms for each process: of many that have done little, little is seen. What /proc
// does not tell counts as nothing.
func ProcessorTime(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
			sum += parseStat(string(text))
		}
		if started, err := children(pid); err == nil {
			sum += ProcessorTime(started...)
		}
	}
	return sum
}

// parseStat adds utime, stime, and the same of the children that were waited for: a server that makes a process for
// each connection has most of its time there. The command's name may hold anything, so counting starts behind its last
// parenthesis.
func parseStat(text string) time.Duration {
	const first, last = 11, 14 // utime, stime, cutime, cstime
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) <= last {
		return 0
	}
	var ticks int64
	for _, field := range fields[first : last+1] {
		n, _ := strconv.ParseInt(field, 10, 64) // the kernel writes numbers
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}
