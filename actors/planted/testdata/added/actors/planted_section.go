package actors

import (
	"slices"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
)

// PlantedGhost is a twin of a request, of which nobody hears (ghosts).
func (s *Section) PlantedGhost(r *writer.Request) *writer.Request {
	in := request.In(r)
	ghost := request.Of(section.Call{Command: in.Command, Read: in.Read, Probe: in.Probe})
	ghost.OnAnswer = func(*writer.Request) {}
	ghost.Command.Seats = slices.Clone(in.Command.Seats)
	return &ghost.Request
}
