package api

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire"
)

// kind is one way of saying no: everything about it that never varies.
type kind struct {
	status int
	code   string
	title  string
	retry  int    // seconds for Retry-After; 0: a retry cannot help
	limit  string // which limit was met
	head   []byte // the JSON up to, not including, the closing brace
}

// problem is one "no" as told to a caller: a kind and what is special this time. Values of the request are never in it.
type problem struct {
	*kind
	detail  string
	field   string
	seats   []string
	defects []string
	allow   string // 405 only
	policy  []byte // 429 only: the limit, as RateLimit-Policy says it
	wait    int    // seconds for Retry-After, where they vary; 0: the kind's
	apart   *actors.NotTogetherError
}

func (p *problem) Error() string {
	text := "api: " + p.code
	for _, more := range append([]string{cmp.Or(p.detail, p.title)}, p.defects...) {
		text += ": " + more
	}
	return text
}

// Every code of the public API. A code is for ever; titles may improve.
var (
	kindBadRequest     = define(400, "bad_request", "The request cannot be understood")
	kindCardData       = define(400, "card_data_refused", "Card numbers are not accepted here; send a payment token")
	kindUnauthorized   = define(401, "unauthorized", "Say who you are")
	kindDeclined       = define(402, "payment_declined", "The payment was declined; the hold stays")
	kindForbidden      = define(403, "forbidden", "Only operators may do this")
	kindNotFound       = define(404, "not_found", "There is nothing here")
	kindEventUnknown   = define(404, "event_unknown", "There is no such event")
	kindBookingUnknown = define(404, "booking_unknown", "There is no such booking")
	kindSeatUnknown    = define(404, "seat_unknown", "There is no such seat")
	kindNodeUnknown    = define(404, "node_unknown", "There is no such node in the cluster")
	kindMethod         = define(405, "method_not_allowed", "This call does not exist here")
	kindSaleNotOpen    = define(409, "sale_not_open", "The sale is not open")
	kindEventInUse     = define(409, "event_has_bookings", "The event has live holds or tickets")
	kindEventDeleted   = define(409, "event_deleted", "The event that this key made has been deleted")
	kindNotTogether    = define(409, "not_together", "Enough suitable seats are free, but not in one section")
	kindNotClustered   = define(409, "not_clustered", "This server shares its sections with no other")
	kindNodeAmbiguous  = define(409, "node_ambiguous", "Several nodes have that name")
	kindLastNode       = define(409, "last_node", "No other node could serve: drained, nobody would")
	kindTooLarge       = define(413, "body_too_large", "The body is too large")
	kindInvalid        = define(422, "invalid", "A value is out of bounds")
	kindPlanInvalid    = define(422, "plan_invalid", "The plan has defects")
	kindMismatch       = define(422, "idempotency_mismatch", "This idempotency key belongs to another request")
	kindNoSeats        = define(422, "no_seats", "No seat is asked for")
	kindSpread         = define(422, "seats_in_different_sections", "One booking's seats must be in one section")
	kindSectionUnknown = define(422, "section_unknown", "There is no such section")
	kindCategory       = define(422, "category_unknown", "There is no such category")
	kindRateBuyer      = define(429, "rate_limited", "Too many requests of one buyer").limited("buyer")
	kindRateAddress    = define(429, "rate_limited", "Too many requests from one address").limited("address")
	kindRateEvent      = define(429, "rate_limited", "Too many requests about one event").limited("event")
	kindRateGlobal     = define(429, "rate_limited", "Too many requests at once").limited("global")
	kindStreamsAddress = define(429, "rate_limited", "Too many streams to one address").limited("streams_address")
	kindStreamsBuyer   = define(429, "rate_limited", "Too many streams of one buyer").limited("streams_buyer")
	kindHeaderTooLarge = define(431, "header_too_large", "The request's head is too large")
	kindInternal       = define(500, "internal", "Something went wrong here; the outcome is not known: repeat with the same key")
	kindOverloaded     = define(503, "overloaded", "Too busy; nothing was done").after(1)
	kindUnavailable    = define(503, "unavailable", "Not available right now; nothing was granted").after(1)
	kindMoved          = define(503, "moved", "The section has moved and was not found in time; nothing was done: repeat with the same key").after(1)
	kindUnknownOutcome = define(503, "outcome_unknown", "The outcome is not known yet: repeat with the same Idempotency-Key to learn it").after(2)
	kindNotReady       = define(503, "not_ready", "Not ready").after(1)
)

