package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Log runs holdfast log on a store, given as serve's flags have it (--data DIR or --store URL). What goes wrong
// meanwhile is told by closing what it returns; complaints takes the command's own words.
func Log(ctx context.Context, binary string, complaints io.Writer, where ...string) (io.ReadCloser, error) {
	command := exec.CommandContext(ctx, binary, append([]string{"log"}, where...)...)
	command.Stderr = complaints
	lines, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("lab: holdfast log: %w", err)
	}
	return &logLines{lines, command}, nil
}

type logLines struct {
	io.Reader
	command *exec.Cmd
}

// Close waits for the command. A log that could not be read to its end is no log.
func (l *logLines) Close() error {
	_, _ = io.Copy(io.Discard, l.Reader) // else a reader that stopped early would leave the command waiting
	if err := l.command.Wait(); err != nil {
		return fmt.Errorf("lab: holdfast log: %w", err)
	}
	return nil
}

// auditFindings is the exit code of an audit that found something.
const auditFindings = 1

// Audit runs holdfast audit on a store, given as Log's. It returns all that was said; an error means that no verdict
// was reached.
func Audit(ctx context.Context, binary string, where ...string) (clean bool, said string, err error) {
	text, err := exec.CommandContext(ctx, binary, append([]string{"audit"}, where...)...).Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, string(text), nil
	case errors.As(err, &exit) && exit.ExitCode() == auditFindings:
		return false, string(text), nil
	}
	return false, string(text), fmt.Errorf("lab: holdfast audit: %w", err)
}
