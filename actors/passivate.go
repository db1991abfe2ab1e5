package actors

import (
	"context"
	"time"

	"holdfast/actors/shard"
	"holdfast/storage"
)

// Sections of events that are not on sale, and that nobody has asked for in a while, go to sleep: the one that serves
// lets go, and nobody follows it any more, so that the shows of last season cost their maps and no more. The next
// request wakes the section where it is placed; so does whoever puts the event on sale again, on every node.
//
//	serving ── quiet for PassivateAfter ──▶ released, asleep ── a request, a Serving of another node, sale open ──▶ as any section that stands still
//	followed ── its log ends with a release, and nobody serves it ──▶ asleep

// restless says whether the event's sections are to be kept awake, whatever they do.
func (ev *event) restless() bool { return ev.header.Load().Sale == storage.SaleOpen }

// maybePassivate puts the section to sleep when it is time. Only the rebalancer calls it.
func (w *rebalancer) maybePassivate(s *Section, now time.Time) {
	after := w.e.cfg.PassivateAfter
	if after < 0 || s.ev.restless() || s.passivated.Load() {
		s.quietSince = time.Time{}
		return
	}
	inc := s.shard.Serving()
	switch {
	case inc == nil:
		s.passivateUnserved()
	case inc.UsedSince() || inc.HasTimer() || s.quietSince.IsZero():
		s.quietSince = now
	case now.Sub(s.quietSince) >= after:
		s.quietSince = time.Time{}
		w.passivate(s)
	}
}

// passivate has a section that serves let go, for nobody in particular.
func (w *rebalancer) passivate(s *Section) {
	w.begin(s, func(ctx context.Context) {
		s.engine.stats.Passivated.Add(1)
		s.shard.Drain(ctx, shard.Leave{Release: true, Sleep: true})
	})
}

// passivateUnserved stops following a section that nobody serves and whose owner has let go of it.
func (s *Section) passivateUnserved() {
	f := s.following()
	if f == nil || s.remote.Announced() {
		return
	}
	if at, ok := f.CaughtUp(); ok && (at.Kind == storage.EntryReleased || at.Seq == 0) && s.shard.MayActivate() {
		s.passivated.Store(true)
		_, _ = s.takeReplica()
	}
}

// wakeUp ends the section's sleep: it is followed again, or claimed by whoever calls.
func (s *Section) wakeUp() {
	if s.passivated.CompareAndSwap(true, false) {
		s.follow()
	}
}

// wakeAll is for an event that is put on sale.
func (ev *event) wakeAll() {
	if o := ev.ready.Load(); o != nil && ev.engine.peerRPC != nil {
		for _, s := range o.sections {
			s.wakeUp()
		}
		ev.engine.rebalancer.wake()
	}
}
