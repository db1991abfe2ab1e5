package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/storage"
)

// request is one call being answered, with everything it needs to be answered without allocating. It is pooled.
//
// Invariant: strings and slices in it may point into fasthttp's buffers, which live until Server.Handler returns, or
// into another request's scratch after release. Nothing of it is kept.
type request struct {
	ctx    *fasthttp.RequestCtx
	start  time.Duration // when it came, see meters.begin
	route  *route
	param  []byte // the path's variable segment
	sent   []byte // see body
	opened bool
	who    identity
	// What the head says, read once: fasthttp looks each name up anew.
	authorization, buyerName, key []byte

	parser wire.BookParser
	print  fingerprint
	// confirm is the body of a confirm; on the heap it would cost each one.
	confirm wire.Confirm
	call    actors.BookCall
	view    actors.BookingView
	out     []byte  // the answer being encoded
	text    []byte  // small texts inside it
	over    problem // the limit that was met
	detail  string  // what an operator wishes besides; see detailf
	doubt   string  // where a number stands that is a card's unless the plan has it as a name (see cardInRequest)
	// shared says that the engine may still touch call or view (a timeout): this request must not be used again.
	shared bool
}

var requests = sync.Pool{New: func() any { return new(request) }}

func acquireRequest(ctx *fasthttp.RequestCtx) *request {
	r := requests.Get().(*request)
	r.ctx, r.who, r.route, r.param, r.shared, r.doubt = ctx, identity{}, nil, nil, false, ""
	r.authorization, r.buyerName, r.key, r.sent, r.opened, r.detail = nil, nil, nil, nil, false, ""
	return r
}

// scratchBytesMax bounds what a pooled request keeps between uses.
const scratchBytesMax = 256 << 10

func (r *request) release() {
	if r.shared || cap(r.out) > scratchBytesMax {
		return
	}
	r.ctx, r.route, r.param, r.sent = nil, nil, nil, nil
	r.call = actors.BookCall{}
	r.view = actors.BookingView{Seats: r.view.Seats[:0], Tickets: r.view.Tickets[:0]}
	requests.Put(r)
}

// body is what was sent, without the byte order mark that some clients put before it.
func (r *request) body() []byte {
	if !r.opened {
		r.opened, r.sent = true, venue.WithoutMark(r.ctx.Request.Body())
	}
	return r.sent
}

// asks starts the fingerprint of a mutation; what the body adds follows, then caller.
func (r *request) asks() *fingerprint {
	r.print.start(r.route, r.param)
	return &r.print
}

// caller makes the engine's caller of a mutation from the fingerprint so far.
func (r *request) caller() actors.Caller {
	return actors.Caller{
		Buyer:       r.who.buyer,
		Operator:    r.who.operator,
		Request:     requestID(&r.who, r.key),
		Fingerprint: r.print.sum(),
	}
}

// operator is caller for calls whose keys are remembered beside the logs: without one there is nothing to remember.
func (r *request) operator() actors.Caller {
	who := r.caller()
	if len(r.key) == 0 {
		who.Request = section.RequestID{}
	}
	return who
}

func (r *request) event() (storage.EventID, error) {
	id, ok := storage.EventIDFromText(r.param)
	if !ok {
		return id, &problem{kind: kindEventUnknown}
	}
	return id, nil
}

func (r *request) booking() (actors.BookingID, error) {
	id, ok := actors.ParseBookingID(r.param)
	if !ok {
		return id, &problem{kind: kindBookingUnknown}
	}
	return id, nil
}

// noBody refuses a body where none belongs; {} is forgiven, since many clients always send one.
func (r *request) noBody() error {
	if len(r.body()) == 0 {
		return nil
	}
	var nothing struct{}
	return wire.Decode(r.body(), &nothing)
}

// json sends r.out.
func (r *request) json(status int) error {
	response := &r.ctx.Response
	response.SetStatusCode(status)
	response.Header.SetContentType(jsonType)
	response.AppendBody(r.out)
	return nil
}

// detailf keeps what an operator wishes beside the path, for the log. Nothing that is secret or a person's.
func (r *request) detailf(format string, args ...any) {
	if r.who.operator {
		r.detail = fmt.Sprintf(format, args...)
	}
}

// encode answers with any wire type.
func (r *request) encode(status int, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	r.out = append(r.out[:0], body...)
	noStore(&r.ctx.Response.Header)
	return r.json(status)
}

// deadline bounds an engine call that takes a context. It is not tied to the connection: a caller who hangs up must not
// leave a half-made event.
func deadline(timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), timeout)
}
