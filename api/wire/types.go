package wire

import (
	"holdfast/api/wire/calledoff"
	"holdfast/api/wire/pay"
	"holdfast/api/wire/pricing"
)

// Event is one show as browsers and operators see it.
type Event struct {
	ID   string `json:"id"` // UUID
	Name string `json:"name"`
	// By the venue's clock, as every time of an event and of its bookings.
	StartsAt   OffsetTime  `json:"starts_at"`
	SaleEndsAt *OffsetTime `json:"sale_ends_at,omitempty"` // no new hold from then on, whatever Sale says
	TimeZone   string      `json:"time_zone,omitempty"`    // the venue's, a name of IANA; empty: only offsets are known
	CreatedAt  OffsetTime  `json:"created_at"`
	Currency   string      `json:"currency"` // ISO 4217
	// CurrencyExponent is how many digits of an amount stand behind the point. Absent in an event of an earlier build
	// whose currency is none: then nobody can write its amounts as money.
	CurrencyExponent   *int             `json:"currency_exponent,omitempty"`
	Sale               string           `json:"sale"`    // "open", "paused", "closed", "cancelling" or "cancelled"
	Version            uint64           `json:"version"` // grows with each change of the event; an edit names it
	HoldTTLSeconds     int64            `json:"hold_ttl_seconds"`
	HoldCeilingSeconds int64            `json:"hold_ceiling_seconds"`
	SeatsPerBookingMax uint32           `json:"max_seats_per_booking"`
	SeatsPerBuyerMax   uint32           `json:"max_seats_per_buyer"`
	RefuseOrphans      bool             `json:"refuse_orphans"`
	ForbidTransfers    bool             `json:"forbid_transfers,omitempty"` // tickets stay with who bought them
	Prices             map[string]int64 `json:"prices"`                     // category → what a seat costs in all, in minor units
	// PriceComponents is what the prices of categories are made of that are more than a face value. Absent in lists.
	PriceComponents map[string]pricing.Price `json:"price_components,omitempty"`
	// TicketTypes are the types of tickets of the categories that have several, the default one first. Absent in lists.
	TicketTypes map[string][]pricing.Type `json:"ticket_types,omitempty"`
	Sections    []Section                 `json:"sections"`
	Seats       int                       `json:"seats"`                  // of all sections
	WaitingRoom *WaitingRoom              `json:"waiting_room,omitempty"` // nil: none
	ForgottenAt *OffsetTime               `json:"forgotten_at,omitempty"` // nobody knows whose its bookings were
	Cancelled   *calledoff.Announcement   `json:"cancelled,omitempty"`
	Postponed   *calledoff.Announcement   `json:"postponed,omitempty"`
	// Told once, when the event is made: where people look, and on whose word.
	Front string `json:"front,omitempty"`
}

// ListedEvent is an event in a list, which says how many sections the event has and not which: those of a large venue
// are hundreds of kilobytes.
type ListedEvent struct {
	Event
	Sections     []Section `json:"sections,omitempty"` // never there: it hides Event's
	SectionCount int       `json:"section_count"`
}

// Section is a section's header.
type Section struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Seats uint32 `json:"seats"`
}

// Events is one page of the catalog, newest first. NextCursor is nil on the last page; a page that has one may be
// shorter than asked for.
type Events struct {
	Events     []ListedEvent `json:"events"`
	NextCursor *string       `json:"next_cursor"`
}

// CreateEvent is the body of POST /v1/events. Pointers tell an absent member from a zero one.
type CreateEvent struct {
	Name               *string                  `json:"name"`
	StartsAt           *OffsetTime              `json:"starts_at"`
	SaleEndsAt         *OffsetTime              `json:"sale_ends_at,omitempty"` // default: starts_at
	TimeZone           *string                  `json:"time_zone,omitempty"`
	Currency           *string                  `json:"currency"`
	HoldTTLSeconds     *int64                   `json:"hold_ttl_seconds,omitempty"`
	HoldCeilingSeconds *int64                   `json:"hold_ceiling_seconds,omitempty"`
	SeatsPerBookingMax *int64                   `json:"max_seats_per_booking,omitempty"`
	SeatsPerBuyerMax   *int64                   `json:"max_seats_per_buyer,omitempty"`
	RefuseOrphans      *bool                    `json:"refuse_orphans,omitempty"`
	ForbidTransfers    *bool                    `json:"forbid_transfers,omitempty"`
	Prices             map[string]pricing.Given `json:"prices"`
	Plan               Raw                      `json:"plan"`
	Front              Raw                      `json:"front,omitempty"`        // a side of the drawing, or a point
	WaitingRoom        *WaitingRoom             `json:"waiting_room,omitempty"` // nil, or without any member: none
}

