package heartbeat

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Config of a Liveness.
type Config struct {
	Nodes  storage.Nodes    // required
	Writer storage.WriterID // required: the id that this node's claims and records carry
	Name   string           // shown to people
	// Every is the time between two beats. Default 500 ms: two small statements a second and node. Shorter finds a dead
	// node no sooner (Lapse does); longer makes one lost beat look like death.
	Every time.Duration
	// Lapse is how long a row must stand still until its node counts as gone. Default 2 s: three lost beats. Shorter
	// takes sections from nodes that only paused, which costs their buyers a retry; longer leaves a dead node's
	// sections unsold.
	Lapse time.Duration
	// OnVacated is called, never twice at once, after another node left or lapsed: its sections may be claimed. It must
	// return soon and not wait for a claim. May be nil.
	OnVacated func()
	// OnStale is called, as OnVacated is, with every new number of Lease: this node has not shown itself for so long
	// that others may have taken its sections, because it was paused or the store was away. What it would still say
	// from memory must be checked. May be nil.
	OnStale func()
	// Gossip is where the others of this node's cluster find it, told in its row; empty: it is part of no cluster, and
	// claims nothing from a living one. See SetGossip.
	Gossip string
	// Looked is called, as OnVacated is, after every look at the rows. May be nil.
	Looked func()
	Logger *slog.Logger // default: discards
}

const (
	everyDefault  = 500 * time.Millisecond
	startPatience = 10 * time.Second // of a start with a store that does not take its first pulse
	// LapseDefault is Config.Lapse where nothing is said.
	LapseDefault = 2 * time.Second
	// forgetLapses is how many times Lapse a row stands still until a node that sees it removes it. No row means the
	// same as a lapsed one, so this only spares later starts the wait for a node that is long dead; one that comes back
	// after all writes its row anew.
	forgetLapses = 5
)

// Liveness shows that this node is alive, and knows who else is. Safe for concurrent use.
type Liveness struct {
	cfg    Config
	cancel context.CancelFunc
	ctx    context.Context
	ended  chan struct{}

	beating sync.Mutex      // one pulse at a time
	beat    section.Instant // under beating: the newest value of our row

	lease  atomic.Pointer[readLease] // written by a pulse
	gossip atomic.Pointer[string]
	poke   chan struct{} // capacity 1: a look is wanted before the next beat

	mu       sync.Mutex
	view     observed
	names    map[storage.WriterID]string // of rows, those that have gone among them; see namesMax
	away     bool                        // the last pulse failed; said once
	changed  chan struct{}               // closed and replaced at every look
	released bool
}

// Start beats once, so that the node has its row before it claims anything, and goes on until Close. A store that does
// not take the first beat is asked again for some seconds. The error is the store's last.
func Start(ctx context.Context, cfg Config) (*Liveness, error) {
	if cfg.Nodes == nil || cfg.Writer == (storage.WriterID{}) {
		return nil, errors.New("cluster: Config needs Nodes and Writer")
	}
	cfg.Every, cfg.Lapse = cmp.Or(cfg.Every, everyDefault), cmp.Or(cfg.Lapse, LapseDefault)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Liveness{cfg: cfg, ended: make(chan struct{}), changed: make(chan struct{}), poke: make(chan struct{}, 1),
		view:  newObserved(cfg.Writer, cfg.Lapse),
		names: map[storage.WriterID]string{cfg.Writer: cfg.Name}}
	h.view.alone = cfg.Gossip == ""
	h.gossip.Store(&cfg.Gossip)
	if err := h.firstPulse(ctx); err != nil {
		return nil, err
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	go h.run()
	return h, nil
}

// firstPulse repeats the first pulse for a while: a store that is busy in that moment ends no start.
func (h *Liveness) firstPulse(ctx context.Context) error {
	for began := time.Now(); ; {
		err := h.pulse(ctx, time.Time{})
		if err == nil || time.Since(began) >= startPatience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(h.cfg.Every):
		}
	}
}

