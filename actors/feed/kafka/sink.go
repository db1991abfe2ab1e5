package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Times and bounds.
const (
	shardsAtOnce  = 64
	tellFor       = 250 * time.Millisecond // that one call waits for acknowledgements
	pauseSlow     = 250 * time.Millisecond // until what is still on its way is looked at again
	pauseFailed   = 2 * time.Second
	flightBytes   = 4 << 20   // of one shard
	aloneBytes    = 256 << 10 // a record that is sent alone
	pinsKept      = 1 << 16
	metadataOld   = time.Minute
	metadataNew   = 250 * time.Millisecond
	backoffFirst  = 50 * time.Millisecond
	backoffMost   = time.Second
	linger        = 2 * time.Millisecond
	retriesPerTry = 5 * time.Second
)

// Config is what a sink needs.
type Config struct {
	Address  *Address
	Password []byte      // of Address.User
	TLS      *tls.Config // where Address.TLS is set
	Store    storage.Feed
	Logger   *slog.Logger
	// Node is this node's name, in stamps.
	Node string
	// Standing says where a shard's log stands, by the node that serves it for sure. nil: nothing is stamped.
	Standing func(context.Context, storage.SectionKey) (Standing, bool)
}

// Sink tells one topic, or one for each event. It is a feed.Sink.
type Sink struct {
	cfg    Config
	name   string
	client *kgo.Client

	querying sync.Mutex // about topics; one at a time
	topics   map[string]topic

	mu       sync.Mutex
	pins     map[storage.SectionKey]int32
	flights  map[storage.SectionKey]*flight
	buffered int           // bytes on their way
	waiting  map[place]int // of these, by partition
	trouble  error         // nil: the last answer was fine
	progress map[storage.SectionKey]progress

	ctx    context.Context // of stamps
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// Open makes a sink. Brokers are looked for when there is something to tell.
func Open(cfg Config) (*Sink, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a := cfg.Address
	options := []kgo.Opt{kgo.SeedBrokers(a.Brokers...), kgo.ClientID("holdfast"), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(linger), kgo.MetadataMaxAge(metadataOld),
		kgo.MetadataMinAge(metadataNew),
		kgo.DisableClientMetrics(), kgo.MaxBufferedRecords(1 << 30), // bounded by Sink.buffered
		kgo.RetryTimeout(retriesPerTry), kgo.RetryBackoffFn(backoff), kgo.ProducerBatchMaxBytes(int32(a.RecordBytes))}
	if a.TLS {
		options = append(options, kgo.DialTLSConfig(cfg.TLS))
	}
	if a.Mechanism != "" {
		options = append(options, kgo.SASL(mechanism(a, string(cfg.Password))))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	s := &Sink{cfg: cfg, name: a.Name, client: client, topics: map[string]topic{},
		pins: map[storage.SectionKey]int32{}, flights: map[storage.SectionKey]*flight{}, waiting: map[place]int{},
		progress: map[storage.SectionKey]progress{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if cfg.Standing != nil {
		s.work.Go(func() { s.stampAll(s.ctx) })
	}
	return s, nil
}

// backoff is the pause before what failed is tried again, jittered.
func backoff(tries int) time.Duration {
	return feed.Jittered(min(backoffFirst<<min(tries, 10), backoffMost))
}

func mechanism(a *Address, password string) sasl.Mechanism {
	if a.Mechanism == "plain" {
		return plain.Auth{User: a.User, Pass: password}.AsMechanism()
	}
	auth := scram.Auth{User: a.User, Pass: password}
	if a.Mechanism == "scram-sha-256" {
		return auth.AsSha256Mechanism()
	}
	return auth.AsSha512Mechanism()
}

// Close ends the connections. What is on its way may arrive, and is told again.
func (s *Sink) Close() {
	s.cancel()
	s.client.Close()
	s.work.Wait()
}

// Name implements feed.Sink, as all of these do.
func (s *Sink) Name() string { return s.name }

// Since is from when on the topic is told.
func (s *Sink) Since() section.Instant {
	if s.cfg.Address.Since.IsZero() {
		return 0
	}
	return section.Instant(s.cfg.Address.Since.UnixMilli())
}

// Parallel is how many shards are told at once.
func (s *Sink) Parallel() int { return shardsAtOnce }

// Buffered is how many bytes are on their way.
func (s *Sink) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buffered
}

// Trouble is why the topic cannot be told; nil: it can.
func (s *Sink) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Tell sends a shard's next events, and waits a moment for them to be acknowledged.
func (s *Sink) Tell(ctx context.Context, t *feed.Telling) feed.Result {
	s.mu.Lock()
	f := s.flights[t.Shard]
	s.mu.Unlock()
	if f != nil && !f.goesOn(t) { // of an earlier life of the shard here; what it sends before this is a repeat
		s.land(t.Shard, f)
		f = nil
	}
	if f == nil {
		var err error
		if f, err = s.begin(ctx, t); err != nil {
			s.failed(ctx, err)
			return feed.Result{Pause: feed.Jittered(pauseFailed)}
		}
		if f == nil {
			return feed.Result{Pause: feed.Jittered(pauseSlow)}
		}
	}
	timer := time.NewTimer(tellFor)
	defer timer.Stop()
	select {
	case <-f.over:
	case <-timer.C:
	case <-ctx.Done():
	}
	return s.result(ctx, t.Shard, f)
}

// begin sends events; nil without an error: too much is on its way.
func (s *Sink) begin(ctx context.Context, t *feed.Telling) (*flight, error) {
	name := s.topicOf(t.Shard.Event)
	of, err := s.partitions(ctx, name)
	if err != nil {
		return nil, err
	}
	partition, err := s.pinned(ctx, t.Shard, of)
	if err != nil {
		return nil, err
	}
	if partition >= of {
		return nil, fmt.Errorf("kafka: topic %s has %d partitions, and event %v, section %d stands in partition %d: "+
			"was it made anew? Then give the feed another name", name, of, t.Shard.Event, t.Shard.Section, partition)
	}
	return s.launch(ctx, t, place{name, partition}), nil
}

func (s *Sink) result(ctx context.Context, shard storage.SectionKey, f *flight) feed.Result {
	acked, more, over, failure := f.take()
	if more > 0 && s.cfg.Standing != nil {
		s.mu.Lock()
		s.reached(shard, f, acked)
		s.mu.Unlock()
	}
	if over {
		s.land(shard, f)
	}
	switch {
	case failure != nil && over:
		s.failed(ctx, failure)
		return feed.Result{Done: more, Pause: feed.Jittered(pauseFailed)}
	case !over && more == 0:
		s.failed(ctx, errSlow)
		return feed.Result{Pause: feed.Jittered(pauseSlow)}
	case more > 0:
		s.fine()
	}
	return feed.Result{Done: more}
}

// land forgets a flight.
func (s *Sink) land(shard storage.SectionKey, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[shard] == f {
		delete(s.flights, shard)
	}
}

var errSlow = errors.New("kafka: the brokers do not acknowledge")

// failed notes why the topic cannot be told. A trouble is logged once.
func (s *Sink) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	s.mu.Lock()
	first := s.trouble == nil
	s.trouble = err
	s.mu.Unlock()
	if !first {
		return
	}
	hint := "the log is the queue until then"
	if errors.Is(err, kerr.MessageTooLarge) {
		hint = "raise max.message.bytes of the topic, and record_bytes of the feed"
	}
	s.cfg.Logger.Warn("a topic cannot be told: tried again", "sink", s.name, "error", err, "hint", hint)
}

func (s *Sink) fine() {
	s.mu.Lock()
	before := s.trouble
	s.trouble = nil
	s.mu.Unlock()
	if before != nil {
		s.cfg.Logger.Info("a topic is told again", "sink", s.name)
	}
}
