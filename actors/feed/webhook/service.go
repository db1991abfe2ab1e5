package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Times of the service.
const (
	pollEvery   = 2 * time.Second    // between two looks for what other nodes changed
	rescanEvery = 5 * time.Minute    // between two looks for what other nodes left in the queue
	pruneEvery  = time.Minute        // of deliveries of endpoints that were told something; of all each hour
	LogFor      = 7 * 24 * time.Hour // how long a delivery is shown
	logMax      = 10_000             // deliveries of one endpoint
)

// Config is what webhooks need from outside.
type Config struct {
	Store  storage.Feed
	Feed   *feed.Feed
	Secret [32]byte // the store's
	Logger *slog.Logger
	// Here is the feed's.
	Here func(storage.SectionKey) bool
	// Private allows http:// and addresses of this machine and of private networks. For development.
	Private bool
	// Now is the wall clock; nil: the machine's.
	Now func() time.Time

	resolver  *net.Resolver     // for tests; nil: the machine's
	transport http.RoundTripper // for tests; nil: the network
	// How long one delivery is tried, and how long an endpoint may do nothing but fail. For tests; 0: RetryFor and
	// DisableAfter.
	retryFor, disableAfter time.Duration
}

// Counts are of this node since its start.
type Counts struct {
	Delivered, Failed, Dead atomic.Uint64
}

// Service keeps endpoints and tells them. Its methods are safe for concurrent use.
type Service struct {
	cfg    Config
	feed   *feed.Feed
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	moved  chan struct{}
	counts Counts

	changing sync.Mutex // one change of endpoints at a time on this node
	reading  sync.Mutex // one refresh at a time: an older list must not undo a newer one
	mu       sync.Mutex
	targets  map[EndpointID]*target
	all      []Endpoint // as last read, by age
}

// Open reads the endpoints and begins to tell them.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Here == nil {
		cfg.Here = func(storage.SectionKey) bool { return true }
	}
	cfg.retryFor = cmp.Or(cfg.retryFor, RetryFor)
	cfg.disableAfter = cmp.Or(cfg.disableAfter, DisableAfter)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg, feed: cfg.Feed, client: newClient(cfg.Private, cfg.resolver),
		moved: make(chan struct{}, 1), targets: map[EndpointID]*target{}}
	if cfg.transport != nil {
		s.client.Transport = cfg.transport
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.refresh(ctx); err != nil {
		s.cancel()
		return nil, err
	}
	s.work.Go(s.run)
	return s, nil
}

// Close ends all attempts. What is not delivered is, after the next start.
func (s *Service) Close() {
	s.cancel()
	s.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), pollEvery)
	defer cancel()
	s.flush(ctx)
	s.client.CloseIdleConnections()
}

// Moved says that other shards may be this node's now.
func (s *Service) Moved() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// Counts are of this node since its start.
func (s *Service) Counts() *Counts { return &s.counts }

func (s *Service) instant() section.Instant { return section.Instant(s.cfg.Now().UnixMilli()) }

// secrets are those that sign now.
func (s *Service) secrets(e *Endpoint) [][]byte {
	all := [][]byte{secretOf(s.cfg.Secret, e.ID, e.Generation)}
	if e.Generation > 0 && s.instant() < e.Overlap {
		all = append(all, secretOf(s.cfg.Secret, e.ID, e.Generation-1))
	}
	return all
}

func sinkName(id EndpointID) string { return "webhook/" + id.String() }

func (s *Service) run() {
	poll, flush := time.NewTicker(pollEvery), time.NewTicker(feed.FlushEvery)
	rescan, prune := time.NewTicker(rescanEvery), time.NewTicker(pruneEvery)
	for _, t := range []*time.Ticker{poll, flush, rescan, prune} {
		defer t.Stop()
	}
	for pruned := 0; ; {
		var err error
		select {
		case <-s.ctx.Done():
			return
		case <-poll.C:
			err = s.refresh(s.ctx)
		case <-flush.C:
			s.flush(s.ctx)
			s.disableFailing()
		case <-s.moved:
			err = s.rescan(s.ctx)
		case <-rescan.C:
			err = s.rescan(s.ctx)
		case <-prune.C:
			pruned++
			err = s.prune(s.ctx, pruned%60 == 1)
		}
		if err != nil && s.ctx.Err() == nil {
			s.cfg.Logger.Warn("webhooks cannot read what they keep: tried again", "error", err)
		}
	}
}

// refresh reads the endpoints, and tells those that are to be told.
func (s *Service) refresh(ctx context.Context) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	all, err := s.read(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.all = all
	var begin, end []*target
	here := map[EndpointID]bool{}
	for i := range all {
		e := &all[i]
		here[e.ID] = e.Disabled == ""
		t := s.targets[e.ID]
		switch {
		case t != nil:
			t.mu.Lock()
			t.endpoint = *e
			t.mu.Unlock()
		case e.Disabled == "":
			t = newTarget(s, e)
			s.targets[e.ID] = t
			begin = append(begin, t)
		}
	}
	for id, t := range s.targets {
		if !here[id] {
			end = append(end, t)
			delete(s.targets, id)
		}
	}
	s.mu.Unlock()
	for _, t := range end {
		t.stop()
		err = errors.Join(err, s.feed.Remove(ctx, t.Name(), false), s.save(ctx, t))
	}
	for _, t := range begin {
		err = errors.Join(err, s.load(ctx, t))
		s.feed.Add(t)
		s.work.Go(t.retryAll)
	}
	return err
}

