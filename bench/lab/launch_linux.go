package lab

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Launch starts a program that the kernel kills when this process dies, however it dies. The kernel ties that to the
// thread that started it, so the thread is kept until then. SIGKILL, and nothing gentler: a program that a nemesis has
// stopped would not hear it. Its own process group keeps ^C at a terminal from reaching the nodes before it has reached
// us.
func Launch(command *exec.Cmd) (*Process, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid, command.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	p := &Process{command: command, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := command.Start()
		started <- err
		if err == nil {
			p.exit = command.Wait()
		}
	}()
	return p, <-started
}
