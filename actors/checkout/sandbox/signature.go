package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/actors/checkout/processor"
)

// SignatureHeader carries a webhook's signature: t=<Unix seconds>,v1=<hex of HMAC-SHA256 over t, "." and the raw body>.
const SignatureHeader = "Sandbox-Signature"

// Tolerance is how far a signature's time may be from now, both ways.
const Tolerance = 5 * time.Minute

// Why a webhook is refused.
var (
	ErrSignature = errors.New("sandbox: no secret of ours signed the webhook")
	ErrTooOld    = errors.New("sandbox: the webhook's time is more than 5 minutes away")
	ErrBody      = errors.New("sandbox: the webhook is signed and cannot be read")
)

// signatureBytesMax bounds the header.
const signatureBytesMax = 1024

// Sign is the value of SignatureHeader for a body.
func Sign(secret string, body []byte, now time.Time) string {
	at := strconv.FormatInt(now.Unix(), 10)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac(secret, at, body))
}

func mac(secret, at string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(at))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}

// Verify implements processor.Processor.
func (s *Sandbox) Verify(header processor.Header, body []byte, now time.Time) (processor.Hint, error) {
	return Verify(s.Secrets, header, body, now)
}

// Verify proves that a body was signed under one of the secrets within Tolerance of now, and reads it. It compares in
// constant time, and goes through all secrets and signatures whichever fits.
func Verify(secrets []string, header processor.Header, body []byte, now time.Time) (processor.Hint, error) {
	at, signatures := splitSignature(header(SignatureHeader))
	proved := false
	for _, secret := range secrets {
		want := mac(secret, at, body)
		for _, got := range signatures {
			proved = hmac.Equal(got, want) || proved
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if !proved || err != nil {
		return processor.Hint{}, ErrSignature
	}
	if away := now.Sub(time.Unix(seconds, 0)); away > Tolerance || away < -Tolerance {
		return processor.Hint{}, ErrTooOld
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil || m.ID == "" {
		return processor.Hint{}, ErrBody
	}
	return processor.Hint{ID: m.ID, Attempt: m.Attempt, Kind: kindOf(m.Type)}, nil
}

func splitSignature(header string) (at string, signatures [][]byte) {
	if len(header) > signatureBytesMax {
		return "", nil
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			at = value
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	return at, signatures
}

// message is a webhook's body.
type message struct {
	ID        string              `json:"id"`
	Type      string              `json:"type"` // payment.<status>, refund.updated or dispute.created
	Attempt   processor.AttemptID `json:"attempt"`
	Reference processor.Reference `json:"reference"`
	Created   int64               `json:"created"` // Unix seconds
}

const (
	refundUpdated  = "refund.updated"
	disputeCreated = "dispute.created"
)

func (p *Payment) message() message {
	h := p.hint()
	m := message{ID: h.ID, Attempt: h.Attempt, Reference: p.reference(), Created: p.Changed / 1000}
	switch h.Kind {
	case processor.HintRefund:
		m.Type = refundUpdated
	case processor.HintDispute:
		m.Type = disputeCreated
	default:
		m.Type = "payment." + statuses[p.Status].String()
	}
	return m
}

func kindOf(what string) processor.HintKind {
	switch {
	case what == refundUpdated:
		return processor.HintRefund
	case what == disputeCreated:
		return processor.HintDispute
	case strings.HasPrefix(what, "payment."):
		return processor.HintPayment
	}
	return processor.HintOther
}

func (m *message) body() []byte {
	body, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("sandbox: a message of texts and numbers: %v", err))
	}
	return body
}
