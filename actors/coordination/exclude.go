package coordination

import (
	"errors"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

const (
	// excludeAfter is how long nobody may serve a section, or answer for it, until it is excluded: longer than one of a
	// node that died takes to be served by another.
	excludeAfter = 4 * time.Second
	// mindEvery is the time between two looks at all sections.
	mindEvery = 500 * time.Millisecond
	// orderPatience is how long the coordinator's log may take to have a record.
	orderPatience = 2 * time.Second
)

// life is one life of the coordinator's log on this node.
type life struct {
	epoch section.Epoch
	first machine.Seq // the record after its claim
}

// watch is what a coordinator has seen of its event's sections. One look at a time has it, but for unanswered.
type watch struct {
	looked   time.Time
	unserved []time.Time // since when nobody was seen to serve a section; zero: somebody does
	of       section.Epoch
	writing  map[storage.SectionNo][]grant.Share // exclusions of that epoch that are not known to be in the log
}

// ErrReturning says that a section is served again, and about to be readmitted: nothing was done, and soon can be.
var ErrReturning = errors.New("coordination: the section is about to be readmitted")

// Without is why an excluded section is not asked: ErrReturning, or shard.NotServing.
func (o *Coordinator) Without(no storage.SectionNo) error {
	if !o.Served(no) {
		return shard.NotServing
	}
	o.mind(true)
	if !o.silentSince(no).IsZero() {
		return shard.NotServing
	}
	return ErrReturning
}

// mind excludes sections that stay closed, and readmits those that are back, in the background. now: whenever the last
// look was.
func (o *Coordinator) mind(now bool) {
	if o.minding.Swap(true) {
		return
	}
	at := o.clock.Now()
	if !now && at.Sub(o.watch.looked) < mindEvery {
		o.minding.Store(false)
		return
	}
	o.watch.looked = at
	if !o.Node.Spawn(func() {
		defer o.minding.Store(false)
		o.look()
	}) {
		o.minding.Store(false)
	}
}

func (o *Coordinator) look() {
	l, w := o.life.Load(), &o.watch
	epoch, _, _ := o.Granter.Epoch()
	if l == nil || epoch == 0 || l.epoch != epoch {
		w.of = 0
		return
	}
	if w.of != epoch {
		w.of, w.writing = epoch, map[storage.SectionNo][]grant.Share{}
	}
	if silent := o.silentOnes(); len(silent) > 0 { // one that stands already is answered without a record
		o.fenceAll(silent, grant.Grant{Number: 1, Epoch: epoch})
	}
	var back []storage.SectionNo
	now := o.clock.Now()
	for no := range storage.SectionNo(o.Sections) {
		since := o.closedSince(no, now)
		excluded := o.Granter.Excluded(no)
		switch _, unwritten := w.writing[no]; {
		case excluded && w.unserved[no].IsZero():
			back = append(back, no)
		case excluded && unwritten:
			o.write(l, no)
		case !excluded && !since.IsZero() && now.Sub(since) >= excludeAfter:
			o.exclude(l, no)
		}
	}
	if len(back) > 0 {
		o.readmit(l, back)
	}
}

// closedSince is since when nobody serves a section, or answers for it; zero: somebody does.
func (o *Coordinator) closedSince(no storage.SectionNo, now time.Time) time.Time {
	unserved := &o.watch.unserved[no]
	switch {
	case o.Served(no):
		*unserved = time.Time{}
	case unserved.IsZero():
		*unserved = now
		fallthrough
	default:
		o.answered(no, true) // whoever serves it next has not been asked
	}
	silent := o.silentSince(no)
	if unserved.IsZero() || !silent.IsZero() && silent.Before(*unserved) {
		return silent
	}
	return *unserved
}

// answered notes whether a section that somebody serves has answered for a fence.
func (o *Coordinator) answered(no storage.SectionNo, has bool) {
	if !has && !o.Served(no) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch _, silent := o.silent[no]; {
	case has:
		delete(o.silent, no)
	case !silent:
		o.silent[no] = o.clock.Now()
	}
}

// silentOnes lists the sections that have answered for no fence, and that somebody serves.
func (o *Coordinator) silentOnes() (list []storage.SectionNo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for no := range o.silent {
		if o.Served(no) {
			list = append(list, no)
		}
	}
	slices.Sort(list)
	return list
}

// silentSince is since when a section that is served has answered for no fence; zero: it has, or was not asked.
func (o *Coordinator) silentSince(no storage.SectionNo) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.silent[no]
}

// exclude has no grant used at the section any more, and the log say what its buyers have there.
func (o *Coordinator) exclude(l *life, no storage.SectionNo) {
	shares, ok := o.Granter.Exclude(l.epoch, no)
	if !ok {
		return
	}
	mine := uint8(o.Key.Section - storage.CoordinatorNo)
	if !o.Known(no, func(buyer section.BuyerID, seats uint32) {
		if grant.Of(buyer, o.All) == mine {
			shares = append(shares, grant.Share{Buyer: buyer, Seats: seats})
		}
	}) {
		o.Granter.Readmit(l.epoch, no) // it is being loaded: nothing was written
		return
	}
	slices.SortFunc(shares, func(a, b grant.Share) int {
		if c := slices.Compare(a.Buyer[:], b.Buyer[:]); c != 0 {
			return c
		}
		return slices.Compare(a.Request[:], b.Request[:])
	})
	o.watch.writing[no] = shares
	o.write(l, no)
}

// write has the log say that the section is excluded. What it does not say yet is written at a later look.
func (o *Coordinator) write(l *life, no storage.SectionNo) {
	shares := o.watch.writing[no]
	for first := true; ; first = false {
		n := min(len(shares), grant.PartMax)
		order := coordinator.Order{Life: l.first, Exclusion: grant.Exclusion{Section: uint32(no), First: first,
			Last: n == len(shares), Shares: shares[:n]}}
		if !o.order(&order) || !order.Done && !first {
			return
		}
		if shares = shares[n:]; order.Last || !order.Done { // not done: an earlier try has come to the log
			delete(o.watch.writing, no)
			o.Tell(no, true)
			return
		}
	}
}

// readmit has sections that are served again write this epoch's fence, and ends their exclusion once they have.
func (o *Coordinator) readmit(l *life, list []storage.SectionNo) {
	o.fenceAll(list, grant.Grant{Number: 1, Epoch: l.epoch})
	for _, no := range list {
		if !o.silentSince(no).IsZero() || !o.Granter.Readmittable(l.epoch, no) {
			continue
		}
		order := coordinator.Order{Life: l.first, Exclusion: grant.Exclusion{Section: uint32(no), Readmitted: true}}
		if o.order(&order) {
			delete(o.watch.writing, no)
			o.Granter.Readmit(l.epoch, no)
			o.Tell(no, false)
		}
	}
}

// order gives the log an order; false: nobody knows what came of it, or it was not judged.
func (o *Coordinator) order(c *coordinator.Order) bool {
	r := &writer.Request{Payload: c}
	r.Init()
	if sent, failed := o.shard.Send(r); !sent || failed != nil {
		return false
	}
	return o.clock.Answered(r, o.clock.Now().Add(orderPatience)) && r.Err == nil
}
