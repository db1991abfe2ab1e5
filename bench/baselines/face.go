package baselines

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
)

// operatorToken is the one operator key: baselines are servers for a load, never for people.
const operatorToken = "Bearer dev"

const planBodyBytesMax = 16 << 20

// face is the HTTP side, the same for every baseline.
type face struct {
	store  store
	shows  catalog
	secret [32]byte // of ticket codes
}

func newFace(s store) *face {
	f := &face{store: s}
	_, _ = rand.Read(f.secret[:]) // never fails: the runtime aborts instead
	return f
}

// server has the settings that Holdfast and the do-nothing server have, so that nothing but the seats is compared.
func (f *face) server() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:               f.serve,
		NoDefaultServerHeader: true, NoDefaultContentType: true, ReadBufferSize: 8 << 10,
		ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		Concurrency: 256 << 10, TCPKeepalive: true, CloseOnShutdown: true, MaxRequestBodySize: planBodyBytesMax,
	}
}

// listen serves until ctx ends; requests in flight get their answers.
func (f *face) listen(ctx context.Context, listener net.Listener) error {
	server := f.server()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("baselines: serve: %w", err)
	case <-ctx.Done():
		if err := server.Shutdown(); err != nil {
			return fmt.Errorf("baselines: shutdown: %w", err)
		}
		return nil
	}
}

// call is one request being answered. Calls are pooled.
type call struct {
	*fasthttp.RequestCtx
	// life is the context of everything that is asked of a database. It has no end: one that could end costs a
	// goroutine or two for every question, and the database's own timeout bounds a question as well.
	life     context.Context
	param    []byte // the path's variable segment
	operator bool
	parser   wire.BookParser
	task     task
	out      []byte
	seats    []string
	no       problem
}

var calls = sync.Pool{New: func() any { return &call{life: context.Background()} }}

// access says who may make a call.
type access uint8

const (
	anybody access = iota
	buyers
	operators
)

// route is one call of the API: method, what stands before and behind the variable segment.
type route struct {
	method, before, behind string
	access                 access
	handle                 func(*face, *call) error
}

const eventsPath, bookingsPath = "/v1/events/", "/v1/bookings/"

var routes = []route{ // the hottest first
	{"POST", eventsPath, "/bookings", buyers, (*face).book},
	{"GET", eventsPath, "/availability", anybody, (*face).availability},
	{"POST", bookingsPath, "/confirm", buyers, (*face).confirm},
	{"DELETE", bookingsPath, "", buyers, (*face).release},
	{"GET", bookingsPath, "", buyers, (*face).booking},
	{"POST", bookingsPath, "/extend", buyers, (*face).extend},
	{"GET", eventsPath, "/seatmap", anybody, (*face).seatmap},
	{"GET", eventsPath, "", anybody, (*face).event},
	{"POST", eventsPath, "/sale", operators, (*face).sale},
	{"POST", "/v1/events", "", operators, (*face).create},
	{"GET", "/readyz", "", anybody, (*face).ready},
}

// find matches a path. The first three routes whose path has no variable segment match it whole, with an empty one.
func find(method, path []byte) (*route, []byte) {
	for i := range routes {
		r := &routes[i]
		rest, ok := bytes.CutPrefix(path, unsafe.Slice(unsafe.StringData(r.before), len(r.before)))
		if !ok || string(method) != r.method {
			continue
		}
		param, behind := rest, []byte(nil)
		if at := bytes.IndexByte(rest, '/'); at >= 0 {
			param, behind = rest[:at], rest[at:]
		}
		whole := r.before[len(r.before)-1] != '/'
		if string(behind) == r.behind && whole == (len(param) == 0) {
			return r, param
		}
	}
	return nil, nil
}

func (f *face) serve(ctx *fasthttp.RequestCtx) {
	c := calls.Get().(*call)
	c.RequestCtx, c.operator = ctx, false
	c.task.reset()
	if err := f.dispatch(c); err != nil {
		c.out = problemOf(err).write(&ctx.Response, c.out)
	}
	c.RequestCtx = nil
	calls.Put(c)
}

