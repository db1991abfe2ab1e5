package api

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"holdfast/cluster/netlimit"
	"holdfast/storage"
)

// The kinds of failed attempts to be an operator.
const (
	refusedKey    = "key"    // a key or token that counts for nothing, or none
	refusedRights = "rights" // a buyer's
)

// operatorRefusalsEvery is the least time between two log lines about failed attempts of one kind.
const operatorRefusalsEvery = time.Minute

// operatorLog tells who operated the server, and who tried to. Its methods are safe for concurrent use.
type operatorLog struct {
	log     *slog.Logger
	address func(*fasthttp.RequestCtx) string
	refused *netlimit.Digest[string] // failed attempts
}

// newOperatorLog makes the log and registers its metric. address is where a request comes from.
func newOperatorLog(log *slog.Logger, registry prometheus.Registerer, address func(*fasthttp.RequestCtx) string) *operatorLog {
	l := &operatorLog{log: log, address: address}
	l.refused = netlimit.NewDigest[string](log, "an operator's call was refused", operatorRefusalsEvery)
	for _, reason := range []string{refusedKey, refusedRights} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "holdfast_operator_refused_total", ConstLabels: prometheus.Labels{"reason": reason},
			Help: "Operators' calls refused: without a key that counts, or with a buyer's token. Who guesses keys is seen here.",
		}, func() float64 { return float64(l.refused.Counts()[reason]) }))
	}
	return l
}

// close ends the log's digests.
func (l *operatorLog) close() { l.refused.Close() }

// answered logs a call that was answered as it was asked for.
func (l *operatorLog) answered(r *request) {
	if r.who.operator {
		l.operated(r, "")
	}
}

// refusedCall logs a call that ended with a problem, when an operator made it or it was refused for who made it.
func (l *operatorLog) refusedCall(r *request, p *problem) {
	switch {
	case r.who.operator:
		l.operated(r, p.code)
	case r.route != nil && r.route.access == accessOperator && p.kind == kindUnauthorized:
		l.attempt(r, refusedKey)
	case r.route != nil && r.route.access == accessOperator && p.kind == kindForbidden:
		l.attempt(r, refusedRights)
	}
}

// operated logs what an operator did. Reads change nothing and are left out.
func (l *operatorLog) operated(r *request, code string) {
	if method := string(r.ctx.Method()); method == http.MethodGet || method == http.MethodHead {
		return
	}
	l.log.Info("operator", "who", r.who.name, "did", r.route.name(), "to", target(r, code), "with", r.detail,
		"status", r.ctx.Response.StatusCode(), "code", cmp.Or(code, "ok"), "address", l.address(r.ctx))
}

// attempt counts a failed attempt to be an operator.
func (l *operatorLog) attempt(r *request, reason string) {
	l.refused.Add(reason, netlimit.Trouble{Level: slog.LevelWarn, Address: l.address(r.ctx), Why: r.route.name()},
		"reason", reason)
}

// targetBytesMax is how much of a path's variable segment goes into the log: ids and names of nodes are shorter.
const targetBytesMax = 64

// target is what the path names, unless it may be a card's number (P12).
func target(r *request, code string) string {
	if _, event := storage.EventIDFromText(r.param); event {
		return string(r.param)
	}
	if code == kindCardData.code || r.doubt != "" || cardInText(r.param) {
		return ""
	}
	return string(r.param[:min(len(r.param), targetBytesMax)])
}
