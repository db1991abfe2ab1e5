package gate

import (
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
)

// ChangeKind says what happened.
type ChangeKind uint8

// The changes. Each says all that replay needs, for the owner and for those who only count. Never renumber one.
const (
	Founded       ChangeKind = iota + 1 // Settings
	Joined                              // Oldest, Entrants: they get the next numbers, in this order
	LeftQueue                           // Number, From
	LobbyClosed                         // Entrants' count N, Root, Round
	LotsDrawn                           // Signature, Previous, Seed
	DoorsOpened                         //
	Stocked                             // Stock: it gets the next number
	CalledUp                            // Upto, People, Cites, ShowRate
	CameEarly                           // Number, From: present, no slot is free
	SlotsOffered                        // People: the lowest ranks among the present
	Admitted                            // Number, From, Session, Until, Latecomer
	TurnsLapsed                         // People of the called, Offers of the offered, OffersGone of those for good
	GraceEnded                          // People of the late
	SessionEnding                       // Session, Reason
	SessionsLapse                       // People: the oldest sessions inside, whose until has come
	SlotsFreed                          // Sessions, Acks
	Operated                            // Action, Value, Text, Reason, Request, Fingerprint
	Outage                              // nothing was served since the record before: no turn's clock ran
	joinedByCode                        // a Joined with codes, as the log has it; decoded, it is a Joined
	CodesMinted                         // Codes, Why, Request, Fingerprint: they get the next numbers
	CodesRevoked                        // Codes.First and Count, Why, Request, Fingerprint
	chainedDrawn                        // a LotsDrawn with Previous, as the log has it; decoded, it is a LotsDrawn
	changeKinds
)

// Change is a fact that Apply cannot refuse.
type Change struct {
	Kind        ChangeKind
	At          Instant
	Settings    Settings
	Oldest      Instant
	Entrants    []Entrant
	Number      Number
	From        PlaceState
	Count       uint32 // N of LobbyClosed
	Root        draw.Hash
	Round       uint64
	Signature   []byte
	Previous    []byte // the signature of the round before, of a chained beacon; else nil
	Seed        draw.Hash
	Stock       Stock
	Upto        Rank
	People      uint32
	Cites       StockNo
	ShowRate    uint32 // thousandths
	Session     SessionNo
	Until       Instant
	Latecomer   bool
	Offers      uint32
	OffersGone  uint32
	Reason      EndReason
	Sessions    []SessionNo // ascending
	Acks        []Ack
	Codes       codebook.Codes
	Action      Action
	Value       uint32
	Text        string
	Why         string // the operator's reason
	Request     RequestID
	Fingerprint uint64
}
