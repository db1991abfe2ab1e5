package listen

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// bodies bounds the memory of request bodies that are arriving or being worked on. A declared length costs memory
// before its first byte is there, so it is the declared length that counts. Small bodies are not counted: their bound
// is the number of connections.
type bodies struct {
	max  int64
	held atomic.Int64 // bytes

	mu sync.Mutex
	by map[*fasthttp.RequestHeader]int64
}

// Body limits, part of the public API.
const (
	BodyBytesMax     = 64 << 10
	PlanBodyBytesMax = 64 << 20 // venue.SeatsMax seats as the wordiest format writes them: some 320 bytes each
)

// bodyFree is what a body may weigh without being counted: a booking's is a tenth of it.
const bodyFree = 8 << 10

func newBodies(max int64) *bodies { return &bodies{max: max, by: map[*fasthttp.RequestHeader]int64{}} }

// reserve counts a body in; false: there is no room. A header that fasthttp uses again without having told of the end
// of its last request gives that one back.
func (b *bodies) reserve(header *fasthttp.RequestHeader, size int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.held.Load() - b.by[header]
	if held+size > b.max {
		return false
	}
	b.by[header] = size
	b.held.Store(held + size)
	return true
}

// release counts a body out, if it was counted in. Nearly always there is none, and it costs one load.
func (b *bodies) release(header *fasthttp.RequestHeader) bool {
	if b.held.Load() == 0 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	size, counted := b.by[header]
	if counted {
		delete(b.by, header)
		b.held.Add(-size)
	}
	return counted
}

// politeBytes is how much over the limit a body may be and still be read to its end, so that its connection lives on
// after the 413; beyond it the rest is thrown away unread (see httpConn.Close) and the connection ends.
const politeBytes = 192 << 10

// Reception decides what is read of a request. One serves all listeners.
type Reception struct {
	bodies, plans *bodies // of anybody; of operators
	readTimeout   time.Duration
	mayBringPlan  func(*fasthttp.RequestHeader) bool
}

// NewReception bounds the memory of all bodies to bytesMax, and that of plans to as much again. Long bodies are
// allowed to requests that mayBringPlan is true of: anybody else could fill the memory.
func NewReception(bytesMax int64, readTimeout time.Duration,
	mayBringPlan func(*fasthttp.RequestHeader) bool) *Reception {
	return &Reception{
		bodies: newBodies(bytesMax), plans: newBodies(max(bytesMax, 2*PlanBodyBytesMax)),
		readTimeout: readTimeout, mayBringPlan: mayBringPlan,
	}
}

// headerReceived judges a request by its head, before anything of its body is read: framing, then how long a body may
// be, then whether there is memory for it. What it refuses reaches Handler as nothing but that refusal.
func (b *Reception) headerReceived(header *fasthttp.RequestHeader) (config fasthttp.RequestConfig) {
	fault := findHeadFault(header)
	if fault == nil {
		fault = b.roomForBody(header, &config)
	}
	if fault != nil {
		fault.spoil(header)
	} else if header.ContentLength() == -1 {
		expectChunks(header)
	}
	return config
}

func (b *Reception) roomForBody(header *fasthttp.RequestHeader, config *fasthttp.RequestConfig) *headFault {
	size := header.ContentLength() // -1: chunked, -2: none
	if size <= bodyFree && size != -1 {
		return nil
	}
	most, budget := BodyBytesMax+politeBytes, b.bodies
	if b.mayBringPlan(header) {
		most, budget = PlanBodyBytesMax+politeBytes, b.plans
		config.MaxRequestBodySize, config.ReadTimeout = most, 4*b.readTimeout
	}
	if size > most {
		if len(header.Peek(fasthttp.HeaderExpect)) > 0 {
			return faultTooLarge // it asked before sending: no
		}
		return nil // 413, after the fact
	}
	if size == -1 {
		size = most
	}
	if !budget.reserve(header, int64(size)) {
		return faultBodies
	}
	return nil
}

// Done gives the memory of a counted body back.
func (b *Reception) Done(ctx *fasthttp.RequestCtx) {
	header := &ctx.Request.Header
	if b.bodies.release(header) || b.plans.release(header) {
		ctx.Request.ResetBody()
	}
}
