package call

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/gate/place"
	"holdfast/actors/section"
	"holdfast/actors/trace"
	"holdfast/actors/venue"
	"holdfast/api/auth"
	"holdfast/api/card"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
	"holdfast/storage"
)

// Call is one call being answered, with everything it needs to be answered without allocating. It is pooled.
//
// Invariant: strings and slices in it may point into fasthttp's buffers, which live until Server.Handler returns, or
// into another request's scratch after release. Nothing of it is kept.
type Call struct {
	Ctx    *fasthttp.RequestCtx
	Start  time.Duration // when it came, see meters.begin
	Route  *Route
	Param  []byte // the path's variable segment
	sent   []byte // see body
	opened bool
	Who    auth.Identity
	// What the head says, read once: fasthttp looks each name up anew.
	Authorization, BuyerName, Key []byte
	Admitted                      []byte // the header Queue-Admission

	Parser wire.BookParser
	print  Fingerprint
	// Confirm is the body of a confirm; on the heap it would cost each one.
	Confirm wire.Confirm
	Book    actors.BookCall
	// Admission is what Admitted says, once opened; Book points to it.
	Admission place.Admission
	View      actors.BookingView
	Price     pricing.Price   // of View, in the wire's words
	Out       []byte          // the answer being encoded
	Text      []byte          // small texts inside it
	Over      problem.Problem // the limit that was met
	Left      Left            // of the limit that is nearest
	Detail    string          // what an operator asks for besides the path; see Detailf
	// Where a number stands that is a card's unless the plan has it as a name (see cardInRequest).
	Doubt string
	// Shared says that the engine may still touch call or view (a timeout): this request must not be used again.
	Shared bool
}

// Left is what a limit leaves to a caller.
type Left struct {
	Limit          string // its name; empty: none counts the caller
	Policy         []byte // as RateLimit-Policy says it
	Calls, Seconds int64  // whole calls at once, and the time until one more; 0: no more
}

var requests = sync.Pool{New: func() any { return new(Call) }}

// Acquire takes a call out of the pool for a request.
func Acquire(ctx *fasthttp.RequestCtx) *Call {
	r := requests.Get().(*Call)
	r.Ctx, r.Who, r.Route, r.Param, r.Shared, r.Doubt = ctx, auth.Identity{}, nil, nil, false, ""
	r.Authorization, r.BuyerName, r.Key, r.sent, r.opened, r.Detail = nil, nil, nil, nil, false, ""
	r.Admitted = nil
	return r
}

// scratchBytesMax bounds what a pooled request keeps between uses.
const scratchBytesMax = 256 << 10

// Release puts a call back, unless the engine may still touch it.
func (r *Call) Release() {
	if r.Shared || cap(r.Out) > scratchBytesMax {
		return
	}
	r.Ctx, r.Route, r.Param, r.sent = nil, nil, nil, nil
	r.Book = actors.BookCall{}
	r.View = actors.BookingView{Seats: r.View.Seats[:0], Tickets: r.View.Tickets[:0]}
	requests.Put(r)
}

// Body is what was sent, without the byte order mark that some clients put before it.
func (r *Call) Body() []byte {
	if !r.opened {
		r.opened, r.sent = true, venue.WithoutMark(r.Ctx.Request.Body())
	}
	return r.sent
}

// Fingerprint starts the fingerprint of a mutation; what the body adds follows, then caller.
func (r *Call) Fingerprint() *Fingerprint {
	r.print.start(r.Route, r.Param)
	return &r.print
}

// Caller makes the engine's caller of a mutation of that event from the fingerprint so far.
func (r *Call) Caller(event Named) actors.Caller {
	return actors.Caller{
		Buyer:       event.Buyer,
		Operator:    r.Who.Operator,
		Request:     requestID(r.Who.Operator, event.Buyer, r.Key),
		Fingerprint: r.print.sum(),
		Trace:       r.trace(),
	}
}

// trace is the W3C trace context that the call came with, to be passed on; nil: none. A stranger writes it, so that one
// with a card number in it goes no further (P12).
func (r *Call) trace() *trace.Parent {
	text := r.Ctx.Request.Header.Peek("Traceparent")
	if len(text) == 0 || card.Anywhere(text) {
		return nil
	}
	p, states := trace.Parse(text), r.Ctx.Request.Header.PeekAll("Tracestate")
	if p == nil || len(states) == 0 || slices.ContainsFunc(states, card.Anywhere) {
		return p
	}
	return p.WithState(states...)
}

// OperatorCaller is Caller for calls of operators whose keys are remembered beside the logs: without one there is
// nothing to remember.
func (r *Call) OperatorCaller() actors.Caller {
	who := r.Caller(Named{Buyer: actors.OperatorBuyer})
	if len(r.Key) == 0 {
		who.Request = section.RequestID{}
	}
	return who
}

// Refusals that never differ are made once: a flood of them costs no memory (P7).
var (
	eventUnknown   = &problem.Problem{Kind: problem.EventUnknown}
	bookingUnknown = &problem.Problem{Kind: problem.BookingUnknown}
)

// Event is the event that the path names.
func (r *Call) Event() (storage.EventID, error) {
	id, ok := storage.EventIDFromText(r.Param)
	if !ok {
		return id, eventUnknown
	}
	return id, nil
}

// Booking is the booking that the path names.
func (r *Call) Booking() (actors.BookingID, error) {
	id, ok := actors.ParseBookingID(r.Param)
	if !ok {
		return id, bookingUnknown
	}
	return id, nil
}

// NoBody refuses a body where none belongs; {} is forgiven, since many clients always send one.
func (r *Call) NoBody() error {
	if len(r.Body()) == 0 {
		return nil
	}
	var nothing struct{}
	return wire.Decode(r.Body(), &nothing)
}

// JSON sends r.out.
func (r *Call) JSON(status int) error {
	response := &r.Ctx.Response
	response.SetStatusCode(status)
	response.Header.SetContentType(document.JSON)
	response.AppendBody(r.Out)
	return nil
}

// Detailf keeps what an operator asks for beside the path, for the log. Nothing that is secret or a person's.
func (r *Call) Detailf(format string, args ...any) {
	if r.Who.Operator {
		r.Detail = fmt.Sprintf(format, args...)
	}
}

// Encode answers with any wire type.
func (r *Call) Encode(status int, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	r.Out = append(r.Out[:0], body...)
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(status)
}

// Deadline bounds an engine call that takes a context. It is not tied to the connection: a caller who hangs up must not
// leave a half-made event.
func Deadline(timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), timeout)
}

// TimeIn tells a moment by the clock of a place.
func TimeIn(zone *time.Location, at section.Instant) wire.OffsetTime {
	return wire.OffsetTime{Time: wire.Time(at), Minutes: storage.MinutesAhead(zone, at)}
}
