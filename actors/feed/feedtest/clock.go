package feedtest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Clock takes the time from the moment at which a commit is acknowledged to the moment at which a consumer has the
// change. With HOLDFAST_FEED_RAW each latency is written into that folder, in nanoseconds, a line each; the rate is
// kept for HOLDFAST_FEED_SECONDS (10).
type Clock struct {
	mu    sync.Mutex
	acked map[string]time.Time // by the shard and record that has the change alone
	early map[string]bool      // a consumer had them before the commit's caller went on
	took  []time.Duration
}

// NewClock has seen nothing.
func NewClock() *Clock { return &Clock{acked: map[string]time.Time{}, early: map[string]bool{}} }

// ClockSections is how many sections the changes are spread over.
const ClockSections = 64

// Rates are the changes a second that are tried.
var Rates = []int{1000, 10_000}

func recordKey(shard storage.SectionKey, seq section.Seq) string {
	return string(binary.BigEndian.AppendUint64(feed.AppendShard(nil, shard), uint64(seq)))
}

// Produce commits changes at a rate, a few milliseconds' worth at a time, each in a record of its own, and nudges.
func (k *Clock) Produce(b *testing.B, h *Logs, f *feed.Feed, event storage.EventID, rate int) (n int) {
	b.Helper()
	const step = 2 * time.Millisecond
	lasts := 10 * time.Second
	if text := os.Getenv("HOLDFAST_FEED_SECONDS"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text + "s"); err != nil {
			b.Fatal(err)
		}
	}
	for no := range storage.SectionNo(ClockSections) { // so that what is timed are changes
		shard := storage.SectionKey{Event: event, Section: no}
		h.Append(shard, storage.Entry{Kind: storage.EntryClaim, Epoch: 1, At: 1})
	}
	began, booking := time.Now(), section.BookingNo(0)
	for tick := time.Duration(0); time.Since(began) < lasts; tick++ {
		<-time.After(time.Until(began.Add(tick * step)))
		for due := int(time.Since(began).Seconds()*float64(rate)) - n; due > 0; {
			var batch []storage.Append
			for range min(due, ClockSections) { // one record of each section at most
				booking++
				at := section.Instant(time.Now().UnixMilli())
				change := Hold(booking, section.SeatIndex(booking%Seats))
				change.At = at
				shard := storage.SectionKey{Event: event, Section: storage.SectionNo(booking % ClockSections)}
				batch = append(batch, h.Next(shard, storage.Entry{Kind: storage.EntryChanges, Epoch: 1, At: at,
					Body: section.AppendChange(nil, at, &change)}))
			}
			for _, err := range h.Store.Commit(b.Context(), batch) {
				if err != nil {
					b.Fatal(err)
				}
			}
			k.acknowledged(batch)
			for i := range batch {
				f.Shard(batch[i].Section).Landed()
			}
			n, due = n+len(batch), due-len(batch)
		}
	}
	return n
}

func (k *Clock) acknowledged(batch []storage.Append) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range batch {
		key := recordKey(batch[i].Section, batch[i].Entry.Seq)
		if k.early[key] {
			k.took = append(k.took, 0)
			continue
		}
		k.acked[key] = now
	}
}

// Came says that a consumer has a record, and when.
func (k *Clock) Came(shard storage.SectionKey, seq section.Seq, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := recordKey(shard, seq)
	at, there := k.acked[key]
	switch {
	case there:
		k.took = append(k.took, now.Sub(at))
		delete(k.acked, key)
	case seq > 1: // the first is a claim
		k.early[key] = true
	}
}

// Wait waits until so many have come, for a minute at most.
func (k *Clock) Wait(n int) {
	for waited := time.Now(); k.count() < n && time.Since(waited) < time.Minute; {
		<-time.After(10 * time.Millisecond)
	}
}

func (k *Clock) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.took)
}

// Report says how long it took, and fails where something did not come.
func (k *Clock) Report(b *testing.B, n int, name string) {
	b.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.took) < n || n == 0 {
		b.Fatalf("P15: of %d changes %d came", n, len(k.took))
	}
	if folder := os.Getenv("HOLDFAST_FEED_RAW"); folder != "" {
		var text []byte
		for _, d := range k.took {
			text = fmt.Appendln(text, d.Nanoseconds())
		}
		if err := os.WriteFile(filepath.Join(folder, name+".txt"), text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(k.took)
	for name, share := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "p99.9-ms": 0.999, "max-ms": 1} {
		at := k.took[min(int(share*float64(n)), n-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, name)
	}
	b.ReportMetric(float64(n), "changes")
}
