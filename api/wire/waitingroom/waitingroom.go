// Package waitingroom is the wire of waiting rooms: what clients and the bench send and are told, and their JSON.
//
// It stands beside package wire, whose texts and times it uses, because few clients of the API ever wait.
package waitingroom

import (
	"strconv"

	"holdfast/api/wire"
	"holdfast/api/wire/roomrules"
)

// Change is the body of PATCH /v1/events/{e}/waiting-room: a reason, and at least one change. Changes are
// made in the order of the members.
type Change struct {
	Reason         *string  `json:"reason"` // why, for the log
	ActiveMax      *int64   `json:"active_max,omitempty"`
	AdmitPerSecond *float64 `json:"admit_per_second,omitempty"`
	AdmitUnbounded *bool    `json:"admit_unbounded,omitempty"` // true: no bound on calls
	Message        *string  `json:"message,omitempty"`         // told to everybody who waits; "": none
	Paused         *bool    `json:"paused,omitempty"`
	Open           *bool    `json:"open,omitempty"` // true: open the doors before their time
	Draw           *HandIn  `json:"draw,omitempty"`
	// Limits of one buyer; what is absent stays.
	Limits *roomrules.Limits `json:"limits,omitempty"`
}

// HandIn is the round that seeds a draw. Without an independent beacon round is 0, and the signature is a value of the
// operator's.
type HandIn struct {
	Round     *int64  `json:"round,omitempty"`
	Signature *string `json:"signature"` // hexadecimal
	// Previous is the signature of the round before; only a chained beacon's rounds need it.
	Previous *string `json:"previous_signature,omitempty"`
}

// Join is the body of POST /v1/events/{e}/queue.
type Join struct {
	Party *int64  `json:"party,omitempty"` // seats that are wanted: a hint; default 1
	Code  *string `json:"code,omitempty"`  // of a presale, where the event asks for one
	Proof *string `json:"proof,omitempty"` // of work, where the event asks for it
	// Captcha is the token of the provider's widget, where the event asks for one.
	Captcha *string `json:"captcha,omitempty"`
}

// Challenge is what a join needs now; what the event does not ask for is absent.
type Challenge struct {
	ProofOfWork *Puzzle `json:"proof_of_work,omitempty"`
	Presale     bool    `json:"presale,omitempty"` // a code is needed
	Captcha     *Widget `json:"captcha,omitempty"`
}

// Widget is the captcha that a page shows before a join.
type Widget struct {
	Provider string `json:"provider"` // turnstile or hcaptcha
	SiteKey  string `json:"site_key"`
	Action   string `json:"action"` // what the token is for; where the provider carries that
	Bound    string `json:"bound"`  // event and buyer, 32 hexadecimal digits; where the provider carries data
}

// MintCodes is the body of POST /v1/events/{e}/queue/codes.
type MintCodes struct {
	Reason   *string          `json:"reason"`
	Count    *int64           `json:"count,omitempty"`    // of codes that everybody may use
	Buyers   []string         `json:"buyers,omitempty"`   // instead of count: a code for each, that nobody else may use
	Uses     *int64           `json:"uses,omitempty"`     // joins that each lets in; default 1
	OpensAt  *wire.OffsetTime `json:"opens_at,omitempty"` // the window; default: no bound
	ClosesAt *wire.OffsetTime `json:"closes_at,omitempty"`
}

// RevokeCodes is the body of POST /v1/events/{e}/queue/codes/revoke: one code, or numbers.
type RevokeCodes struct {
	Reason *string `json:"reason"`
	Code   *string `json:"code,omitempty"`
	First  *int64  `json:"first,omitempty"`
	Count  *int64  `json:"count,omitempty"` // from First on; default 1
}

// Codes are presale codes that were minted together, or taken back.
type Codes struct {
	First    int64            `json:"first"`
	Count    int64            `json:"count"`
	Uses     int64            `json:"uses,omitempty"`
	OpensAt  *wire.OffsetTime `json:"opens_at,omitempty"`
	ClosesAt *wire.OffsetTime `json:"closes_at,omitempty"`
	Codes    []Code           `json:"codes,omitempty"` // of minting
}

// Code is one presale code.
type Code struct {
	Number int64  `json:"number"`
	Code   string `json:"code"`
	Buyer  string `json:"buyer,omitempty"` // the only one who may use it
}

// Puzzle is ALTCHA's challenge, version 1: find the number of 0 … maxnumber whose SHA-256 behind the salt is the
// challenge. package proofofwork has the bytes.
type Puzzle struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"` // 64 hexadecimal digits
	MaxNumber uint32 `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"` // 64 hexadecimal digits
}

// What a place's holder is told to do next.
const (
	NextWait     = "wait"
	NextTakeTurn = "take_turn" // POST …/queue/admission
	NextBook     = "book"      // with the admission as Queue-Admission
	NextJoin     = "join"      // the place is gone; another one may be had
	NextLeave    = "leave"     // nothing is left to wait for
)

