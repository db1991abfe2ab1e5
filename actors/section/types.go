package section

import (
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
)

// Distinct numbers get distinct types: swapping two is a compile error.
type (
	// Epoch is the fencing token of a section's log.
	Epoch = machine.Epoch
	// Seq is a record's number in its section's log.
	Seq = machine.Seq
	// SeatIndex is a seat's place in its section's Layout, starting at 0.
	SeatIndex = account.SeatIndex
	// Instant is a moment in milliseconds since the Unix epoch, UTC.
	Instant = machine.Instant
	// Millis is a length of time in milliseconds.
	Millis = machine.Millis
	// BookingNo numbers a section's bookings: given out by Decide, growing, and never reused; dense within one life of the
	// section. The first of a life is above NumbersFrom of its claim, so that no number is given twice even where records
	// were lost, of which nobody knows any more. Logs of earlier builds are dense from 1.
	BookingNo = order.BookingNo
	// CategoryID is a price category's place in the event's category list.
	CategoryID uint16
)

// numbersPerMilli is how many booking numbers a millisecond has for itself. No section places as many bookings: a
// life's numbers stay behind the clock.
const numbersPerMilli = 1 << 12

// NumbersFrom is the number above which a life that began at an instant gives its bookings theirs. A life that was lost
// began at another millisecond, so the two never give the same one. Numbers fit the 53 bits of a JSON number until
// 2039.
func NumbersFrom(claimed Instant) BookingNo { return BookingNo(max(claimed, 0)) * numbersPerMilli }

// RequestID names one buyer's request: a 128-bit hash of buyer and idempotency key (made by the caller).
// The zero value means "not remembered"; timers use it.
type RequestID [16]byte

// BuyerID is an opaque 128-bit pseudonym of a buyer. The log holds no other trace of a person.
type BuyerID [16]byte

// SeatStatus is what the public map shows of a seat.
type SeatStatus byte

// The letters of the availability map.
const (
	Available SeatStatus = 'a'
	Held      SeatStatus = 'h'
	Sold      SeatStatus = 's'
	Blocked   SeatStatus = 'b'
)

// BookingState is where a booking stands. The zero value is no booking at all.
type BookingState uint8

// A booking's life: held → paying → confirmed | back to held, or released, expired, refunded.
const (
	BookingNone BookingState = iota
	BookingHeld
	BookingPaying
	BookingConfirmed
	BookingReleased
	BookingExpired
	BookingRefunded
	BookingBound // a leg whose home is not sold and has not ended; then it is confirmed, or released or refunded
)

// SeatSpec is one seat of a Layout.
type SeatSpec struct {
	Category   CategoryID
	Accessible bool
}

// RowSpec is an ordered run of seats [First, First+Count) in seat-index order. Neighbours are adjacent indexes of one
// row, except across a break: Breaks lists offsets (0 < offset < Count) before which an aisle or gap stands.
type RowSpec struct {
	First  SeatIndex
	Count  uint32
	Breaks []uint32
}

// Layout is a section's fixed geometry as the core needs it. It never changes while the section has a log.
type Layout struct {
	// General marks a general-admission area: numbered places without neighbours; any places are as good as any others.
	General bool
	Rows    []RowSpec
	Seats   []SeatSpec
	// Quality ranks seats for best-available: smaller is nearer the focal point. len(Quality) == len(Seats).
	Quality []uint32
}

// Rules are an event's booking limits as it was made. Terms in a section's log change what they may; DedupeWindow and
// DedupeCountMin are fixed for the life of the log.
type Rules struct {
	HoldTTL            Millis // how long a hold lasts from its placing or extension
	HoldCeiling        Millis // absolute life of a hold, extensions included, from its placing
	SeatsPerBookingMax uint32
	SeatsPerBuyerMax   uint32 // live seats (held, paying, confirmed) of one buyer in this section
	RefuseOrphans      bool   // refuse hand-picked choices that strand a single free seat
	ForbidTransfers    bool   `json:",omitempty"` // tickets stay with who bought them
	DedupeWindow       Millis // idempotency memory: an entry is forgotten when older than this AND
	DedupeCountMin     uint32 // not among this many youngest
}

// Default idempotency memory; part of the public API's promise (P5).
const (
	DefaultDedupeWindow   Millis = 24 * 60 * 60 * 1000
	DefaultDedupeCountMin uint32 = 10_000
)

// CommandKind says what a Command wishes for.
type CommandKind uint8

