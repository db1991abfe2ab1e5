package problem

import (
	"cmp"
	"errors"
	"strconv"
	"time"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/storage/onsale"
)

// refusals maps a section's closed list of "no" to the outside.
var refusals = map[section.Rejection]*Kind{
	section.IdempotencyMismatch: mismatch,
	section.BookingUnknown:      BookingUnknown,
	section.SeatUnknown:         SeatUnknown,
	section.DuplicateSeat:       define(422, "duplicate_seat", "One seat is named twice"),
	section.NoSeats:             NoSeats,
	section.TooManySeats:        define(422, "too_many_seats", "Too many seats for one booking").limited("booking"),
	section.TooManyForBuyer:     define(422, "too_many_seats", "Too many seats for one buyer").limited("buyer"),
	section.AlreadyConfirmed:    define(409, "already_confirmed", "The booking is confirmed already"),
	section.PaymentInProgress:   define(409, "payment_in_progress", "The booking is being paid").after(1),
	section.HoldExpiredAlready:  define(409, "hold_expired", "The hold has ended"),
	section.HoldReleasedAlready: define(409, "hold_released", "The hold was released"),
	section.AlreadyRefunded:     define(409, "already_refunded", "The booking is refunded already"),
	section.NotPaying:           define(409, "not_paying", "The booking is not being paid"),
	section.NotConfirmed:        define(409, "not_confirmed", "The booking is not confirmed"),
	section.ExtensionLimit:      define(409, "extension_limit", "The hold cannot be extended further"),
	section.SeatTaken:           define(409, "seat_taken", "Somebody else was faster"),
	section.SeatsNotFree:        define(409, "seats_not_free", "Some seats are not in the right state"),
	section.OrphanSeat:          define(409, "orphan_seat", "The choice would strand a single seat"),
	section.SplitOnly:           define(409, "split_only", "Not enough seats together"),
	section.SoldOut:             define(409, "sold_out", "Not enough suitable seats are free"),
	section.PaymentAttempts: define(409, "payment_attempts",
		"Too many payments were tried for this booking; it stays held until its end"),
	section.SaleNotOpen:     saleNotOpen,
	section.EventCancelled:  eventCancelled,
	section.TypeUnknown:     define(422, "ticket_type_unknown", "There is no such type of ticket for these seats"),
	section.RefundTooLarge:  define(409, "refund_too_large", "More than what is left of the booking's payment"),
	section.AlreadyAdmitted: alreadyAdmitted,
	section.NotExchangeable: define(409, "not_exchangeable",
		"Seats of this booking cannot be exchanged; what was paid for it goes back"),
	section.ExchangeOverSections: define(409, "exchange_over_sections",
		"Seats are exchanged for seats of the same section, of bookings in one section"),
	section.ExchangeUneven: define(409, "exchange_uneven", "As many seats are given up as are wanted"),
	section.ExchangeUnderWay: define(409, "exchange_under_way",
		"Another exchange of this booking is held or being paid"),
	section.ChallengeCoolDown: define(429, "challenge_cool_down",
		"Your bank's question about these seats was not answered in time: others have the first choice of them now").
		limited("cool_down"),
	section.TooManyRequests: define(429, "rate_limited",
		"Too many requests of one buyer are remembered; some are forgotten each day").
		limited("remembered").after(3600),
}

// conditions maps the engine's conditions to the outside.
var conditions = []struct {
	err    error
	kind   *Kind
	detail string
}{
	{actors.ErrEventUnknown, EventUnknown, ""},
	{actors.ErrEventInUse, eventInUse, ""}, // before ErrUnavailable, which may stand beside it
	{actors.ErrEventDeleted, eventDeleted, ""},
	{actors.ErrForgotten, EventForgotten, ""},
	{pseudonym.ErrNotForgettable, notForgettable, "it was made by a build that had no keys of pseudonyms"},
	{actors.ErrBookingUnknown, BookingUnknown, ""},
	{actors.ErrSaleEnded, saleNotOpen, "the sale has ended"}, // before what it wraps
	{actors.ErrSaleNotOpen, saleNotOpen, ""},
	{actors.ErrEventCancelled, eventCancelled, ""},
	{actors.ErrNotCancelled, notCancelled, ""},
	{actors.ErrNotReturnable, notReturnable, ""},
	{actors.ErrRefundForOperators, Forbidden, ""},
	{actors.ErrNoWaitingRoom, NoWaitingRoom, ""},
	{actors.ErrNotAdmitted, NotAdmitted, ""},
	{actors.ErrAdmissionExpired, AdmissionExpired, ""},
	{actors.ErrOverloaded, Overloaded, ""},
	{actors.ErrTimeout, UnknownOutcome, ""},
	{actors.ErrMoved, moved, ""},
	{actors.ErrUnavailable, Unavailable, ""},
	{actors.ErrMismatch, mismatch, ""},
	{actors.ErrDeclined, declined, ""},
	{actors.ErrProcessor, processorSilent, ""},
}

