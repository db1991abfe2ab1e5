package peer

import (
	"context"
	"math"
	"slices"
	"time"

	"holdfast/actors/peer/wire"
	"holdfast/actors/witness"
	"holdfast/storage"
)

// subscriptions are who follows which event: of this node's sections, and of the peers'.
type subscriptions struct {
	here  map[storage.EventID][]storage.WriterID        // the peers to which this node sends what it serves
	there map[storage.EventID]map[storage.WriterID]bool // those that have answered this node's Subscribe
}

func newSubscriptions() subscriptions {
	return subscriptions{
		here: map[storage.EventID][]storage.WriterID{}, there: map[storage.EventID]map[storage.WriterID]bool{},
	}
}

func (s *subscriptions) lost(node storage.WriterID) {
	for id, list := range s.here {
		if i := slices.Index(list, node); i >= 0 {
			s.here[id] = slices.Delete(slices.Clone(list), i, i+1)
		}
	}
	for id := range s.there {
		delete(s.there[id], node)
	}
}

// Join asks the other nodes for what becomes of the sections of an event that has been opened here.
func (n *Network) Join(event storage.EventID) {
	n.mu.Lock()
	n.republish()
	n.mu.Unlock()
	n.others(func(node storage.WriterID) { n.send(node, &wire.Subscribe{Event: event}) })
}

// republish gives every event its list of subscribers, which its sections read at every record. The caller holds mu, so
// that no older list is put over a newer one.
func (n *Network) republish() {
	n.Host.Events(func(ev *Event) {
		list := n.subscribed.here[ev.ID]
		ev.subscribers.Store(&list)
	})
}

// lookingMax bounds the look into the store for an event that a peer subscribes to.
const lookingMax = 2 * time.Second

// subscribe begins to send a peer what becomes of an event's sections: of each one that serves, how far its log is, and
// from there on every record.
func (n *Network) subscribe(from storage.WriterID, id storage.EventID) {
	look, cancel := context.WithTimeout(n.Context, lookingMax)
	defer cancel()
	sections, err := n.Host.Open(look, n.Context, id)
	if err != nil {
		return // not one of ours: it asks again when the link begins anew
	}
	if !n.enlist(from, id) {
		return
	}
	n.send(from, &wire.Subscribed{Event: id})
	if s := n.Host.Gate(id); s != nil && !n.send(from, s.position()) { // serving or not: that gates are known here
		s.missed()
	}
	for _, s := range sections {
		a := s.shard.Serving()
		if a == nil {
			continue
		}
		seq, _ := s.host.Position()
		if !n.send(from, &wire.Serving{Section: s.shard.Key(), Epoch: a.Epoch(), Seq: seq}) {
			s.missed()
		}
	}
	n.Host.Changed()
}

// enlist is for a peer that is up; one that has gone down meanwhile asks again when it is back.
func (n *Network) enlist(node storage.WriterID, id storage.EventID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.Links.Up(node) {
		return false
	}
	list := n.subscribed.here[id]
	if !slices.Contains(list, node) {
		n.subscribed.here[id] = append(slices.Clip(list), node)
	}
	n.republish()
	return true
}

// Subscribers are the peers that follow an event's sections. Not to be changed.
func (n *Network) Subscribers(id storage.EventID) []storage.WriterID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.subscribed.here[id]
}

// Follows says that a peer has asked for the event's records: it knows the sections, or is about to.
func (n *Network) Follows(node storage.WriterID, id storage.EventID) bool {
	return slices.Contains(n.Subscribers(id), node)
}

// AllSubscribed says that every peer that is up has told what it serves of an event: until then a section may be held
// by one that has not said so.
func (n *Network) AllSubscribed(id storage.EventID) bool {
	all := true
	n.others(func(node storage.WriterID) {
		if !n.Links.Up(node) {
			return
		}
		n.mu.Lock()
		all = all && n.subscribed.there[id][node]
		n.mu.Unlock()
	})
	return all
}

// subscribedTo takes a peer's word that it sends what it serves of an event.
func (n *Network) subscribedTo(node storage.WriterID, id storage.EventID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.subscribed.there[id] == nil {
		n.subscribed.there[id] = map[storage.WriterID]bool{}
	}
	n.subscribed.there[id][node] = true
}

// subscribeAgain repeats what was not answered: the other did not know the event yet, or had too much to do.
func (n *Network) subscribeAgain(id storage.EventID) {
	n.others(func(node storage.WriterID) {
		n.mu.Lock()
		done := n.subscribed.there[id][node]
		n.mu.Unlock()
		if !done {
			n.send(node, &wire.Subscribe{Event: id})
		}
	})
}

// recorded takes a record that another node streams.
func (n *Network) recorded(from storage.WriterID, m *wire.Record) {
	if m.Section.IsGate() {
		n.knowGates(from)
	}
	if s := n.section(m.Section); s != nil {
		if e, err := storage.DecodeEntry(m.Entry); err == nil {
			s.host.Streamed(&e)
		}
	}
}

// served takes note of who serves a section now.
func (n *Network) served(from storage.WriterID, m *wire.Serving) {
	if m.Section.IsGate() {
		n.knowGates(from)
	}
	s := n.section(m.Section)
	if s == nil {
		return
	}
	s.Directory.Hear(from, m.Epoch, true)
	s.host.Served(m.Seq, m.Epoch)
	if a := s.shard.Serving(); a != nil && a.Epoch() < m.Epoch { // it will meet the fence: sooner is better
		n.spawn(func(context.Context) { s.host.CheckOwner(a) }, nil)
	}
}

// released takes note that a section is nobody's now, or this node's to claim.
func (n *Network) released(from storage.WriterID, m *wire.Released) {
	if m.Section.IsGate() {
		n.knowGates(from)
	}
	s := n.section(m.Section)
	if s == nil {
		return
	}
	s.Directory.Forget(from, m.Epoch)
	if m.Successor == n.Self {
		s.shard.ActivateNow()
	}
	n.Host.Changed()
}

// acknowledged takes a peer's word that a log lacks a record. It is believed only if the log does.
func (n *Network) acknowledged(m *wire.Acknowledged) {
	if s := n.section(m.Section); s != nil {
		s.host.Acknowledged(witness.Mark{Seq: m.Seq, Epoch: m.Epoch, Hash: m.Hash})
	}
}

// forgetOwner forgets what a peer said it serves: its link has ended, and with it the records.
func (n *Network) forgetOwner(node storage.WriterID) {
	n.Host.Events(func(ev *Event) {
		for _, s := range n.Host.Sections(ev.ID) {
			s.Directory.Forget(node, math.MaxUint64)
		}
		if s := n.Host.Gate(ev.ID); s != nil {
			s.Directory.Forget(node, math.MaxUint64)
		}
	})
}
