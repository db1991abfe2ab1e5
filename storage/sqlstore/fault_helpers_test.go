package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"holdfast/actors/section"
	"holdfast/storage"
)

// wire is a line between stores and a server that can be cut, held up and slowed down.
//
//	store ──▶ [ noop ][ toxic ] ──▶ server        toxics on "upstream" meet requests,
//	store ◀── [ toxic ][ noop ] ◀── server        those on "downstream" replies
type wire struct {
	*toxiproxy.Proxy
	address string // the database, by way of the wire
}

// newWire puts a wire before the server of a database's address.
func newWire(t testing.TB, address string) *wire {
	t.Helper()
	there, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := toxiproxy.NewProxy(api, t.Name(), "127.0.0.1:0", there.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	there.Host = proxy.Listen
	return &wire{Proxy: proxy, address: there.String()}
}

// toxicName is the one toxic's that a wire has at a time.
const toxicName = "fault"

// fault is what a wire does to what passes.
type fault struct {
	name       string
	stream     string // upstream: requests, downstream: replies
	toxic      string
	attributes string
}

// silent drops bytes and keeps the line open, as a partition does.
func silent(stream string) fault {
	return fault{stream + " silent", stream, "timeout", `{"timeout":0}`}
}

// cutOff ends the line at the first byte, as a dying machine's kernel does.
func cutOff(stream string) fault { return fault{stream + " cut", stream, "limit_data", `{"bytes":0}`} }

// withheld lets all of a request through but its last bytes, and then nothing more, on a line that stays open: its
// sender was stopped while it wrote.
func withheld(bytes int) fault {
	return fault{fmt.Sprintf("the last %d bytes withheld", bytes), "upstream", "withhold",
		fmt.Sprintf(`{"bytes":%d}`, bytes)}
}

// held keeps everything back until heal lets it go on.
func held(stream string) fault {
	return fault{stream + " held up", stream, "latency", `{"latency":3600000}`}
}

func (w *wire) impose(f fault) error {
	_, err := w.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name":%q,"type":%q,"stream":%q,"attributes":%s}`, toxicName, f.toxic, f.stream, f.attributes)))
	return err
}

func (w *wire) heal() error { return w.Toxics.RemoveToxic(context.Background(), toxicName) }

// withhold is the toxic behind withheld.
type withhold struct {
	Bytes int `json:"bytes"`
}

func init() { toxics.Register("withhold", new(withhold)) }

// Pipe implements toxics.Toxic.
func (w *withhold) Pipe(stub *toxics.ToxicStub) {
	for first := true; ; {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil { // the sender hung up, and that is withheld too
				<-stub.Interrupt
				return
			}
			if first && len(c.Data) > w.Bytes {
				c.Data = c.Data[:len(c.Data)-w.Bytes]
				stub.Output <- c
			}
			first = false
		}
	}
}

// Cleanup implements toxics.CleanupToxic: a line that lost bytes is of no use any more.
func (w *withhold) Cleanup(stub *toxics.ToxicStub) { stub.Close() }

// within polls until holds; an error says that it never did.
func within(ctx context.Context, what string, holds func() (bool, error)) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := holds()
		if ok && err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, errors.Join(err, ctx.Err()))
		}
	}
}

// openPatiently opens a store; a busy machine may need more than one try.
func openPatiently(ctx context.Context, t testing.TB, address string, o Options) (s *Store, err error) {
	err = within(ctx, "the store opens", func() (bool, error) {
		s, err = Open(ctx, address, o)
		return err == nil, err
	})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// settle sends the same append again until the log answers, as the committer does.
func settle(ctx context.Context, s *Store, a storage.Append) error {
	for n := 0; ; n++ {
		err := s.Commit(ctx, []storage.Append{a})[0]
		if !errors.Is(err, storage.ErrUnknown) && !errors.Is(err, storage.ErrUnavailable) || !s.pause(ctx, n) {
			return err
		}
	}
}

// batchesOf reads a whole log (S8: it is verified on the way) and gives its batches in order.
func batchesOf(ctx context.Context, s *Store, key storage.SectionKey) (all []storage.BatchID, err error) {
	err = s.Read(ctx, key, 0, func(e *storage.Entry, _ storage.Hash) error {
		all = append(all, e.Batch)
		return nil
	})
	return all, err
}

// soldOf gives the seats that have a ticket.
func soldOf(ctx context.Context, s *Store, key storage.SectionKey) (seats []section.SeatIndex, err error) {
	err = s.Tickets(ctx, key, func(r section.Ticket) error {
		seats = append(seats, r.Seat)
		return nil
	})
	return seats, err
}

// takeOver is the successor's claim at whatever the tail is.
func takeOver(ctx context.Context, s *Store, key storage.SectionKey) (heir *follower, claim storage.Append, err error) {
	heir = newFollower(key)
	if heir.tail, err = s.Tail(ctx, key); err != nil {
		return nil, claim, err
	}
	claim = heir.next(storage.EntryClaim, "heir")
	if err = settle(ctx, s, claim); err == nil {
		heir.advance(claim)
	}
	return heir, claim, err
}

// hearing collects what a store says through Logf.
type hearing struct {
	mu    sync.Mutex
	lines []string
}

func (h *hearing) logf(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

// alarms counts the lines that call for a person.
func (h *hearing) alarms() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range h.lines {
		if strings.HasPrefix(line, "ALARM") {
			n++
		}
	}
	return n
}

func (h *hearing) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// backends counts the server's connections of one application_name.
func backends(ctx context.Context, s *Store, name string) (n int, err error) {
	err = s.pool.QueryRow(ctx, "SELECT count(1)::INT8 FROM pg_stat_activity WHERE application_name = $1", name).Scan(&n)
	return n, err
}

// equalSets compares without order.
func equalSets(a, b []section.SeatIndex) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
