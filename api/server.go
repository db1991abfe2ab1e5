package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Server answers HTTP. Make one with New; all methods are safe for concurrent use.
type Server struct {
	engine   Engine
	cfg      Config
	auth     *authenticator
	limits   *limiters
	meters   *meters
	tree     *node
	maps     *maps
	seatmaps seatmaps
	hubs     *hubs
	assets   *assets
	stranger *routeMeter // counts what matches no route
	http     fasthttp.Server
	stopping atomic.Bool
}

// New makes a server around an engine. It starts nothing: call Serve, or hand Handler to a fasthttp server of your own.
func New(engine Engine, cfg Config) *Server {
	cfg.fill()
	s := &Server{engine: engine, cfg: cfg, auth: newAuthenticator(&cfg), limits: newLimiters(&cfg.Limits)}
	s.meters = newMeters()
	s.maps = newMaps()
	s.hubs = newHubs(&s.cfg, s.meters)
	s.assets = loadAssets()
	all := routes()
	for _, r := range all {
		r.meter = s.meters.route(r.method, r.path)
		r.ofEvent = strings.HasPrefix(r.path, "/v1/events/{event}")
	}
	s.stranger = s.meters.route("ANY", "unmatched")
	s.tree = newTree(all)
	s.http = fasthttp.Server{
		Handler: s.Handler, ErrorHandler: s.garbled, HeaderReceived: s.headerReceived, Logger: quiet{},
		ReadTimeout: cfg.ReadTimeout, WriteTimeout: cfg.WriteTimeout, IdleTimeout: cfg.IdleTimeout,
		MaxConnsPerIP: cfg.ConnsPerIPMax, Concurrency: cfg.ConnsMax, ReadBufferSize: cfg.HeaderBytesMax,
		MaxRequestBodySize: bodyBytesMax + politeBytes, NoDefaultServerHeader: true, NoDefaultContentType: true,
		CloseOnShutdown: true, TCPKeepalive: true, NoDefaultDate: false,
	}
	return s
}

// Serve answers connections of a listener until Shutdown. Several listeners may be served at once.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(listener); err != nil {
		return fmt.Errorf("api: serve: %w", err)
	}
	return nil
}

// Shutdown stops accepting, ends the streams, lets every request in flight get its answer, and returns; an error means that
// ctx ended first. Requests on open connections during it are still answered, with "Connection: close".
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	streams := s.hubs.close(ctx)
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return errors.Join(fmt.Errorf("api: shutdown: %w", err), streams)
	}
	return streams
}

// politeBytes is how much over the limit a body may be and still be read to its end, so that its connection lives on after the
// 413; beyond it the rest is thrown away unread (see linger) and the connection ends.
const politeBytes = 192 << 10

// headerReceived allows long bodies only to whoever holds the operator key: anybody else could fill the memory.
func (s *Server) headerReceived(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	path := strings.TrimSuffix(string(header.RequestURI()), "/")
	if !header.IsPost() || path != "/v1/events" {
		return fasthttp.RequestConfig{}
	}
	token, ok := bearerToken(header.Peek("Authorization"))
	if !ok || !s.auth.isOperator(token) {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: planBodyBytesMax + politeBytes, ReadTimeout: 4 * s.cfg.ReadTimeout}
}

// Handler answers one request. It is what Serve runs; exported for tests and for embedding.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) {
	r := acquireRequest(ctx)
	meter := s.stranger
	start := s.meters.begin()
	func() {
		defer s.recovered(r)
		if err := s.dispatch(r); err != nil {
			s.refuse(r, err)
		}
	}()
	if r.route != nil {
		meter = r.route.meter
	}
	s.meters.end(meter, ctx.Response.StatusCode(), start)
	r.release()
}

