package waitingroom

import "holdfast/api/wire"

// LogChange is one line of what `holdfast log --waiting-room` prints: one change of a waiting room's log, or a record
// without changes (a claim, a release). What a kind has nothing to say of is absent.
type LogChange struct {
	Event string    `json:"event"`
	Seq   uint64    `json:"seq"`   // of the record
	Index int       `json:"index"` // of the change in its record
	Epoch uint64    `json:"epoch"`
	At    wire.Time `json:"at"`
	Kind  string    `json:"kind"` // one of the Log constants

	Settings  *LogSettings  `json:"settings,omitempty"`  // of founded
	Oldest    *wire.Time    `json:"oldest,omitempty"`    // of joined: when the first of them reached a node
	Entrants  []LogEntrant  `json:"entrants,omitempty"`  // of joined: they get the next numbers, in this order
	Count     *uint32       `json:"count,omitempty"`     // of lobby_closed: N
	Root      string        `json:"root,omitempty"`      // of lobby_closed, hexadecimal
	Round     uint64        `json:"round,omitempty"`     // of lobby_closed
	Signature string        `json:"signature,omitempty"` // of drawn, hexadecimal
	Seed      string        `json:"seed,omitempty"`      // of drawn, hexadecimal
	Number    *uint32       `json:"number,omitempty"`    // the place
	From      string        `json:"from,omitempty"`      // the place's state before
	Called    *uint32       `json:"called,omitempty"`    // of called: the counter from here on
	Affected  *uint32       `json:"people,omitempty"`    // how many the change is about
	Offers    *uint32       `json:"offers,omitempty"`    // of turns_lapsed: the offered among those who lapse
	Gone      *uint32       `json:"gone,omitempty"`      // of turns_lapsed: of the offered, those who are gone for good
	Cites     uint32        `json:"cites,omitempty"`     // of called: the stock, counted from 1
	ShowRate  *uint32       `json:"show_rate,omitempty"` // of called, in thousandths
	Stock     *LogStock     `json:"stock,omitempty"`     // of stock
	Session   uint32        `json:"session,omitempty"`
	Until     *wire.Time    `json:"until,omitempty"`     // of admitted
	Latecomer bool          `json:"latecomer,omitempty"` // of admitted
	Reason    string        `json:"reason,omitempty"`    // of session_ending: left, bought or expired; of operated: why
	Sessions  []uint32      `json:"sessions,omitempty"`  // of slots_freed
	Acks      []LogAck      `json:"acks,omitempty"`      // of slots_freed
	Operation *LogOperation `json:"operation,omitempty"`

	Previous string `json:"previous_signature,omitempty"` // of drawn by a chained beacon, hexadecimal
}

// LogSettings are what a waiting room was founded with, but for the key of the salts, which holdfast draw export has.
type LogSettings struct {
	Pool      uint32    `json:"pool"`
	OpensAt   wire.Time `json:"opens_at"`
	ClosesAt  wire.Time `json:"closes_at"` // 0: without a lobby
	CallsAt   wire.Time `json:"doors_at"`
	ActiveMax uint32    `json:"active_max"`
	Rate      uint32    `json:"calls_per_1000_s"` // 0: no bound
	Session   int64     `json:"session_ms"`
	Turn      int64     `json:"turn_ms"`
	Grace     int64     `json:"grace_ms"`
}

// LogEntrant is one who joined.
type LogEntrant struct {
	Buyer string `json:"buyer"` // the pseudonym, hexadecimal
	Party uint8  `json:"party"`
}

// LogStock is what the sections had, each up to a record of its log.
type LogStock struct {
	Free     uint32       `json:"free"`
	Held     uint32       `json:"held"`
	Paying   uint32       `json:"paying"`
	Holding  uint32       `json:"holding"` // sessions inside that have a hold, or had one
	Sections []LogSection `json:"sections,omitempty"`
}

// LogSection is up to which record a section was counted.
type LogSection struct {
	Section uint32 `json:"section"` // its index in the event
	Seq     uint64 `json:"seq"`
}

// LogAck is one node's word that it has followed the log.
type LogAck struct {
	Node       string `json:"node"`
	Seq        uint64 `json:"seq"`
	Superseded bool   `json:"superseded,omitempty"`
}

// LogOperation is what an operator did.
type LogOperation struct {
	Action string `json:"action"` // cap, rate, pause, resume, message or open
	Value  uint32 `json:"value,omitempty"`
	Text   string `json:"text,omitempty"`
}

// The kinds of a LogChange. The first two are records without changes.
const (
	LogClaim          = wire.LogClaim
	LogReleased       = wire.LogReleased
	LogFounded        = "founded"
	LogJoined         = "joined"
	LogLeft           = "left"
	LogLobbyClosed    = "lobby_closed"
	LogDrawn          = "drawn"
	LogOpened         = "doors_opened"
	LogStocked        = "stock"
	LogCalled         = "called"
	LogPresent        = "present" // came when no slot was free
	LogSlotsOffered   = "slots_offered"
	LogAdmitted       = "admitted"
	LogTurnsLapsed    = "turns_lapsed"
	LogGraceEnded     = "grace_ended"
	LogSessionEnding  = "session_ending"
	LogSessionsLapsed = "sessions_lapsed"
	LogSlotsFreed     = "slots_freed"
	LogOperated       = "operated"
	LogOutage         = "outage"
)
