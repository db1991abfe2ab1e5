package shard

import "holdfast/actors/writer"

// plantedGhost judges a request that is turned away, behind its sender's back (ghosts).
func (a *shardActor) plantedGhost(r *writer.Request) {
	ghost := a.host.(interface {
		PlantedGhost(r *writer.Request) *writer.Request
	}).PlantedGhost(r)
	ghost.At, _ = a.node.Stamp()
	a.act.inflight.Add(1)
	a.w.Submit(ghost)
}
