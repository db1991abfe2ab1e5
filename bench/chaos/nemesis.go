package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"
)

// nemesis is one thing that is done to the nodes, and how it is undone.
type nemesis interface {
	// name is that of its kind.
	name() string
	// begin does it. An error says that the harness could not, which ends the run; what a node does wrong meanwhile is a finding.
	begin(ctx context.Context, a *arena) error
	// end undoes it. It is always called, also when ctx has ended.
	end(ctx context.Context, a *arena) error
	// about says to whom it is done.
	about(a *arena) string
}

// kill is kill -9, and a start once it is over.
type kill struct{ node int }

func (k kill) name() string                            { return "kill" }
func (k kill) about(a *arena) string                   { return a.nodes[k.node].name }
func (k kill) begin(_ context.Context, a *arena) error { a.nodes[k.node].kill(); return nil }
func (k kill) end(_ context.Context, a *arena) error   { return a.nodes[k.node].start(a) }

// pause is SIGSTOP for longer than a heartbeat may lapse (2 s), then SIGCONT: the node wakes and believes what it believed.
type pause struct{ node int }

func (p pause) name() string          { return "pause" }
func (p pause) about(a *arena) string { return a.nodes[p.node].name }
func (p pause) begin(_ context.Context, a *arena) error {
	a.nodes[p.node].signal(syscall.SIGSTOP)
	return nil
}

func (p pause) end(_ context.Context, a *arena) error {
	a.nodes[p.node].signal(syscall.SIGCONT)
	return nil
}

// partition cuts a node off from all other nodes, in both directions; buyers and the database still reach it.
type partition struct{ node int }

func (p partition) name() string          { return "partition" }
func (p partition) about(a *arena) string { return a.nodes[p.node].name + " | the other nodes" }
func (p partition) begin(_ context.Context, a *arena) error {
	return p.each(a, func(other host) error {
		if err := a.ground.cut(a.nodes[p.node].host, other); err != nil {
			return err
		}
		return a.ground.cut(other, a.nodes[p.node].host)
	})
}

func (p partition) end(_ context.Context, a *arena) error {
	return p.each(a, func(other host) error {
		if err := a.ground.mend(a.nodes[p.node].host, other); err != nil {
			return err
		}
		return a.ground.mend(other, a.nodes[p.node].host)
	})
}

func (p partition) each(a *arena, do func(other host) error) error {
	for i, n := range a.nodes {
		if i == p.node {
			continue
		}
		if err := do(n.host); err != nil {
			return err
		}
	}
	return nil
}

// oneway drops what one node sends to another; the other way is open.
type oneway struct{ from, to int }

func (o oneway) name() string          { return "oneway" }
func (o oneway) about(a *arena) string { return a.nodes[o.from].name + " -x-> " + a.nodes[o.to].name }
func (o oneway) begin(_ context.Context, a *arena) error {
	return a.ground.cut(a.nodes[o.from].host, a.nodes[o.to].host)
}

func (o oneway) end(_ context.Context, a *arena) error {
	return a.ground.mend(a.nodes[o.from].host, a.nodes[o.to].host)
}

// storecut cuts a node off from the database. Deaf, it still sends: what it asks for is done, and no answer comes.
type storecut struct {
	node int
	deaf bool
}

func (s storecut) name() string { return "storecut" }
func (s storecut) about(a *arena) string {
	if s.deaf {
		return a.nodes[s.node].name + " <-x- database"
	}
	return a.nodes[s.node].name + " | database"
}

func (s storecut) begin(_ context.Context, a *arena) error {
	a.storeGoes()
	return s.both(a, a.ground.cut)
}

func (s storecut) end(_ context.Context, a *arena) error {
	defer func() { a.away.Add(-1) }()
	return s.both(a, a.ground.mend)
}

func (s storecut) both(a *arena, do func(from, to host) error) error {
	n := a.nodes[s.node].host
	if err := do(storeHost, n); err != nil || s.deaf {
		return err
	}
	return do(n, storeHost)
}

// storerestart ends the database and starts it again: in good order, or as a power cut would.
type storerestart struct{ crash bool }

func (s storerestart) name() string { return "storerestart" }
func (s storerestart) about(*arena) string {
	if s.crash {
		return "crash"
	}
	return "stop"
}

