package actors

import "slices"

// plantedGhost judges a request that is turned away, behind its sender's back (ghosts).
func (a *sectionActor) plantedGhost(r *Request) {
	ghost := &Request{Command: r.Command, read: r.read, probe: r.probe, told: func(*Request) {}}
	ghost.Command.Seats = slices.Clone(r.Command.Seats)
	ghost.Command.At, _ = a.host.engine.stamp()
	a.inc.inflight.Add(1)
	a.w.Submit(ghost)
}
