package redisstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Times and bounds.
const (
	shardsAtOnce = 16
	callMost     = 2 * time.Second // of one pipeline
	pipelineMost = 512             // entries of one pipeline
	pauseFailed  = time.Second
	shardsKept   = 1 << 16
	cappedMin    = 1000
	cappedMost   = 100_000_000
	cappedElse   = 10_000
)

// Address is where streams are.
type Address struct {
	Options      *redis.Options
	Stream       string // what their names begin with
	Name         string // of the sink: cursors stand under it
	Capped       int64  // about how many entries each keeps
	Since        time.Time
	PasswordFile string
	CAFile       string
}

var streamName = regexp.MustCompile(`^[a-zA-Z0-9._:-]{1,40}$`)

// Parse reads an address such as redis://user@host:6379/0?stream=holdfast&password_file=FILE. The error never holds the
// address.
func Parse(text string) (*Address, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix" {
		return nil, errors.New("is no address such as redis://host:6379/0")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("has a password: it belongs in a file, ?password_file=FILE")
	}
	a := &Address{Stream: "holdfast", Capped: cappedElse}
	for name, all := range u.Query() {
		if len(all) != 1 {
			return nil, fmt.Errorf("has %s more than once", name)
		}
		if err := a.set(name, all[0]); err != nil {
			return nil, err
		}
	}
	u.RawQuery = ""
	if a.Options, err = redis.ParseURL(u.String()); err != nil {
		return nil, errors.New("is no address such as redis://host:6379/0, rediss://host:6380 or " +
			"unix:///run/redis.sock")
	}
	if a.Name == "" {
		a.Name = "redis/" + a.Stream
	}
	if len(a.Name) > feed.NameMax {
		return nil, fmt.Errorf("has a name of more than %d bytes", feed.NameMax)
	}
	if a.CAFile != "" && a.Options.TLSConfig == nil {
		return nil, errors.New("has ca_file without rediss://")
	}
	return a, nil
}

func (a *Address) set(name, value string) (err error) {
	switch name {
	case "stream":
		if a.Stream = value; !streamName.MatchString(value) {
			err = errors.New("must be 1 to 40 letters, digits, '.', '_', ':', '-'")
		}
	case "name":
		a.Name = value
	case "maxlen":
		a.Capped, err = strconv.ParseInt(value, 10, 64)
		if err == nil && (a.Capped < cappedMin || a.Capped > cappedMost) {
			err = strconv.ErrRange
		}
	case "since":
		a.Since, err = time.Parse(time.RFC3339, value)
	case "password_file":
		a.PasswordFile = value
	case "ca_file":
		a.CAFile = value
	default:
		return fmt.Errorf("has %q, which is not a known parameter", name)
	}
	if err != nil {
		return fmt.Errorf("has %s=%q: %w", name, value, err)
	}
	return nil
}

// Config is what a sink needs.
type Config struct {
	Address  *Address
	Password []byte      // nil: none
	TLS      *tls.Config // where rediss:// needs more than the system's authorities; nil: it does not
	Logger   *slog.Logger
}

// Sink tells a stream for each shard. It is a feed.Sink.
type Sink struct {
	cfg    Config
	name   string
	client *redis.Client

	mu      sync.Mutex
	known   map[storage.SectionKey]feed.Ref // the last entry that a stream is known to have
	trouble error                           // nil: the last answer was fine
	lost    uint64                          // streams that ended before what they were told
}

// Open makes a sink. Redis is looked for when there is something to tell.
func Open(cfg Config) *Sink {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	o := *cfg.Address.Options
	if cfg.Password != nil {
		o.Password = string(cfg.Password)
	}
	if cfg.TLS != nil {
		o.TLSConfig = cfg.TLS
	}
	o.MaxRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, true, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = callMost, callMost, callMost
	o.PoolSize, o.MaxActiveConns = shardsAtOnce, shardsAtOnce
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Sink{cfg: cfg, name: cfg.Address.Name, client: redis.NewClient(&o),
		known: map[storage.SectionKey]feed.Ref{}}
}

// Close ends the connections.
func (s *Sink) Close() { _ = s.client.Close() } // nothing is left to be sent

// Name implements feed.Sink, as all of these do.
func (s *Sink) Name() string { return s.name }

// Since is from when on the streams are told.
func (s *Sink) Since() section.Instant {
	if s.cfg.Address.Since.IsZero() {
		return 0
	}
	return section.Instant(s.cfg.Address.Since.UnixMilli())
}

// Parallel is how many shards are told at once.
func (s *Sink) Parallel() int { return shardsAtOnce }

// Trouble is why the streams cannot be told; nil: they can.
func (s *Sink) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Lost is how many streams were found to end before what they had been told.
func (s *Sink) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// stream is the name of a shard's.
func (s *Sink) stream(shard storage.SectionKey) string {
	return fmt.Sprintf("%s:%v/%d", s.cfg.Address.Stream, shard.Event, shard.Section)
}