func (h *Liveness) run() {
	defer close(h.ended)
	tick := time.NewTicker(h.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			h.report(h.pulse(h.ctx, time.Now()))
		case <-h.poke:
			h.report(h.pulse(h.ctx, time.Now()))
		}
	}
}

// report says when the store goes away and when it is back, each once.
func (h *Liveness) report(err error) {
	h.mu.Lock()
	was := h.away
	h.away = err != nil
	h.mu.Unlock()
	switch {
	case h.ctx.Err() != nil || was == (err != nil):
	case err != nil:
		h.cfg.Logger.Warn("heartbeat not written: nothing is claimed until it is", "error", err)
	default:
		h.cfg.Logger.Info("heartbeat written again")
	}
}

// pulse beats and then looks: a node that cannot be seen must not judge others. It is bounded by half of Lapse, so that
// a living node on a slow store still shows itself in time. Nothing is done when another pulse has begun its look after
// since.
func (h *Liveness) pulse(ctx context.Context, since time.Time) error {
	h.beating.Lock()
	defer h.beating.Unlock()
	if h.over(since) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Lapse/2)
	defer cancel()
	sent := time.Now()
	// a clock that stands or steps back must not look like death
	h.beat = max(h.beat+1, section.Instant(time.Now().UnixMilli()))
	err := h.cfg.Nodes.Beat(ctx, storage.NodeBeat{Writer: h.cfg.Writer, Name: h.cfg.Name, At: h.beat,
		Gossip: *h.gossip.Load()})
	if err != nil {
		return err
	}
	began := time.Now()
	rows, err := h.cfg.Nodes.Nodes(ctx)
	if err != nil {
		return err
	}
	freed, old := h.see(rows, began)
	h.tellGone()
	for _, w := range old { // a row that stays is met again at the next look
		_ = h.cfg.Nodes.Forget(ctx, w)
	}
	if h.renew(sent, began) && h.cfg.OnStale != nil {
		h.cfg.OnStale()
	}
	if freed && h.cfg.OnVacated != nil {
		h.cfg.OnVacated()
	}
	if h.cfg.Looked != nil {
		h.cfg.Looked()
	}
	return nil
}

// SetGossip says where the others find this node, once the system has chosen a port: from the next beat on.
func (h *Liveness) SetGossip(address string) { h.gossip.Store(&address) }

// LookNow has a beat and a look begin soon, without waiting for them: Config.Looked tells their end.
func (h *Liveness) LookNow() {
	select {
	case h.poke <- struct{}{}:
	default:
	}
}

// Rows are the others' rows at the newest look.
func (h *Liveness) Rows() *Rows {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view.rows()
}

// Clustered are the living nodes of a cluster on this store, without this node.
func (h *Liveness) Clustered() []Row {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view.clustered()
}

func (h *Liveness) see(rows []storage.NodeBeat, began time.Time) (freed bool, old []storage.WriterID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	freed, old = h.view.see(rows, began, time.Now())
	h.learnNames(rows)
	close(h.changed)
	h.changed = make(chan struct{})
	return freed, old
}

// namesMax bounds the names of nodes that have gone and are still remembered for the log.
const namesMax = 256

// learnNames keeps who is called what. The caller holds mu.
func (h *Liveness) learnNames(rows []storage.NodeBeat) {
	if len(h.names) > namesMax {
		h.names = map[storage.WriterID]string{h.cfg.Writer: h.cfg.Name}
	}
	for _, row := range rows {
		h.names[row.Writer] = row.Name
	}
}

// NameOf is the name of the node, here or gone, whose id begins with these hex digits.
func (h *Liveness) NameOf(id string) (name string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for writer, name := range h.names {
		if strings.HasPrefix(hex.EncodeToString(writer[:]), id) {
			return name, true
		}
	}
	return "", false
}

