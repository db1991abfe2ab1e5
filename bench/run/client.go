package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// assignment is one client process's part of a round; it can be sent to another process.
type assignment struct {
	Address  string        `json:"address"`
	Job      buyers.Job    `json:"job"`
	Conns    int           `json:"conns"`
	Loops    int           `json:"loops"`
	Pace     *load.Pace    `json:"pace,omitempty"`
	Count    uint64        `json:"count,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	Patience time.Duration `json:"patience_ns"`
	First    uint64        `json:"first"`
	Begin    time.Time     `json:"begin"` // zero: at once
	Shard    int           `json:"shard"`
	Shards   int           `json:"shards"`
	// TokenSecret signs buyers' tokens; empty: the server is in dev mode.
	TokenSecret []byte `json:"token_secret,omitempty"`
	// Window, if set, is looked at apart.
	Window *Window `json:"window,omitempty"`
	// History is where another process puts what it recorded.
	History string `json:"history,omitempty"`
}

// Account is what came of an assignment.
type Account struct {
	Result *load.Result              `json:"result"`
	Counts map[string]uint64         `json:"counts"`
	Times  map[string]load.Latencies `json:"times"`
	Window *Windowed                 `json:"window,omitempty"` // nil: there was none
	parts  []*history.Part
}

func newAccount(result *load.Result) *Account {
	return &Account{Result: result, Counts: map[string]uint64{}, Times: map[string]load.Latencies{}}
}

func (a *Account) add(counts map[string]uint64, times map[string]load.Latencies) {
	for what, n := range counts {
		a.Counts[what] += n
	}
	for what, took := range times {
		if sum, known := a.Times[what]; known {
			sum.Merge(took)
		} else {
			a.Times[what] = took
		}
	}
}

func (a *Account) merge(other *Account) {
	a.Result.Merge(other.Result)
	a.add(other.Counts, other.Times)
	a.Window.merge(other.Window)
	a.parts = append(a.parts, other.parts...)
}

// run does the assignment in this process.
func (a *assignment) run(ctx context.Context, events []*buyers.Event, progress func(load.Progress)) (*Account, error) {
	return a.runWith(ctx, events, progress, func(*buyers.Script) {})
}

// runWith is run with a word to each script before it begins.
func (a *assignment) runWith(ctx context.Context, events []*buyers.Event, progress func(load.Progress),
	prepare func(*buyers.Script)) (*Account, error) {
	identity := buyers.Identity(buyers.DevIdentity)
	if len(a.TokenSecret) > 0 {
		var err error
		if identity, err = buyers.TokenIdentity(a.TokenSecret); err != nil {
			return nil, err
		}
	}
	var crowds []*buyers.Script
	var failed error
	watch := onlookers{window: a.Window}
	result, err := load.Run(ctx, load.Config{
		Addresses: []string{a.Address}, Conns: a.Conns, Loops: a.Loops, Kinds: buyers.Kinds, Useful: buyers.Useful,
		First: a.First, Pace: a.Pace,
		Count: a.Count, Duration: a.Duration, Patience: a.Patience, Shard: a.Shard, Shards: a.Shards, Begin: a.Begin,
		Progress: progress,
		Script: func(loop int) load.Script {
			c, err := buyers.New(&a.Job, events, a.Address, identity, a.Shard*loopsMax+loop)
			if err != nil {
				failed = errors.Join(failed, err)
				return nil
			}
			prepare(c)
			crowds = append(crowds, c)
			return watch.script(c)
		},
	})
	if err = errors.Join(failed, err); err != nil {
		return nil, err
	}
	done := newAccount(result)
	done.Window = watch.sum()
	for _, c := range crowds {
		if part := c.Part(); part != nil {
			done.parts = append(done.parts, part)
		}
		done.add(c.Counts(), c.Times())
	}
	return done, nil
}

// loopsMax keeps the lots of processes apart.
const loopsMax = 1000

// Work is a client process that another one started: it reads its assignment, does it, and tells what came of it.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	var a assignment
	if err := json.NewDecoder(in).Decode(&a); err != nil {
		return fmt.Errorf("run: assignment: %w", err)
	}
	plan, err := lab.ReadPlan(ctx, lab.Endpoint{Address: a.Address}, a.Job.Events[0])
	if err != nil {
		return err
	}
	var events []*buyers.Event
	for _, event := range a.Job.Events {
		events = append(events, &buyers.Event{ID: event, Plan: plan})
	}
	done, err := a.run(ctx, events, nil)
	if err != nil {
		return err
	}
	kept := history.History{Header: history.Header{Scenario: a.Job.Scenario, StartUnixNano: a.Job.Start.UnixNano()},
		Parts: done.parts}
	for range a.Job.FirstEvent + len(events) { // operations name events by their place among all of the run's
		kept.Header.Events = append(kept.Header.Events, history.Event{ID: events[0].ID, Sections: plan.Sizes()})
	}
	if err := writeHistory(a.History, &kept); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(done)
}

func writeHistory(path string, h *history.History) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return errors.Join(h.Write(file), file.Close())
}

func readHistory(path string) (*history.History, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	defer func() { _ = file.Close() }()
	return history.Read(file)
}

// WorkerCommand starts another client process: one that calls Work.
type WorkerCommand func() (command string, arguments []string)

// split shares an assignment among so many processes. Each of them has at least one connection and one loop.
func (a *assignment) split(processes int, folder string) (parts []*assignment) {
	for i := range processes {
		one := *a
		one.Shard, one.Shards = i, processes
		one.Conns = max((a.Conns+processes-1-i)/processes, 1)
		one.History = filepath.Join(folder, fmt.Sprintf("part-%d.history", i))
		parts = append(parts, &one)
	}
	return parts
}

// send does an assignment in another process.
func (a *assignment) send(ctx context.Context, worker WorkerCommand, log io.Writer) (*Account, error) {
	name, arguments := worker()
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	command := exec.CommandContext(ctx, name, arguments...)
	command.Stdin, command.Stderr = bytes.NewReader(text), log
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run: a client process: %w", err)
	}
	done := newAccount(nil)
	if err := json.Unmarshal(said, done); err != nil {
		return nil, fmt.Errorf("run: a client process said nothing of use: %w", err)
	}
	kept, err := readHistory(a.History)
	if err != nil {
		return nil, err
	}
	done.parts = kept.Parts
	return done, os.Remove(a.History)
}

// distribute does an assignment in several processes at once.
func (a *assignment) distribute(ctx context.Context, processes int, worker WorkerCommand, folder string,
	log io.Writer) (*Account, error) {
	parts := a.split(processes, folder)
	type ended struct {
		account *Account
		err     error
	}
	ends := make(chan ended, len(parts))
	for _, one := range parts {
		go func() {
			done, err := one.send(ctx, worker, log)
			ends <- ended{done, err}
		}()
	}
	var sum *Account
	var failed error
	for range parts {
		e := <-ends
		switch {
		case e.err != nil:
			failed = errors.Join(failed, e.err)
		case sum == nil:
			sum = e.account
		default:
			sum.merge(e.account)
		}
	}
	return sum, failed
}
