package webhook

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/api/call"
	"holdfast/api/limit"
	"holdfast/api/problem"
)

// Payments is who knows the processors. It is safe for concurrent use.
type Payments interface {
	// PaymentHint proves that the adapter's processor sent the body, and passes its hint on, without waiting for
	// anything. It keeps neither header nor body. Errors: ErrNoAdapter; any other says why the webhook is not believed.
	PaymentHint(adapter string, header func(name string) string, body []byte) error
}

// ErrNoAdapter says that this server has no processor of that name.
var ErrNoAdapter = errors.New("webhook: no such adapter")

// Handlers answers processors. Its methods are safe for concurrent use.
type Handlers struct {
	payments Payments // nil: no processor sends webhooks here
	limits   *limit.Limiters
	results  *prometheus.CounterVec
}

// New makes the handlers and registers their metric.
func New(payments Payments, limits *limit.Limiters, registry prometheus.Registerer) *Handlers {
	h := &Handlers{payments: payments, limits: limits, results: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_payment_webhooks_total", Help: "Webhooks of payment processors by result: accepted, or " +
			"refused because nobody that is known signed them.",
	}, []string{"result"})}
	registry.MustRegister(h.results)
	h.results.WithLabelValues(accepted)
	h.results.WithLabelValues(badSignature)
	return h
}

// Results of webhooks.
const (
	accepted     = "accepted"
	badSignature = "bad_signature"
)

// Refusals that never differ are made once.
var (
	noAdapter = &problem.Problem{Kind: problem.NotFound}
	unsigned  = &problem.Problem{Kind: problem.BadSignature}
)

// Receive takes one webhook. The signature is over the body as it came, byte for byte.
func (h *Handlers) Receive(r *call.Call) error {
	if h.payments == nil {
		return noAdapter
	}
	header := func(name string) string { return string(r.Ctx.Request.Header.Peek(name)) }
	err := h.payments.PaymentHint(string(r.Param), header, r.Ctx.Request.Body())
	switch {
	case err == nil:
		h.results.WithLabelValues(accepted).Inc()
		r.Out = append(r.Out[:0], `{"status":"ok"}`...)
		return r.JSON(http.StatusOK)
	case errors.Is(err, ErrNoAdapter):
		return noAdapter
	}
	h.results.WithLabelValues(badSignature).Inc()
	if err := h.limits.Suspect(r); err != nil {
		return err
	}
	return unsigned
}
