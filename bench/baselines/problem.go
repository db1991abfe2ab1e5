package baselines

import (
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
)

// kind is one way of saying no, in Holdfast's words.
type kind struct {
	status int
	retry  int // seconds for Retry-After; 0: none
	head   []byte
}

func (k *kind) Error() string { return string(k.head) + "}" }

func define(status int, code, title string, retry int) *kind {
	k := &kind{status: status, retry: retry}
	k.head = append(k.head, `{"type":"urn:holdfast:problem:`+code+`","title":`...)
	k.head = wire.AppendString(k.head, title)
	k.head = strconv.AppendInt(append(k.head, `,"status":`...), int64(status), 10)
	k.head = wire.AppendString(append(k.head, `,"code":`...), code)
	return k
}

var (
	kindUnauthorized   = define(401, "unauthorized", "Say who you are", 0)
	kindDeclined       = define(402, "payment_declined", "The payment was declined; the hold stays", 0)
	kindForbidden      = define(403, "forbidden", "Only operators may do this", 0)
	kindNotFound       = define(404, "not_found", "There is nothing here", 0)
	kindEventUnknown   = define(404, "event_unknown", "There is no such event", 0)
	kindBookingUnknown = define(404, "booking_unknown", "There is no such booking", 0)
	kindSeatUnknown    = define(404, "seat_unknown", "There is no such seat", 0)
	kindSaleNotOpen    = define(409, "sale_not_open", "The sale is not open", 0)
	kindBadRequest     = define(400, "bad_request", "The request cannot be understood", 0)
	kindPlanInvalid    = define(422, "plan_invalid", "The plan has defects", 0)
	kindMismatch       = define(422, "idempotency_mismatch", "This idempotency key belongs to another request", 0)
	kindSpread         = define(422, "seats_in_different_sections", "One booking's seats must be in one section", 0)
	kindSectionUnknown = define(422, "section_unknown", "There is no such section", 0)
	kindDuplicateSeat  = define(422, "duplicate_seat", "One seat is named twice", 0)
	kindNoSeats        = define(422, "no_seats", "No seat is asked for", 0)
	kindTooManySeats   = define(422, "too_many_seats", "Too many seats for one booking", 0)
	kindUnavailable    = define(503, "unavailable", "Not available right now; nothing was granted", 1)
	kindUnknownOutcome = define(503, "outcome_unknown",
		"The outcome is not known yet: repeat with the same Idempotency-Key to learn it", 2)
)

// kindOf says a store's no.
var kindOf = [...]*kind{
	seatTaken:        define(409, "seat_taken", "Somebody else was faster", 0),
	noneLeft:         define(409, "sold_out", "Not enough suitable seats are free", 0),
	bookingUnknown:   kindBookingUnknown,
	holdExpired:      define(409, "hold_expired", "The hold has ended", 0),
	holdReleased:     define(409, "hold_released", "The hold was released", 0),
	alreadyConfirmed: define(409, "already_confirmed", "The booking is confirmed already", 0),
	extensionLimit:   define(409, "extension_limit", "The hold cannot be extended further", 0),
	tooBusy:          define(503, "overloaded", "Too busy; nothing was done", 1),
}

// problem is a no with what is special this time.
type problem struct {
	*kind
	detail string
	seats  []string
}

func defective(detail string) error { return &problem{kind: kindPlanInvalid, detail: detail} }

// errUndone marks an error after which the request was surely not granted.
var errUndone = errors.New("baselines: nothing was done")

// problemOf makes any error an answer.
func problemOf(err error) *problem {
	switch e := err.(type) { // none of them comes wrapped
	case *problem:
		return e
	case *kind:
		return &problem{kind: e}
	case *wire.FieldError:
		return &problem{kind: kindBadRequest, detail: e.Error()}
	}
	if errors.Is(err, errUndone) {
		return &problem{kind: kindUnavailable}
	}
	return &problem{kind: kindUnknownOutcome}
}

// append appends the JSON document.
func (p *problem) append(dst []byte) []byte {
	dst = append(dst, p.head...)
	if p.detail != "" {
		dst = wire.AppendString(append(dst, `,"detail":`...), p.detail)
	}
	if len(p.seats) > 0 {
		dst = wire.AppendStrings(append(dst, `,"seats":`...), p.seats)
	}
	return append(dst, '}')
}

func (p *problem) write(response *fasthttp.Response, scratch []byte) []byte {
	response.SetStatusCode(p.status)
	response.Header.SetContentType("application/problem+json")
	response.Header.SetCanonical(headerCacheControl, valueNoStore)
	if p.retry > 0 {
		response.Header.Set("Retry-After", strconv.Itoa(p.retry))
	}
	scratch = p.append(scratch[:0])
	response.AppendBody(scratch)
	return scratch
}

var (
	headerCacheControl, valueNoStore = []byte("Cache-Control"), []byte("no-store")
	headerLocation                   = []byte("Location")
)
