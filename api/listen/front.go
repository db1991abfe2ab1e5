package listen

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"holdfast/api/problem"
	"holdfast/cluster/netlimit"
)

// Front is one listener of the server: the public one, or the operators' own.
type Front struct {
	name  string
	limit *netlimit.Limiter
	http  fasthttp.Server

	mu        sync.Mutex
	listeners []net.Listener // that are served
	ended     bool           // nothing is served any more
}

// Options say what a front is made of.
type Options struct {
	Name               string // in the log and in metrics
	Conns              int    // open at once
	PerAddress         int    // of one address; 0: no bound
	HeaderBytesMax     int
	ReadTimeout        time.Duration
	WriteTimeout, Idle time.Duration
	Logger             *slog.Logger
	Registry           prometheus.Registerer
	Reception          *Reception
	Answer             fasthttp.RequestHandler
	Garbled            func(*fasthttp.RequestCtx, error) // answers what never became a request
}

// New makes a front and registers its metrics.
func New(o *Options) *Front {
	f := &Front{name: o.Name}
	f.limit = netlimit.New(netlimit.Options{
		Name: o.Name, Max: o.Conns, PerAddress: o.PerAddress, Logger: o.Logger,
		Full: problem.Response(&problem.Problem{Kind: problem.Overloaded, Detail: "no more connections are served"}),
		Crowded: problem.Response(&problem.Problem{Kind: problem.Overloaded,
			Detail: "too many connections from this address"}),
	})
	f.http = fasthttp.Server{
		Handler: o.Answer, ErrorHandler: o.Garbled, HeaderReceived: o.Reception.headerReceived,
		ConnState: connState, Logger: quiet{},
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, IdleTimeout: o.Idle,
		// The limiter is the bound: fasthttp's own, which knows no problem documents and counts workers, must never be
		// met before.
		Concurrency: o.Conns + 1<<16, ReadBufferSize: o.HeaderBytesMax,
		// Forms would go to files of the system's.
		MaxRequestBodySize: BodyBytesMax + politeBytes, DisablePreParseMultipartForm: true,
		// A stream's connection belongs to its hub, and its handler's goroutine ends.
		KeepHijackedConns:     true,
		NoDefaultServerHeader: true, NoDefaultContentType: true, CloseOnShutdown: true, NoDefaultDate: false,
	}
	f.register(o.Registry)
	return f
}

func (f *Front) register(registry prometheus.Registerer) {
	counter := func(name, help string, more prometheus.Labels, read func() int64) {
		labels := prometheus.Labels{"listener": f.name}
		for k, v := range more {
			labels[k] = v
		}
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_http_" + name,
			Help: help, ConstLabels: labels},
			func() float64 { return float64(read()) }))
	}
	stats := f.limit.Stats()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_http_connections",
		Help:        "Connections open, streams among them.",
		ConstLabels: prometheus.Labels{"listener": f.name}}, func() float64 { return float64(f.limit.Open()) }))
	counter("accept_errors_total", "Connections that could not be accepted at once: no descriptors, no memory.", nil,
		stats.AcceptErrors.Load)
	refused := "Connections refused: more than the bound in all, or of one address."
	counter("connections_refused_total", refused, prometheus.Labels{"reason": "all"}, stats.Full.Load)
	counter("connections_refused_total", refused, prometheus.Labels{"reason": "address"}, stats.Crowded.Load)
	counter("connections_gave_way_total", "Connections closed to make room for new ones: silent, idle, or with a "+
		"request that was still arriving.", nil, stats.GaveWay.Load)
}

// Serve answers connections of a listener until Shutdown; after it, the listener is closed. Several listeners may be
// served at once.
func (f *Front) Serve(listener net.Listener) error {
	f.mu.Lock()
	f.listeners = append(f.listeners, listener)
	ended := f.ended
	f.mu.Unlock()
	if ended {
		return listener.Close()
	}
	if err := f.http.Serve(&connListener{f.limit.Listen(listener)}); err != nil && !f.end(false) {
		return fmt.Errorf("api: serve: %w", err)
	}
	return nil
}

// end says whether the front has ended. now: it ends now, and its listeners close: fasthttp knows none that it does not
// wait at yet.
func (f *Front) end(now bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now {
		f.ended = true
		for _, listener := range f.listeners {
			_ = listener.Close() // again, as a rule
		}
	}
	return f.ended
}

// ServeConn answers one connection until it ends. An error says how it ended.
func (f *Front) ServeConn(c net.Conn) error {
	return f.http.ServeConn(&Conn{Conn: f.limit.Admit(c), first: true})
}

// cutGrace is how long a handler may still take after its connection was cut.
const cutGrace = time.Second

// Shutdown ends a front by the end of ctx, whatever its clients do: connections on which nobody waits close at once,
// the others when they have their answer, or at the end of ctx without. It tells how many were cut.
func (f *Front) Shutdown(ctx context.Context) (cut int, err error) {
	if f.end(false) {
		return 0, nil
	}
	f.limit.CloseIdle()
	patience, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	counted := make(chan int, 1)
	stop := context.AfterFunc(ctx, func() {
		counted <- f.limit.CloseAll()
		time.AfterFunc(cutGrace, giveUp)
	})
	err = f.http.ShutdownWithContext(patience)
	f.end(true)
	if !stop() {
		cut = <-counted
	}
	// A handler is still at work for a client that was cut: whatever it does is durable, or refused.
	if patience.Err() != nil {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("api: shutdown of %s: %w", f.name, err)
	}
	return cut, err
}

// connState tells a connection when it is between requests.
func connState(c net.Conn, state fasthttp.ConnState) {
	conn, ok := c.(*Conn)
	if !ok {
		return
	}
	switch state {
	case fasthttp.StateActive:
		conn.found()
	case fasthttp.StateIdle:
		conn.answered()
	}
}

// quiet swallows fasthttp's own log lines: they quote parts of requests, which may be secrets (P12).
type quiet struct{}

func (quiet) Printf(string, ...any) {}
