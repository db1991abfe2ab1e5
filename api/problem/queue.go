package problem

import (
	"holdfast/actors"
	"holdfast/actors/gate"
)

// What a waiting room says no with.
var (
	NotAdmitted      = define(403, "not_admitted", "New holds need an admission: take your turn in the waiting room")
	AdmissionExpired = define(403, "admission_expired", "The admission has ended: join the waiting room again")
	WrongEvent       = define(403, "wrong_event", "This place, admission, code or proof is another event's")
	WrongBuyer       = define(403, "wrong_buyer", "This place, admission, code or proof is another buyer's")
	TokenForged      = define(403, "token_forged", "This place, admission, code or proof was not signed here")
	TokenOutdated    = define(403, "token_outdated",
		"This place or admission is of an earlier key or waiting room: join again, and the same place comes back")
	ProofRequired   = define(403, "proof_required", "Joining needs a proof of work: solve a challenge first")
	ProofExpired    = define(403, "proof_expired", "The proof's challenge has expired: solve another one")
	ProofWrong      = define(403, "proof_wrong", "The number does not solve the challenge")
	CaptchaRequired = define(403, "captcha_required", "Joining needs a captcha's token")
	CaptchaRefused  = define(
		403,
		"captcha_refused",
		"The captcha's provider does not vouch for the token: solve another one",
	)
	CaptchaUnavailable = define(503, "captcha_unavailable",
		"The captcha's provider gives no verdict; nothing was done: solve another one in a moment").after(5)
	CodeRequired  = define(403, "code_required", "Joining needs a presale code")
	NoPresale     = define(409, "no_presale", "The event's waiting room asks for no presale codes")
	CoolingDown   = define(429, "cool_down", "Too many of your holds lapsed: wait a while").limited("cool_down")
	NoWaitingRoom = define(404, "no_waiting_room", "The event has no waiting room")
	NoDraw        = define(404, "no_draw", "Nothing is drawn for this event: first come, first served")
	PlaceUnknown  = define(404, "place_unknown", "You have no place in this waiting room")
	NotOpenYet    = define(409, "not_open_yet", "The waiting room is not open yet").after(30)
	TurnLapsed    = define(409, "turn_lapsed", "Your turn has passed: join again")
	SessionEnded  = define(409, "session_ended", "The session is over: join again")
	NotYourTurn   = define(409, "not_your_turn", "It is not your turn yet").after(5)
	QueuePaused   = define(409, "queue_paused", "Nobody is let in at the moment; places are kept").after(15)
)

// queueRefusals maps a gate's closed list of "no" to the outside. What is not in it is a defect here.
var queueRefusals = map[gate.Rejection]*Kind{
	gate.IdempotencyMismatch: mismatch,
	gate.NotFounded:          Unavailable,
	gate.BadSettings:         invalid,
	gate.NotOpenYet:          NotOpenYet,
	gate.BadParty:            invalid,
	gate.TooMany:             Overloaded,
	gate.PlaceUnknown:        PlaceUnknown,
	gate.LeftAlready:         define(409, "place_left", "The place was given up: join again"),
	gate.TurnLapsed:          TurnLapsed,
	gate.SessionEnded:        SessionEnded,
	gate.NotYourTurn:         NotYourTurn,
	gate.GatePaused:          QueuePaused,
	gate.NotClosed:           define(409, "lobby_not_closed", "The lobby has not closed yet"),
	gate.NotDrawn:            define(409, "not_drawn", "The draw has not been made yet"),
	gate.DrawnAlready:        define(409, "drawn_already", "The draw was made with another signature"),
	gate.WrongRound:          define(422, "wrong_round", "The draw's rule gives another round"),
	gate.NoReason:            invalid,
	gate.BadValue:            invalid,
	gate.CodeRequired:        CodeRequired,
	gate.CoolDown:            CoolingDown,
	gate.CodeUnknown:         define(403, "code_unknown", "The presale code was never minted"),
	gate.CodeNotYet:          define(409, "code_not_yet", "The presale code lets nobody in yet").after(30),
	gate.CodeExpired:         define(403, "code_expired", "The presale code lets nobody in any more"),
	gate.CodeRevoked:         define(403, "code_revoked", "The presale code was taken back"),
	gate.CodeUsedUp:          define(403, "code_used_up", "The presale code was used as often as it may be"),
}

// queueFields name what a refusal is about.
var queueFields = map[gate.Rejection]string{gate.BadParty: "party", gate.NoReason: "reason", gate.BadValue: "body",
	gate.BadSettings:  "waiting_room",
	gate.CodeRequired: "code", gate.CodeUnknown: "code", gate.CodeNotYet: "code", gate.CodeExpired: "code",
	gate.CodeRevoked: "code", gate.CodeUsedUp: "code",
	gate.WrongRound: "draw.round"}

func queueRefused(r *actors.QueueRefusal) (Problem, bool) {
	k := queueRefusals[r.Code]
	if k == nil {
		return Problem{Kind: Internal}, true
	}
	return Problem{Kind: k, Field: queueFields[r.Code], Wait: int((r.Wait + 999) / 1000)}, k == Unavailable
}

// OfCodes are the kinds that a gate refuses presale codes with.
func OfCodes() (all []*Kind) {
	for code := gate.CodeUnknown; code <= gate.CodeUsedUp; code++ {
		all = append(all, queueRefusals[code])
	}
	return all
}
