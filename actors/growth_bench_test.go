package actors

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// BenchmarkGrowth asks how cost grows, one quantity at a time; the names are read by whoever draws the curves.
//
//	sections=N  sections of 128 places in one event: one op is a hold and its release, each durable, 256 buyers at once over all sections
//	seats=N     seats of one event, in as few sections as the importer makes of them: the same, but the engine chooses the seat
//	holds=N     live holds in the memory of one section: one op is a hold and its release beside them, without a disk
//	history=N   records in the logs of 64 sections, one every ten seconds in each: the op of sections=, after a restart
//
// Ten million records want 4 GB of disk while they are merged, so they are made only for who asks by name:
//
//	go test ./actors -run '^$' -bench 'Growth/history=10000000$' -benchtime 100000x
func BenchmarkGrowth(b *testing.B) {
	for _, axis := range []struct {
		name  string
		steps []int
		run   func(b *testing.B, n int)
	}{
		{"sections", []int{1, 10, 100, 1000}, growSections},
		{"seats", []int{1000, 10_000, 70_000}, growSeats},
		{"holds", []int{1000, 10_000, 100_000, 1_000_000}, growHolds},
		{"history", []int{0, 10_000, 100_000, 1_000_000, 10_000_000}, growHistory},
	} {
		for _, n := range axis.steps {
			b.Run(fmt.Sprintf("%s=%d", axis.name, n), func(b *testing.B) {
				onlyByName(b, n >= 10_000_000)
				axis.run(b, n)
			})
		}
	}
}

// onlyByName skips a benchmark that is too large for a run of all of them, unless the command names its last part.
func onlyByName(b *testing.B, large bool) {
	_, last, _ := strings.Cut(b.Name(), "/")
	if large && !strings.Contains(flag.Lookup("test.bench").Value.String(), last) {
		b.Skipf(
			"too large for a run of everything: ask for it by name, -bench '%s$'",
			strings.TrimPrefix(b.Name(), "Benchmark"),
		)
	}
}

const (
	growthBuyers = 256
	growthKeys   = 1 << 12 // the buyers' idempotency keys begin behind those of the past
)

// growthBuyer holds a seat and releases it, until the work is done.
type growthBuyer struct {
	e    *Engine
	who  Caller
	call BookCall
	n    uint64
	no   uint64 // of the buyer
}

func (g *growthBuyer) key() section.RequestID { g.n++; return tourKey(g.no, g.n) }

func (g *growthBuyer) pair(out *BookingView) error {
	g.who.Buyer = tiredBuyer(g.no, g.n/2)
	g.call.Buyer, g.call.Request = g.who.Buyer, g.key()
	if err := g.e.Book(&g.call, tourPatience, out); err != nil {
		return err
	}
	g.who.Request = g.key()
	return g.e.Release(out.ID, g.who, tourPatience, out)
}

// holdAndReleaseAll times holds and their releases; ask makes a buyer's request. The buyers are handed one op after the
// other, so that the benchmark is entered once, however long it is to run: what was built for it may have taken long.
// Metrics reported before are lost, for they go with the reset of the clock.
func holdAndReleaseAll(b *testing.B, e *Engine, id storage.EventID, ask func(i int, call *BookCall)) {
	b.Helper()
	work := make(chan struct{}, growthBuyers)
	var all sync.WaitGroup
	for i := range growthBuyers {
		g := &growthBuyer{e: e, no: uint64(i) + growthKeys, who: Caller{Buyer: section.BuyerID{byte(i), 1}}}
		g.call.Event, g.call.Buyer = id, g.who.Buyer
		ask(i, &g.call)
		all.Go(func() {
			var out BookingView
			for range work {
				if err := g.pair(&out); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "holds/s")
}

// growthHouse is an embedded store with one open event, and the engine that sells it.
type growthHouse struct {
	b     *testing.B
	dir   string
	store *pebblestore.Store
	e     *Engine
	id    storage.EventID
	o     *openEvent
}

func newGrowthHouse(b *testing.B, plan string) *growthHouse {
	b.Helper()
	h := &growthHouse{b: b, dir: b.TempDir()}
	v, err := venue.Parse([]byte(plan), venue.Options{Name: "growth"})
	if err != nil {
		b.Fatal(err)
	}
	h.openStore()
	header, err := h.e.CreateEvent(
		context.Background(),
		&storage.Event{Name: "growth", Currency: "EUR", Sale: storage.SaleOpen,
			Rules: section.Rules{
				HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 1 << 30,
				DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
			}},
		v,
	)
	if err != nil {
		b.Fatal(err)
	}
	h.id = header.ID
	h.openSections()
	return h
}

func (h *growthHouse) openStore() {
	h.b.Helper()
	gateway, err := sandbox.Open("")
	if err != nil {
		h.b.Fatal(err)
	}
	if h.store, err = pebblestore.Open(h.dir, pebblestore.Options{}); err != nil {
		h.b.Fatal(err)
	}
	if h.e, err = Open(context.Background(), Config{Store: h.store, Processor: gateway}); err != nil {
		h.b.Fatal(err)
	}
}

func (h *growthHouse) openSections() {
	h.b.Helper()
	var err error
	if _, h.o, err = h.e.openEvent(h.id, time.Now().Add(5*time.Minute)); err != nil {
		h.b.Fatal(err)
	}
	if n := h.e.Stats().SectionsServing.Load(); int(n) != len(h.o.sections) {
		h.b.Fatalf("%d of %d sections serve", n, len(h.o.sections))
	}
}

func (h *growthHouse) close() {
	h.b.Helper()
	if err := h.e.Close(context.Background()); err != nil {
		h.b.Fatal(err)
	}
	if err := h.store.Close(); err != nil {
		h.b.Fatal(err)
	}
}

// reopen gives the milliseconds from a store that is closed to sections that all serve.
func (h *growthHouse) reopen() float64 {
	h.b.Helper()
	start := time.Now()
	h.openStore()
	h.openSections()
	return milliseconds(time.Since(start))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// namedSeats gives each buyer a seat of their own, section by section.
func (h *growthHouse) namedSeats(i int, call *BookCall) {
	sections := len(h.o.sections)
	call.Seats = []string{h.o.ids[i%sections][i/sections]}
}

// sectionsPlan is a plan of so many sections of so many seats.
func sectionsPlan(sections, seats int) string {
	var plan strings.Builder
	for i := range sections {
		fmt.Fprintf(&plan, `,{"id":"S%d","general":%d}`, i, seats)
	}
	return `{"sections":[` + plan.String()[1:] + `]}`
}

func growSections(b *testing.B, n int) {
	h := newGrowthHouse(b, sectionsPlan(n, max(128, growthBuyers/n)))
	h.close()
	back := h.reopen()
	holdAndReleaseAll(b, h.e, h.id, h.namedSeats)
	h.close()
	b.ReportMetric(back, "reopen-ms")
}

func growSeats(b *testing.B, n int) {
	before := heapAlive()
	h := newGrowthHouse(b, `{"sections":[{"id":"A","rows":[`+rowsOf(n/50)+`]}]}`)
	perSeat := float64(heapAlive()-before) / float64(n)
	h.close()
	back := h.reopen()
	holdAndReleaseAll(b, h.e, h.id, func(_ int, call *BookCall) { call.Best.Quantity = 1 })
	h.close()
	b.ReportMetric(perSeat, "B/seat") // with the event's own ring of changes, the same for all sizes
	b.ReportMetric(back, "reopen-ms")
}

func heapAlive() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func diskBytes(b *testing.B, dir string) (bytes int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		bytes += info.Size()
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}