func (f *face) dispatch(c *call) error {
	r, param := find(c.Method(), c.Path())
	if r == nil {
		return kindNotFound
	}
	c.param = param
	if r.access == anybody {
		return r.handle(f, c)
	}
	if err := c.identify(); err != nil {
		return err
	}
	if r.access == operators && !c.operator {
		return kindForbidden
	}
	return r.handle(f, c)
}

// identify says who asks, and names the request.
func (c *call) identify() error {
	header := &c.Request.Header
	name, key := header.Peek("X-Buyer"), header.Peek("Idempotency-Key")
	if authorization := header.Peek("Authorization"); len(authorization) > 0 {
		if string(authorization) != operatorToken {
			return kindUnauthorized
		}
		c.operator, name = true, nil
	} else if len(name) == 0 {
		return kindUnauthorized
	}
	c.task.buyer = wire.BuyerHash(unsafe.String(unsafe.SliceData(name), len(name))) // read before the call returns
	if len(key) == 0 {
		_, _ = rand.Read(c.task.request[:]) // never fails: the runtime aborts instead
		return nil
	}
	const keyBytesMax = 128
	if len(key) > keyBytesMax {
		return &problem{kind: kindBadRequest, detail: "Idempotency-Key is longer than 128 bytes"}
	}
	c.task.request = wire.RequestHash(c.task.buyer, key)
	return nil
}

func (c *call) json(status int, body []byte) {
	c.SetStatusCode(status)
	c.Response.Header.SetContentType("application/json")
	c.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	c.Response.AppendBody(body)
}

func (c *call) encode(status int, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("baselines: %w", err)
	}
	c.json(status, body)
	return nil
}

func (f *face) ready(c *call) error {
	c.json(200, []byte(`{"status":"ready"}`))
	return nil
}

func (f *face) create(c *call) error {
	e, err := newEvent(c.Request.Body(), time.Now())
	if err != nil {
		return err
	}
	f.shows.add(e)
	if err := f.store.create(c.life, e); err != nil {
		return err
	}
	f.shows.publish(e)
	c.Response.Header.Set("Location", eventsPath+e.name)
	return c.encode(201, e.answer())
}

func (f *face) theEvent(c *call) (*event, error) {
	if e := f.shows.find(c.param); e != nil {
		return e, nil
	}
	return nil, kindEventUnknown
}

func (f *face) event(c *call) error {
	e, err := f.theEvent(c)
	if err != nil {
		return err
	}
	return c.encode(200, e.answer())
}

func (f *face) sale(c *call) error {
	e, err := f.theEvent(c)
	if err != nil {
		return err
	}
	var body wire.Sale
	if err := wire.Decode(c.Request.Body(), &body); err != nil {
		return err
	}
	if !slices.Contains([]string{"open", "paused", "closed"}, body.State) {
		return &wire.FieldError{Field: "state", Reason: "must be open, paused or closed"}
	}
	e.setSale(body.State)
	return c.encode(200, e.answer())
}

func (f *face) seatmap(c *call) error {
	e, err := f.theEvent(c)
	if err != nil {
		return err
	}
	text, err := e.seatmap()
	if err != nil {
		return err
	}
	c.json(200, nil)
	c.Response.SetBodyRaw(text)
	return nil
}

func (f *face) availability(c *call) error {
	e, err := f.theEvent(c)
	if err != nil {
		return err
	}
	now := f.snapshot(c.life, e)
	if now.err != nil {
		return errors.Join(errUndone, now.err)
	}
	c.json(200, nil)
	c.Response.SetBodyRaw(now.document)
	return nil
}

// code is a ticket's: unguessable without the secret, and the same whenever it is told, so that no baseline stores it.
func (f *face) code(booking id, seat int32) string {
	mac := hmac.New(sha256.New, f.secret[:])
	mac.Write(binary.BigEndian.AppendUint32(booking[:], uint32(seat)))
	code := base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:16]
}
