package cluster_test

import (
	"bytes"
	"context"
	"slices"
	"time"

	"holdfast/cluster"
	"holdfast/storage"
)

// heart beats and looks, as cluster.Liveness does.
func (h *host) heart() {
	next := h.w.time().Add(beatEvery)
	for !h.released {
		h.wait(next, nil)
		asked := h.w.time()
		for !next.After(asked) {
			next = next.Add(beatEvery)
		}
		_ = h.pulse(asked)
	}
}

// pulse is the Heart's.
func (h *host) pulse(since time.Time) error {
	h.wait(time.Time{}, func() bool { return !h.beating })
	if h.released || h.sightings.LookedAfter(since) {
		return nil
	}
	h.beating = true
	defer func() { h.beating = false }()
	store := &lossyStore{h.db, h}
	sent := h.w.time()
	h.beatValue = max(h.beatValue+1, h.clock())
	beat := storage.NodeBeat{Writer: h.id, Name: "sim", At: h.beatValue, Gossip: h.gossip()}
	if err := store.Beat(context.Background(), beat); err != nil {
		return err
	}
	began := h.w.time()
	rows, err := store.Nodes(context.Background())
	if ended := h.w.time(); err == nil && ended.Sub(sent) > lapse/2 {
		err = storage.ErrUnavailable
	}
	if err != nil {
		return err
	}
	h.pulsed = h.w.now
	freed, old := h.sightings.See(rows, began, h.w.time())
	for i := range rows {
		row := &rows[i]
		if was, seen := h.beats[row.Writer]; seen && was != row.At {
			h.moved[row.Writer] = true
		}
		h.beats[row.Writer] = row.At
	}
	for _, w := range old {
		_ = store.Forget(context.Background(), w)
	}
	if renumbered := h.tenure.Renew(sent, began, lapse, h.sightings.Alive() == 0); renumbered && h.e != nil {
		h.w.tally["overslept"]++
		h.w.stirs++
		h.w.note(h, "overslept")
		h.e.CheckOwners()
	}
	if freed && h.e != nil {
		h.w.tally["freed"]++
		h.w.note(h, "somebody's sections are free")
		h.e.ClaimStopped()
	}
	h.seeMembers()
	return nil
}

// gossip is where others would find this host.
func (h *host) gossip() string {
	if h.alone {
		return ""
	}
	return "sim"
}

func (h *host) lease() (uint64, bool) { return h.tenure.Lease(h.w.time()) }

// mayClaim is the Heart's.
func (h *host) mayClaim(key storage.SectionKey, tail storage.Tail) bool {
	if h.company.StandDown != "" {
		h.w.tally["claim: yielded"]++
		return false
	}
	asked := h.w.time()
	may, again := h.sightings.Judge(tail, asked, h.w.time())
	if again {
		_ = h.pulse(asked)
		may, _ = h.sightings.Judge(tail, asked, h.w.time())
	}
	if !may {
		h.w.tally["claim refused"]++
		h.w.note(h, "may not claim %d from n%d", key.Section, h.w.numberOf(tail.Writer))
	}
	return may
}

// Gossip: what a host says of itself reaches each other one in its own time, and each believes what it heard last.

// announce tells the others what this host is now.
func (h *host) announce() {
	h.told++
	h.w.stirs++
	h.rebuild()
	if h.e != nil {
		h.e.ViewChanged()
	}
	for _, other := range h.w.hosts {
		if other != h && !other.dead && !other.alone {
			h.w.rumour(h, other)
			h.w.rumour(other, h)
		}
	}
}

// rumour brings one host's word to another.
func (w *world) rumour(about, to *host) {
	if about.e == nil || about.dead {
		return
	}
	delay := w.between(5*time.Millisecond, 150*time.Millisecond)
	if !w.calm && w.percent(10) {
		w.tally["gossip lags"]++
		delay = w.between(150*time.Millisecond, 1500*time.Millisecond)
	}
	word := rumour{about.state, about.company.StandsDown(), about.told}
	w.at(delay, to, "gossip", func() {
		if old, known := to.roster[about.id]; about.dead || known && old.told >= word.told {
			return
		}
		to.roster[about.id] = word
		to.seeMembers()
	})
}

// lose has a host take another for gone.
func (w *world) lose(h, other *host, delay time.Duration) {
	w.at(delay, h, "gossip: gone", func() {
		if _, known := h.roster[other.id]; known {
			delete(h.roster, other.id)
			w.note(h, "takes n%d for gone", other.number)
			h.seeMembers()
		}
	})
}

func (h *host) knows(other *host) bool { _, known := h.roster[other.id]; return known }

