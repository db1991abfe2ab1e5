package queue

import (
	"net/http"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/gate/position"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Poll tells a place where it stands; without one, the waiting room as everybody sees it.
func (h *Handlers) Poll(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	a, err := parseQuery(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	token := r.Ctx.Request.Header.Peek(PlaceHeader)
	if len(token) == 0 {
		r.Ctx.Response.Header.SetCanonical(headerVary, valueVary)
		r.Ctx.Response.Header.SetCanonical(headerCacheControl, valueSecond)
		r.Out = append(r.Out[:0], b.public...)
		return r.JSON(http.StatusOK)
	}
	p, err := place.Read(token)
	switch {
	case err != nil:
		return placeGarbled
	case p.Event != id:
		return wrongEvent
	case p.Generation != b.frame.Generation:
		return outdated
	}
	if err := h.countPoll(r, b, token, &p); err != nil {
		return err
	}
	return h.answer(r, b, token, &p, &a)
}

var (
	headerVary, valueVary           = []byte("Vary"), []byte(PlaceHeader)
	headerCacheControl, valueSecond = []byte("Cache-Control"), []byte("public, max-age=1")
)

// answer tells from the counters, and asks the gate only where they do not say enough.
func (h *Handlers) answer(r *call.Call, b *board, token []byte, p *place.Place, a *query) error {
	y := h.reply(b, p.Number, *a)
	if b.mayBeCalled(&y.stand) {
		exact, err := h.exact(token, p)
		if err != nil {
			y.drop()
			return err
		}
		y.exactly(exact)
	}
	return y.send(r, http.StatusOK)
}

// exact asks the gate about a place, once its token is proven.
func (h *Handlers) exact(token []byte, p *place.Place) (*Place, error) {
	whose := place.Whose{Event: p.Event, Generation: p.Generation, Buyer: p.Buyer}
	verified, err := h.cfg.Keys.Places.OpenPlace(token, &whose)
	if err != nil {
		return nil, tokenProblem(err, placeGarbled)
	}
	exact := new(Place)
	return exact, h.engine.QueuePlace(verified.Event, section.BuyerID(verified.Buyer), h.cfg.Timeout, exact)
}

// Challenge tells the buyer what a join needs now.
func (h *Handlers) Challenge(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	event, err := h.mayJoin(r, id)
	if err != nil {
		return err
	}
	who, err := r.Named(h.catalog, id)
	if err != nil {
		return err
	}
	if r.Out, err = h.entry.AppendChallenge(r.Out[:0], event, who.Buyer); err != nil {
		return err
	}
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(http.StatusOK)
}

// Join gives the buyer a place, or the one that the buyer has.
func (h *Handlers) Join(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	body, a := waitingroom.Join{}, query{party: 1, eta: position.Unknown, ago: -1}
	if len(r.Body()) > 0 {
		if err := wire.Decode(r.Body(), &body); err != nil {
			return err
		}
	}
	if body.Party != nil {
		if *body.Party < 1 || *body.Party > wire.BookingSeatsMax {
			return problem.InvalidField("party", "is out of bounds: 1 to 100")
		}
		a.party = uint8(*body.Party)
	}
	event, err := h.mayJoin(r, id)
	if err != nil {
		return err
	}
	who, err := r.Named(h.catalog, id)
	if err != nil {
		return err
	}
	if err := h.countJoin(r, id, who.Buyer); err != nil {
		return err
	}
	code, err := h.entry.Check(event, h.generation(event), who.Buyer, &body)
	if err != nil {
		return err
	}
	p := new(Place)
	if err := h.engine.JoinQueue(id, who.Buyer, a.party, code, h.cfg.Timeout, p); err != nil {
		return h.later(id, err)
	}
	if !p.Repeat {
		h.entry.Joined(event)
	}
	return h.joined(r, id, who.Buyer, p, &a)
}

var onlyBuyersJoin = &problem.Problem{Kind: problem.Forbidden, Detail: "operators need no place: they book without one"}

func (h *Handlers) mayJoin(r *call.Call, id storage.EventID) (*storage.Event, error) {
	event, err := h.room(id)
	switch {
	case err != nil:
		return nil, err
	case r.Who.Operator:
		return nil, onlyBuyersJoin
	}
	return event, nil
}

// generation is that of the event's waiting room; 0 where nothing depends on it, or nobody knows.
func (h *Handlers) generation(event *storage.Event) uint32 {
	if event.WaitingRoom.Presale {
		if frame, err := h.engine.QueueFrame(event.ID); err == nil {
			return frame.Generation
		}
	}
	return 0
}

// joined answers with the signed place.
func (h *Handlers) joined(r *call.Call, id storage.EventID, buyer section.BuyerID, p *Place, a *query) error {
	b, err := h.board(id)
	if err != nil {
		return err
	}
	y := h.reply(b, p.Number, *a)
	if p.Repeat && p.State != gate.Waiting {
		y.exactly(p)
	}
	signed := place.Place{Event: id, Generation: p.Generation, Number: p.Number, Buyer: gate.Buyer(buyer)}
	y.answer.Place = string(h.cfg.Keys.Places.AppendPlace(nil, &signed))
	status := http.StatusCreated
	if p.Repeat {
		status = http.StatusOK
	}
	return y.send(r, status)
}

// later tells whoever comes too early when to come again.
func (h *Handlers) later(id storage.EventID, err error) error {
	event, unknown := h.room(id)
	if unknown != nil || !refusedWith(err, gate.NotOpenYet) {
		return err
	}
	wait := int((event.WaitingRoom.OpensAt-h.now())/1000) + 1
	return &problem.Problem{Kind: problem.NotOpenYet, Wait: min(max(wait, 1), pollMost)}
}

// Leave gives the place up, or ends the session.
func (h *Handlers) Leave(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	if _, err := h.room(id); err != nil {
		return err
	}
	who, err := r.Named(h.catalog, id)
	if err != nil {
		return err
	}
	p := new(Place)
	if err := h.engine.LeaveQueue(id, who.Buyer, h.cfg.Timeout, p); err != nil {
		return err
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	y := h.reply(b, p.Number, query{eta: position.Unknown, ago: -1})
	y.exactly(p)
	return y.send(r, http.StatusOK)
}

// TakeTurn begins the buyer's session. Once it has begun, it is told again.
func (h *Handlers) TakeTurn(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
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
	token := r.Ctx.Request.Header.Peek(PlaceHeader)
	if len(token) == 0 {
		return placeMissing
	}
	who, err := r.Named(h.catalog, id)
	if err != nil {
		return err
	}
	whose := place.Whose{Event: id, Generation: b.frame.Generation, Buyer: gate.Buyer(who.Buyer)}
	opened, err := h.cfg.Keys.Places.OpenPlace(token, &whose)
	if err != nil {
		return tokenProblem(err, placeGarbled)
	}
	p := new(Place)
	if err := h.engine.TakeTurn(id, who.Buyer, h.cfg.Timeout, p); err != nil {
		return h.whenAgain(b, opened.Number, err)
	}
	if p.State != gate.Inside { // came when no slot was free: one is offered in turn
		return h.whenAgain(b, opened.Number, &actors.QueueRefusal{Code: gate.NotYourTurn})
	}
	admission := place.Admission{Pool: p.Pool, Session: p.Session, Until: p.Until, Seq: p.Seq,
		Place: place.Place{Event: id, Generation: p.Generation, Number: p.Number, Buyer: gate.Buyer(who.Buyer)}}
	document.NoStore(&r.Ctx.Response.Header)
	return r.Encode(http.StatusOK, &waitingroom.Admission{
		Admission: string(h.cfg.Keys.Admissions.AppendAdmission(nil, &admission)),
		ExpiresAt: call.TimeIn(event.Zone(), p.Until)})
}

// whenAgain adds to a "not yet" when to ask again.
func (h *Handlers) whenAgain(b *board, number gate.Number, err error) error {
	if !refusedWith(err, gate.NotYourTurn) && !refusedWith(err, gate.GatePaused) {
		return err
	}
	answer, _ := problem.Classify(err)
	s := b.stand(number)
	answer.Wait = jittered(pollAfter(&b.position, b.queued(), h.cfg.PollsPerSecond, &s), number, b.frame.Seq)
	if b.mayBeCalled(&s) {
		answer.Wait = pollCalled
	}
	return &answer
}
