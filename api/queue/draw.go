package queue

import (
	"net/http"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire/drawproof"
	"holdfast/storage"
)

var (
	noDraw    = &problem.Problem{Kind: problem.NoDraw} // first come, first served: there is nothing to publish
	notClosed = &actors.QueueRefusal{Code: gate.NotClosed}
)

// Draw publishes what everybody needs to recompute the draw; for a place, its part of the proof too. The document is
// what holdfast draw verify reads.
func (h *Handlers) Draw(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	event, err := h.room(id)
	if err != nil {
		return err
	}
	if event.WaitingRoom.ClosesAt == 0 {
		return noDraw
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	answer := published(b)
	if answer == nil {
		return actors.ErrUnavailable
	}
	if token := r.Ctx.Request.Header.Peek(PlaceHeader); len(token) > 0 {
		if err := h.show(answer, id, b, token); err != nil {
			return err
		}
	}
	r.Ctx.Response.Header.SetCanonical(headerVary, valueVary)
	return r.Encode(http.StatusOK, answer)
}

// published is the document without anybody's place; nil: this node has not heard of the gate so far.
func published(b *board) *drawproof.Document {
	f, w := b.frame, b.event.WaitingRoom
	var rule gate.DrawRule
	if given := w.Beacon; given != nil {
		rule = gate.DrawRule{Chain: given.Chain, Genesis: given.Genesis, Period: given.Period, Round: given.Round,
			Late: given.LateMillis}
	}
	return drawproof.Of(&drawproof.State{Event: b.event.ID.String(), Phase: f.Phase, ClosesAt: w.ClosesAt,
		Rule: rule, ClosedAt: f.ClosedAt, Entrants: f.Entrants, Root: f.Root, Round: f.Round,
		Signature: f.Signature, Previous: f.Previous, Seed: f.Seed})
}

// show adds a place's part of the proof: what the leaf is made of, and the path to the root.
func (h *Handlers) show(answer *drawproof.Document, id storage.EventID, b *board, token []byte) error {
	p, err := place.Read(token)
	if err != nil {
		return placeGarbled
	}
	whose := place.Whose{Event: id, Generation: b.frame.Generation, Buyer: p.Buyer}
	if p, err = h.cfg.Keys.Places.OpenPlace(token, &whose); err != nil {
		return tokenProblem(err, placeGarbled)
	}
	if b.frame.Phase < gate.Closed {
		return notClosed
	}
	exact := new(Place)
	if err := h.engine.QueuePlace(id, [16]byte(p.Buyer), h.cfg.Timeout, exact); err != nil {
		return err
	}
	salt, path, err := h.engine.DrawProof(id, p.Number, h.cfg.Timeout)
	if err != nil {
		return err
	}
	answer.Show(p.Number, gate.Entrant{Buyer: p.Buyer, Party: exact.Party}, salt, path)
	return nil
}
