package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"holdfast/cluster/netlimit"
	"holdfast/storage"
)

// Server answers HTTP. Make one with New; all methods are safe for concurrent use.
type Server struct {
	engine   Engine
	cfg      Config
	auth     *authenticator
	limits   *limiters
	meters   *meters
	public   *front
	admin    *front  // nil: the public one answers everything
	bodies   *bodies // large bodies of anybody
	plans    *bodies // and of operators
	maps     *maps
	shelf    shelf
	seatmaps stills[storage.EventID]
	headers  stills[*storage.Event] // single events
	hubs     *hubs
	assets   *assets
	signIn   *still      // GET /v1/sign-in
	stranger *routeMeter // counts what matches no route
	// refusedOperators are attempts to be an operator that failed.
	refusedOperators *netlimit.Digest[string]
	stopping         atomic.Bool
	notYet           func() error // not nil: there is no engine; see NewWaiting
}

// New makes a server around an engine. It starts nothing: call Serve, or hand Handler to a fasthttp server of your own.
func New(engine Engine, cfg Config) *Server {
	cfg.fill()
	s := &Server{engine: engine, cfg: cfg, auth: newAuthenticator(&cfg), limits: newLimiters(&cfg.Limits)}
	s.meters = newMeters()
	s.refusedOperators = newOperatorRefusals(cfg.Logger)
	s.meterOperators()
	s.maps = newMaps()
	s.seatmaps.countMax, s.seatmaps.bytesMax = stillsMax, stillsBytesMax
	s.headers.countMax, s.headers.bytesMax = stillsMax, stillsBytesMax/4
	s.hubs = newHubs(&s.cfg, s.meters)
	s.hubs.newest = s.newestLive
	s.assets = loadAssets()
	s.signIn = newSignIn(&s.cfg)
	s.bodies, s.plans = newBodies(cfg.BodyBytesMax), newBodies(max(cfg.BodyBytesMax, 2*planBodyBytesMax))
	all := routes()
	for _, r := range all {
		r.meter = s.meters.route(r.method, r.path)
		r.ofEvent = strings.HasPrefix(r.path, "/v1/events/{event}")
	}
	s.stranger = s.meters.route("ANY", "unmatched")
	s.public = s.newFront("public", cfg.ConnsMax, cfg.ConnsPerIPMax, newTree(publicRoutes(all, cfg.AdminApart)))
	if cfg.AdminApart {
		s.admin = s.newFront("admin", adminConnsMax, 0, newTree(adminRoutes(all)))
	}
	return s
}

// Serve answers connections of a listener until Shutdown. Several listeners may be served at once.
func (s *Server) Serve(listener net.Listener) error { return s.public.serve(listener) }

// ServeAdmin answers what operators and their machines ask (/metrics, /healthz, /readyz and every call that wants the
// operator's key), on a listener of its own with connections of its own, so that buyers cannot crowd them out.
// Config.AdminApart must be set.
func (s *Server) ServeAdmin(listener net.Listener) error { return s.admin.serve(listener) }

// Shutdown stops accepting, ends the streams, lets every request in flight get its answer, and returns by the end of
// ctx (and a second) whatever clients do: silent and idle connections close at once, and those that are still busy when
// ctx ends are cut, which is logged. What was acknowledged, or is being made durable, is not touched by it. Requests on
// open connections meanwhile are still answered, with "Connection: close".
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	var (
		fronts sync.WaitGroup
		errs   [2]error
		cut    atomic.Int64
	)
	for i, f := range []*front{s.public, s.admin} {
		if f == nil {
			continue
		}
		fronts.Go(func() {
			n, err := f.shutdown(ctx)
			cut.Add(int64(n))
			errs[i] = err
		})
	}
	s.refusedOperators.Close()
	_ = s.hubs.close(ctx) // streams that are left are among the connections cut
	fronts.Wait()
	if n := cut.Load(); n > 0 {
		s.cfg.Logger.Warn("clients were cut off in the middle: they did not send the rest, or did not read their answers, until the server had to stop", "connections", n)
	}
	return errors.Join(errs[:]...)
}

// Handler answers one request. It is what Serve runs; exported for tests and for embedding.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) { s.answer(ctx, s.public.tree) }

func (s *Server) answer(ctx *fasthttp.RequestCtx, tree *node) {
	if conn, ok := ctx.Conn().(*httpConn); ok && !conn.Serve() {
		ctx.SetConnectionClose() // it gave way to another just now
		return
	}
	if fault := spoiled(&ctx.Request.Header); fault != nil {
		s.turnAway(ctx, &fault.problem)
		return
	}
	if trailed(&ctx.Request.Header) {
		s.bodyDone(ctx)
		s.turnAway(ctx, &faultTrailer.problem)
		return
	}
	r := acquireRequest(ctx)
	r.tree, r.start = tree, s.meters.begin()
	meter := s.stranger
	func() {
		defer s.recovered(r)
		if err := s.dispatch(r); err != nil {
			s.refuse(r, err)
		} else if r.who.operator {
			s.noteOperator(r, "")
		}
	}()
	if r.route != nil {
		meter = r.route.meter
	}
	s.meters.end(meter, ctx.Response.StatusCode(), r.start)
	r.release()
	s.bodyDone(ctx)
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
	if r.who.operator || r.triesToOperate(&p) {
		s.noteOperator(r, p.code)
	}
}

// dispatch finds the route, counts the call and guards its door.
func (s *Server) dispatch(r *request) error {
	at, param := r.tree.find(targetPath(r.ctx.Request.Header.RequestURI()))
	if at != nil {
		r.route = at.methods[string(r.ctx.Method())]
	}
	if err := s.outside(r, r.route.cost()); err != nil {
		return err
	}
	if s.notYet != nil && (r.route == nil || !r.route.probe) {
		return s.notReady(s.notYet())
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
	if r.route.mutates && !(r.route.lenient && len(r.key) == 0) {
		if err := r.checkKey(); err != nil {
			return err
		}
		if err := s.writable(); err != nil {
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

// garbled answers what never became a request. A connection that merely ended or fell silent gets no words: a client
// could take them for the answer to the next request it sends.
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
	s.bodyDone(ctx)
	s.turnAway(ctx, p)
}

// turnAway answers what is not, or not safely, a request, and ends its connection: where the next one begins on it is
// not known.
func (s *Server) turnAway(ctx *fasthttp.RequestCtx, p *problem) {
	s.meters.end(s.stranger, p.status, s.meters.begin())
	writeProblem(&ctx.Response, p, nil)
	ctx.SetConnectionClose()
	lingers(ctx.Conn())
}

// quiet swallows fasthttp's own log lines: they quote parts of requests, which may be secrets (P12).
type quiet struct{}

func (quiet) Printf(string, ...any) {}
