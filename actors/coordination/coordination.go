// Package coordination is a coordinator on the node that serves it: the shard whose log gives the epochs, and the
// fences that each epoch has written into the event's sections before it grants anything (P13).
//
//	Await ──▶ shard.Shard ── claim ──▶ Loaded: Granter.Begin(epoch)                (package coordinator)
//	            │                        │
//	            │             fences, many at a time ──▶ each section, here or on its node
//	            │                        │ its log has the fence, and is followed here up to it
//	            ▼                        ▼
//	          ready ◀─────────────── Granter.Ready: the counts are true, and nobody else grants
//
// A coordinator claims when somebody wants a grant and not before: an event that nobody buys for costs no claim. It is
// released when the view places it elsewhere (Tend). Until every section has the fence there are no grants (P3); the
// caller hears "unavailable, repeat".
//
//	Tend ──▶ look, twice a second: which sections does nobody serve, or nobody answer for?
//	           │ for 4 s ──▶ Granter.Exclude ──▶ the log: excluded, with what its buyers have there
//	           └ served again ──▶ fence ──▶ the log: readmitted ──▶ Granter.Readmit
//
// Package coordinator says why that is sound. An order to the log is of one life of the log: in the next it is refused.
//
// # Rejected
//
// A claim as soon as the event opens: as many claims and fences as events a node has, at every restart. Fences that are
// sent one after the other: an event of a thousand sections would wait for a thousand commits. Asking the sections for
// their counts: each node follows them anyway.
package coordination

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Surroundings are what a coordinator needs of the engine.
type Surroundings struct {
	Node    *shard.Node
	Key     storage.SectionKey
	Seen    *witness.Seen
	Granter *coordinator.Granter
	// Placed is the node that should have the coordinator; the zero id: nobody can.
	Placed func() storage.WriterID
	// Fence has a section write a fence, here or on its node. It may wait until the deadline.
	Fence func(no storage.SectionNo, g grant.Grant, deadline time.Time) (section.Rejection, error)
	// Sections is how many the event has, and All how many coordinators.
	Sections int
	All      uint8
	// Served says that a node which is up serves a section, or that the next request wakes it.
	Served func(no storage.SectionNo) bool
	// Known visits what buyers have in a section, as far as this node knows: no less than its log had at the newest
	// fence that the Granter has heard of. False: the section is being loaded.
	Known func(no storage.SectionNo, visit func(buyer section.BuyerID, seats uint32)) bool
	// Learn hears of a key that may have been used in a section.
	Learn func(no storage.SectionNo, request section.RequestID)
	// Tell hears that a section was excluded, or readmitted.
	Tell func(no storage.SectionNo, excluded bool)
}

// Coordinator is one coordinator of one event on this node.
type Coordinator struct {
	Surroundings
	clock   shard.Runtime
	shard   *shard.Shard
	fencing atomic.Bool
	held    atomic.Bool // the newest record of the log may be this node's claim: nobody else may claim it then

	life    atomic.Pointer[life] // the newest
	minding atomic.Bool          // a look is under way, and has watch
	watch   watch
	mu      sync.Mutex                      // guards silent
	silent  map[storage.SectionNo]time.Time // sections that have answered for no fence since
}

const (
	// fencesMax is how many sections are fenced at a time.
	fencesMax = 32
	// fencePatience is how long a section may take.
	fencePatience = 2 * time.Second
	// awaitPatience is how long a buyer's request waits for a coordinator that changes hands.
	awaitPatience = time.Second
	// lookEvery is how often a claim that was refused is tried again while somebody waits, and a wait looks again.
	lookEvery = 10 * time.Millisecond
)

// New makes a coordinator that stands still.
func New(s Surroundings) *Coordinator {
	o := &Coordinator{Surroundings: s, clock: s.Node.Runtime, silent: map[storage.SectionNo]time.Time{}}
	o.watch.unserved = make([]time.Time, s.Sections)
	o.shard = shard.New(s.Node, o, o, s.Key, coordinator.ClaimsKind{}, s.Seen, nil)
	return o
}