// refusals maps a section's closed list of "no" to the outside.
var refusals = map[section.Rejection]*kind{
	section.IdempotencyMismatch: kindMismatch,
	section.BookingUnknown:      kindBookingUnknown,
	section.SeatUnknown:         kindSeatUnknown,
	section.DuplicateSeat:       define(422, "duplicate_seat", "One seat is named twice"),
	section.NoSeats:             kindNoSeats,
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
	section.PaymentAttempts:     define(409, "payment_attempts", "Too many payments were tried for this booking; it stays held until its end"),
	section.TooManyRequests: define(429, "rate_limited", "Too many requests of one buyer are remembered; some are forgotten each day").
		limited("remembered").after(3600),
}

// conditions maps the engine's conditions to the outside.
var conditions = []struct {
	err    error
	kind   *kind
	detail string
}{
	{actors.ErrEventUnknown, kindEventUnknown, ""},
	{actors.ErrEventInUse, kindEventInUse, ""}, // before ErrUnavailable, which may stand beside it
	{actors.ErrEventDeleted, kindEventDeleted, ""},
	{actors.ErrBookingUnknown, kindBookingUnknown, ""},
	{actors.ErrSaleEnded, kindSaleNotOpen, "the sale has ended"}, // before what it wraps
	{actors.ErrSaleNotOpen, kindSaleNotOpen, ""},
	{actors.ErrOverloaded, kindOverloaded, ""},
	{actors.ErrTimeout, kindUnknownOutcome, ""},
	{actors.ErrMoved, kindMoved, ""},
	{actors.ErrUnavailable, kindUnavailable, ""},
	{actors.ErrMismatch, kindMismatch, ""},
	{actors.ErrDeclined, kindDeclined, ""},
}

var everyKind []*kind

// kinds is the whole list, in the order of the table.
func kinds() []*kind { return everyKind }

func define(status int, code, title string) *kind {
	k := &kind{status: status, code: code, title: title}
	everyKind = append(everyKind, k)
	k.head = append(k.head, `{"type":"urn:holdfast:problem:`...)
	k.head = append(append(k.head, code...), `","title":`...)
	k.head = wire.AppendString(k.head, title)
	k.head = strconv.AppendInt(append(k.head, `,"status":`...), int64(status), 10)
	k.head = wire.AppendString(append(k.head, `,"code":`...), code)
	return k
}

func (k *kind) after(seconds int) *kind { k.retry = seconds; return k }

func (k *kind) limited(limit string) *kind {
	k.limit = limit
	k.head = wire.AppendString(append(k.head, `,"limit":`...), limit)
	return k
}

func badField(field, reason string) *problem {
	return &problem{kind: kindBadRequest, field: field, detail: field + " " + reason}
}

func invalidField(field, reason string) *problem {
	return &problem{kind: kindInvalid, field: field, detail: field + " " + reason}
}

// classify turns any error into what the caller is told. The second result says that the error is a surprise, to be
// logged.
func classify(err error) (p problem, surprise bool) {
	switch e := err.(type) { // the hot ones come unwrapped
	case *actors.Refusal:
		return refused(e)
	case *actors.NotTogetherError:
		return problem{kind: kindNotTogether, apart: e}, false
	case *problem:
		return *e, false
	}
	for _, c := range conditions {
		if errors.Is(err, c.err) {
			// Bare, it comes from a section whose trouble is in the log already: a line for every request refused
			// meanwhile would bury it.
			return problem{kind: c.kind, detail: c.detail}, c.kind == kindUnavailable && err != actors.ErrUnavailable
		}
	}
	return classifyRare(err)
}

func refused(r *actors.Refusal) (problem, bool) {
	k := refusals[r.Code]
	if k == nil {
		return problem{kind: kindInternal}, true
	}
	if r.Code == section.TooManyRequests {
		return problem{kind: k, policy: policyOfMemory, wait: k.retry}, false
	}
	return problem{kind: k, seats: r.Seats}, false
}