func (h *host) seeMembers() {
	if before := h.view.Version(); h.rebuild() == before || h.e == nil {
		return
	}
	h.w.tally["view changed"]++
	h.w.stirs++
	h.w.note(h, "sees %d members, view %x", len(h.view.peers), h.view.Version()>>48)
	h.e.ViewChanged()
}

// rebuild makes the view of those who are on this host's store.
func (h *host) rebuild() uint64 {
	var others []cluster.Member
	for id, word := range h.roster {
		others = append(others, cluster.Member{Writer: id, State: word.state, StandsDown: word.yields})
	}
	slices.SortFunc(others, func(a, b cluster.Member) int { return bytes.Compare(a.Writer[:], b.Writer[:]) })
	before := h.company
	h.company = h.kin.Judge(others, h.state, h.sightings.Rows(), h.w.time(), 10*time.Second)
	if h.company.Look && h.e != nil {
		h.thread("look", func() { _ = h.pulse(h.w.time()) })
	}
	if before != nil && (before.StandDown != "") != (h.company.StandDown != "") {
		h.w.note(h, "yields: %q", h.company.StandDown)
	}
	v := &view{
		View: cluster.NewView(
			h.id, append(slices.Clone(h.company.Members), cluster.Member{Writer: h.id, State: h.state}),
		),
	}
	for _, m := range v.Members() {
		v.peers = append(v.peers, m.Writer)
	}
	slices.SortFunc(v.peers, func(a, b storage.WriterID) int { return bytes.Compare(a[:], b[:]) })
	h.view = v
	return v.Version()
}

// sees says that the other is a member for this host.
func (h *host) sees(other *host) bool { _, member := h.view.Member(other.id); return member }

// keepState is the server's: whether this node may own sections.
func (h *host) keepState() {
	yields := false
	for {
		if h.state == cluster.Serving && h.company.StandDown != "" {
			h.w.at(0, nil, "doomed", func() { h.w.crash(h, "yielded") })
			h.wait(time.Time{}, func() bool { return false })
		}
		if now := h.fitFor(); now != h.state || yields != h.company.StandsDown() {
			yields = h.company.StandsDown()
			h.w.note(h, "is %v", now)
			h.state = now
			h.announce()
		}
		h.wait(h.w.time().Add(100*time.Millisecond), nil)
	}
}

func (h *host) fitFor() cluster.State {
	switch {
	case h.draining || h.leaving:
		return cluster.Draining
	case !h.tenure.Shown(h.w.time()) || !h.opened || h.company.StandDown != "":
		return cluster.Joining
	}
	return cluster.Serving
}

// drain is the operator's order, and its end.
func (h *host) drain(drain bool) {
	if h.e == nil || h.leaving || h.draining == drain {
		return
	}
	h.draining = drain
	if !drain {
		h.w.note(h, "takes up again")
		h.e.Resume()
		return
	}
	h.w.note(h, "drains")
	h.w.tally["drain"]++
	h.state = cluster.Draining
	h.announce()
	h.thread("let go", func() { _ = h.e.ReleaseAll(context.Background()) })
}

// leave ends the process in good order: it lets go, stops, and takes its row away.
func (h *host) leave() {
	if h.e == nil || h.leaving {
		return
	}
	h.leaving = true
	h.w.note(h, "leaves")
	h.w.tally["leave"]++
	h.state = cluster.Draining
	h.announce()
	h.thread("leave", func() {
		ctx, cancel := context.WithDeadline(context.Background(), h.w.time().Add(3*time.Second))
		defer cancel()
		_ = h.letGoUntil(ctx)
		h.shutDown()
		h.released = true
		h.wait(time.Time{}, func() bool { return !h.beating })
		_ = (&lossyStore{h.db, h}).Forget(ctx, h.id)
		h.w.at(0, nil, "left", func() { h.w.crash(h, "left") })
	})
}

// letGoUntil is ReleaseAll with an end in the world's time.
func (h *host) letGoUntil(ctx context.Context) (err error) {
	over := false
	h.thread("let go", func() { err = h.e.ReleaseAll(ctx); over = true })
	until, _ := ctx.Deadline()
	h.wait(until, func() bool { return over })
	return err
}

// shutDown is the engine's Close, as far as sections are concerned.
func (h *host) shutDown() {
	drains := h.e.Drains(h.w.plan.header.ID)
	if len(drains) == 0 {
		return
	}
	ctx, cancel := context.WithDeadline(context.Background(), h.w.time().Add(2*time.Second))
	defer cancel()
	left := len(drains)
	for _, drain := range drains {
		h.thread("drain", func() { drain(ctx); left-- })
	}
	h.wait(time.Time{}, func() bool { return left == 0 })
}
