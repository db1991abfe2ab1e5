package entry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/section"
	"holdfast/api/captcha"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// captchaAction is what the page tells the provider that a token is for.
const captchaAction = "join"

// boundTo names event and buyer to a captcha's provider, so that a token cannot be sold to another buyer. Who the buyer
// is, nobody can compute from the digits: a buyer is a keyed pseudonym already (P14).
func boundTo(event storage.EventID, buyer section.BuyerID) string {
	sum := sha256.Sum256(append(append([]byte("holdfast/captcha/v1"), event[:]...), buyer[:]...))
	return hex.EncodeToString(sum[:16])
}

// questionID names one token of one buyer: the same question asked again, after an answer that was lost, gets the same
// verdict where the provider has that.
func questionID(bound, token string) string {
	sum := sha256.Sum256([]byte(bound + token))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a UUID of version 8: bytes of one's own
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// appendWidget appends the member captcha: what a page shows the buyer.
func (c *Checks) appendWidget(dst []byte, event storage.EventID, buyer section.BuyerID) []byte {
	dst = wire.AppendString(append(dst, `"captcha":{"provider":`...), c.captcha.Provider)
	dst = wire.AppendString(append(dst, `,"site_key":`...), c.captcha.SiteKey)
	dst = wire.AppendString(append(dst, `,"action":`...), captchaAction)
	dst = wire.AppendString(append(dst, `,"bound":`...), boundTo(event, buyer))
	return append(dst, '}')
}

var (
	captchaRequired    = &problem.Problem{Kind: problem.CaptchaRequired, Field: "captcha"}
	captchaRefused     = &problem.Problem{Kind: problem.CaptchaRefused, Field: "captcha"}
	captchaUnavailable = &problem.Problem{Kind: problem.CaptchaUnavailable}
	captchaGarbled     = problem.BadField("captcha", "is longer than any token")
)

// checkPerson asks the provider, for as long as the guard's timeout at most.
func (c *Checks) checkPerson(event storage.EventID, buyer section.BuyerID, token *string) error {
	switch {
	case token == nil || *token == "":
		return captchaRequired
	case len(*token) > captcha.TokenBytesMax:
		return captchaGarbled
	case c.captcha == nil: // the event was made where there is one
		return captchaUnavailable
	}
	bound := boundTo(event, buyer)
	err := c.captcha.Check(context.Background(), &captcha.Question{Token: *token, ID: questionID(bound, *token),
		Action: captchaAction, Bound: bound})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, captcha.ErrRefused):
		return captchaRefused
	}
	return captchaUnavailable
}

// verdicts shows what a captcha's provider said; without one, nothing yet.
type verdicts struct{ guard *captcha.Guard }

var (
	captchaVerdicts = prometheus.NewDesc(
		"holdfast_captcha_verdicts_total",
		"Joins whose captcha was judged: passed, refused, unavailable (no verdict, and refused for it), or let_pass "+
			"(no verdict, and let pass for it).",
		[]string{"verdict"},
		nil,
	)
	captchaDown = prometheus.NewDesc("holdfast_captcha_down",
		"1 while the captcha's provider gives no verdict: the newest question had none.", nil, nil)
)

// Describe implements prometheus.Collector.
func (v verdicts) Describe(out chan<- *prometheus.Desc) { out <- captchaVerdicts; out <- captchaDown }

// Collect implements prometheus.Collector.
func (v verdicts) Collect(out chan<- prometheus.Metric) {
	var counts captcha.Counts
	down := 0.0
	if v.guard != nil {
		if counts = v.guard.Counts(); v.guard.Down() {
			down = 1
		}
	}
	for verdict, n := range map[string]uint64{"passed": counts.Passed, "refused": counts.Refused,
		"unavailable": counts.Unavailable - counts.LetPass, "let_pass": counts.LetPass} {
		out <- prometheus.MustNewConstMetric(captchaVerdicts, prometheus.CounterValue, float64(n), verdict)
	}
	out <- prometheus.MustNewConstMetric(captchaDown, prometheus.GaugeValue, down)
}