// Classify turns any error into what the caller is told. The second result says that the error is a surprise, to be
// logged.
func Classify(err error) (p Problem, surprise bool) {
	switch e := err.(type) { // the hot ones come unwrapped
	case *actors.Refusal:
		return refused(e)
	case *actors.NotTogetherError:
		return Problem{Kind: notTogether, apart: e}, false
	case *actors.QueueRefusal:
		return queueRefused(e)
	case *Problem:
		return *e, false
	}
	for _, c := range conditions {
		if errors.Is(err, c.err) {
			// Bare, it comes from a section whose trouble is in the log already: a line for every request refused
			// meanwhile would bury it.
			return Problem{Kind: c.kind, Detail: c.detail}, c.kind == Unavailable && err != actors.ErrUnavailable
		}
	}
	return classifyRare(err)
}

func refused(r *actors.Refusal) (Problem, bool) {
	k := refusals[r.Code]
	if k == nil {
		k = transferRefusals[r.Code]
	}
	if k == nil {
		return Problem{Kind: Internal}, true
	}
	if r.Code == section.TooManyRequests {
		return Problem{Kind: k, Policy: policyOfMemory, Wait: k.retry}, false
	}
	return Problem{Kind: k, Seats: r.Seats, Wait: int((r.Wait + time.Second - 1) / time.Second)}, false
}

func classifyRare(err error) (Problem, bool) {
	var (
		refusal *actors.Refusal
		queued  *actors.QueueRefusal
		p       *Problem
		field   *wire.FieldError
		seats   *actors.SeatsUnknownError
		apart   *actors.NotTogetherError
		defects *venue.DefectsError
		notOver *pseudonym.NotOverError
		changed *onsale.VersionError
	)
	switch {
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.As(err, &queued):
		return queueRefused(queued)
	case errors.As(err, &apart):
		return Problem{Kind: notTogether, apart: apart}, false
	case errors.As(err, &p):
		return *p, false
	case errors.As(err, &field):
		return Problem{Kind: BadRequest, Field: cmp.Or(field.Field, "body"), Detail: field.Error()}, false
	case errors.As(err, &seats):
		return Problem{Kind: SeatUnknown, Seats: seats.Seats}, false
	case errors.As(err, &changed):
		return Problem{Kind: versionMismatch, Field: "version",
			Detail: "the event is at version " + strconv.FormatUint(changed.Now, 10)}, false
	case errors.As(err, &notOver):
		return Problem{Kind: eventNotOver, Detail: notOver.Why}, false
	case errors.Is(err, actors.ErrSections):
		return Problem{Kind: tooManySections, Field: "seats"}, false
	case errors.As(err, &defects):
		return Problem{Kind: PlanInvalid, Field: "plan", Defects: defectTexts(defects)}, false
	case errors.Is(err, actors.ErrSectionUnknown):
		return Problem{Kind: SectionUnknown, Field: "best_available.section"}, false
	case errors.Is(err, actors.ErrCategory):
		return Problem{Kind: CategoryUnknown, Field: "best_available.category"}, false
	}
	return Problem{Kind: Internal}, true
}

// defectTexts writes a plan's defects as lines: where, then what.
func defectTexts(e *venue.DefectsError) []string {
	lines := make([]string, 0, len(e.Defects)+1)
	for _, d := range e.Defects {
		where := d.Path
		if where == "" {
			where = "/"
		}
		lines = append(lines, where+": "+d.Problem)
	}
	if e.More > 0 {
		lines = append(lines, strconv.Itoa(e.More)+" more")
	}
	return lines
}
