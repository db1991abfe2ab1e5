package rig

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// RestartResult is one crash in the middle of selling, and the way back.
type RestartResult struct {
	Acknowledged uint64 `json:"acknowledged"` // holds that were answered 201 before the kill
	Unknown      uint64 `json:"unknown"`      // requests whose answer never came
	// seats on hold afterwards: acknowledged <= held <= acknowledged + unknown
	Held  uint64        `json:"held"`
	Ready time.Duration `json:"ready_ns"` // from starting the process to readyz 200
}

// marks remembers seats by number; safe for concurrent use.
type marks []atomic.Bool

// Restart holds seats until after of them are acknowledged, kills the server without warning while requests are under
// way, starts it again on the same data, and looks for every acknowledged hold (P2). It uses a server and a folder of
// its own.
func (r *Rig) Restart(ctx context.Context, after uint64, conns int) (s RestartResult, err error) {
	if r.binary == "" {
		return s, errors.New("rig: a restart needs a server that is ours to kill: give a binary")
	}
	data := filepath.Join(r.folder, fmt.Sprintf("restart-%d", time.Now().UnixNano()))
	server, err := lab.StartHoldfast(ctx, r.binary, data, r.log)
	if err != nil {
		return s, errors.Join(err, r.logTail())
	}
	event, acknowledged, result, err := sellUntilKilled(ctx, server, after, conns)
	server.Kill()
	if err != nil {
		return s, err
	}
	s.Acknowledged, s.Unknown = result.Outcomes[load.Held], result.Outcomes[load.Unknown]
	begin := time.Now()
	again, err := lab.StartHoldfast(ctx, r.binary, data, r.log)
	if err != nil {
		return s, errors.Join(err, r.logTail())
	}
	defer again.Stop()
	s.Ready = time.Since(begin)
	if s.Held, err = event.checkHeld(ctx, lab.Endpoint{Address: again.Address}, acknowledged); err != nil {
		return s, err
	}
	if s.Held > s.Acknowledged+s.Unknown {
		return s, fmt.Errorf("rig: %d seats are on hold; only %d were asked for", s.Held, s.Acknowledged+s.Unknown)
	}
	return s, nil
}

// sellUntilKilled kills the server as soon as enough holds are acknowledged; its connections then break, which is the
// point.
func sellUntilKilled(ctx context.Context, server *lab.Process, after uint64, conns int,
) (*soldEvent, marks, Result, error) {
	event, err := openEvent(ctx, lab.Endpoint{Address: server.Address, OperatorKey: "dev"}, holdsPlan)
	if err != nil {
		return nil, nil, Result{}, err
	}
	acknowledged := make(marks, holdsPlan.seats())
	enough := make(chan struct{})
	var count atomic.Uint64
	l := requestLoad{
		Address: server.Address, Conns: conns, Count: uint64(holdsPlan.seats()),
		Request: func(dst []byte, n requestNo) []byte { return event.appendHold(dst, uint64(n), 'h', n) },
		Seen: func(n requestNo, status int, _ []byte) {
			if status != 201 {
				return
			}
			acknowledged[n].Store(true)
			if count.Add(1) == after {
				close(enough)
			}
		},
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-enough:
		case <-ctx.Done():
		}
		server.Kill()
		stop() // nobody will answer any more
	}()
	result, err := l.run(loading)
	if err != nil && ctx.Err() == nil && count.Load() == 0 { // it never began
		server.Kill()
		return nil, nil, result, err
	}
	if count.Load() < after {
		server.Kill()
		return nil, nil, result, fmt.Errorf("rig: only %d of %d holds came through: %s", count.Load(), after,
			&result.Outcomes)
	}
	<-ended
	return event, acknowledged, result, nil
}

// checkHeld counts the seats on hold and finds each acknowledged one among them.
func (h *soldEvent) checkHeld(ctx context.Context, t lab.Endpoint, acknowledged marks) (held uint64, err error) {
	var live wire.Availability
	if err := t.Get(ctx, "/v1/events/"+h.ID+"/availability", &live); err != nil {
		return 0, err
	}
	missing := 0
	for _, s := range live.Sections {
		for index := range len(s.Status) {
			n, err := h.seatNumber(s.ID, uint32(index))
			if err != nil {
				return 0, err
			}
			if s.Status[index] == 'h' {
				held++
			} else if acknowledged[n].Load() {
				missing++
			}
		}
	}
	if missing > 0 {
		return held, fmt.Errorf("rig: %d acknowledged holds are gone after the restart", missing)
	}
	return held, nil
}
