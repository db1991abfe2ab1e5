package queue

import (
	"encoding/hex"
	"net/http"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/place"
	"holdfast/api/call"
	"holdfast/api/catalog"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Whom a draw asks to be trusted.
const (
	trustBeacon   = "beacon"   // nobody: a round that nobody could know
	trustOperator = "operator" // unpredictable to outsiders only
	trustNone     = "none"     // nothing is drawn: first come, first served
)

// Draw publishes what everybody needs to recompute the draw; for a place, its part of the proof too.
func (h *Handlers) Draw(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	event, err := h.room(id)
	if err != nil {
		return err
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	answer := published(event, b)
	if token := r.Ctx.Request.Header.Peek(PlaceHeader); len(token) > 0 {
		if answer.Entrant, err = h.entrant(id, b, token); err != nil {
			return err
		}
	}
	r.Ctx.Response.Header.SetCanonical(headerVary, valueVary)
	return r.Encode(http.StatusOK, answer)
}

func published(event *storage.Event, b *board) *waitingroom.Draw {
	answer := &waitingroom.Draw{Event: event.ID.String(), Phase: b.phase, Trust: trustNone}
	if event.WaitingRoom.ClosesAt == 0 {
		return answer
	}
	answer.Rule = catalog.DrawRuleAnswer(event.WaitingRoom.Beacon, event.Zone())
	if answer.Trust = trustOperator; event.WaitingRoom.Beacon != nil {
		answer.Trust = trustBeacon
	}
	f := b.frame
	if f.Phase < gate.Closed {
		return answer
	}
	answer.Entrants, answer.Round, answer.Root = &f.Entrants, &f.Round, hex.EncodeToString(f.Root[:])
	if f.Phase >= gate.Drawn {
		answer.Signature, answer.Seed = hex.EncodeToString(f.Signature), hex.EncodeToString(f.Seed[:])
	}
	return answer
}

// entrant is a place's part of the proof: what the leaf is made of, and the path to the root.
func (h *Handlers) entrant(id storage.EventID, b *board, token []byte) (*waitingroom.Entrant, error) {
	p, err := place.Read(token)
	if err != nil {
		return nil, placeGarbled
	}
	whose := place.Whose{Event: id, Generation: b.frame.Generation, Buyer: p.Buyer}
	if p, err = h.cfg.Keys.Places.OpenPlace(token, &whose); err != nil {
		return nil, tokenProblem(err, placeGarbled)
	}
	if b.event.WaitingRoom.ClosesAt == 0 || b.frame.Phase < gate.Closed {
		return nil, errNoDraw
	}
	if uint32(p.Number) >= b.frame.Entrants { // joined after the close: no leaf is theirs
		return nil, nil
	}
	exact := new(Place)
	if err := h.engine.QueuePlace(id, [16]byte(p.Buyer), h.cfg.Timeout, exact); err != nil {
		return nil, err
	}
	salt, path, err := h.engine.DrawProof(id, p.Number, h.cfg.Timeout)
	if err != nil {
		return nil, err
	}
	entry := &waitingroom.Entrant{Number: uint32(p.Number), Pseudonym: hex.EncodeToString(p.Buyer[:]),
		Party: exact.Party, Salt: hex.EncodeToString(salt[:]), Path: make([]string, len(path))}
	for i := range path {
		entry.Path[i] = hex.EncodeToString(path[i][:])
	}
	if b.frame.Phase >= gate.Drawn {
		order := draw.NewPermutation(b.frame.Seed, b.frame.Entrants)
		rank := order.Place(uint32(p.Number))
		entry.Rank = &rank
	}
	return entry, nil
}
