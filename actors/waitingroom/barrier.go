package waitingroom

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/storage"
)

// A slot may be given again once no section can place a hold that was looked up before the end of its session (G6).
// Where others write the store too, the sections' logs say who could: after the ends are durable each log's newest
// record is read, and of a log that ends in epoch E
//
//	a life before E    is fenced
//	the life of E      has to acknowledge the ends; one that has released the section places nothing more
//	a life behind E    claims after that look, and reads where the gate's log ends before its first grant
//
// So the barrier rests on logs alone. A node that is gone has its sections claimed by others first, and until then no
// slot is freed.

// barrierPatience bounds one barrier: the next round tries again.
const barrierPatience = 2 * time.Second

// freeEvery is the least time between two barriers that look into the store.
const freeEvery = 250 * time.Millisecond

// Barrier has the ends up to a record followed everywhere, and calls done once, from any goroutine, with who
// acknowledged them; ok is false if somebody did not.
func (r *Room) Barrier(upto gate.Seq, done func(acks []gate.Ack, ok bool)) {
	own := gate.Ack{Node: gate.Node(r.node.Writer), Seq: upto}
	if !r.Shared {
		// Not under mu: sections that answer at once take it.
		r.clock.AfterFunc(0, func() {
			r.Observe(upto, func(_ []wire.SectionLife, all bool) { done([]gate.Ack{own}, all) })
		})
		return
	}
	if !r.node.Spawn(func() {
		ctx, cancel := context.WithDeadline(r.node.Context, r.clock.Now().Add(barrierPatience))
		defer cancel()
		acks, ok := r.askLives(ctx, upto)
		done(append(acks, own), ok)
	}) {
		r.clock.AfterFunc(0, func() { done(nil, false) })
	}
}

// lives are the newest lives of sections, by the node whose they are.
type lives map[storage.WriterID][]wire.SectionLife

// askLives asks the newest life of every section. acks are of other nodes.
func (r *Room) askLives(ctx context.Context, upto gate.Seq) (acks []gate.Ack, ok bool) {
	newest, err := r.newestLives(ctx)
	if err != nil {
		return nil, false
	}
	h := observations{lives: map[storage.SectionNo]section.Epoch{}, over: make(chan struct{}), left: len(newest)}
	until, _ := ctx.Deadline()
	nodes := slices.SortedFunc(maps.Keys(newest), func(a, b storage.WriterID) int { return bytes.Compare(a[:], b[:]) })
	for _, node := range nodes {
		switch {
		case node == r.node.Writer:
			r.Observe(upto, func(lives []wire.SectionLife, _ bool) { h.add(lives) })
		case r.Network == nil:
			return nil, false
		default:
			acks = append(acks, gate.Ack{Node: gate.Node(node), Seq: upto})
			r.Network.AskEnds(node, r.Key.Event, upto, until, func(lives []wire.SectionLife, _ error) { h.add(lives) })
		}
	}
	if len(nodes) > 0 && !r.clock.Await(ctx, until, h.over, nil) {
		return nil, false
	}
	return acks, h.hasAll(newest)
}

// newestLives reads who could write each section's log.
func (r *Room) newestLives(ctx context.Context) (lives, error) {
	all := lives{}
	for no := range storage.SectionNo(r.Sections) {
		tail, err := r.node.Store.Tail(ctx, storage.SectionKey{Event: r.Key.Event, Section: no})
		if err != nil {
			return nil, err
		}
		if tail.Seq > 0 && tail.Kind != storage.EntryReleased {
			all[tail.Writer] = append(all[tail.Writer], wire.SectionLife{Section: no, Epoch: tail.Epoch})
		}
	}
	return all, nil
}

// observations gathers what nodes say.
type observations struct {
	mu    sync.Mutex
	left  int // nodes that have not answered
	lives map[storage.SectionNo]section.Epoch
	over  chan struct{} // closed once all have
}

func (h *observations) add(lives []wire.SectionLife) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range lives {
		h.lives[l.Section] = max(h.lives[l.Section], l.Epoch)
	}
	if h.left--; h.left == 0 {
		close(h.over)
	}
}

func (h *observations) hasAll(newest lives) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range newest {
		for _, l := range list {
			if h.lives[l.Section] < l.Epoch {
				return false
			}
		}
	}
	return true
}