// entryID is the id of a change's entry: Redis takes none whose two numbers are both 0.
func entryID(r feed.Ref) string { return fmt.Sprintf("%d-%d", r.Seq, int(r.N)+1) }

// Tell adds a shard's next events to its stream.
func (s *Sink) Tell(ctx context.Context, t *feed.Telling) (result feed.Result) {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	err := s.look(ctx, t)
	if err == nil {
		result.Done, err = s.add(ctx, t)
	}
	s.note(ctx, err)
	if err != nil {
		result.Pause = feed.Jittered(pauseFailed)
	}
	return result
}

// add says how many of the first events are in the stream now.
func (s *Sink) add(ctx context.Context, t *feed.Telling) (done int, err error) {
	n := min(len(t.Events), pipelineMost)
	pipeline := s.client.Pipeline()
	for i := range n {
		pipeline.XAdd(ctx, &redis.XAddArgs{Stream: s.stream(t.Shard), MaxLen: s.cfg.Address.Capped, Approx: true,
			ID: entryID(t.Refs[i]), Values: []any{"event", t.Events[i].Append(nil)}})
	}
	answers, err := pipeline.Exec(ctx)
	for done < len(answers) {
		one := answers[done].Err()
		if one != nil && !isThere(one) {
			break
		}
		done++
	}
	if done > 0 {
		s.mu.Lock()
		s.known[t.Shard] = t.Refs[done-1]
		s.mu.Unlock()
	}
	if done == n {
		return done, nil
	}
	if done < len(answers) && answers[done].Err() != nil {
		err = answers[done].Err()
	}
	return done, fmt.Errorf("redisstream: %w", err)
}

// isThere says that an entry was refused because its id, or a later one, is in the stream.
func isThere(err error) bool {
	return strings.Contains(err.Error(), "equal or smaller than the target stream top item")
}

// look finds, once a shard and life, whether a stream still has what it was told, and nothing else.
func (s *Sink) look(ctx context.Context, t *feed.Telling) error {
	s.mu.Lock()
	last, known := s.known[t.Shard]
	s.mu.Unlock()
	if known && t.Refs[0].Seq <= last.Seq+1 {
		return nil
	}
	stream := s.stream(t.Shard)
	if err := s.client.SAdd(ctx, s.cfg.Address.Stream+":shards", stream).Err(); err != nil {
		return fmt.Errorf("redisstream: %w", err)
	}
	newest, err := s.client.XRevRangeN(ctx, stream, "+", "-", 1).Result()
	if err != nil {
		return fmt.Errorf("redisstream: %w", err)
	}
	top, next := uint64(0), uint64(t.Refs[0].Seq)
	if len(newest) > 0 {
		text, _, _ := strings.Cut(newest[0].ID, "-")
		if top, err = strconv.ParseUint(text, 10, 64); err != nil {
			return fmt.Errorf("redisstream: the last id of stream %s is %q", stream, newest[0].ID)
		}
	}
	if top >= next {
		if err := s.compare(ctx, t, top); err != nil {
			return err
		}
	}
	isLost := top+1 < next && (top > 0 || s.cfg.Address.Since.IsZero())
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= shardsKept {
		clear(s.known)
	}
	s.known[t.Shard] = t.Refs[0]
	if isLost {
		s.lost++
		s.cfg.Logger.Error("ALARM: Redis has lost what it was told: consumers of the stream find a gap, and begin "+
			"anew from a snapshot", "alarm", "feed_stream_lost", "sink", s.name, "stream", stream, "last", top, "next",
			next)
	}
	return nil
}

// compare holds what a stream has against what it is to be told again: ids alone would hide that a log is another one
// now, as after a backup was restored.
func (s *Sink) compare(ctx context.Context, t *feed.Telling, top uint64) error {
	last := 0 // of those that the stream should have: old ones are gone where it is capped
	for last+1 < len(t.Refs) && uint64(t.Refs[last+1].Seq) <= top {
		last++
	}
	id, stream := entryID(t.Refs[last]), s.stream(t.Shard)
	there, err := s.client.XRange(ctx, stream, id, id).Result()
	if err != nil {
		return fmt.Errorf("redisstream: %w", err)
	}
	if len(there) == 1 && there[0].Values["event"] != string(t.Events[last].Append(nil)) {
		return fmt.Errorf("redisstream: stream %s has another event as %s: was a backup restored? Then give the feed "+
			"another stream", stream, id)
	}
	return nil
}

// note keeps why the streams cannot be told. A trouble is logged once.
func (s *Sink) note(ctx context.Context, err error) {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	s.mu.Lock()
	before := s.trouble
	s.trouble = err
	if err != nil {
		clear(s.known) // it may be another Redis that answers next
	}
	s.mu.Unlock()
	switch {
	case err != nil && before == nil:
		s.cfg.Logger.Warn("streams cannot be told: tried again", "sink", s.name, "error", err, "hint",
			"the log is the queue until then")
	case err == nil && before != nil:
		s.cfg.Logger.Info("streams are told again", "sink", s.name)
	}
}