// tellGone says who is not alive any more since the newest look.
func (h *Liveness) tellGone() {
	h.mu.Lock()
	gone := h.view.gone
	h.view.gone = nil
	names := make([]string, len(gone))
	for i, d := range gone {
		names[i] = cmp.Or(h.names[d.writer], "?")
	}
	h.mu.Unlock()
	for i, d := range gone {
		id := hex.EncodeToString(d.writer[:4])
		if d.left {
			h.cfg.Logger.Info("a node has left: its sections are claimed", "node", names[i], "id", id)
		} else {
			h.cfg.Logger.Warn("a node has gone without a word: its heartbeat stands still, and its sections are "+
				"claimed", "node", names[i], "id", id, "silent", h.cfg.Lapse)
		}
	}
}

// renew takes the lease that a beat sent then, and landed by now, has earned, and tells whether it has a new number.
func (h *Liveness) renew(sent, now time.Time) (renumbered bool) {
	old := h.lease.Load()
	next := old.renewed(sent, now, h.cfg.Lapse, h.Others() == 0)
	h.lease.Store(&next)
	renumbered = old != nil && next.number != old.number
	if renumbered && old.from.IsZero() {
		h.cfg.Logger.Warn("this node did not show itself for so long that others may have taken its sections: they "+
			"are checked before they answer from memory",
			"silent", now.Sub(old.until.Add(-h.cfg.Lapse)).Round(time.Millisecond), "others", h.Others())
	}
	return renumbered
}

// Lease tells whether this node may trust what it remembers without asking the log. It may while nobody can have seen
// its row stand still for Lapse; what it remembers from under another number has to be checked first. It is right for
// the engine's question of that name.
func (h *Liveness) Lease() (number uint64, valid bool) {
	l := h.lease.Load()
	return l.number, l.valid(time.Now())
}

// Shown tells whether this node has been seen to live lately, whatever it has slept through before: it may own
// sections, for a claim or a hand-over reads the log. Lease comes later, because what it still remembers may be
// outdated.
func (h *Liveness) Shown() bool { return h.lease.Load().shown(time.Now()) }

// MayClaim says whether this node may take over a section whose log ends with tail (of an empty log: the zero Tail). It
// is right for the engine's question of that name. It may ask the store, for at most half of Lapse, about a writer it
// has never seen.
func (h *Liveness) MayClaim(_ storage.SectionKey, tail storage.Tail) bool {
	readAt := time.Now()
	verdict := h.judge(tail, readAt)
	if verdict == lookAgain { // a row written after the last look would not be known
		_ = h.pulse(h.ctx, readAt) // an error leaves the view as it was, and the answer no
		verdict = h.judge(tail, readAt)
	}
	return verdict == yes
}

func (h *Liveness) judge(tail storage.Tail, readAt time.Time) verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view.judge(tail, readAt, time.Now())
}

// Settle waits until every other node's row is known to be alive or lapsed: at most about Lapse, and not at all when
// there is none. What is claimed after it is claimed for good reason, and a node that starts after a crash does not
// begin with refusals.
func (h *Liveness) Settle(ctx context.Context) error {
	for {
		h.mu.Lock()
		settled, changed := h.view.settled(), h.changed
		h.mu.Unlock()
		if settled {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Others tells how many other nodes are alive as far as this one knows.
func (h *Liveness) Others() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view.alive()
}

// over says that a pulse is not needed, or not allowed any more.
func (h *Liveness) over(since time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.released || h.view.began.After(since)
}

// Close stops beating and takes this node's row away: what it owned may be claimed at once, so its engine must have
// stopped before. It takes at most about Lapse, and tries even when ctx has ended: a row that stays makes the next
// start wait. The error is the store's.
func (h *Liveness) Close(ctx context.Context) error {
	h.cancel()
	<-h.ended
	h.beating.Lock() // no beat may come after the row is gone
	defer h.beating.Unlock()
	h.mu.Lock()
	again := h.released
	h.released = true
	h.mu.Unlock()
	if again {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.Lapse/2)
	defer cancel()
	if err := h.cfg.Nodes.Forget(ctx, h.cfg.Writer); err != nil {
		return fmt.Errorf("cluster: this node's heartbeat row stays behind: %w", err)
	}
	return nil
}
