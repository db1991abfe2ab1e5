package queue

import (
	"net/http"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/place"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// Bounds of one call that mints codes: its answer is a megabyte.
const (
	codesMax   = 10_000
	usesMax    = 65_534
	subjectMax = 255 // bytes of a buyer's name
)

// minting is an operator's command about presale codes.
type minting struct {
	Operation
	Codes codebook.Codes
}

var noPresale = &problem.Problem{Kind: problem.NoPresale}

// presale is the event's waiting room, which asks for codes.
func (h *Handlers) presale(r *call.Call) (*storage.Event, error) {
	id, err := r.Event()
	if err != nil {
		return nil, err
	}
	event, err := h.room(id)
	switch {
	case err != nil:
		return nil, err
	case !event.WaitingRoom.Presale:
		return nil, noPresale
	}
	return event, nil
}

// MintCodes makes presale codes, and tells them: once, for they are kept nowhere. The same key again tells the same.
// Operators only.
func (h *Handlers) MintCodes(r *call.Call) error {
	event, err := h.presale(r)
	if err != nil {
		return err
	}
	var body waitingroom.MintCodes
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	op, err := mintingOf(&body)
	if err != nil {
		return err
	}
	r.Fingerprint().Body(r.Body())
	who := r.OperatorCaller()
	op.Request, op.Fingerprint = who.Request, who.Fingerprint
	minted, err := h.engine.MintCodes(event.ID, op.Codes, op.Operation, h.cfg.Timeout)
	if err != nil {
		return err
	}
	r.Detailf("reason=%q minted codes %d to %d", *body.Reason, minted.First, uint32(minted.First)+minted.Count-1)
	answer, err := h.mintedAnswer(event, minted, body.Buyers)
	if err != nil {
		return err
	}
	return r.Encode(http.StatusCreated, answer)
}

func mintingOf(body *waitingroom.MintCodes) (*minting, error) {
	op := &minting{Codes: codebook.Codes{Uses: 1}}
	if err := checkReason(body.Reason); err != nil {
		return nil, err
	}
	op.Reason = *body.Reason
	count := int64(len(body.Buyers))
	switch {
	case body.Count != nil && count > 0:
		return nil, problem.InvalidField("count", "contradicts buyers: each gets one code")
	case body.Count != nil:
		count = *body.Count
	case count == 0:
		return nil, problem.BadField("count", "is missing")
	}
	if count < 1 || count > codesMax {
		return nil, problem.InvalidField("count", "is out of bounds: 1 to 10000")
	}
	for _, name := range body.Buyers {
		if name == "" || len(name) > subjectMax {
			return nil, problem.InvalidField("buyers", "has an empty name, or one longer than 255 bytes")
		}
	}
	op.Codes.Count = uint32(count)
	if uses := body.Uses; uses != nil {
		if *uses < 1 || *uses > usesMax {
			return nil, problem.InvalidField("uses", "is out of bounds: 1 to 65534")
		}
		op.Codes.Uses = uint32(*uses)
	}
	if at := body.OpensAt; at != nil {
		op.Codes.From = gate.Instant(at.Time)
	}
	if at := body.ClosesAt; at != nil {
		if op.Codes.Until = gate.Instant(at.Time); op.Codes.Until <= op.Codes.From {
			return nil, problem.InvalidField("closes_at", "must be after opens_at")
		}
	}
	return op, nil
}

func (h *Handlers) mintedAnswer(event *storage.Event, minted codebook.Codes, buyers []string) (
	*waitingroom.Codes, error) {
	answer := &waitingroom.Codes{First: int64(minted.First), Count: int64(minted.Count), Uses: int64(minted.Uses)}
	for into, at := range map[**wire.OffsetTime]gate.Instant{&answer.OpensAt: minted.From,
		&answer.ClosesAt: minted.Until} {
		if at != 0 {
			at := call.TimeIn(event.Zone(), at)
			*into = &at
		}
	}
	whose := place.Whose{Event: event.ID, Generation: h.generation(event)}
	for i := range minted.Count {
		code := waitingroom.Code{Number: int64(minted.First) + int64(i)}
		var owner *gate.Buyer
		if int(i) < len(buyers) {
			code.Buyer = buyers[i]
			named, err := call.NamedIn(h.catalog, event.ID, code.Buyer)
			if err != nil {
				return nil, err
			}
			owner = (*gate.Buyer)(&named.Buyer)
		}
		code.Code = string(h.cfg.Keys.Codes.Append(nil, &whose, codebook.No(code.Number), owner))
		answer.Codes = append(answer.Codes, code)
	}
	return answer, nil
}

// RevokeCodes has presale codes let nobody more in. Operators only.
func (h *Handlers) RevokeCodes(r *call.Call) error {
	event, err := h.presale(r)
	if err != nil {
		return err
	}
	var body waitingroom.RevokeCodes
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	op, err := h.revokingOf(event, &body)
	if err != nil {
		return err
	}
	r.Detailf("reason=%q codes from %d, %d of them", *body.Reason, op.Codes.First, op.Codes.Count)
	r.Fingerprint().Body(r.Body())
	who := r.OperatorCaller()
	op.Request, op.Fingerprint = who.Request, who.Fingerprint
	if err := h.engine.RevokeCodes(event.ID, op.Codes, op.Operation, h.cfg.Timeout); err != nil {
		return err
	}
	return r.Encode(http.StatusOK, &waitingroom.Codes{First: int64(op.Codes.First), Count: int64(op.Codes.Count)})
}

func (h *Handlers) revokingOf(event *storage.Event, body *waitingroom.RevokeCodes) (*minting, error) {
	op := &minting{Codes: codebook.Codes{Count: 1}}
	if err := checkReason(body.Reason); err != nil {
		return nil, err
	}
	op.Reason = *body.Reason
	switch {
	case body.Code != nil && (body.First != nil || body.Count != nil):
		return nil, problem.InvalidField("code", "contradicts first and count")
	case body.Code != nil:
		whose := place.Whose{Event: event.ID, Generation: h.generation(event)}
		number, err := h.entry.CodeOf(*body.Code, &whose)
		op.Codes.First = number
		return op, err
	case body.First == nil:
		return nil, problem.BadField("first", "is missing: name a code, or its number")
	case *body.First < 1 || *body.First > codebook.Max:
		return nil, problem.InvalidField("first", "is out of bounds")
	}
	op.Codes.First = codebook.No(*body.First)
	if count := body.Count; count != nil {
		if *count < 1 || *count > codebook.Max {
			return nil, problem.InvalidField("count", "is out of bounds")
		}
		op.Codes.Count = uint32(*count)
	}
	return op, nil
}
