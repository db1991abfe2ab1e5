package api

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/cluster/netlimit"
	"holdfast/storage"
)

// OperatorKey is the bearer key of one operator. Its name stands in the log beside everything that is done with it.
type OperatorKey struct{ Name, Key string }

// The names of keys that have none of their own.
const (
	operatorUnnamed = "operator" // Config.OperatorKey
	operatorDev     = "dev"      // of dev mode
)

// operatorKeyBytesMin is the least length of an operator's key outside of dev mode.
const operatorKeyBytesMin = 16

// operatorKeys are all that count.
func (c *Config) operatorKeys() []OperatorKey {
	all := slices.Clone(c.OperatorKeys)
	if c.OperatorKey != "" {
		name := operatorUnnamed
		if c.DevAuth && c.OperatorKey == operatorDev {
			name = operatorDev
		}
		all = append(all, OperatorKey{name, c.OperatorKey})
	}
	return all
}

// CheckOperatorKeys says what is wrong with a list of keys. It never repeats a key.
func CheckOperatorKeys(keys []OperatorKey) error {
	var all []error
	names, secrets := map[string]bool{}, map[string]string{}
	for _, k := range keys {
		switch other, twice := secrets[k.Key]; {
		case k.Name == "" || checkName(k.Name) != "":
			all = append(all, fmt.Errorf("api: the name %q of an operator's key is no visible text of 1 to 256 characters", k.Name))
		case names[k.Name]:
			all = append(all, fmt.Errorf("api: two operators' keys are named %q", k.Name))
		case len(k.Key) < operatorKeyBytesMin:
			all = append(all, fmt.Errorf("api: the operator's key %q is shorter than %d bytes", k.Name, operatorKeyBytesMin))
		case twice:
			all = append(all, fmt.Errorf("api: the operators' keys %q and %q are one: nobody could tell who did what", other, k.Name))
		}
		names[k.Name], secrets[k.Key] = true, k.Name
	}
	return errors.Join(all...)
}

// SetOperatorKeys replaces all operators' keys from the next request on; check them before.
func (s *Server) SetOperatorKeys(keys []OperatorKey) { s.auth.setOperators(keys) }

func (a *authenticator) setOperators(keys []OperatorKey) {
	known := slices.Clone(keys)
	a.operators.Store(&known)
}

// operator is whose key a token is. Which one fits takes as long as none.
func (a *authenticator) operator(token []byte) (name string, ok bool) {
	keys := a.operators.Load()
	if keys == nil {
		return "", false
	}
	for i := range *keys {
		k := &(*keys)[i]
		if len(k.Key) > 0 && subtle.ConstantTimeCompare(token, []byte(k.Key)) == 1 {
			name, ok = k.Name, true
		}
	}
	return name, ok
}

func (a *authenticator) isOperator(token []byte) bool {
	_, ok := a.operator(token)
	return ok
}

// The kinds of failed attempts to be an operator.
const (
	refusedKey    = "key"    // a key or token that counts for nothing, or none
	refusedRights = "rights" // a buyer's
)

// operatorRefusalsEvery is the least time between two log lines about failed attempts of one kind.
const operatorRefusalsEvery = time.Minute

func newOperatorRefusals(log *slog.Logger) *netlimit.Digest[string] {
	return netlimit.NewDigest[string](log, "an operator's call was refused", operatorRefusalsEvery)
}

// meterOperators shows the failed attempts in /metrics.
func (s *Server) meterOperators() {
	for _, reason := range []string{refusedKey, refusedRights} {
		s.meters.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "holdfast_operator_refused_total", ConstLabels: prometheus.Labels{"reason": reason},
			Help: "Operators' calls refused: without a key that counts, or with a buyer's token. Who guesses keys is seen here.",
		}, func() float64 { return float64(s.refusedOperators.Counts()[reason]) }))
	}
}

// noteOperator logs what an operator did, or that somebody tried to be one. Reads are no deeds.
func (s *Server) noteOperator(r *request, code string) {
	method := string(r.ctx.Method())
	if r.who.operator {
		if method == http.MethodGet || method == http.MethodHead {
			return
		}
		s.cfg.Logger.Info("operator", "who", r.who.name, "did", r.routeName(), "to", r.target(code), "with", r.detail,
			"status", r.ctx.Response.StatusCode(), "code", cmp.Or(code, "ok"), "address", s.addressOf(r))
		return
	}
	reason := refusedRights
	if code == kindUnauthorized.code {
		reason = refusedKey
	}
	s.refusedOperators.Add(reason, netlimit.Trouble{Level: slog.LevelWarn, Address: s.addressOf(r), Why: r.routeName()}, "reason", reason)
}

// targetBytesMax is how much of a path's variable segment goes into the log: ids and names of nodes are shorter.
const targetBytesMax = 64

// target is what the path names, unless it may be a card's number (P12).
func (r *request) target(code string) string {
	if _, event := storage.EventIDFromText(r.param); event {
		return string(r.param)
	}
	if code == kindCardData.code || r.doubt != "" || cardInText(r.param) {
		return ""
	}
	return string(r.param[:min(len(r.param), targetBytesMax)])
}

// triesToOperate says that an operator's call was refused for who made it.
func (r *request) triesToOperate(p *problem) bool {
	return r.route != nil && r.route.access == accessOperator && (p.kind == kindUnauthorized || p.kind == kindForbidden)
}

func (s *Server) addressOf(r *request) string {
	if address, ok := s.limits.clients.address(r.ctx); ok {
		return address.String()
	}
	return r.ctx.RemoteAddr().String()
}

// detailf keeps what an operator wishes beside the path, for the log. Nothing that is secret or a person's.
func (r *request) detailf(format string, args ...any) {
	if r.who.operator {
		r.detail = fmt.Sprintf(format, args...)
	}
}
