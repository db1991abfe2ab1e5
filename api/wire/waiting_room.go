package wire

import "holdfast/api/wire/roomrules"

// WaitingRoom is an event's waiting room: in the body of POST /v1/events, where pointers tell an absent member from a
// zero one, and in answers, where every default is filled in.
type WaitingRoom struct {
	OpensAt        *OffsetTime `json:"opens_at,omitempty"`         // joins begin
	ClosesAt       *OffsetTime `json:"closes_at,omitempty"`        // the lobby's end, then the draw; absent: no lobby
	DoorsAt        *OffsetTime `json:"doors_at,omitempty"`         // calls begin; default: closes_at, else opens_at
	AdmitPerSecond *float64    `json:"admit_per_second,omitempty"` // calls, at most; absent: no bound
	ActiveMax      *int64      `json:"active_max,omitempty"`       // people inside
	SessionSeconds *int64      `json:"session_seconds,omitempty"`  // time inside
	TurnSeconds    *int64      `json:"turn_seconds,omitempty"`     // time to come, once called
	GraceSeconds   *int64      `json:"grace_seconds,omitempty"`    // one more window for who comes late; 0: none
	Draw           *DrawRule   `json:"draw,omitempty"`

	Presale     *bool                  `json:"presale,omitempty"`       // a join needs a code; absent: it does not
	Captcha     *bool                  `json:"captcha,omitempty"`       // a join needs a captcha's token; absent: none
	CoolDown    *roomrules.CoolDown    `json:"cool_down,omitempty"`     // absent or {}: none
	ProofOfWork *roomrules.ProofOfWork `json:"proof_of_work,omitempty"` // absent or {}: none
	Limits      *roomrules.Limits      `json:"limits,omitempty"`        // of one buyer; absent or {}: none
}

// DrawRule says which round of a public beacon (drand's shape) seeds the draw of a lobby. It is fixed when the event is
// made.
type DrawRule struct {
	Chain         *string     `json:"chain,omitempty"`   // the chain's hash, 64 hexadecimal digits
	Genesis       *OffsetTime `json:"genesis,omitempty"` // when round 1 was published
	PeriodSeconds *int64      `json:"period_seconds,omitempty"`
	// Round is the planned one; default: the first that is published 30 s or more after closes_at.
	Round *int64 `json:"round,omitempty"`
	// Independent says that a beacon seeds the draw, and not the operator. Of answers only.
	Independent *bool `json:"independent,omitempty"`
}
