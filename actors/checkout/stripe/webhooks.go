package stripe

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"holdfast/actors/checkout/processor"
)

// SignatureHeader carries a webhook's signature.
const SignatureHeader = "Stripe-Signature"

// Tolerance is how far a signature's time may be from now, both ways.
const Tolerance = 5 * time.Minute

// Why a webhook is refused.
var (
	ErrSignature = errors.New("stripe: no secret of ours signed the webhook")
	ErrTooOld    = errors.New("stripe: the webhook's time is more than 5 minutes away")
	ErrBody      = errors.New("stripe: the webhook is signed and cannot be read")
)

// signatureBytesMax bounds the header: some signatures of 64 bytes.
const signatureBytesMax = 1024

// Verify implements processor.Processor. The library compares in constant time; its own tolerance is the machine's
// clock's, and lets the future pass.
func (a *Adapter) Verify(header processor.Header, body []byte, now time.Time) (processor.Hint, error) {
	signature := header(SignatureHeader)
	if len(signature) > signatureBytesMax {
		return processor.Hint{}, ErrSignature
	}
	proved := false
	for _, secret := range a.secrets {
		proved = webhook.ValidatePayloadIgnoringTolerance(body, signature, secret) == nil || proved
	}
	at, dated := signedAt(signature)
	if !proved || !dated {
		return processor.Hint{}, ErrSignature
	}
	if away := now.Sub(at); away > Tolerance || away < -Tolerance {
		return processor.Hint{}, ErrTooOld
	}
	var event struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil || event.ID == "" {
		return processor.Hint{}, ErrBody
	}
	t, err := read(event.ID, event.Type, event.Data.Object)
	return t.Hint, err
}

// signedAt is the time in a signature: the last, as the library takes it.
func signedAt(signature string) (at time.Time, dated bool) {
	for part := range strings.SplitSeq(signature, ",") {
		if text, found := strings.CutPrefix(part, "t="); found {
			seconds, err := strconv.ParseInt(text, 10, 64)
			at, dated = time.Unix(seconds, 0), err == nil
		}
	}
	return at, dated
}

// notice is a hint, and the intent that it is about where it names no attempt.
type notice struct {
	processor.Hint
	intent string
}

// read takes ids out of an event's object, and nothing else.
func read(id, what string, object json.RawMessage) (notice, error) {
	var about struct {
		Intent   json.RawMessage   `json:"payment_intent"`
		Metadata map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(object, &about); err != nil {
		return notice{}, ErrBody
	}
	t := notice{Hint: processor.Hint{
		ID: id, Kind: kindOf(what), Attempt: processor.AttemptID(about.Metadata[metaAttempt]),
	}}
	if json.Unmarshal(about.Intent, &t.intent) != nil {
		t.intent = "" // an expanded one, which is not asked for
	}
	return t, nil
}

func kindOf(what string) processor.HintKind {
	switch {
	case strings.HasPrefix(what, "payment_intent."):
		return processor.HintPayment
	case strings.HasPrefix(what, "charge.dispute."):
		return processor.HintDispute
	case strings.HasPrefix(what, "refund."), strings.HasPrefix(what, "charge.refund"):
		return processor.HintRefund
	}
	return processor.HintOther
}
