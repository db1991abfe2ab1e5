package api

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"holdfast/api/auth"
	"holdfast/api/booking"
	"holdfast/api/bookinglist"
	"holdfast/api/call"
	"holdfast/api/catalog"
	"holdfast/api/contact"
	"holdfast/api/document"
	"holdfast/api/hooks"
	"holdfast/api/limit"
	"holdfast/api/listen"
	"holdfast/api/live"
	"holdfast/api/mails"
	"holdfast/api/meter"
	"holdfast/api/operate"
	"holdfast/api/payments"
	"holdfast/api/problem"
	"holdfast/api/queue"
	"holdfast/api/tickets"
	"holdfast/api/token"
	"holdfast/api/webhook"
)

// Server answers HTTP. Make one with New; all methods are safe for concurrent use.
type Server struct {
	engine   Engine
	cfg      Config
	auth     *auth.Authenticator
	limits   *limit.Limiters
	meters   *meters
	log      *operate.Log
	catalog  *catalog.Handlers
	bookings *booking.Handlers
	operate  *operate.Handlers
	live     *live.Handlers
	queue    *queue.Handlers
	payments *payments.Handlers
	tickets  *tickets.Handlers
	webhooks *webhook.Handlers
	hooks    *hooks.Handlers
	mails    *mails.Handlers
	contacts *contact.Handlers
	lists    *bookinglist.Handlers

	reception *listen.Reception
	public    *listen.Front
	publicly  *node         // what the public listener answers
	admin     *listen.Front // nil: the public one answers everything
	assets    *assets
	signIn    *document.Still // GET /v1/sign-in
	howToPay  *document.Still // GET /v1/payments
	unrouted  *meter.Route    // counts what matches no route
	stopping  atomic.Bool
	notYet    func() error // not nil: there is no engine; see NewWaiting
}

// New makes a server around an engine. It starts nothing: call Serve, or hand Handler to a fasthttp server of your own.
func New(engine Engine, cfg Config) *Server {
	cfg.fill()
	s := &Server{engine: engine, cfg: cfg, auth: auth.New(cfg.authentication()), meters: newMeters()}
	s.limits = limit.New(&cfg.Limits, s.auth, cfg.Now, s.meters.epoch)
	s.log = operate.NewLog(cfg.Logger, s.meters.registry, s.limits.Address)
	s.catalog = catalog.New(engine, cfg.RequestTimeout, cfg.Queue != nil, cfg.Captcha != nil)
	s.queue = queue.New(cfg.Queue, engine, cfg.waitingRooms(), s.limits, s.meters.registry)
	s.bookings = booking.New(engine, cfg.RequestTimeout, s.queue)
	s.payments = payments.New(engine, cfg.RequestTimeout)
	s.tickets = tickets.New(engine, cfg.RequestTimeout)
	s.webhooks = webhook.New(cfg.Payments, s.limits, s.meters.registry)
	s.hooks = hooks.New(cfg.Hooks, cfg.Changes, engine, cfg.RequestTimeout)
	s.mails = mails.New(cfg.Mails, engine, cfg.RequestTimeout)
	s.contacts = contact.New(engine, cfg.RequestTimeout)
	s.lists = bookinglist.New(engine, cfg.RequestTimeout)
	s.operate = operate.New(engine, cfg.Cluster, cfg.TestClock, cfg.RequestTimeout)
	s.live = live.New(engine, cfg.streaming(), s.limits, s.meters.registry)
	s.assets = loadAssets(cfg.PaymentPage.origins(), captchaOrigins(cfg.Captcha))
	s.signIn, s.howToPay = newSignIn(&s.cfg), newPaymentPage(&cfg.PaymentPage)
	s.reception = listen.NewReception(cfg.BodyBytesMax, cfg.ReadTimeout, s.mayBringPlan)
	all := routes(s)
	for _, r := range all {
		r.meter = s.meters.requests.Route(r.Method, r.Path)
	}
	s.unrouted = s.meters.requests.Route("ANY", "unmatched")
	s.publicly = newTree(publicRoutes(all, cfg.AdminApart))
	s.public = s.newFront("public", cfg.ConnsMax, cfg.ConnsPerIPMax, s.publicly)
	if cfg.AdminApart {
		s.admin = s.newFront("admin", adminConnsMax, 0, newTree(adminRoutes(all)))
	}
	return s
}