func classifyRare(err error) (problem, bool) {
	var (
		refusal *actors.Refusal
		p       *problem
		field   *wire.FieldError
		seats   *actors.SeatsUnknownError
		split   *actors.SplitSectionError
		apart   *actors.NotTogetherError
		defects *venue.DefectsError
	)
	switch {
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.As(err, &apart):
		return problem{kind: kindNotTogether, apart: apart}, false
	case errors.As(err, &p):
		return *p, false
	case errors.As(err, &field):
		return problem{kind: kindBadRequest, field: cmp.Or(field.Field, "body"), detail: field.Error()}, false
	case errors.As(err, &seats):
		return problem{kind: kindSeatUnknown, seats: seats.Seats}, false
	case errors.As(err, &split):
		return problem{kind: kindSpread, field: "seats", seats: split.Seats, detail: "section " + split.Section +
			" is so large that it is sold in parts; these seats are in another part than the first"}, false
	case errors.Is(err, actors.ErrSpread):
		return problem{kind: kindSpread}, false
	case errors.As(err, &defects):
		return problem{kind: kindPlanInvalid, field: "plan", defects: defectTexts(defects)}, false
	case errors.Is(err, actors.ErrSectionUnknown):
		return problem{kind: kindSectionUnknown, field: "best_available.section"}, false
	case errors.Is(err, actors.ErrCategory):
		return problem{kind: kindCategory, field: "best_available.category"}, false
	}
	return problem{kind: kindInternal}, true
}

// appendProblem appends the whole JSON document.
func appendProblem(dst []byte, p *problem) []byte {
	dst = append(dst, p.head...)
	if p.detail != "" {
		dst = wire.AppendString(append(dst, `,"detail":`...), p.detail)
	}
	if p.field != "" {
		dst = wire.AppendString(append(dst, `,"field":`...), p.field)
	}
	if len(p.seats) > 0 {
		dst = wire.AppendStrings(append(dst, `,"seats":`...), p.seats)
	}
	if len(p.defects) > 0 {
		dst = wire.AppendStrings(append(dst, `,"defects":`...), p.defects)
	}
	if p.apart != nil {
		dst = strconv.AppendUint(append(dst, `,"free":`...), uint64(p.apart.Free), 10)
		dst = strconv.AppendUint(append(dst, `,"largest_booking":`...), uint64(p.apart.Largest), 10)
		dst = wire.AppendString(append(dst, `,"section":`...), p.apart.Section)
	}
	return append(dst, '}')
}

var (
	headerRetryAfter = []byte("Retry-After")
	headerRateLimit  = []byte("RateLimit")
	headerRatePolicy = []byte("RateLimit-Policy")
)

const problemType = "application/problem+json"

// writeProblem makes p the answer, using scratch for the body, and returns scratch grown.
func writeProblem(response *fasthttp.Response, p *problem, scratch []byte) []byte {
	response.ResetBody()
	response.SetStatusCode(p.status)
	response.Header.SetContentType(problemType)
	noStore(&response.Header)
	if retry := cmp.Or(p.wait, p.retry); retry > 0 {
		scratch = strconv.AppendInt(scratch[:0], int64(retry), 10)
		response.Header.SetCanonical(headerRetryAfter, scratch)
	}
	if p.policy != nil {
		response.Header.SetCanonical(headerRatePolicy, p.policy)
		scratch = appendRateLimit(scratch[:0], p)
		response.Header.SetCanonical(headerRateLimit, scratch)
	}
	if p.status == http.StatusUnauthorized {
		response.Header.Set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	if p.allow != "" {
		response.Header.Set("Allow", p.allow)
	}
	scratch = appendProblem(scratch[:0], p)
	response.AppendBody(scratch)
	return scratch
}

// ratePolicy is a RateLimit-Policy item (draft-ietf-httpapi-ratelimit-headers): quota, and the seconds in which it
// comes back.
func ratePolicy(name string, quota, window float64) []byte {
	return fmt.Appendf(nil, `"%s";q=%.0f;w=%.0f`, name, quota, math.Ceil(window))
}

// appendRateLimit appends a RateLimit item: nothing remains, and when something will.
func appendRateLimit(dst []byte, p *problem) []byte {
	dst = append(append(append(dst, '"'), p.limit...), `";r=0;t=`...)
	return strconv.AppendInt(dst, int64(p.wait), 10)
}

// policyOfMemory is the bound on remembered requests; it is a section's, and no configuration changes it.
var policyOfMemory = ratePolicy("remembered", section.RequestsPerBuyerMax, float64(section.DefaultDedupeWindow)/1000)

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

// refusalWords is a whole answer, made beforehand: refusing must cost nothing when there is nothing.
func refusalWords(p *problem) []byte {
	body := appendProblem(nil, p)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\nRetry-After: %d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		p.status, fasthttp.StatusMessage(p.status), problemType, p.retry, len(body), body)
}
