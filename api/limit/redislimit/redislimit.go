package redislimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"holdfast/api/limit"
)

// What a call may cost that finds Redis slow or gone.
const (
	timeout      = 50 * time.Millisecond // of a call that asks Redis, waiting for a connection included
	failuresMax  = 3                     // in a row; then nobody asks
	probeEvery   = time.Second
	probeTimeout = time.Second
)

// ConnectionsMax is how many connections to Redis there are at most. More calls wait for one, within their timeout.
const ConnectionsMax = 32

// Redis counts calls over all nodes. Safe for concurrent use. It is a limit.Shared.
type Redis struct {
	// Patience bounds one Take; Open sets 50 ms. Not to be changed once Take is called.
	Patience time.Duration

	client   *redis.Client
	address  string // without user and password
	log      *slog.Logger
	up       atomic.Bool
	failures atomic.Int64 // in a row
	requests atomic.Int64
	errors   atomic.Int64
	trouble  chan struct{} // up has become false
	ctx      context.Context
	cancel   context.CancelFunc
	over     sync.WaitGroup
}

var _ limit.Shared = (*Redis)(nil)

// Parse judges an address: redis://user:password@host:port/database, rediss:// with TLS, or unix:///socket. The error
// never holds the address, which may have a password.
func Parse(address string) (*redis.Options, error) {
	options, err := redis.ParseURL(address)
	var at *url.Error
	if errors.As(err, &at) {
		return nil, errors.New("is no address such as redis://host:6379/0")
	}
	if err != nil {
		return nil, errors.New("is no address such as redis://host:6379/0, rediss://host:6380 or " +
			"unix:///run/redis.sock")
	}
	return options, nil
}

// Open counts in the Redis at address. A Redis that does not answer is an alarm in the log and no error: the nodes then
// count for themselves, and together as soon as it answers. Open takes a second at most.
func Open(address string, log *slog.Logger) (*Redis, error) {
	options, err := Parse(address)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	options.MaxRetries, options.DialerRetries = -1, 1 // a call that was not answered may have counted
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.PoolTimeout = probeTimeout, timeout
	options.ReadTimeout, options.WriteTimeout = probeTimeout, probeTimeout // a call's own is shorter
	options.PoolSize, options.MaxActiveConns = ConnectionsMax, ConnectionsMax
	options.DisableIdentity = true
	quiet()
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	r := &Redis{Patience: timeout, client: redis.NewClient(options), address: options.Addr, log: log,
		trouble: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if err := r.probe(); err != nil {
		r.alarm(err)
	} else {
		r.up.Store(true)
	}
	r.over.Go(r.watch)
	return r, nil
}

// silence takes what the client's library would print on standard error, past the log: what matters is an alarm here.
type silence struct{}

// Printf implements the library's logger.
func (silence) Printf(context.Context, string, ...any) {}

var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

// Close ends what Open began.
func (r *Redis) Close() error {
	r.cancel()
	r.up.Store(false)
	r.over.Wait()
	return r.client.Close()
}

// Up implements limit.Shared.
func (r *Redis) Up() bool { return r.up.Load() }

// Take implements limit.Shared. It takes 50 ms at most, and nothing while Redis is down.
func (r *Redis) Take(buckets []limit.Bucket) (refuses int, ok bool) {
	if !r.up.Load() {
		return 0, false
	}
	r.requests.Add(1)
	ctx, cancel := context.WithTimeout(r.ctx, r.Patience)
	defer cancel()
	refuses, err := r.run(ctx, buckets)
	if err == nil {
		r.failures.Store(0)
		return refuses, true
	}
	r.errors.Add(1)
	if r.failures.Add(1) >= failuresMax && r.ctx.Err() == nil && r.up.CompareAndSwap(true, false) {
		r.alarm(err)
	}
	return 0, false
}

func (r *Redis) run(ctx context.Context, buckets []limit.Bucket) (refuses int, err error) {
	answer, err := take.Run(ctx, r.client, keysOf(buckets), argsOf(buckets)...).Int64Slice()
	if err != nil {
		return 0, err
	}
	return read(answer, buckets)
}

// alarm tells that Redis is down, once an outage.
func (r *Redis) alarm(err error) {
	r.log.Error("ALARM: Redis does not answer: each node counts its limits by itself until Redis is back; nobody is "+
		"refused because of this", "redis", r.address, "error", err)
	r.trouble <- struct{}{}
}

// probe does what calls do, with a bucket of its own.
func (r *Redis) probe() error {
	ctx, cancel := context.WithTimeout(r.ctx, probeTimeout)
	defer cancel()
	_, err := r.run(ctx, []limit.Bucket{{Limit: "probe", Cost: int64(time.Millisecond), Burst: int64(time.Second)}})
	return err
}

// watch waits for an outage, and then for its end.
func (r *Redis) watch() {
	for {
		select {
		case <-r.trouble:
		case <-r.ctx.Done():
			return
		}
		if !r.restored() {
			return
		}
		r.failures.Store(0)
		r.up.Store(true)
		r.log.Info("Redis answers again: limits count over all nodes", "redis", r.address)
	}
}

// restored tries until Redis answers; false: it is over.
func (r *Redis) restored() bool {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if r.probe() == nil {
				return true
			}
		case <-r.ctx.Done():
			return false
		}
	}
}

// Metrics are Redis's, for a registry. holdfast_limits_shared is the one to alarm on.
func (r *Redis) Metrics() []prometheus.Collector {
	count := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return float64(n.Load()) })
	}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_limits_shared",
			Help: "ALARM at 0: Redis does not answer, and each node counts its limits by itself."}, func() float64 {
			if r.up.Load() {
				return 1
			}
			return 0
		}),
		count("holdfast_limits_shared_requests_total", "Calls that were counted by asking Redis.", &r.requests),
		count("holdfast_limits_shared_failures_total", "Of them, those without an answer within 50 ms, counted "+
			"by the node alone.", &r.errors),
	}
}
