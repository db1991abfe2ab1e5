package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/actors/feed/envelope"
)

// Fault says why an attempt failed, in a word.
type Fault byte

// The faults.
const (
	NoFault     Fault = iota
	Status            // the answer was not of 200 to 299
	Unreachable       // no connection, or it broke
	Timeout           // no answer in time
	NoName            // the host's name was not found
	Refused           // the address is not allowed
	BadTLS            // its certificate or its TLS
	Unreadable        // the event could not be made of its log
)

var faultNames = [...]string{"", "status", "unreachable", "timeout", "dns", "address_refused", "tls", "unreadable"}

func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return "unknown"
}

// Outcome is what became of one attempt.
type Outcome struct {
	Code    int // HTTP; 0: there was no answer
	Latency time.Duration
	Fault   Fault // NoFault: delivered
	ended   bool  // our own end cut it short: it says nothing of the endpoint
}

// send makes one attempt. secrets sign, each for itself.
func send(ctx context.Context, client *http.Client, url string, secrets [][]byte, event *envelope.Event,
	now time.Time) (o Outcome) {
	body := event.Append(nil)
	began := time.Now()
	defer func() { o.Latency = time.Since(began) }()
	attempt, cancel := context.WithTimeout(ctx, attemptMax)
	defer cancel()
	request, err := http.NewRequestWithContext(attempt, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Outcome{Fault: Unreachable}
	}
	if err := sign(request.Header, secrets, event.ID, now, body); err != nil {
		return Outcome{Fault: Unreadable}
	}
	request.Header.Set("Content-Type", contentTypeOut)
	request.Header.Set("User-Agent", userAgent)
	response, err := client.Do(request)
	if err != nil {
		return Outcome{Fault: faultOf(err), ended: ctx.Err() != nil}
	}
	_, _ = io.CopyN(io.Discard, response.Body, answerBodyMax) // what it says in it is nothing to us
	_ = response.Body.Close()
	o = Outcome{Code: response.StatusCode}
	if o.Code/100 != 2 {
		o.Fault = Status
	}
	return o
}

// sign sets the headers of Standard Webhooks.
func sign(header http.Header, secrets [][]byte, id string, now time.Time, body []byte) error {
	var signatures []string
	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			return err
		}
		signature, err := hook.Sign(id, now, body)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

func faultOf(err error) Fault {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		late        net.Error
	)
	switch {
	case errors.Is(err, ErrAddress):
		return Refused
	case errors.As(err, &name) && !name.IsTimeout:
		return NoName
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert):
		return BadTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return Timeout
	}
	return Unreachable
}
