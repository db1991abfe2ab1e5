package actors

import (
	"context"
	"math"
	"slices"

	"holdfast/actors/peer"
	"holdfast/actors/section"
	"holdfast/storage"
)

// republish gives every event its list of subscribers, which its sections read at every record. The caller holds mu, so
// that no older list is put over a newer one.
func (d *peerRPC) republish() {
	for id, ev := range *d.e.catalog.Load() {
		list := d.subscribers[id]
		ev.watchers.Store(&list)
	}
}

// subscribed begins to send a peer what becomes of an event's sections: of each one that serves, how far its log is,
// and from there on every record.
func (d *peerRPC) subscribed(from storage.WriterID, id storage.EventID) {
	ctx, cancel := context.WithTimeout(d.e.ctx, catalogPatience)
	defer cancel()
	ev, err := d.e.find(ctx, id)
	if err != nil {
		return // not one of ours: it asks again when the link begins anew
	}
	o, err := ev.open(d.e.ctx)
	if err != nil {
		return
	}
	if !d.subscribe(id, from) {
		return
	}
	d.send(from, &peer.Subscribed{Event: id})
	for _, s := range o.sections {
		inc := s.shard.Serving()
		if inc != nil &&
			!d.send(from, &peer.Serving{Section: s.key, Epoch: inc.Epoch(), Seq: ev.live.Seq(s.key.Section)}) {
			s.missed()
		}
	}
	d.e.rebalancer.wake()
}

// subscribedTo takes a peer's word that it sends what it serves of an event.
func (d *peerRPC) subscribedTo(peer storage.WriterID, id storage.EventID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.subscriptions[id] == nil {
		d.subscriptions[id] = map[storage.WriterID]bool{}
	}
	d.subscriptions[id][peer] = true
}

// subscribeAgain repeats what was not answered: the other did not know the event yet, or had too much to do.
func (d *peerRPC) subscribeAgain(id storage.EventID) {
	d.others(func(node storage.WriterID) {
		d.mu.Lock()
		done := d.subscriptions[id][node]
		d.mu.Unlock()
		if !done {
			d.send(node, &peer.Subscribe{Event: id})
		}
	})
}

// streamEntry sends a record that has landed to whoever follows the section. A peer that is too slow misses it, and
// reads the log.
func (s *Section) streamEntry(e *storage.Entry) {
	list := s.ev.watchers.Load()
	if list == nil || len(*list) == 0 {
		return
	}
	b := messageBuffers.Get().(*[]byte)
	defer messageBuffers.Put(b)
	*b = storage.AppendEntry(peer.AppendRecordHead((*b)[:0], s.key), e)
	for _, node := range *list {
		if !s.engine.peerRPC.peers.Send(node, *b) {
			s.missed()
		}
	}
}

// missed notes that a follower was not told of a record. It is told later how far the log is, and reads it; until then
// this node says of nothing that it is settled, for the record may have a key in it.
func (s *Section) missed() {
	s.engine.stats.StreamDropped.Add(1)
	if !s.unsynced.Swap(true) {
		s.engine.peerRPC.unsynced.Add(1)
		s.engine.rebalancer.wake()
	}
}

// resync tells followers that missed records how far the log is.
func (s *Section) resync() {
	if !s.unsynced.Load() {
		return
	}
	var m message = &peer.Released{Section: s.key, Epoch: section.Epoch(s.lastEpoch.Load())}
	if inc := s.shard.Serving(); inc != nil {
		m = &peer.Serving{Section: s.key, Epoch: inc.Epoch(), Seq: s.ev.live.Seq(s.key.Section)}
	}
	s.unsynced.Store(false) // before the look at what stands: a record missed from here on is noted anew
	for _, node := range *s.ev.watchers.Load() {
		if !s.engine.peerRPC.send(node, m) {
			s.unsynced.Store(true)
			return
		}
	}
	if s.engine.peerRPC.unsynced.Add(-1) == 0 {
		s.engine.coordinator.synced()
	}
}

// announce tells everybody who follows the event that the section serves here now, or does no more.
func (s *Section) announce(m message) {
	if list := s.ev.watchers.Load(); list != nil {
		for _, peer := range *list {
			if !s.engine.peerRPC.send(peer, m) {
				s.missed()
			}
		}
	}
}

// recorded takes a record that another node streams.
func (d *peerRPC) recorded(m *peer.Record) {
	s := d.section(m.Section)
	if s == nil {
		return
	}
	if f := s.following(); f != nil {
		if e, err := storage.DecodeEntry(m.Entry); err == nil {
			f.Record(&e)
		}
	}
}

// serving takes note of who serves a section now.
func (d *peerRPC) serving(from storage.WriterID, m *peer.Serving) {
	s := d.section(m.Section)
	if s == nil {
		return
	}
	s.wakeUp()
	s.directory.Hear(from, m.Epoch, true)
	if known := s.seen.Mark(); m.Seq < known.Seq || m.Seq == known.Seq && m.Epoch > known.Epoch || s.lacks() {
		s.suspect(known, true)
	}
	if f := s.following(); f != nil {
		f.Heard(m.Seq)
	}
	if inc := s.shard.Serving(); inc != nil && inc.Epoch() < m.Epoch { // it will meet the fence: sooner is better
		d.aside(func(context.Context) { d.e.checkOwner(s, inc) }, nil)
	}
}

// released takes note that a section is nobody's now, or this node's to claim.
func (d *peerRPC) released(from storage.WriterID, m *peer.Released) {
	s := d.section(m.Section)
	if s == nil {
		return
	}
	s.directory.Forget(from, m.Epoch)
	if m.Successor == d.e.writer {
		s.shard.ActivateNow()
	}
	d.e.rebalancer.wake()
}

// forgetOwner forgets what a peer said it serves: its link has ended, and with it the records.
func (d *peerRPC) forgetOwner(peer storage.WriterID) {
	for _, ev := range *d.e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			for _, s := range o.sections {
				s.directory.Forget(peer, math.MaxUint64)
			}
		}
	}
}

// subscribersOf are the peers that follow an event's sections. The list is not changed once given.
func (d *peerRPC) subscribersOf(id storage.EventID) []storage.WriterID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.subscribers[id]
}

// subscribe is for a peer that is up; one that has gone down meanwhile asks again when it is back.
func (d *peerRPC) subscribe(id storage.EventID, peer storage.WriterID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.peers.Up(peer) {
		return false
	}
	list := d.subscribers[id]
	if !slices.Contains(list, peer) {
		d.subscribers[id] = append(slices.Clip(list), peer)
	}
	d.republish()
	return true
}