// Room is a waiting room as everybody sees it: GET /v1/events/{e}/queue without a place, and each frame of its stream.
// With Number, Seed and Entrants a client computes its own position; see package position.
type Room struct {
	Phase          string      `json:"phase"` // before, lobby, closed, drawn, open, paused, sold_out
	Seq            uint64      `json:"seq"`   // the newest record of the queue's log that is told of
	Joined         uint32      `json:"joined"`
	Called         uint32      `json:"called"` // ranks below it have had their turn, or gone before
	Entrants       uint32      `json:"entrants"`
	Root           string      `json:"root,omitempty"` // of the entrants, from the close on; 64 hexadecimal digits
	Seed           string      `json:"seed,omitempty"` // of the draw, 64 hexadecimal digits
	Waiting        uint32      `json:"waiting"`
	Present        uint32      `json:"present"` // called, and wait for a free slot
	Inside         uint32      `json:"inside"`
	ActiveMax      uint32      `json:"active_max"`
	AdmitPerSecond *float64    `json:"admit_per_second,omitempty"` // absent: no bound
	Pace           uint32      `json:"pace"`                       // ranks called in 1000 s, of the last minute; 0: unknown
	ShowRate       float64     `json:"show_rate"`                  // of the called, how many come
	Left           uint32      `json:"left"`
	Lapsed         uint32      `json:"lapsed"`
	Finished       uint32      `json:"finished"`
	Message        string      `json:"message,omitempty"`
	PriceRange     *PriceRange `json:"price_range,omitempty"` // of what is free now; absent: not known, or nothing is
	SoldOut        []string    `json:"sold_out,omitempty"`    // categories without a free seat
	RetryAfter     int         `json:"retry_after"`           // seconds until a poll is welcome again
	// Limits of one buyer, in force; absent: none but the server's.
	Limits *roomrules.Limits `json:"limits,omitempty"`
}

// PriceRange is the lowest and the highest price of what is free.
type PriceRange struct {
	From wire.Money `json:"from"`
	To   wire.Money `json:"to"`
}

// Party says whether so many people could sit together now.
type Party struct {
	Size     int    `json:"size"`
	Together string `json:"together"` // yes, split or no
	// Parts are how a party that is split could sit, as few and as even as can be: two and two.
	Parts []int `json:"parts,omitempty"`
}

// Place is a place as its holder sees it. It holds less than Room, but for what is personal.
type Place struct {
	Place      string           `json:"place,omitempty"` // the signed token; of a join
	State      string           `json:"state"`           // waiting, called, inside or gone
	Gone       string           `json:"gone,omitempty"`  // left, lapsed or finished
	Phase      string           `json:"phase"`
	Number     uint32           `json:"number"`
	Position   uint32           `json:"position"` // 1 is called next; 0: called already, or not drawn yet
	Ahead      uint32           `json:"ahead"`    // at most so many are called before
	ETASeconds *int64           `json:"eta_seconds,omitempty"`
	ETABasis   string           `json:"eta_basis"`            // pace, or why there is no ETA
	ETAGrew    string           `json:"eta_grew,omitempty"`   // why it is later than the one that the caller had
	ExpiresAt  *wire.OffsetTime `json:"expires_at,omitempty"` // of the session, while inside
	Party      *Party           `json:"party,omitempty"`
	Message    string           `json:"message,omitempty"`
	PriceRange *PriceRange      `json:"price_range,omitempty"`
	SoldOut    []string         `json:"sold_out,omitempty"`
	Next       string           `json:"next"`
	RetryAfter int              `json:"retry_after"`
}

// Admission is the right to place new holds, sent as Queue-Admission.
type Admission struct {
	Admission string          `json:"admission"`
	ExpiresAt wire.OffsetTime `json:"expires_at"`
}

// AppendPlace appends the JSON of p, the same document encoding/json would make. shared is what many answers have
// in common, encoded before: the members message, price_range and sold_out, each after a comma; p's own are not looked
// at.
func AppendPlace(dst []byte, p *Place, shared []byte) []byte {
	dst = append(dst, '{')
	if p.Place != "" {
		dst = append(wire.AppendString(append(dst, `"place":`...), p.Place), ',')
	}
	dst = wire.AppendString(append(dst, `"state":`...), p.State)
	if p.Gone != "" {
		dst = wire.AppendString(append(dst, `,"gone":`...), p.Gone)
	}
	dst = wire.AppendString(append(dst, `,"phase":`...), p.Phase)
	dst = strconv.AppendUint(append(dst, `,"number":`...), uint64(p.Number), 10)
	dst = strconv.AppendUint(append(dst, `,"position":`...), uint64(p.Position), 10)
	dst = strconv.AppendUint(append(dst, `,"ahead":`...), uint64(p.Ahead), 10)
	if p.ETASeconds != nil {
		dst = strconv.AppendInt(append(dst, `,"eta_seconds":`...), *p.ETASeconds, 10)
	}
	dst = wire.AppendString(append(dst, `,"eta_basis":`...), p.ETABasis)
	if p.ETAGrew != "" {
		dst = wire.AppendString(append(dst, `,"eta_grew":`...), p.ETAGrew)
	}
	if p.ExpiresAt != nil {
		dst = append(wire.AppendOffsetTime(append(dst, `,"expires_at":"`...), *p.ExpiresAt), '"')
	}
	if p.Party != nil {
		dst = strconv.AppendInt(append(dst, `,"party":{"size":`...), int64(p.Party.Size), 10)
		dst = wire.AppendString(append(dst, `,"together":`...), p.Party.Together)
		if len(p.Party.Parts) > 0 {
			dst = append(dst, `,"parts":[`...)
			for i, n := range p.Party.Parts {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = strconv.AppendInt(dst, int64(n), 10)
			}
			dst = append(dst, ']')
		}
		dst = append(dst, '}')
	}
	dst = append(dst, shared...)
	dst = wire.AppendString(append(dst, `,"next":`...), p.Next)
	dst = strconv.AppendInt(append(dst, `,"retry_after":`...), int64(p.RetryAfter), 10)
	return append(dst, '}')
}