func (s storerestart) begin(_ context.Context, a *arena) error {
	a.storeGoes()
	if s.crash {
		return a.database.Crash()
	}
	return a.database.Stop()
}

func (s storerestart) end(ctx context.Context, a *arena) error {
	defer func() { a.away.Add(-1) }()
	return a.database.Restart(context.WithoutCancel(ctx))
}

// join is a node more, which leaves in good order when it is over.
type join struct{}

func (join) name() string          { return "join" }
func (join) about(a *arena) string { return a.nodes[a.cfg.Nodes].name }
func (join) begin(_ context.Context, a *arena) error {
	return a.nodes[a.cfg.Nodes].start(a)
}

func (join) end(_ context.Context, a *arena) error {
	a.orderly(a.nodes[a.cfg.Nodes])
	return nil
}

// orderly lets a node leave, and notes what was not in order. A node whose database was away meanwhile has every reason to complain; only that it goes is expected then.
func (a *arena) orderly(n *node) {
	excused, before := a.away.Load() > 0, a.times.Load()
	err := n.leave()
	excused = excused || a.times.Load() != before
	if err != nil && (!excused || errors.Is(err, errNodeStays)) {
		a.finds.add("leave", err.Error())
	}
}

// leave is SIGTERM, and a start once it is over. The node hands its sections over meanwhile, so the beginning does not wait for its end.
type leave struct {
	node int
	gone chan struct{}
}

func (l leave) name() string          { return "leave" }
func (l leave) about(a *arena) string { return a.nodes[l.node].name }
func (l leave) begin(_ context.Context, a *arena) error {
	go func() {
		defer close(l.gone)
		a.orderly(a.nodes[l.node])
	}()
	return nil
}

func (l leave) end(_ context.Context, a *arena) error {
	<-l.gone
	return a.nodes[l.node].start(a)
}

// drain asks a node by the API of another to hand over its sections; in the end it leaves and comes back, for a drained node stays drained.
type drain struct{ node, by int }

// drainBound is how long somebody is asked again for a drain: the one asked may be joining itself.
const drainBound = 5 * time.Second

func (d drain) name() string { return "drain" }
func (d drain) about(a *arena) string {
	return a.nodes[d.node].name + " by " + a.nodes[d.by].name
}

func (d drain) begin(ctx context.Context, a *arena) error {
	ctx, cancel := context.WithTimeout(ctx, drainBound)
	defer cancel()
	path := "/v1/cluster/nodes/" + a.nodes[d.node].name + "/drain"
	err := until(ctx, func(ctx context.Context) error {
		// By force: while others come and go, the node may be the last that serves for a moment.
		r := ask(ctx, asides, a.nodes[d.by], &call{method: http.MethodPost, path: path, body: []byte(`{"force":true}`)})
		if r.status/100 != 2 {
			return fmt.Errorf("%s: %d %.200s", path, r.status, r.body)
		}
		return nil
	})
	if err != nil {
		a.finds.add("drain", fmt.Sprintf("%s: %v", d.about(a), err))
	}
	return nil
}

func (d drain) end(_ context.Context, a *arena) error {
	a.orderly(a.nodes[d.node])
	return a.nodes[d.node].start(a)
}

// clock moves a node's wall clock, and moves it back.
type clock struct {
	node int
	by   time.Duration
}

// A server believes a step of up to clockMost: holds end that much too early or too late. A step up to clockWild it must
// not believe for as long as a nemesis lasts: it refuses, and holds end when they should.
const (
	clockMost = 900 * time.Millisecond
	clockWild = 26 * time.Hour
)

func (c clock) name() string                            { return "clock" }
func (c clock) about(a *arena) string                   { return fmt.Sprintf("%s %+v", a.nodes[c.node].name, c.by) }
func (c clock) begin(_ context.Context, a *arena) error { return a.nodes[c.node].setClock(c.by) }
func (c clock) wild() bool                              { return c.by.Abs() > clockMost }
func (c clock) end(_ context.Context, a *arena) error   { return a.nodes[c.node].setClock(0) }

// storeGoes notes that the database goes away for somebody.
func (a *arena) storeGoes() {
	a.away.Add(1)
	a.times.Add(1)
}