// Sale is the body of POST /v1/events/{e}/sale.
type Sale struct {
	State string `json:"state"`
}

// Book is the body of POST /v1/events/{e}/bookings: exactly one of the first two.
type Book struct {
	Seats         []string       `json:"seats,omitempty"`
	BestAvailable *BestAvailable `json:"best_available,omitempty"`
	// Of operators: whose booking it becomes; empty: a buyer without a name.
	Buyer  string `json:"buyer,omitempty"`
	Limits string `json:"limits,omitempty"` // of operators: LimitsApply or LimitsIgnore
	// Complimentary is of operators: the booking costs nothing, for a Reason that is logged.
	Complimentary bool   `json:"complimentary,omitempty"`
	Reason        string `json:"reason,omitempty"`
	// Types are the types of tickets of Seats, in their order, "" for the default one; nil: all are that. In the body a
	// seat with a type is an object of id and type.
	Types []string `json:"-"`
}

// What a Book may say of the seats that one buyer may have in all.
const (
	LimitsApply  = "apply" // as for the buyer's own bookings; the default
	LimitsIgnore = "ignore"
)

// BuyerCharactersMax bounds a buyer's name, in code points.
const BuyerCharactersMax = 256

// BookingSeatsMax is the most seats that any event may allow in one booking.
const BookingSeatsMax = 100

// BestAvailable lets the engine choose. Empty strings mean "any".
type BestAvailable struct {
	Quantity   uint32 `json:"quantity"`
	Section    string `json:"section,omitempty"`
	Category   string `json:"category,omitempty"`
	Accessible bool   `json:"accessible,omitempty"`
	// Types says how many of the seats are to be of which type of ticket, by name; nil: all are of the default one.
	Types []pricing.TypeCount `json:"-"`
}

// Confirm is the body of POST /v1/bookings/{b}/confirm. The token is the processor's; never a card number. A total of 0
// needs none.
type Confirm struct {
	PaymentToken OptionalText `json:"payment_token,omitzero"`
}

// Seats is the body, and the answer, of block and unblock.
type Seats struct {
	Seats []string `json:"seats"`
}

// Money is an amount in minor units (cents, yen …).
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Ticket is one sold seat and its unguessable code.
type Ticket struct {
	Seat string `json:"seat"`
	Code string `json:"code"`
}

// Booking is a buyer's claim on seats.
type Booking struct {
	ID        string      `json:"id"`
	Event     string      `json:"event"`
	State     string      `json:"state"` // held, paying, confirming, confirmed, released, expired, refunded, exchanged
	Seats     []string    `json:"seats"`
	Split     bool        `json:"split,omitempty"`      // best-available found no single run of neighbours
	ExpiresAt *OffsetTime `json:"expires_at,omitempty"` // while held or paying
	Total     Money       `json:"total"`
	// What the total is made of; nil where the event's prices have no components.
	Price   *pricing.Price `json:"price,omitempty"`
	Tickets []Ticket       `json:"tickets,omitempty"` // once confirmed, of the seats that are not refunded
	// SeatTypes are the types of tickets of Seats, in their order, and what each costs; none where no category of the
	// event has types and prices are those that the booking was made at.
	SeatTypes []pricing.SeatType `json:"seat_types,omitempty"`
	// Complimentary: the booking costs nothing. By whom it was given away, and why, is for operators.
	Complimentary       bool   `json:"complimentary,omitempty"`
	ComplimentaryBy     string `json:"complimentary_by,omitempty"`
	ComplimentaryReason string `json:"complimentary_reason,omitempty"`

	NextAction *pay.NextAction `json:"next_action,omitempty"` // while paying, if the buyer's bank asks
	Refunds    []pay.Refund    `json:"refunds,omitempty"`
	Exchange   *pay.Exchange   `json:"exchange,omitempty"` // of a booking that is to exchange seats of another one

	// Transfers are those of its tickets that the caller has a part in. Received: somebody else has paid for the
	// booking, and the caller sees the tickets of it that they were given; the total says 0.
	Transfers []pay.Transfer `json:"transfers,omitempty"`
	Received  bool           `json:"received,omitempty"`
}

