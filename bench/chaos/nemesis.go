package chaos

import (
	"context"
	"fmt"
	"holdfast/bench/chaos/testbed"
	"net/http"
	"syscall"
	"time"
)

// nemesis is one thing that is done to the nodes, and how it is undone.
type nemesis interface {
	// name is that of its kind.
	name() string
	// begin does it. An error says that the harness could not, which ends the run; what a node does wrong meanwhile is
	// a finding.
	begin(ctx context.Context, a *testbed.Bed) error
	// end undoes it. It is always called, also when ctx has ended.
	end(ctx context.Context, a *testbed.Bed) error
	// about says to whom it is done.
	about(a *testbed.Bed) string
}

// kill is kill -9, and a start once it is over.
type kill struct{ node int }

func (k kill) name() string                                  { return "kill" }
func (k kill) about(a *testbed.Bed) string                   { return a.Nodes[k.node].Name }
func (k kill) begin(_ context.Context, a *testbed.Bed) error { a.Nodes[k.node].Kill(); return nil }
func (k kill) end(_ context.Context, a *testbed.Bed) error   { return a.Nodes[k.node].Start(a) }

// pause is SIGSTOP for longer than a heartbeat may lapse (2 s), then SIGCONT: the node wakes and believes what it
// believed.
type pause struct{ node int }

func (p pause) name() string                { return "pause" }
func (p pause) about(a *testbed.Bed) string { return a.Nodes[p.node].Name }
func (p pause) begin(_ context.Context, a *testbed.Bed) error {
	a.Nodes[p.node].Signal(syscall.SIGSTOP)
	return nil
}

func (p pause) end(_ context.Context, a *testbed.Bed) error {
	a.Nodes[p.node].Signal(syscall.SIGCONT)
	return nil
}

// partition cuts a node off from all other nodes, in both directions; buyers and the database still reach it.
type partition struct{ node int }

func (p partition) name() string                { return "partition" }
func (p partition) about(a *testbed.Bed) string { return a.Nodes[p.node].Name + " | the other nodes" }
func (p partition) begin(_ context.Context, a *testbed.Bed) error {
	return p.each(a, func(other testbed.Host) error {
		if err := a.Machines.Cut(a.Nodes[p.node].Host, other); err != nil {
			return err
		}
		return a.Machines.Cut(other, a.Nodes[p.node].Host)
	})
}

func (p partition) end(_ context.Context, a *testbed.Bed) error {
	return p.each(a, func(other testbed.Host) error {
		if err := a.Machines.Mend(a.Nodes[p.node].Host, other); err != nil {
			return err
		}
		return a.Machines.Mend(other, a.Nodes[p.node].Host)
	})
}

func (p partition) each(a *testbed.Bed, do func(other testbed.Host) error) error {
	for i, n := range a.Nodes {
		if i == p.node {
			continue
		}
		if err := do(n.Host); err != nil {
			return err
		}
	}
	return nil
}

// oneway drops what one node sends to another; the other way is open.
type oneway struct{ from, to int }

func (o oneway) name() string { return "oneway" }
func (o oneway) about(a *testbed.Bed) string {
	return a.Nodes[o.from].Name + " -x-> " + a.Nodes[o.to].Name
}
func (o oneway) begin(_ context.Context, a *testbed.Bed) error {
	return a.Machines.Cut(a.Nodes[o.from].Host, a.Nodes[o.to].Host)
}

func (o oneway) end(_ context.Context, a *testbed.Bed) error {
	return a.Machines.Mend(a.Nodes[o.from].Host, a.Nodes[o.to].Host)
}

// storecut cuts a node off from the database. Deaf, it still sends: what it asks for is done, and no answer comes.
type storecut struct {
	node int
	deaf bool
}

func (s storecut) name() string { return "storecut" }
func (s storecut) about(a *testbed.Bed) string {
	if s.deaf {
		return a.Nodes[s.node].Name + " <-x- database"
	}
	return a.Nodes[s.node].Name + " | database"
}

func (s storecut) begin(_ context.Context, a *testbed.Bed) error {
	a.StoreGoes()
	return s.both(a, a.Machines.Cut)
}

func (s storecut) end(_ context.Context, a *testbed.Bed) error {
	defer func() { a.StoreReturns() }()
	return s.both(a, a.Machines.Mend)
}