// The commands.
const (
	PlaceHold        CommandKind = iota + 1 // Seats, named by the buyer
	PlaceBest                               // Quantity, Category, AnyCategory, AccessibleOnly, TogetherOnly
	ExtendHold                              // Booking
	ReleaseHold                             // Booking
	BeginPayment                            // Booking; Pay: Attempt one above the last, Amount, Reference
	ConfirmPayment                          // Booking; Pay: Attempt, whose money is taken
	FailPayment                             // Booking; Pay: Attempt, which never takes money, Reason
	RefundBooking                           // Booking, confirmed; Seats, Order (none: all left); Pay: Amount, Captured
	ExpireHolds                             // Max: how many at most, so that a wave is cut into bounded records
	BlockSeats                              // Seats
	UnblockSeats                            // Seats
	FenceGrants                             // Grant: from this one on
	ChallengePayment                        // Booking; Pay: Attempt, which waits for its buyer
	SettleRefund                            // Booking; Pay: Refund, State: the processor's word on it
	RetryRefund                             // Booking; Pay: Refund, which has failed for good
	SwitchSale                              // Sale; Terms, if there are any
	WindUp                                  // of a cancelled event; Max: how many changes at most
)

// The commands of orders: what their legs and their homes are asked. Their Order says of which.
const (
	BeginOrder   CommandKind = iota + 32 // at the home: a new id, and the order is being collected
	AbandonOrder                         // at the home: it is not any more
	AskOrder                             // at the home, for a leg: what has become of it?
	SettleOrder                          // at the home: all legs have heard of its record Cited
	BindLeg                              // Seats
	SellLeg                              // the home was sold by Cited
	FreeLeg                              // the home ended by Cited; 0: it never was. Quantity: if not 0, its seats cool
	DueLegs                              // Max: the legs whose time to ask has come
	ShrinkLeg                            // Seats, which the home has given back; the leg keeps its others
	ServeOrder                           // at the home: every leg that has seats left has sold them
)

// Command is a request. All time, identity and chance is data in it; the core consults nothing else.
type Command struct {
	Kind           CommandKind
	AccessibleOnly bool // PlaceBest: only seats marked accessible (false: accessible seats are used last)
	AnyCategory    bool // PlaceBest: Category is ignored
	TogetherOnly   bool // PlaceBest: refuse with SplitOnly rather than answer with a split (used to try other sections first)
	Operator       bool // the caller may act on any buyer's booking
	AnyBuyerTotal  bool // PlaceHold, PlaceBest: SeatsPerBuyerMax does not bind (an operator's choice); the seats count all the same
	Category       CategoryID
	Quantity       uint32 // PlaceBest; PlaceHold of an order, BindLeg: if not 0, the seats were chosen for the buyer
	Max            uint32 // ExpireHolds
	At             Instant
	Request        RequestID
	Fingerprint    uint64 // hash of the request's body; same Request with another Fingerprint is IdempotencyMismatch
	Buyer          BuyerID
	Booking        BookingNo
	Seats          []SeatIndex // borrowed for the call only

	// Behind a waiting room, of a new hold: the buyer's session, whose end is not in the gate's log up to Horizon.
	Session      uint32 // from 1; 0: none
	SessionUntil Instant
	Horizon      Seq

	// PlaceHold, PlaceBest, BindLeg of a coordinated event; FenceGrants; grant.Key of other commands under a key.
	Grant grant.Grant

	Pay account.Payment // of commands about money

	Order  *order.Part    // of orders; PlaceHold of one
	Sale   sales.Turn     // SwitchSale
	Terms  *terms.Terms   // SwitchSale: those since the event's last edit; nil: there was none
	Entry  *entry.Word    // AdmitTicket, ReissueTicket; borrowed for the call only
	Prices *tariff.Prices // SwitchSale: likewise, since its last edit of prices
	Fare   *tariff.Fare   // of what takes seats: what of the price does not follow from them; it is not changed

	Exchange *exchange.Part // PlaceExchange
	Transfer *transfer.Word // OfferTransfer, AcceptTransfer, WithdrawTransfer; borrowed for the call only
}

// ChangeKind says what happened.
type ChangeKind uint8

// The changes. Each is the complete effect of one command (one booking, for ExpireHolds); a refund of nothing is due
// and done. PaymentBegun, BookingSold and PaymentFailed of builds without attempts name none.
const (
	HoldPlaced ChangeKind = iota + 1
	HoldExtended
	HoldReleased
	PaymentBegun
	BookingSold
	PaymentFailed
	BookingRefundedChange
	HoldExpired
	SeatsBlocked
	SeatsUnblocked
	GrantsFenced
	PaymentChallenged // Pay: Attempt; ExpiresAt: until when
	RefundDue         // Seats, none for an anomaly; Pay: Refund, Attempt, Reason, Amount, Captured, Reference; Order
	RefundPending     // Seats, Order: those that are on sale again by this change; Pay: Refund
	RefundDone        // likewise
	RefundFailed      // Pay: Refund, Next
	SaleSwitched      // Sale
)

