package rig

import (
	"context"
	"errors"
	"fmt"
	"holdfast/bench/lab"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Rig is a server under test and what is needed around it. Either the server is ours (Binary was given) and is stopped
// by Close, or it runs elsewhere and is left alone.
type Rig struct {
	Target lab.Endpoint
	Server *lab.Process // nil when the server is not ours

	binary string
	folder string // temporary; on the disk that is measured
	null   NullCommand
	log    *os.File
	notice func(string)
}

// RigConfig says what to measure. Give Binary or Address.
type RigConfig struct {
	Binary      string     // a holdfast executable, started with an embedded store in a fresh folder
	Address     string     // host:port of a running server
	OperatorKey lab.Secret // of the running server; ours has "dev"
	Notice      func(string)
	// where data and records go: choose the disk; empty is the system's place for temporary files
	Folder string
	Null   NullCommand // how to start the do-nothing server; only comparisons need it
}

// OpenRig starts the server if it is to be ours.
func OpenRig(ctx context.Context, c RigConfig) (*Rig, error) {
	if (c.Binary == "") == (c.Address == "") {
		return nil, errors.New("rig: give a binary to start or a server's address, one of the two")
	}
	folder, err := os.MkdirTemp(c.Folder, "holdfast-bench-")
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	r := &Rig{binary: c.Binary, folder: folder, null: c.Null, notice: c.Notice,
		Target: lab.Endpoint{Address: c.Address, OperatorKey: c.OperatorKey, Guest: &lab.Guest{}}}
	if r.log, err = os.Create(filepath.Join(folder, "servers.log")); err != nil {
		return nil, errors.Join(fmt.Errorf("rig: %w", err), r.Close())
	}
	if c.Binary == "" {
		return r, nil
	}
	if r.Server, err = lab.StartHoldfast(ctx, c.Binary, filepath.Join(folder, "data"), r.log); err != nil {
		return nil, errors.Join(err, r.logTail(), r.Close())
	}
	r.Target = lab.Endpoint{Address: r.Server.Address, OperatorKey: "dev"}
	return r, nil
}

// logTail is the end of what the servers said, as an error to be joined: the folder is about to go.
func (r *Rig) logTail() error {
	text, err := os.ReadFile(r.log.Name())
	if err != nil || len(text) == 0 {
		return nil //nolint:nilerr // the log is extra
	}
	return fmt.Errorf("the server said: %s", text[max(0, len(text)-2000):])
}

// Close stops what was started, deletes the events made on a server that is not ours, and removes the folder.
func (r *Rig) Close() error {
	r.Target.Leave(r.notice)
	if r.Server != nil {
		r.Server.Stop()
	}
	if r.log != nil {
		_ = r.log.Close() // nothing in it is needed any more
	}
	return os.RemoveAll(r.folder)
}

func (r *Rig) logWriter() io.Writer { return r.log }

// run runs a load against a process and adds the server's share.
func runAgainst(ctx context.Context, l *requestLoad, address string, server *lab.Process) (Result, error) {
	l.Address = address
	if server == nil {
		return l.run(ctx)
	}
	before := server.CPU()
	begin := time.Now()
	result, err := l.run(ctx)
	result.ServerCPU = lab.Share(server.CPU()-before, time.Since(begin))
	return result, err
}
