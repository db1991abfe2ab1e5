package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
	"holdfast/storage/onsale"
)

// weather is how bad the store's line is, in parts of a thousand of what is sent.
type weather struct {
	lose, refuse, unheard, late, slow int
}

// fate is what becomes of one call of the store.
type fate uint8

const (
	fateFine    fate = iota
	fateLost         // it never arrives, and nobody says so
	fateRefused      // surely not done
	fateUnheard      // done, and the answer is lost
	fateLate         // the caller is told nothing; it is done long after
)

// lossyStore is a host's line to the store: what is sent takes a while, may get lost, and may be done without the
// sender's hearing of it; and it is done whether or not the sender still lives.
type lossyStore struct {
	*memstore.Store
	h *host
}

func (s *lossyStore) fate() (f fate, there, back time.Duration) {
	w := s.h.w
	there = w.between(30*time.Microsecond, 900*time.Microsecond)
	back = w.between(20*time.Microsecond, 500*time.Microsecond)
	dice, k := w.chance.IntN(1000), w.weather
	for _, chance := range []struct {
		parts int
		fate  fate
	}{{k.lose, fateLost}, {k.refuse, fateRefused}, {k.unheard, fateUnheard}, {k.late, fateLate}} {
		if dice < chance.parts {
			f = chance.fate
			break
		}
		dice -= chance.parts
	}
	if w.chance.IntN(1000) < k.slow {
		there += w.between(10*time.Millisecond, 800*time.Millisecond)
	}
	return f, there, back
}

// call has do done at the store, and tells what the caller hears of that: nil, ErrUnavailable or ErrUnknown. Whoever
// only reads takes both for the same.
func (s *lossyStore) call(what string, do func()) error {
	h := s.h
	w := h.w
	fate, there, back := s.fate()
	if h.storeCut && w.percent(50) {
		fate = fateRefused
	}
	done, heard, refused := false, false, false
	deliver := func() {
		if h.storeCut { // it did not get through
			return
		}
		done = true
		do()
		if fate == fateFine {
			w.at(back, nil, "store answers", func() {
				heard = !h.storeCut
				w.at(0, h, "store heard", func() {})
			})
		}
	}
	switch fate {
	case fateFine, fateUnheard:
		w.at(there, nil, what, deliver)
	case fateLate:
		w.at(there+w.between(100*time.Millisecond, 1500*time.Millisecond), nil, what, deliver)
	case fateRefused:
		refused = true
	}
	w.tally[fateNames[fate]]++
	if fate != fateFine || there > time.Millisecond {
		w.stirs++
	}
	patience := w.between(60*time.Millisecond, 400*time.Millisecond)
	if refused {
		patience = there
	}
	if fate != fateFine {
		w.unheardUntil = max(w.unheardUntil, w.now+there+patience)
	}
	if h.wait(w.time().Add(there+patience), func() bool { return heard }) {
		return nil
	}
	w.stirs++
	w.note(h, "%s: %s, done %v", what, fateNames[fate], done)
	if refused {
		return storage.ErrUnavailable
	}
	return storage.ErrUnknown
}

var fateNames = [...]string{"store: fine", "store: lost", "store: refused", "store: kept unheard", "store: late"}

// read is call for what has no outcome that could be unknown.
func (s *lossyStore) read(what string, do func()) error {
	if s.call(what, do) != nil {
		return storage.ErrUnavailable
	}
	return nil
}

// Commit implements storage.Log.
func (s *lossyStore) Commit(ctx context.Context, appends []storage.Append) []error {
	sent := make([]storage.Append, len(appends))
	for i, a := range appends { // the writer uses its buffers again, and a late copy must not change
		a.Entry.Body, a.Sell, a.Refund = bytes.Clone(a.Entry.Body), slices.Clone(a.Sell), slices.Clone(a.Refund)
		sent[i] = a
	}
	out := make([]error, len(appends))
	var results []error
	knew := s.h.w.lost.knows(s.h)
	err := s.call("commit", func() { results = s.h.w.committed(s.h, sent, knew) })
	for i := range out {
		if out[i] = err; err == nil {
			out[i] = results[i]
		}
	}
	return out
}

// committed is the store's side: the appends are done, and the judge sees each. knew: their process remembered what the
// store has lost when it sent them.
func (w *world) committed(h *host, appends []storage.Append, knew bool) []error {
	if h.foreign {
		w.outsiders.sells(h, appends)
		return h.db.Commit(context.Background(), appends)
	}
	return w.closed.commit(appends, func(appends []storage.Append) []error { return w.append(h, appends, knew) })
}

// append does the appends that come to the store.
func (w *world) append(h *host, appends []storage.Append, knew bool) []error {
	errs := w.store.Commit(context.Background(), appends)
	for i := range appends {
		e := &appends[i].Entry
		var fenced *storage.FencedError
		switch {
		case errors.As(errs[i], &fenced):
			w.tally["fenced"]++
		case errors.Is(errs[i], storage.ErrTicketTaken):
			w.failf("P1: the tickets guard was met: the fence has failed")
		case errors.Is(errs[i], storage.ErrGap):
			w.tally["gap"]++
		}
		w.note(
			h, "log %d: %v of n%d: record %d, epoch %d: %v", appends[i].Section.Section, kindNames[e.Kind],
			w.numberOf(e.Writer), e.Seq, e.Epoch, errs[i],
		)
		if w.lost != nil && w.lost.section == int(appends[i].Section.Section) {
			w.lost.appended(h, e, knew, errs[i])
			continue
		}
		if appends[i].Section.IsGate() {
			w.doors.committed(e, errs[i])
			continue
		}
		if key := appends[i].Section; key.IsSection() {
			w.judge.follow(int(key.Section))
		} else {
			w.coordinatorCommitted(int(key.Section-storage.CoordinatorNo), e, errs[i])
		}
	}
	return errs
}

