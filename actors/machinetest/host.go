package machinetest

import (
	"slices"
	"sync"
	"time"

	"holdfast/actors/machine"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// host is a shard's surroundings: it writes down what it hears.
type host struct {
	*bench
	shard *shard.Shard

	mu       sync.Mutex
	story    []string
	followed machine.Machine // what Claimed gives, once
	at       storage.Tail
	state    []byte // what Loaded was given, or Released
	replayed int
	dead     int // lives whose memory was taken back

	// Each has room for all that a case can make it hear, so that no call waits.
	served, placed   chan *shard.Activation
	stopped, failed  chan error
	doubted, decided chan error
	landed           chan machine.Seq
}

var (
	_ shard.Host     = (*host)(nil)
	_ shard.Observer = (*host)(nil)
)

func newHost(b *bench) *host {
	return &host{bench: b, served: make(chan *shard.Activation, 16), placed: make(chan *shard.Activation, 64),
		stopped: make(chan error, 16), failed: make(chan error, 16), doubted: make(chan error, 1024),
		decided: make(chan error, 16), landed: make(chan machine.Seq, 1024)}
}

func (h *host) note(what string) {
	h.mu.Lock()
	h.story = append(h.story, what)
	h.mu.Unlock()
}

// replies is what was heard since told was last called.
func (h *host) takeCalls() (story []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	story, h.story = h.story, nil
	return story
}

// keep remembers a machine's state as it stands before record next.
func (h *host) keep(m machine.Machine, next machine.Seq) {
	state := h.stateAt(m, next)
	h.mu.Lock()
	h.state = state
	h.mu.Unlock()
}

func (h *host) kept() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.state)
}

func (h *host) PlacedHere() bool {
	h.placed <- h.shard.Serving()
	return true
}

func (h *host) Claimed(*storage.Entry) (machine.Machine, storage.Tail) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.followed
	h.followed = nil
	return m, h.at
}

func (h *host) Loaded(m machine.Machine, tail storage.Tail) error {
	h.keep(m, tail.Seq+1)
	h.note("loaded")
	return nil
}

func (h *host) Serving(a *shard.Activation, _ storage.Tail, replayed int, _ time.Duration) {
	h.mu.Lock()
	h.replayed = replayed
	h.mu.Unlock()
	h.served <- a
}

func (h *host) Ending(error, bool) { h.note("ending") }

func (h *host) Failed(why error, _ bool) { h.failed <- why }

func (h *host) Landed(p *writer.Record, _ machine.Machine, _ time.Duration) {
	h.note("landed")
	h.landed <- p.Append.Entry.Seq
}

func (h *host) Answering(*writer.Request) { h.note("answer") }

func (h *host) Handled(machine.Machine) {}

func (h *host) Doubt(resends int, err error) {
	if err == nil {
		h.decided <- nil
		return
	}
	h.doubted <- err
}

func (h *host) Released(_ *shard.Activation, m machine.Machine, tail storage.Tail) {
	h.keep(m, tail.Seq+1)
	h.note("released")
}

func (h *host) Died(machine.Machine) {
	h.mu.Lock()
	h.dead++
	h.mu.Unlock()
}

func (h *host) Stopped(_ *shard.Activation, why error) { h.stopped <- why }
