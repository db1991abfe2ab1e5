package catalog

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"holdfast/actors/pseudonym"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
)

// ForgetRequest is the body of POST /v1/events/{e}/forget.
type ForgetRequest struct {
	Reason      *string `json:"reason"`       // why, for the log
	BeforeStart bool    `json:"before_start"` // although the show has not begun
}

// reasonCharactersMax bounds ForgetRequest.Reason.
const reasonCharactersMax = 500

// Forget destroys the key of the event's pseudonyms: nothing leads from its logs to a person any more (P14). Operators
// only.
func (h *Handlers) Forget(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body ForgetRequest
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := CheckReason(body.Reason); err != nil {
		return err
	}
	r.Detailf("reason=%q", *body.Reason)
	r.Fingerprint().Body(r.Body())
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	how := pseudonym.Forgetting{Reason: *body.Reason, BeforeStart: body.BeforeStart}
	event, err := h.engine.ForgetEvent(ctx, id, r.OperatorCaller(), how)
	if err != nil {
		return err
	}
	answer := eventAnswer(event)
	return r.Encode(http.StatusOK, &answer)
}

// CheckReason judges why an event is forgotten, as the server does: the reason is kept with the event.
func CheckReason(reason *string) error {
	switch {
	case reason == nil || strings.TrimSpace(*reason) == "":
		return problem.BadField("reason", "is missing: it is logged")
	case !utf8.ValidString(*reason):
		return problem.BadField("reason", "is no UTF-8")
	}
	if why := venue.CheckName(*reason, reasonCharactersMax); why != "" {
		return problem.InvalidField("reason", why)
	}
	return nil
}