// Shard is the coordinator's log and machine.
func (o *Coordinator) Shard() *shard.Shard { return o.shard }

// Await has the coordinator ready here: writer.ErrUnavailable, it is not by the deadline, or within a second; ErrMoved
// of package shard, it is placed elsewhere.
func (o *Coordinator) Await(deadline time.Time) error {
	if o.Granter.Ready() {
		return nil
	}
	deadline = earlier(deadline, o.clock.Now().Add(awaitPatience))
	for {
		epoch, ready, changed := o.Granter.Epoch()
		if ready {
			return nil
		}
		a := o.shard.Serving()
		switch {
		case a == nil && !o.PlacedHere():
			return shard.ErrMoved
		case a == nil:
			o.shard.Inspect(hurry)
			settled, err := o.shard.Activate()
			if err == nil {
				o.clock.Await(o.Node.Context, deadline, settled, nil)
			}
		case epoch == 0: // another node's fence was met
			a.GiveUp()
		default:
			o.fence()
		}
		now := o.clock.Now()
		if !now.Before(deadline) {
			return writer.ErrUnavailable
		}
		if o.Granter.Ready() {
			return nil
		}
		o.clock.Await(o.Node.Context, earlier(deadline, now.Add(lookEvery)), changed, nil)
		if o.Node.Context.Err() != nil {
			return writer.ErrUnavailable
		}
	}
}