// TermsSet: holds go by other Terms from here on. Its extended kind in logs is the same number.
const TermsSet ChangeKind = 50

// PricesSet: holds go by other Prices from here on. Its extended kind is the same number, too.
const PricesSet ChangeKind = 51

// Change is a fact that Apply cannot refuse. It says all that replay needs.
type Change struct {
	Kind        ChangeKind
	Split       bool   // HoldPlaced by PlaceBest: seats are not all together; LegFreed: they cool down for their buyer
	Session     uint32 // HoldPlaced behind a waiting room: the session it is placed under; else 0
	Horizon     Seq    // and the newest record of the gate's log in which the session's end was looked for
	At          Instant
	Request     RequestID
	Fingerprint uint64
	Buyer       BuyerID         // HoldPlaced; TransferOffered: by whom; TransferEnded: who accepted it
	Booking     BookingNo       // all but block/unblock
	ExpiresAt   Instant         // HoldPlaced, HoldExtended, TransferOffered; PaymentFailed that gives a minute
	Seats       []SeatIndex     // HoldPlaced, SeatsBlocked, SeatsUnblocked; strictly ascending for a canonical encoding
	Grant       grant.Grant     // GrantsFenced; HoldPlaced, LegBound of a coordinated event
	Total       int64           // HoldPlaced, where PriceMark is not 0: what the seats cost, in minor units
	PriceMark   tariff.Mark     // HoldPlaced: of the price list; 0: logged by an earlier build, or of an event of one
	Pay         account.Payment // of changes of money
	Order       *order.Part     // of an order's changes; HoldPlaced of one; refunds of single seats of one
	Sale        sales.Turn      // SaleSwitched
	Terms       *terms.Terms    // TermsSet
	Entry       *entry.Word     // of changes of tickets
	Exchange    *exchange.Part  // BookingExchanged; HoldPlaced of an exchange
	Transfer    *transfer.Word  // TransferOffered, TransferEnded
	Prices      *tariff.Prices  // PricesSet
	Fare        *tariff.Fare    // HoldPlaced, LegBound: what of Total does not follow from the seats; nil: all does
}

// Outcome is the answer to one command: a value, never an error.
type Outcome struct {
	Rejection Rejection // zero: accepted
	Repeat    bool      // the request was remembered: this is its first answer again, nothing changed
	Split     bool      // PlaceBest found no single row; seats are spread
	Booking   BookingNo
	State     BookingState
	ExpiresAt Instant
	// Lost lists the seats that caused SeatTaken, SeatsNotFree, OrphanSeat, SeatUnknown or ChallengeCoolDown. Owned by
	// the outcome.
	Lost []SeatIndex
	// Seats of the booking, ascending. Owned by the outcome.
	Seats []SeatIndex
	// Money is the booking's account, if it has one: of an answer without a change as it stands, else as it stood.
	// Owned by the outcome.
	Money *account.Money
	// DependsOn is the record that must be durable before this answer may be told: the newest state it was judged on.
	// The Writer compares it with the durable seq.
	DependsOn Seq
	// Order is of an order's home: the order, with Cited as the record that sold or ended it. It is not changed.
	Order *order.Part
	// Unsettled: some leg of the order may not have heard of Cited. Served: it is sold in every section where it has
	// seats left.
	Unsettled, Served bool
	// Cold, of an order's home that has ended: its buyer let a challenge run out, and the seats cool down.
	Cold bool
	// Passes is what is known of the booking's tickets beyond that they were sold, ascending. It is not changed.
	Passes []entry.Pass
	// Exchange, of an exchange: how it stands. It is not changed.
	Exchange *exchange.Exchange
	// Transfers are all that the booking's tickets have been through, by number. They are not changed. Transfer is the
	// number of the one that the command made or was about; 0: none.
	Transfers []transfer.Transfer
	Transfer  uint16
	// Mark is of the price list that the booking was placed under, or, of BeginOrder, of the one that counts now; 0: of
	// the one that the event was made with, or of none. Fare is the booking's, if it has one; it is not changed.
	Mark tariff.Mark
	Fare *tariff.Fare
	// Due lists legs, each with the number that it has here, for DueLegs. Owned by the outcome.
	Due []order.DueLeg
}
