package sandbox

import "holdfast/actors/checkout/processor"

// fate is what a token has in store for its payment. The zero fate declines.
type fate struct {
	end        processor.Status // of Charge; of the Charge after a challenge
	pending    bool             // it takes Slow
	stalls     bool             // it takes Stall, and nobody is answered
	challenge  bool             // the buyer is asked first
	lost       bool             // the request: nothing is done
	mute       bool             // the answer is lost
	dispute    bool             // the buyer's bank asks for the money back
	refund     processor.RefundStatus
	deliveries deliveries // of webhooks
}

// deliveries say what goes wrong with webhooks.
type deliveries uint8

const (
	once deliveries = iota
	twice
	late      // after WebhookDelay
	unordered // the newest first, then what it was before
	forged    // one under another secret goes before
	never
)

// fates is the table in the package's comment.
var fates = map[string]fate{
	"tok_ok":                {end: processor.Captured},
	"tok_declined":          {end: processor.Declined},
	"tok_slow":              {end: processor.Captured, pending: true},
	"tok_stall":             {end: processor.Captured, pending: true, stalls: true},
	"tok_unknown":           {end: processor.Captured, mute: true},
	"tok_lost":              {lost: true},
	"tok_challenge":         {end: processor.Captured, challenge: true},
	"tok_challenge_decline": {end: processor.Declined, challenge: true},
	"tok_refund_fails":      {end: processor.Captured, refund: processor.RefundFailed},
	"tok_refund_pending":    {end: processor.Captured, refund: processor.RefundPending},
	"tok_dispute":           {end: processor.Captured, dispute: true},
	"tok_webhook_twice":     {end: processor.Captured, deliveries: twice},
	"tok_webhook_late":      {end: processor.Captured, deliveries: late},
	"tok_webhook_unordered": {end: processor.Captured, deliveries: unordered},
	"tok_webhook_forged":    {end: processor.Captured, deliveries: forged},
	"tok_webhook_never":     {end: processor.Captured, deliveries: never},
}

// fateOf is what the payment's token has in store. The name of any other token is not kept: it may be what must not be
// stored (P12).
func fateOf(p *Payment) fate {
	if f, ok := fates[p.Fate]; ok {
		return f
	}
	return fate{end: processor.Declined}
}

func fateName(token string) string {
	if _, ok := fates[token]; ok {
		return token
	}
	return ""
}
