package api

import "net/http"

// healthz says that the process answers at all: a supervisor that restarts it on anything less makes outages longer.
func (s *Server) healthz(r *request) error {
	r.out = append(r.out[:0], `{"status":"ok"}`...)
	r.noStore()
	return r.json(http.StatusOK)
}

// readyz says whether a balancer should send buyers here.
func (s *Server) readyz(r *request) error {
	if s.stopping.Load() {
		return &problem{kind: kindNotReady, detail: "shutting down"}
	}
	if err := s.engine.Ready(); err != nil {
		return &problem{kind: kindNotReady, detail: err.Error()}
	}
	r.out = append(r.out[:0], `{"status":"ready"}`...)
	r.noStore()
	return r.json(http.StatusOK)
}

func (r *request) noStore() { r.ctx.Response.Header.SetCanonical(headerCacheControl, valueNoStore) }
