package netlimit

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Digest turns like troubles into few log lines: the first of a kind is logged at once, and while more of that kind
// come, one line an interval says how many and from where. It also counts them. Safe for concurrent use.
//
// Kinds must come from a closed list and never from what a stranger sends: they are kept for ever.
type Digest[K comparable] struct {
	log     *slog.Logger
	every   time.Duration
	message string

	mu     sync.Mutex
	counts map[K]uint64
	open   map[K]*tally
	closed bool
}

// Trouble is one happening of a kind.
type Trouble struct {
	Level   slog.Level
	Address string // of the other side, as far as it is known
	Peer    string // the name of whom this side meant to reach; empty: nobody in particular
	Why     string // for people; cut to whyMax bytes
}

// Notice is what a kind's current interval has brought so far.
type Notice[K comparable] struct {
	Kind    K
	Count   int
	Newest  Trouble
	Elapsed time.Duration // since the interval's first
}

// tally is a kind's current interval.
type tally struct {
	timer     *time.Timer
	began     time.Time
	count     int // in all, the one that was logged at once included
	logged    int // of them, those in the log
	newest    Trouble
	addresses []string // of those not in the log yet
	more      bool     // addresses that were left out
}

const (
	whyMax       = 200
	addressesMax = 5
)

// NewDigest makes one whose lines begin with message. every is the least time between two lines of one kind.
func NewDigest[K comparable](log *slog.Logger, message string, every time.Duration) *Digest[K] {
	return &Digest[K]{log: log, message: message, every: every, counts: map[K]uint64{}, open: map[K]*tally{}}
}

// Add counts one trouble, and logs it if it is the first of its kind in this interval. about are further attributes of
// the line, as slog has them.
func (d *Digest[K]) Add(kind K, t Trouble, about ...any) {
	t.Why = t.Why[:min(len(t.Why), whyMax)]
	d.mu.Lock()
	d.counts[kind]++
	current := d.open[kind]
	first := current == nil
	if first {
		current = &tally{began: time.Now()}
		d.open[kind] = current
		if !d.closed {
			current.timer = time.AfterFunc(d.every, func() { d.sum(kind, about) })
		}
	}
	current.count++
	current.newest = t
	if first {
		current.logged++
	} else {
		current.remember(t.Address)
	}
	d.mu.Unlock()
	if first {
		line := append(about, "address", t.Address, "why", t.Why)
		if t.Peer != "" {
			line = append(line, "peer", t.Peer)
		}
		d.log.Log(context.Background(), t.Level, d.message, line...)
	}
}

func (t *tally) remember(address string) {
	switch {
	case slices.Contains(t.addresses, address):
	case len(t.addresses) < addressesMax:
		t.addresses = append(t.addresses, address)
	default:
		t.more = true
	}
}

// sum ends a kind's interval. One that brought nothing new ends the kind's trouble: the next is logged at once again.
func (d *Digest[K]) sum(kind K, about []any) {
	d.mu.Lock()
	current := d.open[kind]
	if current == nil || d.closed {
		d.mu.Unlock()
		return
	}
	fresh := current.count - current.logged
	if fresh == 0 {
		delete(d.open, kind)
		d.mu.Unlock()
		return
	}
	next := &tally{began: time.Now(), newest: current.newest}
	next.timer = time.AfterFunc(d.every, func() { d.sum(kind, about) })
	d.open[kind] = next
	d.mu.Unlock()
	d.log.Log(context.Background(), current.newest.Level, d.message+", again", append(about, "times", fresh, "within",
		d.every,
		"addresses", current.addresses, "more_addresses", current.more, "newest", current.newest.Why)...)
}

// Counts are all troubles so far, by kind.
func (d *Digest[K]) Counts() map[K]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := make(map[K]uint64, len(d.counts))
	for kind, n := range d.counts {
		counts[kind] = n
	}
	return counts
}

// Current are the kinds whose trouble goes on: there was some in this interval.
func (d *Digest[K]) Current() (notices []Notice[K]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for kind, t := range d.open {
		if t.count > 0 {
			notices = append(notices, Notice[K]{kind, t.count, t.newest, time.Since(t.began)})
		}
	}
	return notices
}

// Close ends the lines; counting goes on.
func (d *Digest[K]) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, t := range d.open {
		if t.timer != nil {
			t.timer.Stop()
		}
	}
}