// adminConnsMax bounds the connections of the operators' listener: few ask there, and seldom.
const adminConnsMax = 64

func (s *Server) newFront(name string, conns, perAddress int, tree *node) *listen.Front {
	return listen.New(&listen.Options{
		Name: name, Conns: conns, PerAddress: perAddress, HeaderBytesMax: s.cfg.HeaderBytesMax,
		ReadTimeout: s.cfg.ReadTimeout, WriteTimeout: s.cfg.WriteTimeout, Idle: s.cfg.IdleTimeout,
		Logger: s.cfg.Logger, Registry: s.meters.registry, Reception: s.reception,
		Answer: func(ctx *fasthttp.RequestCtx) { s.answer(ctx, tree) }, Garbled: s.garbled,
	})
}

// mayBringPlan allows long bodies only to operators: anybody else could fill the memory.
func (s *Server) mayBringPlan(header *fasthttp.RequestHeader) bool {
	if !header.IsPost() || string(targetPath(header.RequestURI())) != "/v1/events" {
		return false
	}
	token, ok := auth.BearerToken(header.Peek("Authorization"))
	return ok && s.auth.IsOperator(token)
}

// SetKeys replaces the keys of Config.JWTKeys from the next request on. Tokens of keys that are gone are not believed
// any more, those that were verified before included; tokens of keys that stay are verified once more.
func (s *Server) SetKeys(keys []token.Key) { s.auth.SetKeys(keys) }

// SetOwnKeys replaces the keys of Config.JWTSecret and Config.JWTPublicKey as SetKeys does those of Config.JWTKeys.
// Nil: there is none; one that Validate would refuse counts for none.
func (s *Server) SetOwnKeys(secret []byte, public ed25519.PublicKey) {
	s.auth.SetOwnKeys(secret, public)
}

// SetOperatorKeys replaces all operators' keys from the next request on; check them before.
func (s *Server) SetOperatorKeys(keys []auth.OperatorKey) { s.auth.SetOperators(keys) }

// Serve answers connections of a listener until Shutdown. Several listeners may be served at once.
func (s *Server) Serve(listener net.Listener) error { return s.public.Serve(listener) }

// ServeAdmin answers what operators and their machines ask (/metrics, /healthz, /readyz and every call that wants the
// operator's key), on a listener of its own with connections of its own, so that buyers cannot crowd them out.
// Config.AdminApart must be set.
func (s *Server) ServeAdmin(listener net.Listener) error { return s.admin.Serve(listener) }

// Shutdown stops accepting, ends the streams, lets every request in flight get its answer, and returns by the end of
// ctx (and a second) whatever clients do: silent and idle connections close at once, and those that are still busy when
// ctx ends are cut, which is logged. What was acknowledged, or is being made durable, is not touched by it. Requests on
// open connections meanwhile are still answered, with "Connection: close".
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	s.live.Stop()
	s.queue.Stop()
	var (
		fronts sync.WaitGroup
		errs   [2]error
		cut    atomic.Int64
	)
	for i, f := range []*listen.Front{s.public, s.admin} {
		if f == nil {
			continue
		}
		fronts.Go(func() {
			n, err := f.Shutdown(ctx)
			cut.Add(int64(n))
			errs[i] = err
		})
	}
	s.log.Close()
	_ = s.live.Close(ctx) // streams that are left are among the connections cut
	_ = s.queue.Close(ctx)
	fronts.Wait()
	if n := cut.Load(); n > 0 {
		s.cfg.Logger.Warn("clients were cut off in the middle: they did not send the rest, or did not read their "+
			"answers, until the server had to stop", "connections", n)
	}
	return errors.Join(errs[:]...)
}