// hurry has a claim that was refused tried again: its last owner is about to let go, or gone.
func hurry(life *writer.Lifecycle) {
	if life.Phase() == writer.Stopped && writer.LostTo(life.Why()) {
		life.Hurry()
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// fence has the sections that lack it write this epoch's fence, in the background.
func (o *Coordinator) fence() {
	if o.fencing.Swap(true) {
		return
	}
	if !o.Node.Spawn(func() {
		defer o.fencing.Store(false)
		epoch, _, _ := o.Granter.Epoch()
		o.fenceAll(o.Granter.Missing(), grant.Grant{Number: 1, Epoch: epoch})
	}) {
		o.fencing.Store(false)
	}
}

// Settle has sections with grants of unknown fate write a fence behind them, after which it is known.
func (o *Coordinator) Settle() {
	list, next := o.Granter.Doubtful()
	if len(list) == 0 || o.fencing.Swap(true) {
		return
	}
	if !o.Node.Spawn(func() {
		defer o.fencing.Store(false)
		epoch, _, _ := o.Granter.Epoch()
		o.fenceAll(list, grant.Grant{Number: next, Epoch: epoch})
	}) {
		o.fencing.Store(false)
	}
}

// fenceAll fences sections, fencesMax at a time, and returns when all have answered.
func (o *Coordinator) fenceAll(list []storage.SectionNo, g grant.Grant) {
	if g.Epoch == 0 {
		return
	}
	g.Coordinator = uint8(o.Key.Section - storage.CoordinatorNo)
	var next, left atomic.Int32
	done := make(chan struct{})
	workers := min(len(list), fencesMax)
	left.Store(int32(workers))
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(list) {
				break
			}
			_, err := o.Fence(list[i], g, o.clock.Now().Add(fencePatience)) // what its log says is followed here
			o.answered(list[i], err == nil)
		}
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	for range workers - 1 {
		if !o.Node.Spawn(work) {
			left.Add(-1)
		}
	}
	if workers > 0 {
		work()
		o.clock.Await(o.Node.Context, time.Time{}, done, nil)
	}
}

// Tend lets go of the coordinator if it is placed elsewhere, and settles grants in doubt. It is called once in a while.
func (o *Coordinator) Tend(up func(storage.WriterID) bool) {
	placed := o.Placed()
	if o.shard.Serving() == nil && o.held.Load() && placed != o.Node.Writer { // it is had back, to be let go of
		_, _ = o.shard.Activate() // ErrUnavailable: it rests
		return
	}
	if o.shard.Serving() != nil && placed != o.Node.Writer && up(placed) {
		o.Node.Spawn(func() {
			ctx, cancel := context.WithDeadline(o.Node.Context, o.clock.Now().Add(fencePatience))
			defer cancel()
			o.shard.Drain(ctx, shard.Leave{Release: true, Successor: placed})
		})
		return
	}
	o.Settle()
	o.mind(false)
}

// PlacedHere implements shard.Host. Where no node is to have anything, for all are draining, whoever is asked may.
func (o *Coordinator) PlacedHere() bool {
	placed := o.Placed()
	return o.held.Load() || placed == o.Node.Writer || placed == storage.WriterID{}
}

// Claimed implements shard.Host: there is nothing to follow.
func (o *Coordinator) Claimed(*storage.Entry) (machine.Machine, storage.Tail) {
	o.held.Store(true)
	return nil, storage.Tail{}
}

// Loaded begins the epoch, without the sections that are excluded.
func (o *Coordinator) Loaded(m machine.Machine, tail storage.Tail) error {
	without := m.(*coordinator.Claims).Excluded()
	for _, x := range without {
		if int(x.Section) >= o.Sections {
			return fmt.Errorf("coordination: %v excludes section %d, which the event does not have", o.Key, x.Section)
		}
		for i := range x.Shares {
			if id := section.RequestID(x.Shares[i].Request); id != (section.RequestID{}) {
				o.Learn(x.Section, id)
			}
		}
	}
	o.life.Store(&life{tail.Epoch, tail.Seq + 1})
	o.Granter.Begin(tail.Epoch, without...)
	for _, x := range without {
		var known []grant.Share // looked up without a lock of the granter's
		_ = o.Known(x.Section, func(buyer section.BuyerID, seats uint32) {
			known = append(known, grant.Share{Buyer: buyer, Seats: seats})
		})
		o.Granter.Known(x.Section, func(visit func(section.BuyerID, uint32)) {
			for i := range known {
				visit(known[i].Buyer, known[i].Seats)
			}
		})
	}
	return nil
}

// Landed remembers a record that says what is excluded: a log that lacks it must not be gone on from.
func (o *Coordinator) Landed(p *writer.Record, _ machine.Machine, _ time.Duration) {
	if e := &p.Append.Entry; e.Kind == storage.EntryChanges {
		o.Seen.Saw(e.Seq, e.Epoch, p.Hash)
	}
}

// Answering implements shard.Host: who gave an order waits for its answer.
func (o *Coordinator) Answering(*writer.Request) {}

// Handled implements shard.Host.
func (o *Coordinator) Handled(machine.Machine) {}

// Released ends the epoch in good order.
func (o *Coordinator) Released(*shard.Activation, machine.Machine, storage.Tail) {
	o.held.Store(false)
	o.Granter.End()
}

// Died ends the epoch.
func (o *Coordinator) Died(machine.Machine) { o.Granter.End() }

// Serving has the sections fenced, and those readmitted that are back.
func (o *Coordinator) Serving(*shard.Activation, storage.Tail, int, time.Duration) {
	o.fence()
	o.mind(true)
}

// Ending ends the epoch before anybody hears.
func (o *Coordinator) Ending(why error, _ bool) {
	switch {
	case writer.LostTo(why):
		o.held.Store(false)
	case writer.Undecided(why): // a claim may stand in the log
		o.held.Store(true)
	}
	o.Granter.End()
}

// Failed implements shard.Observer.
func (o *Coordinator) Failed(error, bool) {}

// Stopped implements shard.Observer.
func (o *Coordinator) Stopped(*shard.Activation, error) {}

// Doubt implements shard.Observer.
func (o *Coordinator) Doubt(int, error) {}
