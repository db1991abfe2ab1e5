package actors

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// benchEvent opens an engine on a fresh embedded store with one event of so many sections of 2,000 seats, and closes it
// at the end.
func benchEvent(b *testing.B, sections int) (*Engine, *openEvent, *recordingStore) {
	b.Helper()
	e, o, store := benchEventIn(b, b.TempDir(), sections)
	b.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := store.Store.Close(); err != nil {
			b.Error(err)
		}
	})
	return e, o, store
}

func benchEventIn(b *testing.B, dir string, sections int) (*Engine, *openEvent, *recordingStore) {
	b.Helper()
	inner, err := pebblestore.Open(dir, pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	store := &recordingStore{Store: inner}
	gateway, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	e, err := Open(context.Background(), Config{Store: store, Processor: gateway})
	if err != nil {
		b.Fatal(err)
	}
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"S%d","rows":[`, i)
		for row := range 40 {
			fmt.Fprintf(&plan, `%s{"label":"%d","seats":50}`, comma(row), row+1)
		}
		plan.WriteString("]}")
	}
	v, err := venue.Parse([]byte(`{"sections":[`+plan.String()[1:]+`]}`), venue.Options{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	header, err := e.CreateEvent(
		context.Background(),
		&storage.Event{Name: "bench", Currency: "EUR", Sale: storage.SaleOpen,
			Rules: section.Rules{
				HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 1 << 30,
				DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
			}},
		v,
	)
	if err != nil {
		b.Fatal(err)
	}
	_, o, err := e.openEvent(header.ID, deadlineSoon())
	if err != nil {
		b.Fatal(err)
	}
	return e, o, store
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// recordingStore remembers the sizes of merged writes, so that the bare store can be given the same ones.
type recordingStore struct {
	storage.Store
	mu     sync.Mutex
	record bool
	calls  [][]int
}

func (s *recordingStore) Commit(ctx context.Context, appends []storage.Append) []error {
	if s.record {
		sizes := make([]int, len(appends))
		for i := range appends {
			sizes[i] = len(appends[i].Entry.Body) + 120
		}
		s.mu.Lock()
		s.calls = append(s.calls, sizes)
		s.mu.Unlock()
	}
	return s.Store.Commit(ctx, appends)
}

// tiredBuyer is who makes the nth round of a loop that holds and releases: nobody makes more than a hundred, for a
// section remembers only so many requests of one buyer.
func tiredBuyer(no, n uint64) (b section.BuyerID) {
	binary.LittleEndian.PutUint64(b[:], no)
	binary.LittleEndian.PutUint64(b[8:], n/100+1)
	return b
}

// benchClient holds a seat of its own, releases it, and so on for ever; every answer sends its next wish.
type benchClient struct {
	s       *Section
	r       *request.Request
	seat    section.SeatIndex
	booking section.BookingNo
	n       uint64
	left    *atomic.Int64
	all     *sync.WaitGroup
	refused *atomic.Int64
	seats   [1]section.SeatIndex
}

func (c *benchClient) next() {
	if c.left.Add(-1) < 0 {
		c.all.Done()
		return
	}
	r := c.r
	r.Command = section.Command{Buyer: tiredBuyer(uint64(c.seat), c.n/2)}
	c.n++
	binary.LittleEndian.PutUint64(r.Command.Request[:], (c.n<<16|uint64(c.seat))*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(r.Command.Request[8:], c.n)
	if c.booking == 0 {
		c.seats[0] = c.seat
		r.Command.Kind, r.Command.Seats = section.PlaceHold, c.seats[:]
	} else {
		r.Command.Kind, r.Command.Booking = section.ReleaseHold, c.booking
	}
	if err := c.s.Send(r, time.Now().Add(time.Minute)); err != nil {
		c.refused.Add(1)
		c.all.Done()
	}
}

func (c *benchClient) answered(r *request.Request) {
	if r.Err != nil || r.Decision.Outcome.Rejection != section.Accepted {
		c.refused.Add(1)
		c.all.Done()
		return
	}
	if c.booking == 0 {
		c.booking = r.Decision.Outcome.Booking
	} else {
		c.booking = 0
	}
	c.next()
}

// drive makes so many changes through clients of every section, and stops the clock around its own preparations.
func drive(b *testing.B, o *openEvent, sections, perSection, changes int) {
	b.Helper()
	var left, refused atomic.Int64
	var all sync.WaitGroup
	left.Store(int64(changes))
	var clients []*benchClient
	for i := range sections {
		for j := range perSection {
			c := &benchClient{
				s: o.sections[i], r: request.New(), seat: section.SeatIndex(j), left: &left, all: &all,
				refused: &refused,
			}
			c.r.OnAnswer = func(*writer.Request) { c.answered(c.r) }
			clients = append(clients, c)
		}
	}
	all.Add(len(clients))
	b.ResetTimer()
	for _, c := range clients {
		c.next()
	}
	all.Wait()
	b.StopTimer()
	if n := refused.Load(); n > 0 {
		b.Fatalf("%d requests were refused", n)
	}
}

// BenchmarkDurableTransitions is the engine's rate in process: holds and releases, each synced to disk before its
// answer, beside a bare Pebble write of the same bytes in the same batches in the same run.
func BenchmarkDurableTransitions(b *testing.B) {
	for _, shape := range []struct{ sections, inflight int }{{64, 64}, {64, 256}, {64, 1024}, {1, 1024}, {1, 2000}} {
		b.Run(fmt.Sprintf("sections=%d/inflight=%d", shape.sections, shape.inflight), func(b *testing.B) {
			b.ReportAllocs()
			_, o, store := benchEvent(b, shape.sections)
			store.record = true
			drive(b, o, shape.sections, shape.inflight, b.N)
			store.record = false
			engine := float64(b.N) / b.Elapsed().Seconds()
			bare := bareRate(b, store.calls, b.N)
			b.ReportMetric(engine, "transitions/s")
			b.ReportMetric(bare, "bare/s")
			b.ReportMetric(engine/bare, "ratio")
			b.ReportMetric(float64(b.N)/float64(len(store.calls)), "changes/sync")
		})
	}
}

// bareRate writes the recorded batches to a bare Pebble, synced, and gives the rate in changes.
func bareRate(b *testing.B, calls [][]int, changes int) float64 {
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	value := make([]byte, 80<<10)
	for i := range value {
		value[i] = byte(uint32(i) * 2654435761 >> 13)
	}
	start := time.Now()
	key := make([]byte, 29)
	for n, sizes := range calls {
		batch := db.NewBatch()
		for i, size := range sizes {
			binary.BigEndian.PutUint64(key, uint64(i))
			binary.BigEndian.PutUint64(key[16:], uint64(n))
			if err := batch.Set(key, value[:size], nil); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Commit(pebble.Sync); err != nil {
			b.Fatal(err)
		}
	}
	return float64(changes) / time.Since(start).Seconds()
}
