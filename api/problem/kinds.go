package problem

import (
	"fmt"
	"math"
	"strconv"

	"holdfast/actors/section"
	"holdfast/api/wire"
)

// Kind is one way of saying no: everything about it that never varies.
type Kind struct {
	Status int
	Code   string
	title  string
	retry  int    // seconds for Retry-After; 0: a retry cannot help
	Limit  string // which limit was met
	head   []byte // the JSON up to, not including, the closing brace
}

// Every code of the public API. A code is for ever; titles may improve.
var (
	BadRequest      = define(400, "bad_request", "The request cannot be understood")
	CardData        = define(400, "card_data_refused", "Card numbers are not accepted here; send a payment token")
	Unauthorized    = define(401, "unauthorized", "Say who you are")
	processorSilent = define(503, "processor_unavailable",
		"The payment processor does not answer; nothing was charged, and the hold stays").after(2)
	declined         = define(402, "payment_declined", "The payment was declined; the hold stays")
	Forbidden        = define(403, "forbidden", "Only operators may do this")
	ForbiddenRole    = define(403, "forbidden_role", "This key is for scanning tickets only")
	NotFound         = define(404, "not_found", "There is nothing here")
	EventUnknown     = define(404, "event_unknown", "There is no such event")
	BookingUnknown   = define(404, "booking_unknown", "There is no such booking")
	SeatUnknown      = define(404, "seat_unknown", "There is no such seat")
	NodeUnknown      = define(404, "node_unknown", "There is no such node in the cluster")
	MethodNotAllowed = define(405, "method_not_allowed", "This call does not exist here")
	saleNotOpen      = define(409, "sale_not_open", "The sale is not open")
	eventCancelled   = define(409, "event_cancelled", "The event is cancelled; whatever was paid goes back")
	notCancelled     = define(409, "event_not_cancelled", "The event is not cancelled")
	notReturnable    = define(409, "not_returnable", "Bookings of this event cannot be given back now")
	eventInUse       = define(409, "event_has_bookings", "The event has live holds or tickets")
	versionMismatch  = define(409, "version_mismatch", "The event has changed since you saw it")
	eventDeleted     = define(409, "event_deleted", "The event that this key made has been deleted")
	notForgettable   = define(409, "not_forgettable", "The event's buyers have no key that could be destroyed")
	eventNotOver     = define(409, "event_not_over", "The event is not over")
	notTogether      = define(409, "not_together", "Suitable seats are free, but not as many in one section")
	NotClustered     = define(409, "not_clustered", "This server shares its sections with no other")
	NoTestClock      = define(409, "no_test_clock", "This store was not made for tests: its clock cannot be moved")
	NodeAmbiguous    = define(409, "node_ambiguous", "Several nodes have that name")
	LastNode         = define(409, "last_node", "No other node could serve: drained, nobody would")
	EventForgotten   = define(410, "event_forgotten",
		"The event is over, and nobody knows any more whose its bookings were")
	TooLarge        = define(413, "body_too_large", "The body is too large")
	invalid         = define(422, "invalid", "A value is out of bounds")
	PlanInvalid     = define(422, "plan_invalid", "The plan has defects")
	mismatch        = define(422, "idempotency_mismatch", "This idempotency key belongs to another request")
	NoSeats         = define(422, "no_seats", "No seat is asked for")
	tooManySections = define(422, "too_many_sections", "One booking's seats may be in at most 8 sections")
	SectionUnknown  = define(422, "section_unknown", "There is no such section")
	CategoryUnknown = define(422, "category_unknown", "There is no such category")
	RateBuyer       = define(429, "rate_limited", "Too many requests of one buyer").limited("buyer")
	RateAddress     = define(429, "rate_limited", "Too many requests from one address").limited("address")
	RateEvent       = define(429, "rate_limited", "Too many requests about one event").limited("event")
	RateJoins       = define(429, "rate_limited", "Too many joins of one buyer of this event").limited("joins")
	RatePolls       = define(429, "rate_limited", "Too many polls of one place of this event").limited("polls")
	RateHolds       = define(429, "rate_limited", "Too many new holds of one buyer of this event").limited("holds")
	RateGlobal      = define(429, "rate_limited", "Too many requests at once").limited("global")
	StreamsAddress  = define(429, "rate_limited", "Too many streams to one address").limited("streams_address")
	StreamsBuyer    = define(429, "rate_limited", "Too many streams of one buyer").limited("streams_buyer")
	HeaderTooLarge  = define(431, "header_too_large", "The request's head is too large")
	Internal        = define(500, "internal", "Something went wrong here; the outcome is not known: repeat with "+
		"the same key")
	Overloaded  = define(503, "overloaded", "Too busy; nothing was done").after(1)
	Unavailable = define(503, "unavailable", "Not available right now; nothing was granted").after(1)
	moved       = define(503, "moved", "The section has moved and was not found in time; nothing was done: "+
		"repeat with the same key").after(1)
	UnknownOutcome = define(503, "outcome_unknown",
		"The outcome is not known yet: repeat with the same Idempotency-Key to learn it").after(2)
	NotReady = define(503, "not_ready", "Not ready").after(1)
)

var everyKind []*Kind

// Kinds is the whole list, in the order of the table.
func Kinds() []*Kind { return everyKind }

func define(status int, code, title string) *Kind {
	k := &Kind{Status: status, Code: code, title: title}
	everyKind = append(everyKind, k)
	k.head = append(k.head, `{"type":"urn:holdfast:problem:`...)
	k.head = append(append(k.head, code...), `","title":`...)
	k.head = wire.AppendString(k.head, title)
	k.head = strconv.AppendInt(append(k.head, `,"status":`...), int64(status), 10)
	k.head = wire.AppendString(append(k.head, `,"code":`...), code)
	return k
}

func (k *Kind) after(seconds int) *Kind { k.retry = seconds; return k }

func (k *Kind) limited(limit string) *Kind {
	k.Limit = limit
	k.head = wire.AppendString(append(k.head, `,"limit":`...), limit)
	return k
}

// RatePolicy is a RateLimit-Policy item (draft-ietf-httpapi-ratelimit-headers): quota, and the seconds in which it
// comes back.
func RatePolicy(name string, quota, window float64) []byte {
	return fmt.Appendf(nil, `"%s";q=%.0f;w=%.0f`, name, quota, math.Ceil(window))
}

// policyOfMemory is the bound on remembered requests; it is a section's, and no configuration changes it.
var policyOfMemory = RatePolicy("remembered", section.RequestsPerBuyerMax, float64(section.DefaultDedupeWindow)/1000)
