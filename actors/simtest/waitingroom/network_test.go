package waitingroom

import (
	"bytes"
	"context"
	"slices"

	"holdfast/storage"
)

// flush hands the node's next record to the network.
func (s *world) flush(n *node) {
	p := n.w.Ready()
	s.hear(n)
	if p == nil {
		return
	}
	a := p.Append
	a.Entry.Body = bytes.Clone(a.Entry.Body)
	s.network = append(s.network, &flight{from: n, append: a})
}

// carry does something to one copy on its way.
func (s *world) carry() {
	if len(s.network) == 0 {
		return
	}
	i := s.chance.IntN(len(s.network))
	f := s.network[i]
	drop := func(what string, err error) {
		s.network = slices.Delete(s.network, i, i+1)
		s.tally[what]++
		s.tell(f, err)
	}
	switch {
	case f.delivered:
		drop("landed", f.result)
	case s.percent(80):
		s.deliver(f)
	case s.percent(40):
		drop("lost", storage.ErrUnknown)
	case s.percent(40) && !f.late: // not written by this sending, which says nothing of those before it (S6)
		drop("unavailable", storage.ErrUnavailable)
	case !f.late && !f.from.paused: // still on its way, but the sender stops waiting
		s.tally["late"]++
		s.tell(f, storage.ErrUnknown)
		f.late = true
	}
}

// deliver gives the copy to the log. The answer may be lost on the way back.
func (s *world) deliver(f *flight) {
	f.result = s.store.Commit(context.Background(), []storage.Append{f.append})[0]
	f.delivered = true
	s.read()
	if s.percent(15) {
		s.tally["kept unheard"]++
		f.result = storage.ErrUnknown
	}
}

// tell brings an answer home, unless its sender has died, sleeps, or gave this copy up.
func (s *world) tell(f *flight, err error) {
	n := f.from
	if f.late || n != s.nodes[0] && n != s.nodes[1] {
		return
	}
	if n.paused { // it hears when it wakes
		f.delivered, f.result = true, err
		s.network = append(s.network, f)
		return
	}
	p := n.w.Advance(f.append.Entry.Batch, err)
	s.hear(n)
	if p != nil {
		if p.Snapshot != nil {
			s.keepSnapshot(p.Snapshot)
		}
		n.w.Recycle(p)
	}
	if n.w.Stopped() {
		s.tally["stopped"]++
		s.forget(n)
	}
	s.compareReplay(n)
}

// forget throws a stopped writer away.
func (s *world) forget(n *node) {
	if len(n.asked) > 0 {
		s.failf("%d requests were never answered by a stopped writer", len(n.asked))
	}
	for i := range s.nodes {
		if s.nodes[i] == n {
			s.nodes[i] = nil
		}
	}
}

// land lets everything arrive that is on its way, and everything that has gathered behind it.
func (s *world) land() {
	for range 200 {
		for _, n := range s.nodes {
			if n != nil {
				n.paused = false
				s.flush(n)
			}
		}
		if len(s.network) == 0 {
			return
		}
		for len(s.network) > 0 && s.failure == nil {
			f := s.network[0]
			s.network = s.network[1:]
			if !f.delivered {
				s.deliver(f)
			}
			s.tell(f, f.result)
		}
	}
	s.failf("writers at rest write on and on")
}