var kindNames = [...]string{"", "changes", "claim", "release"}

// Tail implements storage.Log.
func (s *lossyStore) Tail(ctx context.Context, key storage.SectionKey) (tail storage.Tail, err error) {
	if err = s.errAway(key); err != nil {
		return tail, err
	}
	err = s.read("tail", func() {
		tail, _ = s.h.db.Tail(ctx, key)
		s.h.readsTail(key.Section)
	})
	return tail, err
}

// readsTail notes when an activation that is under way first looked at its log: it judges after that.
func (h *host) readsTail(no storage.SectionNo) {
	if no >= storage.GateNo {
		return // its claims are not judged
	}
	s := h.ev.Shard(no)
	if s.Phase() != actors.Acquiring {
		return
	}
	if attempt, _ := s.Activate(); h.tailRead[no].attempt != attempt { // it is under way: this only gives its end
		h.tailRead[no] = tailRead{attempt, h.w.now}
	}
}

// tailRead is when an activation read the tail.
type tailRead struct {
	attempt <-chan struct{}
	at      time.Duration
}

type logEntry struct {
	e    storage.Entry
	hash storage.Hash
}

// Read implements storage.Log: what was there at one moment comes at a later one, and may break off in the middle.
func (s *lossyStore) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	var list []logEntry
	var broken error
	if err := s.errAway(key); err != nil {
		return err
	}
	err := s.read("read", func() {
		broken = s.h.db.Read(ctx, key, after, func(e *storage.Entry, hash storage.Hash) error {
			list = append(list, logEntry{*e, hash})
			return nil
		})
	})
	if err != nil {
		return err
	}
	whole := len(list)
	if s.h.w.chance.IntN(1000) < s.h.w.weather.lose && whole > 1 {
		s.h.w.tally["read broken off"]++
		list, broken = list[:whole/2], storage.ErrUnavailable
	}
	for i := range list {
		if err := visit(&list[i].e, list[i].hash); err != nil {
			return err
		}
	}
	return broken
}

// SaveSnapshot implements storage.Snapshots.
func (s *lossyStore) SaveSnapshot(ctx context.Context, key storage.SectionKey, snap storage.Snapshot) error {
	return s.read("snapshot", func() {
		s.h.w.tally["snapshot"]++
		_ = s.h.db.SaveSnapshot(ctx, key, snap)
	})
}

// LoadSnapshot implements storage.Snapshots.
func (s *lossyStore) LoadSnapshot(ctx context.Context, key storage.SectionKey) (snap storage.Snapshot, err error) {
	if err = s.errAway(key); err != nil {
		return snap, err
	}
	var found error
	if err = s.read("load snapshot", func() { snap, found = s.h.db.LoadSnapshot(ctx, key) }); err != nil {
		return snap, err
	}
	return snap, found
}

// Beat implements storage.Nodes.
func (s *lossyStore) Beat(ctx context.Context, b storage.NodeBeat) error {
	return s.read("beat", func() {
		_ = s.h.db.Beat(ctx, b)
		if !s.h.foreign {
			s.h.w.judge.beat(b.Writer)
		}
	})
}

// Nodes implements storage.Nodes.
func (s *lossyStore) Nodes(ctx context.Context) (rows []storage.NodeBeat, err error) {
	err = s.read("look at rows", func() { rows, _ = s.h.db.Nodes(ctx) })
	return rows, err
}

// Forget implements storage.Nodes.
func (s *lossyStore) Forget(ctx context.Context, writer storage.WriterID) error {
	return s.read("forget row", func() {
		_ = s.h.db.Forget(ctx, writer)
		if !s.h.foreign {
			s.h.w.judge.forgotten(writer)
		}
	})
}

// operatorCall is the key of the operator's call on whose behalf a switch is written.
type operatorCall struct{}

// SetSale implements storage.Catalog.
func (s *lossyStore) SetSale(
	ctx context.Context, id storage.EventID, sale storage.SaleState, key storage.OperatorKey,
) (heard error) {
	return s.ChangeSale(ctx, id, onsale.Change{Sale: sale}, key)
}

// ChangeSale implements storage.Catalog.
func (s *lossyStore) ChangeSale(
	ctx context.Context, id storage.EventID, change onsale.Change, key storage.OperatorKey,
) (heard error) {
	w := s.h.w
	intent, _ := ctx.Value(operatorCall{}).(*saleSwitch)
	if err := s.call("sale switch", func() {
		if w.calm { // a pause that comes late would end the peace in which everything is proven
			heard = storage.ErrUnavailable
			return
		}
		heard = w.store.ChangeSale(context.Background(), id, change, key)
		w.operators.thrown(s.h, intent, heard)
	}); err != nil {
		return err
	}
	return heard
}

// Event implements storage.Catalog.
func (s *lossyStore) Event(_ context.Context, id storage.EventID) (e *storage.Event, err error) {
	var found error
	if err = s.read("event", func() { e, found = s.h.w.store.Event(context.Background(), id) }); err != nil {
		return nil, err
	}
	return e, found
}

// Events implements storage.Catalog.
func (s *lossyStore) Events(context.Context) (all []*storage.Event, err error) {
	if s.h.e == nil { // at the start of a process: one that has no catalog yet has not started
		return s.h.w.store.Events(context.Background())
	}
	err = s.read("catalog", func() { all, _ = s.h.w.store.Events(context.Background()) })
	return all, err
}
