package actors

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// What is measured on a SQL server, all in one run on one server, the rounds taken in turn so that slow drift meets all
// alike.
const (
	sqlSections = 64
	sqlClients  = 512 // each asks again as soon as it was answered
	sqlSeats    = 3_100
	sqlHoldTTL  = 1_500 // ms: seats come back by themselves, so that they never run out
	sqlRound    = 4 * time.Second
	sqlWarmUp   = 500 * time.Millisecond // of each round, not counted
)

// benchServer gives the address of an empty database: on a server of its own, tuned as a production server of this size
// would be, or on the one at HOLDFAST_BENCH_PG_URL.
func benchServer(b *testing.B) string {
	b.Helper()
	if url := os.Getenv("HOLDFAST_BENCH_PG_URL"); url != "" {
		return url
	}
	server := pgtest.Start(b, pgtest.WithSetting("shared_buffers", "1GB"), pgtest.WithSetting("max_wal_size", "8GB"),
		pgtest.WithSetting("checkpoint_timeout", "30min"), pgtest.WithSetting("wal_compression", "off"))
	return server.Database(b)
}

// figure is one round: what was done a second, and how long one took.
type figure struct {
	rate     float64
	p50, p99 time.Duration
}

// closedLoop lets so many clients ask for as long as a round lasts; an answer counts when its question came after the
// warm-up.
func closedLoop(b *testing.B, clients int, ask func(client int) error) figure {
	b.Helper()
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	took := make([][]time.Duration, clients)
	from := time.Now().Add(sqlWarmUp)
	until := from.Add(sqlRound)
	for client := range clients {
		all.Go(func() {
			for failed.Load() == nil {
				start := time.Now()
				if start.After(until) {
					return
				}
				if err := ask(client); err != nil {
					failed.Store(&err)
					return
				}
				if end := time.Now(); start.After(from) && end.Before(until) {
					took[client] = append(took[client], end.Sub(start))
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	h := hdrhistogram.New(int64(time.Microsecond), int64(time.Minute), 3)
	for _, list := range took {
		for _, d := range list {
			_ = h.RecordValue(int64(min(d, time.Minute))) // cannot fail within the range
		}
	}
	return figure{
		float64(h.TotalCount()) / sqlRound.Seconds(), time.Duration(h.ValueAtQuantile(50)),
		time.Duration(h.ValueAtQuantile(99)),
	}
}

// figures are the rounds of one contestant.
type figures []figure

func (f figures) median() figure {
	by := func(of func(figure) float64) float64 {
		list := make([]float64, 0, len(f))
		for _, one := range f {
			list = append(list, of(one))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	return figure{
		by(func(o figure) float64 { return o.rate }),
		time.Duration(by(func(o figure) float64 { return float64(o.p50) })),
		time.Duration(by(func(o figure) float64 { return float64(o.p99) })),
	}
}

func (f figures) String() string {
	order := func(a, b figure) int { return cmp.Compare(a.rate, b.rate) }
	m, least, most := f.median(), slices.MinFunc(f, order), slices.MaxFunc(f, order)
	text := fmt.Sprintf("%8.0f/s (%.0f … %.0f)", m.rate, least.rate, most.rate)
	if m.p99 > 0 {
		text += fmt.Sprintf("  p50 %6.2f ms  p99 %6.2f ms", float64(m.p50)/1e6, float64(m.p99)/1e6)
	}
	return text
}

// sqlEngine is the engine on a SQL store, with one event of named seats.
type sqlEngine struct {
	b        *testing.B
	engine   *Engine
	store    *sqlstore.Store
	recorder *appendRecorder
	event    storage.EventID
	open     *openEvent
	clients  []sqlClient
	prices   map[string]int64 // of the events; nil: all is free
	wishes   atomic.Uint64    // makes request ids and buyers unique
}

// sqlClient is one buyer's browser after the other.
type sqlClient struct {
	call  BookCall
	out   BookingView
	seat  [1]string
	seats []string // its own, so that no two clients want the same
	next  int
}

// openSQLEngine opens the engine as the server does; lanes and group, where not 0, instead of the store's own.
func openSQLEngine(b *testing.B, url string, lanes, group int) *sqlEngine {
	b.Helper()
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, url, sqlstore.Options{Migrate: true, Logf: b.Logf, AppendConcurrency: lanes})
	if err != nil {
		b.Fatal(err)
	}
	gateway, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	s := &sqlEngine{b: b, store: store, recorder: &appendRecorder{Store: store}}
	lanes, most := store.Shape()
	s.engine, err = Open(
		ctx, Config{Store: s.recorder, Processor: gateway, CommitConcurrency: lanes, CommitGroup: cmp.Or(group, most)},
	)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.engine.Close(ctx); err != nil {
			b.Error(err)
		}
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// benchVenue is a plan of sections S0, S1 … with rows of 50 seats.
func benchVenue(b *testing.B, sections, rows int) *venue.Venue {
	b.Helper()
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"S%d","rows":[`, i)
		for row := range rows {
			fmt.Fprintf(&plan, `%s{"label":"%d","seats":50}`, comma(row), row+1)
		}
		plan.WriteString("]}")
	}
	v, err := venue.Parse([]byte(`{"sections":[`+plan.String()[1:]+`]}`), venue.Options{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

func benchRules(ttl section.Millis) section.Rules {
	return section.Rules{HoldTTL: ttl, HoldCeiling: 2 * ttl, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
		DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
}

// sell makes an event whose holds last so many milliseconds, and turns the clients to it.
func (s *sqlEngine) sell(ttl section.Millis) {
	s.b.Helper()
	header, err := s.engine.CreateEvent(
		context.Background(),
		&storage.Event{
			Name: "bench", Currency: "EUR", Sale: storage.SaleOpen, Rules: benchRules(ttl), Prices: s.prices,
		},
		benchVenue(s.b, sqlSections, sqlSeats/50),
	)
	if err != nil {
		s.b.Fatal(err)
	}
	s.event = header.ID
	if _, s.open, err = s.engine.openEvent(header.ID, time.Now().Add(time.Minute)); err != nil {
		s.b.Fatal(err)
	}
	s.clients = make([]sqlClient, sqlClients)
	for i := range s.clients {
		c := &s.clients[i]
		of, share := s.open.ids[i%sqlSections], sqlSections*sqlSeats/sqlClients
		c.seats = of[i/sqlSections*share : (i/sqlSections+1)*share]
		c.call = BookCall{Event: s.event, Seats: c.seat[:]}
	}
}

// hold places the client's next hold, by a buyer of its own under a key of its own.
func (s *sqlEngine) hold(client int) error {
	c := &s.clients[client]
	c.seat[0] = c.seats[c.next%len(c.seats)]
	c.next++
	c.call.Caller = s.caller()
	return s.engine.Book(&c.call, time.Minute, &c.out)
}

func (s *sqlEngine) caller() (who Caller) {
	n := s.wishes.Add(1)
	binary.LittleEndian.PutUint64(who.Request[:], n*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(who.Request[8:], (n^0x5bf03635)*0xbf58476d1ce4e5b9)
	binary.LittleEndian.PutUint64(who.Buyer[:], n*0x94d049bb133111eb)
	binary.LittleEndian.PutUint64(who.Buyer[8:], (n^0x2545F491)*0x9E3779B97F4A7C15)
	who.Fingerprint = n
	return who
}

// quiet waits until every hold has lapsed and nothing is on its way to the server.
func (s *sqlEngine) quiet() {
	s.b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(time.Minute)
	for calm, last := 0, int64(-1); calm < 4; <-tick.C {
		sent := s.store.Stats().Statements.Load()
		if calm++; sent != last || !s.allLapsed() {
			calm, last = 0, sent
		}
		if time.Now().After(deadline) {
			s.b.Fatal("the engine does not come to rest")
		}
	}
}

// allLapsed tells whether no section waits for a hold's end soon.
func (s *sqlEngine) allLapsed() bool {
	soon := s.engine.cfg.Clock() + sqlHoldTTL
	for _, one := range s.open.sections {
		if inc := one.shard.Serving(); inc == nil || inc.TrustedUntil() <= soon {
			return false
		}
	}
	return true
}
