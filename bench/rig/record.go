package rig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// NullCommand starts a do-nothing server as a process of its own: it gets an address and a file with a recorded answer.
type NullCommand func(address, answerFile string) (command string, arguments []string)

// startNull records a server's answer to one request and runs a do-nothing server that repeats it. folder takes the
// record.
func startNull(ctx context.Context, null NullCommand, recorded string, request []byte, folder string, log io.Writer) (
	*lab.Process, error) {
	raw, err := record(recorded, request)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(folder, "answer-*.http")
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	_, err = file.Write(raw)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	address, err := lab.FreeAddress()
	if err != nil {
		return nil, err
	}
	command, arguments := null(address, file.Name())
	return lab.StartProcess(ctx, address, lab.Accepts, log, command, arguments...)
}

func record(address string, request []byte) ([]byte, error) {
	c, err := load.Dial(address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patienceDefault))
	a, err := c.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("rig: record an answer: %w", err)
	}
	return append(bytes.Clone(a.Head), a.Body...), nil
}
