package operate

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"holdfast/api/call"
	"holdfast/api/card"
	"holdfast/api/problem"
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

// Log tells who operated the server, and who tried to. Its methods are safe for concurrent use.
type Log struct {
	log     *slog.Logger
	address func(*fasthttp.RequestCtx) string
	refused *netlimit.Digest[string] // failed attempts
}

// NewLog makes the log and registers its metric. address is where a request comes from.
func NewLog(log *slog.Logger, registry prometheus.Registerer, address func(*fasthttp.RequestCtx) string) *Log {
	l := &Log{log: log, address: address}
	l.refused = netlimit.NewDigest[string](log, "an operator's call was refused", operatorRefusalsEvery)
	for _, reason := range []string{refusedKey, refusedRights} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "holdfast_operator_refused_total", ConstLabels: prometheus.Labels{"reason": reason},
			Help: "Operators' calls refused: without a key that counts, or with a buyer's token. Who guesses keys " +
				"is seen here.",
		}, func() float64 { return float64(l.refused.Counts()[reason]) }))
	}
	return l
}

// Close ends the log's digests.
func (l *Log) Close() { l.refused.Close() }

// Answered logs a call that was answered as it was asked for.
func (l *Log) Answered(r *call.Call) {
	if r.Who.Operator {
		l.operated(r, "")
	}
}

// Refused logs a call that ended with a problem, when an operator made it or it was refused for who made it.
func (l *Log) Refused(r *call.Call, p *problem.Problem) {
	switch {
	case r.Who.Operator:
		l.operated(r, p.Code)
	case r.Route != nil && r.Route.Access == call.Operators && p.Kind == problem.Unauthorized:
		l.attempt(r, refusedKey)
	case r.Route != nil && r.Route.Access == call.Operators && p.Kind == problem.Forbidden:
		l.attempt(r, refusedRights)
	}
}

// operated logs what an operator did. Reads change nothing and are left out.
func (l *Log) operated(r *call.Call, code string) {
	if method := string(r.Ctx.Method()); method == http.MethodGet || method == http.MethodHead {
		return
	}
	l.log.Info("operator", "who", r.Who.Name, "did", r.Route.Name(), "to", target(r, code), "with", r.Detail,
		"status", r.Ctx.Response.StatusCode(), "code", cmp.Or(code, "ok"), "address", l.address(r.Ctx))
}

// attempt counts a failed attempt to be an operator.
func (l *Log) attempt(r *call.Call, reason string) {
	l.refused.Add(reason, netlimit.Trouble{Level: slog.LevelWarn, Address: l.address(r.Ctx), Why: r.Route.Name()},
		"reason", reason)
}

// targetBytesMax is how much of a path's variable segment goes into the log: ids and names of nodes are shorter.
const targetBytesMax = 64

// target is what the path names, unless it may be a card's number (P12).
func target(r *call.Call, code string) string {
	if _, event := storage.EventIDFromText(r.Param); event {
		return string(r.Param)
	}
	if code == problem.CardData.Code || r.Doubt != "" || card.InText(r.Param) {
		return ""
	}
	return string(r.Param[:min(len(r.Param), targetBytesMax)])
}
