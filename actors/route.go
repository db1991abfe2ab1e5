package actors

import (
	"errors"

	"holdfast/actors/relay"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// ownership is what this node has heard of who serves a section.
type ownership struct {
	writer storage.WriterID
	epoch  section.Epoch
	// announced by the owner itself, over the link that is up now: its records come in.
	announced bool
}

// sight is what this node knows of where the section is.
func (s *Section) sight() relay.Sight {
	e := s.engine
	sight := relay.Sight{Me: e.writer, Serving: s.serving.Load() != nil}
	if e.desk == nil {
		sight.Placed, sight.Up = e.writer, true
		return sight
	}
	sight.Placed = e.desk.peers.View().Owner(s.key)
	sight.Mine = s.tailMine.Load()
	sight.Up = sight.Placed == e.writer || e.desk.peers.Up(sight.Placed)
	if o := s.owner.Load(); o != nil && o.writer != e.writer {
		sight.Heard, sight.HeardUp = o.writer, e.desk.peers.Up(o.writer)
	}
	return sight
}

// route says which node to ask. ErrUnavailable: nobody who could have it can be reached.
func (s *Section) route() (storage.WriterID, error) {
	if s.engine.desk == nil {
		return s.engine.writer, nil
	}
	to, ok := relay.Route(s.sight())
	if !ok {
		return to, ErrUnavailable
	}
	return to, nil
}

// placedHere says that this node should have the section, or is the only one that can: the newest record of its log is this node's, and no
// release, so that no other may claim it while this one lives.
func (s *Section) placedHere() bool {
	d := s.engine.desk
	return d == nil || s.tailMine.Load() || d.peers.View().Owner(s.key) == s.engine.writer
}

// hearOwner takes note of who serves the section. What was true of an earlier epoch is not believed any more; an epoch of 0 is a hint by
// somebody who only passes it on, and is taken when nothing is known.
func (s *Section) hearOwner(who storage.WriterID, epoch section.Epoch, announced bool) {
	for {
		old := s.owner.Load()
		next := &ownership{who, epoch, announced}
		switch {
		case who == (storage.WriterID{}):
			return
		case old == nil:
		case old.announced && !announced && epoch <= old.epoch, epoch != 0 && epoch < old.epoch:
			return // what its owner says goes before what others believe
		case epoch == 0:
			next.epoch = old.epoch
		}
		if s.owner.CompareAndSwap(old, next) {
			return
		}
	}
}

// forgetOwner is for an owner who has said that it is one no more.
func (s *Section) forgetOwner(who storage.WriterID, epoch section.Epoch) {
	if old := s.owner.Load(); old != nil && old.writer == who && old.epoch <= epoch {
		s.owner.CompareAndSwap(old, nil)
	}
}

// foundElsewhere says that an activation which failed has found out whose the section is, and that this one can be asked.
func (s *Section) foundElsewhere() bool {
	if s.engine.desk == nil {
		return false
	}
	sight := s.sight()
	return sight.Heard != (storage.WriterID{}) && sight.HeardUp
}

// learnOwner takes from a failed activation or a fence who owns the log.
func (s *Section) learnOwner(why error) {
	if s.engine.desk == nil {
		return
	}
	if writer.LostTo(why) {
		s.tailMine.Store(false)
	}
	var fenced *storage.FencedError
	var foreign *writer.NotOursError
	switch {
	case errors.As(why, &fenced):
		s.hearOwner(fenced.Tail.Writer, fenced.Tail.Epoch, false)
	case errors.As(why, &foreign):
		s.hearOwner(foreign.Tail.Writer, foreign.Tail.Epoch, false)
	}
}

// announced says that a node which is up serves the section, by its own word.
func (s *Section) announced() bool {
	o := s.owner.Load()
	return o != nil && o.announced && s.engine.desk.peers.Up(o.writer)
}
