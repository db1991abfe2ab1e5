// Package labtest has servers in a test's own process: any handler, and the baseline without a disk.
package labtest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/bench/baselines"
	"holdfast/bench/lab"
)

// Serve runs a handler in this process until the test ends, and returns its address.
func Serve(t *testing.T, s *fasthttp.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		_ = listener.Close() // a server that was shut down before it began to serve would go on serving
		<-ended
	})
	return listener.Addr().String()
}

// MemoryServer is the baseline without a disk, in this process. Whether it can be killed, and what it remembers then,
// is its caller's to say.
type MemoryServer struct {
	address string
	stop    context.CancelFunc
	ended   chan error
	Crashes int
}

func (m *MemoryServer) start(ctx context.Context) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	m.stop, m.ended = stop, make(chan error, 1)
	go func() { m.ended <- baselines.Serve(serving, "memory", m.address, baselines.Backends{}) }()
	for lab.Ready(m.address) != nil {
		select {
		case err := <-m.ended:
			return errors.Join(errors.New("the peer ended"), err)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
	return nil
}

func (m *MemoryServer) end() error {
	m.stop()
	return <-m.ended
}

// forgets: a crash empties it. Otherwise a crash is only counted.
func MemoryTarget(t *testing.T, forgets bool, started *[]*MemoryServer) lab.Target {
	t.Helper()
	return lab.Target{Name: "memory", About: "in memory", Compact: true,
		Start: func(ctx context.Context, _ string, _ io.Writer) (*lab.Running, error) {
			address, err := lab.FreeAddress()
			if err != nil {
				return nil, err
			}
			m := &MemoryServer{address: address}
			*started = append(*started, m)
			return &lab.Running{
				Endpoint: lab.Endpoint{Address: address, OperatorKey: "dev"}, Version: "v", Stop: m.end,
				Memory: func() int64 { return lab.ResidentOf(os.Getpid()) },
				Crash: func() {
					if m.Crashes++; forgets {
						_ = m.end() // its end is its crash
					}
				},
				Revive: func(ctx context.Context) error {
					if forgets {
						return m.start(ctx)
					}
					return nil
				},
			}, m.start(ctx)
		}}
}

// Memory is a server to play against, in this process. It returns its address.
func Memory(t *testing.T) string {
	t.Helper()
	var started []*MemoryServer
	running, err := MemoryTarget(t, false, &started).Start(t.Context(), "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	return running.Address
}
