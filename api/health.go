package api

import (
	"net/http"

	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
)

// healthz says that the process answers at all: a supervisor that restarts it on anything less makes outages longer.
func (s *Server) healthz(r *call.Call) error {
	r.Out = append(r.Out[:0], `{"status":"ok"}`...)
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(http.StatusOK)
}

// readyz says whether a balancer should send buyers here.
func (s *Server) readyz(r *call.Call) error {
	if s.stopping.Load() {
		return &problem.Problem{Kind: problem.NotReady, Detail: "shutting down"}
	}
	if err := s.engine.Ready(); err != nil {
		return s.notReady(err)
	}
	r.Out = append(r.Out[:0], `{"status":"ready"}`...)
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(http.StatusOK)
}

func (s *Server) notReady(why error) *problem.Problem {
	return &problem.Problem{Kind: problem.NotReady, Detail: why.Error()}
}

// writePause is the Retry-After, in seconds, of what cannot be written: a disk is not emptied in one.
const writePause = 5

// writable refuses what would have to be written while nothing can be.
func (s *Server) writable() error {
	if s.cfg.Writable == nil {
		return nil
	}
	if err := s.cfg.Writable(); err != nil {
		return &problem.Problem{Kind: problem.Unavailable, Detail: err.Error() + "; nothing was done", Wait: writePause}
	}
	return nil
}

// waiting stands in for an engine that is not there yet. Only Ready may be called.
type waiting struct {
	Engine
	why func() error
}

func (w waiting) Ready() error { return w.why() }

// NewWaiting makes a server that has no engine yet, and may be without one for long: /healthz and /metrics answer, and
// /readyz and everything else is 503 not_ready with why's text. why never answers nil.
func NewWaiting(why func() error, cfg Config) *Server {
	s := New(waiting{why: why}, cfg)
	s.notYet = why
	return s
}
