package chaos

import (
	"os/exec"
	"syscall"
	"time"
)

// process is a program that this run started, known by its id and by nothing else.
type process struct {
	command *exec.Cmd
	ended   chan struct{} // closed once it is gone
	exit    error         // how it ended; to be read after ended
}

func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// signal tells the process something; one that is gone hears nothing, which is no error here.
func (p *process) signal(s syscall.Signal) { _ = p.command.Process.Signal(s) }

// kill is kill -9: nothing is flushed, nobody is told.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// leave asks the process to stop and waits; false: it did not within that time and was killed.
func (p *process) leave(patience time.Duration) bool {
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		p.kill()
		return false
	}
}
