package actors

import (
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/writer"
)

// plantedGhost judges a request that is turned away, behind its sender's back (ghosts).
func (a *sectionActor) plantedGhost(r *writer.Request) {
	in := requestIn(r)
	ghost := requestOf(section.Call{Command: in.Command, Read: in.Read, Probe: in.Probe})
	ghost.Told = func(*writer.Request) {}
	ghost.Command.Seats = slices.Clone(in.Command.Seats)
	ghost.At, _ = a.host.engine.stamp()
	a.inc.inflight.Add(1)
	a.w.Submit(&ghost.Request)
}