// Handler answers one request. It is what Serve runs; exported for tests and for embedding. A server that embeds it
// must keep hijacked connections (fasthttp.Server.KeepHijackedConns): a stream's connection lives on when its handler
// returns.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) { s.answer(ctx, s.publicly) }

func (s *Server) answer(ctx *fasthttp.RequestCtx, tree *node) {
	if conn, ok := ctx.Conn().(*listen.Conn); ok && !conn.Serve() {
		ctx.SetConnectionClose() // it gave way to another just now
		return
	}
	if fault := listen.Fault(&ctx.Request.Header); fault != nil {
		s.turnAway(ctx, fault)
		return
	}
	r := call.Acquire(ctx)
	r.Start = s.meters.begin()
	at, to := tree.route(r)
	s.handle(r, at, to)
	counter := s.unrouted
	if to != nil {
		counter = to.meter
	}
	s.meters.end(counter, ctx.Response.StatusCode(), r.Start)
	r.Release()
	s.reception.Done(ctx)
}

// handle makes the answer, whatever happens on the way.
func (s *Server) handle(r *call.Call, at *node, to *endpoint) {
	defer s.recovered(r)
	if err := s.dispatch(r, at, to); err != nil {
		s.refuse(r, err)
	} else {
		s.log.Answered(r)
	}
}

// recovered turns a panic of a handler into a 500. The engine may have started something: the answer says so.
func (s *Server) recovered(r *call.Call) {
	cause := recover()
	if cause == nil {
		return
	}
	r.Shared = true // whatever was half done stays out of the pool
	s.cfg.Logger.Error("request panicked", "route", r.Route.Name(), "cause", fmt.Sprint(cause),
		"stack", string(debug.Stack()))
	problem.Write(&r.Ctx.Response, &problem.Problem{Kind: problem.Internal}, nil)
}

// refuse is the one place where errors become answers, and where the surprising ones are logged.
func (s *Server) refuse(r *call.Call, err error) {
	p, surprise := problem.Classify(err)
	if p.Kind == problem.UnknownOutcome {
		r.Shared = true
	}
	if p.Status == http.StatusTooManyRequests {
		s.meters.limited[p.Limit].Inc()
	}
	s.queue.TurnedAway(p.Kind)
	if surprise {
		s.cfg.Logger.Error("request failed", "route", r.Route.Name(), "code", p.Code, "error", err)
	}
	r.Out = problem.Write(&r.Ctx.Response, &p, r.Out)
	s.log.Refused(r, &p)
}

// garbled answers what never became a request. A connection that merely ended or fell silent gets no words: a client
// could take them for the answer to the next request it sends.
func (s *Server) garbled(ctx *fasthttp.RequestCtx, err error) {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		_ = ctx.Conn().Close() // closed already, or about to be
		return
	}
	var small *fasthttp.ErrSmallBuffer
	p := &problem.Problem{Kind: problem.BadRequest, Detail: "the request is not valid HTTP"}
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p = &problem.Problem{Kind: problem.TooLarge, Field: "body"}
	case errors.As(err, &small):
		p = &problem.Problem{Kind: problem.HeaderTooLarge}
	}
	s.turnAway(ctx, p)
}

// turnAway answers what is not, or not safely, a request, and ends its connection: where the next one begins on it is
// not known.
func (s *Server) turnAway(ctx *fasthttp.RequestCtx, p *problem.Problem) {
	s.reception.Done(ctx)
	s.meters.end(s.unrouted, p.Status, s.meters.begin())
	problem.Write(&ctx.Response, p, nil)
	ctx.SetConnectionClose()
	listen.Linger(ctx.Conn())
}
