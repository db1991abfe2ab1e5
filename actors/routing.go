package actors

import (
	"errors"

	"holdfast/actors/placement"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// routing is what this node knows of where the section is.
func (s *Section) routing() placement.Routing {
	e := s.engine
	r := placement.Routing{Me: e.writer, Serving: s.shard.Serving() != nil}
	if e.desk == nil {
		r.Placed, r.PlacedUp = e.writer, true
		return r
	}
	r.Placed = e.desk.peers.View().Owner(s.key)
	r.TailIsOurs = s.directory.TailIsOurs()
	r.PlacedUp = r.Placed == e.writer || e.desk.peers.Up(r.Placed)
	if o, known := s.directory.Owner(); known && o.Writer != e.writer {
		r.Heard, r.HeardUp = o.Writer, e.desk.peers.Up(o.Writer)
	}
	return r
}

// route says which node to ask. ErrUnavailable: nobody who could have it can be reached.
func (s *Section) route() (storage.WriterID, error) {
	if s.engine.desk == nil {
		return s.engine.writer, nil
	}
	to, ok := placement.Route(s.routing())
	if !ok {
		return to, ErrUnavailable
	}
	return to, nil
}

// placedHere says that this node should have the section, or is the only one that can: the newest record of its log is
// this node's, and no release, so that no other may claim it while this one lives.
func (s *Section) placedHere() bool {
	d := s.engine.desk
	return d == nil || s.directory.TailIsOurs() || d.peers.View().Owner(s.key) == s.engine.writer
}

// foundElsewhere says that an activation which failed has found out whose the section is, and that this one can be
// asked.
func (s *Section) foundElsewhere() bool {
	if s.engine.desk == nil {
		return false
	}
	r := s.routing()
	return r.Heard != (storage.WriterID{}) && r.HeardUp
}

// learnOwner takes from a failed activation or a fence who owns the log.
func (s *Section) learnOwner(why error) {
	if s.engine.desk == nil {
		return
	}
	if writer.LostTo(why) {
		s.directory.SetTailIsOurs(false)
	}
	var fenced *storage.FencedError
	var foreign *writer.NotOursError
	switch {
	case errors.As(why, &fenced):
		s.directory.Hear(fenced.Tail.Writer, fenced.Tail.Epoch, false)
	case errors.As(why, &foreign):
		s.directory.Hear(foreign.Tail.Writer, foreign.Tail.Epoch, false)
	}
}

// announced says that a node which is up serves the section, by its own word.
func (s *Section) announced() bool {
	o, known := s.directory.Owner()
	return known && o.Announced && s.engine.desk.peers.Up(o.Writer)
}