// recovered turns a panic of a handler into a 500. The engine may have started something: the answer says so.
func (s *Server) recovered(r *request) {
	cause := recover()
	if cause == nil {
		return
	}
	r.shared = true // whatever was half done stays out of the pool
	s.cfg.Logger.Error("request panicked", "route", r.routeName(), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	writeProblem(&r.ctx.Response, &problem{kind: kindInternal}, nil)
}

func (r *request) routeName() string {
	if r.route == nil {
		return "unmatched"
	}
	return r.route.method + " " + r.route.path
}

// refuse is the one place where errors become answers, and where the surprising ones are logged.
func (s *Server) refuse(r *request, err error) {
	p, surprise := classify(err)
	if p.kind == kindUnknownOutcome {
		r.shared = true
	}
	if p.status == http.StatusTooManyRequests {
		s.meters.limited[p.limit].Inc()
	}
	if surprise {
		s.cfg.Logger.Error("request failed", "route", r.routeName(), "code", p.code, "error", err)
	}
	r.out = writeProblem(&r.ctx.Response, &p, r.out)
}

// dispatch finds the route, counts the call and guards its door.
func (s *Server) dispatch(r *request) error {
	at, param := s.tree.find(r.ctx.Path())
	if at != nil {
		r.route = at.methods[string(r.ctx.Method())]
	}
	if err := s.outside(r, r.route.cost()); err != nil {
		return err
	}
	if at == nil || at.methods == nil {
		return &problem{kind: kindNotFound}
	}
	if r.route == nil {
		return &problem{kind: kindMethod, allow: at.allow}
	}
	r.param = param
	if r.ctx.IsHead() {
		r.ctx.Response.SkipBody = true
	}
	if err := s.door(r); err != nil {
		return err
	}
	if err := r.route.handle(s, r); err != nil {
		return r.settleDoubt(err)
	}
	return nil
}

// door checks, in this order: sizes, card numbers, identity, rights, the key, the rates of buyer and event.
func (s *Server) door(r *request) error {
	if err := checkSize(r); err != nil {
		return err
	}
	r.readHead()
	if err := cardInRequest(r); err != nil {
		return err
	}
	if r.route.access != accessPublic {
		if err := s.identify(r); err != nil {
			return err
		}
	}
	if r.route.mutates {
		if err := r.checkKey(); err != nil {
			return err
		}
	}
	return s.inside(r, r.route.cost())
}

func checkSize(r *request) error {
	limit := bodyBytesMax
	if r.route.plan {
		limit = planBodyBytesMax
	}
	if len(r.body()) > limit {
		return &problem{kind: kindTooLarge, field: "body", detail: "the limit is " + strconv.Itoa(limit) + " bytes"}
	}
	return nil
}

func (r *request) readHead() {
	if r.route.access == accessPublic {
		return
	}
	header := &r.ctx.Request.Header
	r.authorization, r.buyerName, r.key = header.Peek("Authorization"), header.Peek("X-Buyer"), header.Peek("Idempotency-Key")
}

func (s *Server) identify(r *request) (err error) {
	if r.who, err = s.auth.identify(r); err != nil {
		return err
	}
	if !r.who.known {
		return &problem{kind: kindUnauthorized}
	}
	if r.route.access == accessOperator && !r.who.operator {
		return &problem{kind: kindForbidden}
	}
	return nil
}

// garbled answers what never became a request. A connection that merely ended or fell silent gets no words: a client could take
// them for the answer to the next request it sends.
func (s *Server) garbled(ctx *fasthttp.RequestCtx, err error) {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		_ = ctx.Conn().Close() // closed already, or about to be
		return
	}
	var small *fasthttp.ErrSmallBuffer
	p := &problem{kind: kindBadRequest, detail: "the request is not valid HTTP"}
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p = &problem{kind: kindTooLarge, field: "body"}
	case errors.As(err, &small):
		p = &problem{kind: kindHeaderTooLarge}
	}
	s.meters.end(s.stranger, p.status, s.meters.begin())
	writeProblem(&ctx.Response, p, nil)
	ctx.SetConnectionClose()
	if p.status == http.StatusRequestEntityTooLarge {
		s.linger(ctx)
	}
}

// How much of a body that nobody wants is thrown away, and for how long, so that its sender reads the 413.
const (
	lingerBytesMax = planBodyBytesMax + 16<<20
	lingerTime     = 5 * time.Second
)

// linger answers now and swallows what is still arriving: closing a connection with bytes unread resets it, and a reset takes the
// answer away from clients that read only after they have sent everything. An error means that the client is gone.
func (s *Server) linger(ctx *fasthttp.RequestCtx) {
	conn := ctx.Conn()
	defer func() { _ = conn.Close() }() // fasthttp finds it closed and says no more
	if conn.SetDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	if _, err := ctx.Response.WriteTo(conn); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, conn, lingerBytesMax)
}

// quiet swallows fasthttp's own log lines: they quote parts of requests, which may be secrets (P12).
type quiet struct{}

func (quiet) Printf(string, ...any) {}
