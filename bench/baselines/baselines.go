package baselines

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// baseline is one way of keeping two buyers apart.
type baseline struct {
	name            string
	about           string
	postgres, redis bool // what it needs
	open            func(ctx context.Context, name string, b *Backends) (store, error)
}

var all = []baseline{
	{
		name: "textbook", postgres: true, redis: true,
		about: "Redis SET NX PX for the lock of each seat (several by one script, all or none), over a socket with " +
			"automatic pipelining, then one " +
			"PostgreSQL INSERT of the booking; losers are answered by Redis alone. The primary key of the tickets is " +
			"the second guard.",
		open: func(ctx context.Context, name string, b *Backends) (store, error) { return openTextbook(ctx, name, b) },
	},
	{
		name: "conditional-update", postgres: true,
		about: "One PostgreSQL row a seat, taken by one UPDATE … WHERE it is free, which files the booking in the " +
			"same statement: one round trip, " +
			"prepared and planned once, heap-only updates.",
		open: func(ctx context.Context, name string, b *Backends) (store, error) {
			rows, err := openRowPerSeat(ctx, name, b)
			return conditional{rows}, err
		},
	},
	{
		name: "skip-locked", postgres: true,
		about: "One PostgreSQL row a seat, taken by SELECT … FOR UPDATE SKIP LOCKED inside the UPDATE that files the " +
			"booking: one round trip, nobody " +
			"waits for a row, and best-available chooses and locks at once.",
		open: func(ctx context.Context, name string, b *Backends) (store, error) {
			rows, err := openRowPerSeat(ctx, name, b)
			return skipLocked{rows}, err
		},
	},
	{
		name: "optimistic", postgres: true,
		about: "One PostgreSQL row a seat with a version: a read, then an UPDATE … WHERE the version is what was " +
			"read, which files the booking; up to " +
			"12 tries with growing pauses. Two round trips to hold, one to lose.",
		open: func(ctx context.Context, name string, b *Backends) (store, error) {
			rows, err := openRowPerSeat(ctx, name, b)
			return optimistic{rows}, err
		},
	},
	{
		name: "memory",
		about: "A map and a mutex for each section in the process's memory. Nothing is durable: the ceiling for this " +
			"HTTP face.",
		open: func(context.Context, string, *Backends) (store, error) { return newMemory(), nil },
	},
}

// Names are the baselines, in the order in which a report shows them.
func Names() (names []string) {
	for i := range all {
		names = append(names, all[i].name)
	}
	return names
}

func named(name string) (*baseline, error) {
	for i := range all {
		if all[i].name == name {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("baselines: there is no peer %q", name)
}

// About says how a baseline is built and tuned, in a sentence or two for a report; "" for a baseline that is not there.
func About(name string) string {
	p, err := named(name)
	if err != nil {
		return ""
	}
	return p.about
}

// Needs says which servers a baseline keeps its seats in.
func Needs(name string) (postgres, redis bool) {
	p, err := named(name)
	if err != nil {
		return false, false
	}
	return p.postgres, p.redis
}

// Serve runs a baseline until ctx ends: it makes its tables anew, in a schema named after it (two of one name on one
// database would take them from each other), then answers on listen (host:port). GET /readyz is 200 from the first
// answer on. Events live as long as the call.
func Serve(ctx context.Context, name, listen string, b Backends) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("baselines: %w", err)
	}
	return serveOn(ctx, name, listener, b)
}

// serveOn closes the listener, whatever happens.
func serveOn(ctx context.Context, name string, listener net.Listener, b Backends) error {
	p, err := named(name)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s, err := p.open(ctx, name, &b)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(newFace(s).listen(ctx, listener), s.close())
}
