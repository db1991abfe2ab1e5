package live

import (
	"net"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/api/live/sse"
	"holdfast/storage"
)

// sink is a client's connection that costs nothing, so that only the hub is measured. Each write after the head is a
// frame, or, on a machine so busy that nothing was written for long, a comment that keeps the connection alive.
type sink struct {
	net.Conn
	joined, arrived *sync.WaitGroup
	headSeen        bool
}

func (s *sink) Close() error { return nil }

func (s *sink) TryWrite(p []byte) (int, error) {
	switch {
	case !s.headSeen:
		s.headSeen = true
		s.joined.Done()
	case p[0] != ':':
		s.arrived.Done()
	}
	return len(p), nil
}

// sinks lets so many clients follow, who have the map already, but for the first: no snapshots.
func sinks(s *hubs, m *eventMap, clients int) (arrived *sync.WaitGroup) {
	var joined sync.WaitGroup
	arrived = new(sync.WaitGroup)
	for range clients {
		var last []byte
		if h, is := s.Get(storage.EventID{1}); is {
			last = []byte(h.incarnation + ".0")
		}
		joined.Add(1)
		s.join(storage.EventID{1}, m, &sse.Viewer{Conn: &sink{joined: &joined, arrived: arrived},
			Last: last})
	}
	joined.Wait()
	return arrived
}

// BenchmarkStreamFanOut is one change on its way to 10,000 clients, without the system calls: they are the kernel's
// price.
func BenchmarkStreamFanOut(b *testing.B) {
	const clients = 10_000
	live, m, s, cfg := streamBench(1000)
	cfg.Flush, cfg.Checkpoint = 1, time.Hour
	arrived := sinks(s, m, clients)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		arrived.Add(clients)
		live.set(0, section.SeatIndex(i%4), section.Held)
		arrived.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clients, "ns/client")
	_ = s.close(b.Context())
}
