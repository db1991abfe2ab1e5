package webhook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Conditions of calls.
var (
	ErrUnknownEndpoint = errors.New("webhook: no such endpoint")
	ErrUnknownDelivery = errors.New("webhook: no such delivery")
	ErrTooMany         = errors.New("webhook: too many endpoints")
)

// List is every endpoint, the oldest first, as this node last read them.
func (s *Service) List() []Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// Get is one endpoint as the store has it. ErrUnknownEndpoint.
func (s *Service) Get(ctx context.Context, id EndpointID) (e Endpoint, err error) {
	found := false
	err = s.cfg.Store.FeedItems(ctx, prefixOf(kindEndpoint, id), nil, 1, func(i storage.FeedItem) error {
		read, err := decodeEndpoint(i)
		if err == nil {
			e, found = *read, true
		}
		return err
	})
	if err == nil && !found {
		err = ErrUnknownEndpoint
	}
	return e, err
}

// Secret is the newest of an endpoint, as receivers are given it.
func (s *Service) Secret(e *Endpoint) string {
	return SecretText(secretOf(s.cfg.Secret, e.ID, e.Generation))
}

// Create makes an endpoint of a checked wanted, whose id, times and secret are set here. id is the endpoint's, made of
// the call's key; one that is there already is answered as it is. ErrTooMany.
func (s *Service) Create(ctx context.Context, id EndpointID, wanted Endpoint, beginning bool) (Endpoint, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	all, err := s.read(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	for i := range all {
		if all[i].ID == id {
			return all[i], nil
		}
	}
	if len(all) >= EndpointsMax {
		return Endpoint{}, ErrTooMany
	}
	wanted.ID, wanted.CreatedAt, wanted.Generation, wanted.Overlap = id, s.instant(), 0, 0
	if wanted.Since = wanted.CreatedAt; beginning {
		wanted.Since = 0
	}
	if err := s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{wanted.item()}); err != nil {
		return Endpoint{}, err
	}
	return wanted, s.refresh(ctx)
}

// Change changes an endpoint. ErrUnknownEndpoint.
func (s *Service) Change(ctx context.Context, id EndpointID, how func(*Endpoint)) (Endpoint, error) {
	e, err := s.change(ctx, id, how)
	if err != nil {
		return e, err
	}
	return e, s.refresh(ctx)
}

func (s *Service) change(ctx context.Context, id EndpointID, how func(*Endpoint)) (Endpoint, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	e, err := s.Get(ctx, id)
	if err != nil {
		return e, err
	}
	how(&e)
	items := []storage.FeedItem{e.item()}
	if e.Disabled == "" { // it begins anew
		items = append(items, storage.FeedItem{Key: prefixOf(kindFailing, id)})
	}
	return e, s.cfg.Store.SaveFeed(ctx, items)
}

// Enable has an endpoint told again, from where it was.
func (e *Endpoint) Enable() { e.Disabled, e.DisabledAt = "", 0 }

// Disable has an endpoint told nothing, by an operator's wanted.
func (e *Endpoint) Disable(at section.Instant) {
	if e.Disabled == "" {
		e.Disabled, e.DisabledAt = ByOperator, at
	}
}

// Rotate gives an endpoint a new secret; the one before it signs too until then.
func (e *Endpoint) Rotate(until section.Instant) { e.Generation, e.Overlap = e.Generation+1, until }

// Delete ends an endpoint, with its queue and its log. One that is not there is no error.
func (s *Service) Delete(ctx context.Context, id EndpointID) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{{Key: prefixOf(kindEndpoint, id)}}); err != nil {
		return err
	}
	err := s.refresh(ctx)
	err = errors.Join(err, s.feed.Remove(ctx, sinkName(id), true))
	for _, kind := range []byte{kindFailing, kindRetry, kindDelivery} {
		err = errors.Join(err, feed.Drop(ctx, s.cfg.Store, prefixOf(kind, id)))
	}
	return err
}