func (s storecut) both(a *testbed.Bed, do func(from, to testbed.Host) error) error {
	n := a.Nodes[s.node].Host
	if err := do(testbed.StoreHost, n); err != nil || s.deaf {
		return err
	}
	return do(n, testbed.StoreHost)
}

// storerestart ends the database and starts it again: in good order, or as a power cut would.
type storerestart struct{ crash bool }

func (s storerestart) name() string { return "storerestart" }
func (s storerestart) about(*testbed.Bed) string {
	if s.crash {
		return "crash"
	}
	return "stop"
}

func (s storerestart) begin(_ context.Context, a *testbed.Bed) error {
	a.StoreGoes()
	if s.crash {
		return a.Database.Crash()
	}
	return a.Database.Stop()
}

func (s storerestart) end(ctx context.Context, a *testbed.Bed) error {
	defer func() { a.StoreReturns() }()
	return a.Database.Restart(context.WithoutCancel(ctx))
}

// join is a node more, which leaves in good order when it is over.
type join struct{}

func (join) name() string                { return "join" }
func (join) about(a *testbed.Bed) string { return a.Joining().Name }
func (join) begin(_ context.Context, a *testbed.Bed) error {
	return a.Joining().Start(a)
}

func (join) end(_ context.Context, a *testbed.Bed) error {
	a.Orderly(a.Joining())
	return nil
}

// leave is SIGTERM, and a start once it is over. The node hands its sections over meanwhile, so the beginning does not
// wait for its end.
type leave struct {
	node int
	gone chan struct{}
}

func (l leave) name() string                { return "leave" }
func (l leave) about(a *testbed.Bed) string { return a.Nodes[l.node].Name }
func (l leave) begin(_ context.Context, a *testbed.Bed) error {
	go func() {
		defer close(l.gone)
		a.Orderly(a.Nodes[l.node])
	}()
	return nil
}

func (l leave) end(_ context.Context, a *testbed.Bed) error {
	<-l.gone
	return a.Nodes[l.node].Start(a)
}

// drain asks a node by the API of another to hand over its sections; in the end it leaves and comes back, for a drained
// node stays drained.
type drain struct{ node, by int }

// drainBound is how long somebody is asked again for a drain: the one asked may be joining itself.
const drainBound = 5 * time.Second

func (d drain) name() string { return "drain" }
func (d drain) about(a *testbed.Bed) string {
	return a.Nodes[d.node].Name + " by " + a.Nodes[d.by].Name
}

func (d drain) begin(ctx context.Context, a *testbed.Bed) error {
	ctx, cancel := context.WithTimeout(ctx, drainBound)
	defer cancel()
	path := "/v1/cluster/nodes/" + a.Nodes[d.node].Name + "/drain"
	err := testbed.Until(ctx, func(ctx context.Context) error {
		// By force: while others come and go, the node may be the last that serves for a moment.
		r := testbed.Ask(ctx, testbed.Asides, a.Nodes[d.by], &testbed.Call{Method: http.MethodPost, Path: path,
			Body: []byte(`{"force":true}`)})
		if r.Status/100 != 2 {
			return fmt.Errorf("%s: %d %.200s", path, r.Status, r.Body)
		}
		return nil
	})
	if err != nil {
		a.Found("drain", fmt.Sprintf("%s: %v", d.about(a), err))
	}
	return nil
}

func (d drain) end(_ context.Context, a *testbed.Bed) error {
	a.Orderly(a.Nodes[d.node])
	return a.Nodes[d.node].Start(a)
}

// clock moves a node's wall clock, and moves it back.
type clock struct {
	node int
	by   time.Duration
}

// A server believes a step of up to clockMost: holds end that much too early or too late. A step up to clockWild it
// must not believe for as long as a nemesis lasts: it refuses, and holds end when they should.
const (
	clockMost = 900 * time.Millisecond
	clockWild = 26 * time.Hour
)

func (c clock) name() string { return "clock" }
func (c clock) about(a *testbed.Bed) string {
	return fmt.Sprintf("%s %+v", a.Nodes[c.node].Name, c.by)
}
func (c clock) begin(_ context.Context, a *testbed.Bed) error { return a.Nodes[c.node].SetClock(c.by) }
func (c clock) wild() bool                                    { return c.by.Abs() > clockMost }
func (c clock) end(_ context.Context, a *testbed.Bed) error   { return a.Nodes[c.node].SetClock(0) }
