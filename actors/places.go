package actors

import (
	"holdfast/actors/section"
	"holdfast/storage"
)

// Place is where one section is, as this node knows.
type Place struct {
	Key   storage.SectionKey
	Name  string    // the section's id in the plan
	Life  Lifecycle // here
	Owner storage.WriterID
	// Sure says that the owner has said so itself, over a link that is up, or is this node. Without it, Owner is a guess.
	Sure   bool
	Epoch  section.Epoch // of the owner
	Seq    section.Seq   // newest record on this node's map
	Behind section.Seq   // records known to be in the log and not on the map
	Placed storage.WriterID
	Asleep bool // its event is not on sale, and nobody has asked for long: the next request wakes it
}

// Places visits every section of the events in use, in order of event and section.
func (e *Engine) Places(visit func(p *Place)) {
	for _, header := range e.Events() {
		ev, err := e.event(header.ID)
		if err != nil {
			continue
		}
		if o := ev.ready.Load(); o != nil {
			for i, s := range o.sections {
				p := s.place()
				p.Name = o.venue.Sections[i].ID
				visit(&p)
			}
		}
	}
}

func (s *Section) place() Place {
	p := Place{Key: s.key, Seq: s.ev.live.Seq(s.key.Section), Placed: s.routing().Placed, Asleep: s.asleep.Load()}
	p.Life = s.shard.Phase()
	f := s.following()
	if inc := s.shard.Serving(); inc != nil {
		p.Owner, p.Sure, p.Epoch = s.engine.writer, true, inc.Epoch()
		return p
	}
	if o, known := s.directory.Owner(); known {
		p.Owner, p.Epoch, p.Sure = o.Writer, o.Epoch, s.announced()
	}
	if f != nil {
		if at, known := f.Position(); known > at.Seq {
			p.Behind = known - at.Seq
		}
	}
	return p
}