// Seatmap is an event's geometry. It never changes.
type Seatmap struct {
	Name       string           `json:"name"`
	Categories []Category       `json:"categories"`
	FocalPoint *Point           `json:"focal_point,omitempty"`
	Sections   []SeatmapSection `json:"sections"`
}

// Category is a price category as drawn.
type Category struct {
	Label string `json:"label"`
	Color string `json:"color,omitempty"`
}

// Point is a place on the drawing, y growing downwards.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// SeatmapSection is one section's geometry.
type SeatmapSection struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// The plan's section that this is a part of; best_available.section takes that one.
	PartOf  string       `json:"part_of,omitempty"`
	General bool         `json:"general,omitempty"` // numbered places without neighbours
	Rows    []SeatmapRow `json:"rows"`
}

// SeatmapRow is an ordered run of seats.
type SeatmapRow struct {
	Label string        `json:"label"`
	Seats []SeatmapSeat `json:"seats"`
}

// SeatmapSeat is one seat. Its place in the section, counted over rows in order, is its letter's place in the
// availability.
type SeatmapSeat struct {
	ID         string  `json:"id"`
	Label      string  `json:"label"`
	X          float64 `json:"x"`
	Y          float64 `json:"y"`
	Category   string  `json:"category"`
	Accessible bool    `json:"accessible"`
}

// Availability is the live map: one letter a seat, in seatmap order.
type Availability struct {
	Sections []SectionAvailability `json:"sections"`
}

// SectionAvailability is one section's letters: a available, h held, s sold, b blocked.
type SectionAvailability struct {
	ID     string `json:"id"`
	Seq    uint64 `json:"seq"`
	Status string `json:"status"`
	Free   int    `json:"free"`
}

// Delta is one step of one section's map, or several in one: the seats that the records from FirstSeq to Seq changed,
// with their letters after Seq. Records are numbered without gaps, so a client sees what it missed; see Follows.
type Delta struct {
	Section  string       `json:"section"`             // the section's id
	FirstSeq uint64       `json:"first_seq,omitempty"` // 0, left out: Seq alone
	Seq      uint64       `json:"seq"`
	Changes  []SeatChange `json:"changes"`
}

// Follows says whether the delta brings a map at a seq to Seq: it begins with the next record at the latest, and ends
// with a newer one. One that begins earlier repeats what the map has, and is right all the same.
func (d *Delta) Follows(seq uint64) bool {
	first := d.FirstSeq
	if first == 0 {
		first = d.Seq
	}
	return first <= seq+1 && d.Seq > seq
}

// Checkpoint lets a client prove its map: Hash is the lower-case hex SHA-256 of the section's letters after Seq.
type Checkpoint struct {
	Section string `json:"section"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
}

// How a server knows its buyers.
const (
	SignInName  = "buyer_name"   // whatever name the header X-Buyer gives: a server for trying out
	SignInToken = "bearer_token" // a signed token in the header Authorization
)

// SignIn tells a client how a buyer becomes known, before anything is asked in a buyer's name.
type SignIn struct {
	Methods []string `json:"methods"`
	// Where a browser gets a token; "{return}" in it stands for the address to come back to.
	URL string `json:"url,omitempty"`
}

// Problem is an RFC 9457 answer. Code is stable; Title and Detail are for people.
type Problem struct {
	Type    string   `json:"type"`
	Title   string   `json:"title"`
	Status  int      `json:"status"`
	Code    string   `json:"code"`
	Detail  string   `json:"detail,omitempty"`
	Field   string   `json:"field,omitempty"`   // the member, header or query parameter at fault
	Limit   string   `json:"limit,omitempty"`   // which limit: "booking" or "buyer"
	Seats   []string `json:"seats,omitempty"`   // the seats at fault
	Defects []string `json:"defects,omitempty"` // everything wrong with a plan

	// Of not_together: suitable seats free in all, the most of them that one booking can have, and the section where.
	Free           uint32 `json:"free,omitempty"`
	LargestBooking uint32 `json:"largest_booking,omitempty"`
	Section        string `json:"section,omitempty"`
}
