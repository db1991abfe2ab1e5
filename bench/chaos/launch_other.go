//go:build unix && !linux

package chaos

import (
	"os/exec"
	"syscall"
)

// launch starts a program. Here nothing kills it when this process dies without a word.
func launch(command *exec.Cmd) (*process, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	p := &process{command: command, ended: make(chan struct{})}
	if err := command.Start(); err != nil {
		return p, err
	}
	go func() {
		defer close(p.ended)
		p.exit = command.Wait()
	}()
	return p, nil
}
