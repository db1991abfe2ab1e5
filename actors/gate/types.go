package gate

import (
	"holdfast/actors/gate/codebook"
	"holdfast/actors/machine"
)

// Distinct numbers get distinct types: swapping two is a compile error.
type (
	// Seq is a record's number in the gate's log.
	Seq = machine.Seq
	// Instant is a moment in milliseconds since the Unix epoch, UTC.
	Instant = machine.Instant
	// Millis is a length of time in milliseconds.
	Millis = machine.Millis
	// Number names a place for ever: the first join has 0, and numbers are dense.
	Number uint32
	// Rank is a place's position in the order of calling: 0 is called first. Drawn places have the ranks
	// below N. Whoever joined after the close has their own number as rank.
	Rank uint32
	// SessionNo names one admitted buyer's time inside. The first is 1, and numbers are dense.
	SessionNo uint32
	// StockNo names a logged stock. The first is 1, and numbers are dense.
	StockNo uint32
	// Buyer is a buyer's pseudonym. The log holds no other trace of a person (P14).
	Buyer [16]byte
	// RequestID is an operator's request: a hash of operator and idempotency key, made by the caller.
	RequestID [16]byte
	// Node names a node that follows the gate's log.
	Node [16]byte
)

// Phase is how far the doors are.
type Phase uint8

// The phases, in their order.
const (
	Unfounded Phase = iota
	Lobby           // joins are gathered; none is first
	Closed          // N and root are logged; the beacon's round is awaited
	Drawn           // every entrant has a rank; a gate without a lobby begins here
	Open            // the doors: places are called
)

// PlaceState is where a place stands. The zero value is no place at all.
type PlaceState uint8

// A place's life. See the package comment.
const (
	NoPlace  PlaceState = iota
	Waiting             // not called yet
	Called              // called, and has not come
	Present             // came when no slot was free: waits for one, in the order of ranks
	Offered             // a slot is kept for this place
	Late                // missed the turn; one grace window runs
	Inside              // has a session
	Left                // gone: left by the buyer's own wish, before a session
	Lapsed              // gone: turn and grace have passed
	Finished            // gone: the session has ended
	placeStates
)

// live says that the buyer's place counts: a second join returns it (G1).
func (s PlaceState) live() bool { return s >= Waiting && s <= Inside }

// EndReason is why a session ended.
type EndReason uint8

// The reasons.
const (
	EndedLeft    EndReason = iota + 1 // by the buyer's own wish
	EndedBought                       // the buyer has what they came for
	EndedExpired                      // until has come
)

// Entrant is one who joins.
type Entrant struct {
	Buyer Buyer
	Party uint8       // how many seats the buyer thinks of: a hint, at least 1
	Code  codebook.No // the presale code that is used; 0: none
}

// Stock is what the sections of a pool say that they have, each at a record of its log.
type Stock struct {
	Pool     uint32
	Free     uint32
	Held     uint32
	Paying   uint32
	Holding  uint32 // sessions inside that have a hold, or had one: they want no more
	Sections []SectionSeq
}

// SectionSeq says up to which record a section was counted.
type SectionSeq struct {
	Section uint32
	Seq     Seq
}

// none says that nothing is in stock, nor may come back.
func (s *Stock) none() bool { return s.Free == 0 && s.Held == 0 && s.Paying == 0 }

// Ack is one node's word in a barrier.
type Ack struct {
	Node Node
	// Superseded says that the node is gone: its sections are claimed by others, who read the gate's log to Seq after
	// their claim.
	Superseded bool
	Seq        Seq // the newest record of the gate's log that was followed
}

// CommandKind says what a Command wishes for.
type CommandKind uint8

// The commands.
const (
	Found   CommandKind = iota + 1 // Settings: the first command of a gate
	Join                           // Entrants, Oldest
	Leave                          // Buyer: from the queue, or from inside
	Take                           // Buyer: take one's turn
	Look                           // Buyer: read the place
	Finish                         // Session: the buyer has bought
	Free                           // Sessions, Acks: the barrier has passed
	Restock                        // Stock
	HandIn                         // Round, Signature, Previous: the beacon's round, or the operator's value
	Operate                        // Action, Value, Text, Reason, Request, Fingerprint
	Mint                           // Codes, Reason, Request, Fingerprint: presale codes
	Revoke                         // Codes.First and Count, Reason, Request, Fingerprint
)

// Action is what an operator does.
type Action uint8

// The actions.
const (
	SetCap       Action = iota + 1 // Value: people inside; whoever is inside stays
	SetRate                        // Value: calls in 1000 seconds at most; 0: no bound
	Pause                          // nobody is called or admitted; places are kept, and turns stand still
	Resume                         // the end of it
	SetMessage                     // Text, for everybody who waits
	OpenDoors                      // before their time; needs the draw
	SetJoinRate                    // Value: joins of one buyer in 1000 seconds; 0: no bound. See package bound
	SetJoinBurst                   // Value: joins of one buyer at once; 0: one second's worth
	SetPollRate                    // polls likewise
	SetPollBurst
	SetHoldRate // new holds likewise
	SetHoldBurst
	actions
)

// Command is a wish. All time, identity and chance is data in it.
type Command struct {
	Kind        CommandKind
	Settings    Settings
	Entrants    []Entrant // borrowed for the call only
	Oldest      Instant   // when the first of Entrants reached a node; 0: now
	Buyer       Buyer
	Session     SessionNo
	Sessions    []SessionNo // borrowed
	Acks        []Ack       // borrowed
	Stock       Stock       // borrowed
	Round       uint64
	Signature   []byte // borrowed
	Previous    []byte // of HandIn: the round before's signature, of a chained beacon; borrowed
	Codes       codebook.Codes
	Action      Action
	Value       uint32
	Text        string
	Reason      string // of Operate: why; it is logged
	Request     RequestID
	Fingerprint uint64 // hash of the request's body
}

// Place is a buyer's place as it stands.
type Place struct {
	Number  Number
	State   PlaceState
	Party   uint8
	Repeat  bool // the buyer had it before
	Session SessionNo
	Until   Instant // of the session
	// Refused is why a join of a batch got no place: State is NoPlace then.
	Refused Rejection
}

// Answer is what became of a command: a value, never an error.
type Answer struct {
	Rejection Rejection      // zero: accepted
	Repeat    bool           // it had been done before: nothing changed
	Place     Place          // of Leave, Take, Look
	Codes     codebook.Codes // of Mint: as they were minted
	Places    []Place        // of Join, one for each entrant. Reused by the next Decide of the same Call.
}

// Call is one command on its way to its gate and back.
type Call struct {
	Command Command
	Answer  Answer
}
