//go:build unix && !linux

package lab

import (
	"os/exec"
	"syscall"
)

// Launch starts a program. Here nothing kills it when this process dies without a word.
func Launch(command *exec.Cmd) (*Process, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	p := &Process{command: command, ended: make(chan struct{})}
	if err := command.Start(); err != nil {
		return p, err
	}
	go func() {
		defer close(p.ended)
		p.exit = command.Wait()
	}()
	return p, nil
}