// read is every endpoint, the oldest first.
func (s *Service) read(ctx context.Context) (all []Endpoint, err error) {
	err = s.cfg.Store.FeedItems(ctx, []byte{'w', kindEndpoint}, nil, 0, func(i storage.FeedItem) error {
		e, err := decodeEndpoint(i)
		if err == nil {
			all = append(all, *e)
		}
		return err
	})
	slices.SortFunc(all, func(a, b Endpoint) int {
		if a.CreatedAt != b.CreatedAt {
			return int(max(min(a.CreatedAt-b.CreatedAt, 1), -1))
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all, err
}

// load reads a target's queue: what this node tells of, as much as there is room for; and since when it fails.
func (s *Service) load(ctx context.Context, t *target) error {
	id := t.now().ID
	err := s.cfg.Store.FeedItems(ctx, prefixOf(kindRetry, id), nil, 0, func(i storage.FeedItem) error {
		d, err := decodeRetry(i)
		if err != nil {
			return err
		}
		if s.cfg.Here(d.Ref.Shard) && !t.full() {
			t.enqueue(d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.cfg.Store.FeedItems(ctx, prefixOf(kindFailing, id), nil, 1, func(i storage.FeedItem) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(i.Value) == 8 && t.since.IsZero() {
			t.since = time.UnixMilli(int64(binary.BigEndian.Uint64(i.Value)))
		}
		return nil
	})
}

func failingItem(id EndpointID, since time.Time) storage.FeedItem {
	return storage.FeedItem{Key: prefixOf(kindFailing, id),
		Value: binary.BigEndian.AppendUint64(nil, uint64(since.UnixMilli()))}
}

func (s *Service) rescan(ctx context.Context) (err error) {
	for _, t := range s.active() {
		err = errors.Join(err, s.load(ctx, t))
	}
	return err
}

func (s *Service) active() (all []*target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.targets {
		all = append(all, t)
	}
	return all
}

func (s *Service) flush(ctx context.Context) {
	for _, t := range s.active() {
		if err := s.save(ctx, t); err != nil && s.ctx.Err() == nil {
			s.cfg.Logger.Warn("a webhook's deliveries are not saved: tried again", "error", err)
		}
	}
}

func (s *Service) save(ctx context.Context, t *target) error {
	items := t.take()
	for len(items) > 0 {
		n := min(len(items), storage.FeedItemsMax)
		if err := s.cfg.Store.SaveFeed(ctx, items[:n]); err != nil {
			t.giveBack(items)
			return err
		}
		items = items[n:]
	}
	return nil
}

// disableFailing ends what has done nothing but fail for DisableAfter, at its latest attempt.
func (s *Service) disableFailing() {
	for _, t := range s.active() {
		t.mu.Lock()
		over, id := t.over, t.endpoint.ID
		t.mu.Unlock()
		if over {
			s.disable(s.ctx, id, Failing)
		}
	}
}

// disable switches an endpoint off, and says so.
func (s *Service) disable(ctx context.Context, id EndpointID, why string) {
	at := s.instant()
	_, err := s.change(ctx, id, func(e *Endpoint) {
		if e.Disabled == "" {
			e.Disabled, e.DisabledAt = why, at
		}
	})
	s.mu.Lock()
	t := s.targets[id]
	s.mu.Unlock()
	if t != nil && err == nil {
		t.mu.Lock()
		t.endpoint.Disabled, t.endpoint.DisabledAt = why, at
		t.mu.Unlock()
	}
	if err != nil {
		s.cfg.Logger.Warn("a webhook cannot be switched off: tried again", "endpoint", id.String(), "error", err)
		return
	}
	s.cfg.Logger.Error("ALARM: a webhook is told nothing any more", "alarm", "webhook_disabled",
		"endpoint", id.String(), "reason", why)
}

// prune removes deliveries that are too old, and those that are too many: of all endpoints, or of those whose list has
// grown here.
func (s *Service) prune(ctx context.Context, all bool) error {
	grown := map[EndpointID]bool{}
	for _, t := range s.active() {
		grown[t.now().ID] = t.listed.Swap(false)
	}
	for _, e := range s.List() {
		if !all && !grown[e.ID] {
			continue
		}
		var keys [][]byte
		err := s.cfg.Store.FeedItems(ctx, prefixOf(kindDelivery, e.ID), nil, 0, func(i storage.FeedItem) error {
			keys = append(keys, bytes.Clone(i.Key))
			return nil
		})
		if err != nil {
			return err
		}
		oldest := uint64(s.instant() - section.Instant(LogFor.Milliseconds()))
		n := max(len(keys)-logMax, 0)
		for n < len(keys) && binary.BigEndian.Uint64(keys[n][18:]) < oldest {
			n++
		}
		for keys = keys[:n]; len(keys) > 0; {
			var gone []storage.FeedItem
			for _, key := range keys[:min(len(keys), storage.FeedItemsMax)] {
				gone = append(gone, storage.FeedItem{Key: key})
			}
			if err := s.cfg.Store.SaveFeed(ctx, gone); err != nil {
				return err
			}
			keys = keys[len(gone):]
		}
	}
	return nil
}