// Ping tells an endpoint an event of no log, at once and once.
func (s *Service) Ping(ctx context.Context, id EndpointID) (Outcome, error) {
	e, err := s.Get(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	event := envelope.Event{SpecVersion: "1.0", ID: "ping/" + hex.EncodeToString(nonce[:]), Source: "/v1/webhooks",
		Type: envelope.Ping, Subject: e.ID.String(), Time: s.cfg.Now().UTC().Format(time.RFC3339),
		DataContentType: "application/json", Changes: 1}
	return send(ctx, s.client, e.URL, s.secrets(&e), &event, s.cfg.Now()), nil
}

// Deliveries are an endpoint's, the newest first, after a given one; nil: from the newest. state 0: all.
func (s *Service) Deliveries(ctx context.Context, id EndpointID, after *Delivery, state byte, limit int) (
	page []Delivery, more bool, err error) {
	var all []Delivery // bounded by logMax
	err = s.cfg.Store.FeedItems(ctx, prefixOf(kindDelivery, id), nil, 0, func(i storage.FeedItem) error {
		var d Delivery
		if !d.readKey(i.Key) {
			return storage.ErrFormat
		}
		if err := d.readValue(i.Value); err != nil {
			return err
		}
		if state == 0 || d.State == state {
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	slices.Reverse(all)
	if after != nil {
		key := string(after.key())
		n := 0
		for n < len(all) && string(all[n].key()) >= key {
			n++
		}
		all = all[n:]
	}
	return all[:min(limit, len(all))], len(all) > limit, nil
}

// Delivery reads how a delivery stands, by its id. ErrUnknownDelivery.
func (s *Service) Delivery(ctx context.Context, d Delivery) (Delivery, error) {
	found := false
	err := s.cfg.Store.FeedItems(ctx, d.key(), nil, 1, func(i storage.FeedItem) error {
		found = true
		return d.readValue(i.Value)
	})
	if err == nil && !found {
		err = ErrUnknownDelivery
	}
	return d, err
}

// Private says that addresses of private networks are allowed.
func (s *Service) Private() bool { return s.cfg.Private }

// Resend puts a delivery into the queue as if its time had come, whatever became of it before. ErrUnknownDelivery.
func (s *Service) Resend(ctx context.Context, d Delivery) (Delivery, error) {
	if _, err := s.Get(ctx, d.Endpoint); err != nil {
		if errors.Is(err, ErrUnknownEndpoint) {
			err = ErrUnknownDelivery
		}
		return d, err
	}
	d, err := s.Delivery(ctx, d)
	if err != nil {
		return d, err
	}
	d.State, d.Due = Retrying, s.instant()
	if err := s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{d.retryItem(), d.item()}); err != nil {
		return d, err
	}
	s.mu.Lock()
	t := s.targets[d.Endpoint]
	s.mu.Unlock()
	if t != nil {
		t.hurry(d)
	}
	return d, nil
}

// EndpointOf is the id of an endpoint that a call makes under its key.
func EndpointOf(request section.RequestID) EndpointID { return EndpointID(request) }

// Summary counts endpoints and what waits, for metrics.
type Summary struct {
	Enabled, Disabled, GivenUp, Failing, Queued int // Disabled: by operators
	OldestFailing                               time.Duration
}

// Summary is of this node.
func (s *Service) Summary() (sum Summary) {
	for _, e := range s.List() {
		switch e.Disabled {
		case "":
			sum.Enabled++
		case ByOperator:
			sum.Disabled++
		default:
			sum.GivenUp++
		}
	}
	for _, t := range s.active() {
		t.mu.Lock()
		sum.Queued += len(t.queue)
		if !t.since.IsZero() {
			sum.Failing++
			sum.OldestFailing = max(sum.OldestFailing, time.Since(t.since))
		}
		t.mu.Unlock()
	}
	return sum
}
