package gate

import "strconv"

// Rejection is a business "no". The list is closed; codes are part of the public API.
type Rejection uint8

// Rejections.
const (
	Accepted            Rejection = iota
	IdempotencyMismatch           // the operator's request is known with another body
	NotFounded                    // the gate has no settings yet
	FoundedAlready                // with other settings
	BadSettings                   // settings that contradict each other
	NotOpenYet                    // joins begin later
	BadParty                      // a party of nobody
	TooMany                       // more than one command may name, or than there are numbers
	PlaceUnknown                  // the buyer has no place, nor had one
	LeftAlready                   // the place was given up
	TurnLapsed                    // turn and grace have passed
	SessionEnded                  // the session is over
	NotYourTurn                   // not called, or no slot is free yet
	GatePaused                    // nobody is admitted now
	SessionUnknown                // no such session
	NotEnding                     // a slot is freed only after its session's end is logged
	AcksMissing                   // a barrier without a node
	AcksTooOld                    // a node has not followed the end yet
	WrongPool                     // stock of another pool
	StockTooOld                   // a section was counted at a later record before
	NotClosed                     // a draw needs the close first
	WrongRound                    // another round than the rule gives
	DrawnAlready                  // with another signature
	NotDrawn                      // doors cannot open before the draw
	NoReason                      // an operator's command without its reason
	BadValue                      // of an operator's command
	OnlyFollows                   // this machine follows, and decides nothing
	CodeRequired                  // a join without a presale code
	CodeUnknown                   // a code that was never minted
	CodeNotYet                    // before its window
	CodeExpired                   // behind its window
	CodeRevoked                   // taken back by an operator
	CodeUsedUp                    // as often as it may be
	CoolDown                      // of a hold, and not the gate's to say: too many were abandoned
	rejectionEnd
)

// rejectionText holds the stable codes: never change one, only add.
var rejectionText = [rejectionEnd]string{
	Accepted:            "accepted",
	IdempotencyMismatch: "idempotency_mismatch",
	NotFounded:          "no_waiting_room",
	FoundedAlready:      "waiting_room_exists",
	BadSettings:         "bad_waiting_room",
	NotOpenYet:          "not_open_yet",
	BadParty:            "bad_party",
	TooMany:             "too_many",
	PlaceUnknown:        "place_unknown",
	LeftAlready:         "place_left",
	TurnLapsed:          "turn_lapsed",
	SessionEnded:        "session_ended",
	NotYourTurn:         "not_your_turn",
	GatePaused:          "queue_paused",
	SessionUnknown:      "session_unknown",
	NotEnding:           "session_not_ending",
	AcksMissing:         "acks_missing",
	AcksTooOld:          "acks_too_old",
	WrongPool:           "wrong_pool",
	StockTooOld:         "stock_too_old",
	NotClosed:           "lobby_not_closed",
	WrongRound:          "wrong_round",
	DrawnAlready:        "drawn_already",
	NotDrawn:            "not_drawn",
	NoReason:            "reason_missing",
	BadValue:            "bad_value",
	OnlyFollows:         "only_follows",
	CodeRequired:        "code_required",
	CodeUnknown:         "code_unknown",
	CodeNotYet:          "code_not_yet",
	CodeExpired:         "code_expired",
	CodeRevoked:         "code_revoked",
	CodeUsedUp:          "code_used_up",
	CoolDown:            "cool_down",
}

// String is the stable snake_case code; "accepted" for the zero value.
func (r Rejection) String() string {
	if r >= rejectionEnd {
		return "rejection(" + strconv.Itoa(int(r)) + ")"
	}
	return rejectionText[r]
}
