package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"holdfast/actors/checkout/processor"
)

// webhooks sends messages. One that cannot be sent is tried again a few times, and then left to Events.
type webhooks struct {
	url    string
	client *http.Client
	report func(error)
	secret string

	sending sync.WaitGroup
	places  chan struct{}
}

const (
	// webhooksMax bounds the messages under way and waiting for their time.
	webhooksMax = 256
	// webhookTries is how often one message is sent until somebody takes it.
	webhookTries    = 4
	webhookPatience = 5 * time.Second
)

// SendWebhooks has changes of payments told to an address from now on, signed under the first of Secrets. It is called
// before the sandbox is used. What fails for good is reported.
func (s *Sandbox) SendWebhooks(url string, client *http.Client, report func(error)) {
	s.hooks = &webhooks{
		url: url, client: client, report: report, secret: s.Secrets[0], places: make(chan struct{}, webhooksMax),
	}
}

func (w *webhooks) wait() {
	if w != nil {
		w.sending.Wait()
	}
}

// tell sends what became of a payment as its token has it.
func (s *Sandbox) tell(before, next *Payment) {
	w := s.hooks
	if w == nil {
		return
	}
	now, then := next.message(), before.message()
	switch fateOf(next).deliveries {
	case never:
	case twice:
		s.post(0, w.secret, now, now)
	case late:
		s.post(s.WebhookDelay, w.secret, now)
	case unordered:
		s.post(0, w.secret, now, then)
	case forged:
		s.post(0, "not "+w.secret, now)
		s.post(0, w.secret, now)
	default:
		s.post(0, w.secret, now)
	}
	if due := next.dueNext(); due != 0 {
		settled := next.at(time.UnixMilli(due))
		s.post(time.Until(time.UnixMilli(due)), w.secret, settled.message())
	}
}

// dueNext is when something of the payment falls due by itself, in Unix milliseconds; 0: nothing does.
func (p *Payment) dueNext() int64 {
	if p.Due != 0 {
		return p.Due
	}
	for _, r := range p.Refunds {
		if r.Status == processor.RefundPending.String() {
			return r.Due
		}
	}
	return 0
}

// post sends messages one after the other, after a wait. Where too many are under way they are dropped: Events has
// them.
func (s *Sandbox) post(wait time.Duration, secret string, all ...message) {
	w := s.hooks
	select {
	case w.places <- struct{}{}:
	default:
		return
	}
	w.sending.Go(func() {
		defer func() { <-w.places }()
		for try := range webhookTries {
			if !s.pause(wait) {
				return
			}
			var err error
			for err == nil && len(all) > 0 {
				if err = w.send(secret, &all[0]); err == nil {
					all = all[1:]
				}
			}
			if err == nil {
				return
			}
			if wait = time.Second << try; try == webhookTries-1 ||
				secret != w.secret { // a forged one is refused, of course
				w.report(err)
				return
			}
		}
	})
}

// pause says false when the sandbox closed meanwhile.
func (s *Sandbox) pause(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ended:
		return false
	}
}

// send is one request. Whatever is not 2xx is sent again.
func (w *webhooks) send(secret string, m *message) error {
	ctx, cancel := context.WithTimeout(context.Background(), webhookPatience)
	defer cancel()
	body := m.body()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sandbox: webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(SignatureHeader, Sign(secret, body, time.Now()))
	response, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("sandbox: webhook: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read as far as it matters
	_, _ = io.CopyN(io.Discard, response.Body, 4096)
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("sandbox: webhook %s was answered %d", m.ID, response.StatusCode)
	}
	return nil
}
