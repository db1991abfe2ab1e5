package feeding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"holdfast/actors/feed"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// Command is holdfast feed.
type Command struct {
	Store    string        `required:"" help:"The database that the logs are in, or pebble:DIR of a stopped server." placeholder:"URL"`
	To       []string      `required:"" sep:"none" help:"Where to: kafka://BROKER:9092/TOPIC?… or redis://HOST:6379/0?…; may be repeated." placeholder:"ADDRESS"`
	Interval time.Duration `help:"Time between two looks at the logs (${default}); each asks once for every section." default:"1s" placeholder:"DURATION"`
	Once     bool          `help:"End when everything that the logs have has been told."`

	LogFormat string `help:"Log lines as text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// Help is shown by holdfast feed --help.
func (Command) Help() string {
	return `Examples:

  holdfast feed --store postgres://feeder@db/holdfast --to 'kafka://one:9092,two:9092/holdfast?partitions=12&replication=3'
      Tell a topic what happens, from where it was told up to, until a signal.

  holdfast feed --store postgres://feeder@db/holdfast --to 'redis://cache:6379/0?stream=holdfast&maxlen=10000'
      Tell streams in Redis, one for each section.

  holdfast feed --store pebble:/var/lib/holdfast --to kafka://one:9092/holdfast --once
      Tell what a stopped server has not told yet, and end.

The servers do the same by themselves, and sooner, with serve --feed: a process of its own keeps the brokers' load and trouble away from
them. Both at once repeat things and leave nothing out. Cursors are in the store; how far the topic is shows in the metrics of servers that feed.

Of an address:
  kafka://USER@BROKER:PORT,BROKER:PORT/TOPIC
    per=event            a topic for each event, TOPIC.EVENT (default: one for all)
    partitions=N, replication=N, create=off
                         of a topic that is made (default: the broker's own); create=off makes none
    tls=on, ca_file=F, cert_file=F, key_file=F
    sasl=scram-sha-512, password_file=F
                         also scram-sha-256, and plain with TLS
    record_bytes=N       largest batch, and so largest record (1000000); the topic's max.message.bytes must allow it
    buffer_bytes=N       on their way at once (67108864); beyond that the log is the queue
  redis://USER@HOST:PORT/DATABASE, rediss://…, unix:///SOCKET
    stream=NAME          streams are NAME:EVENT/SECTION, and the set NAME:shards names them (holdfast)
    maxlen=N             about so many entries are kept of each stream (10000)
    password_file=F, ca_file=F
  of both
    name=NAME            under which it is kept how far the address was told; another name begins anew
    since=TIME           begin with what is as new as this (RFC 3339); default: with the oldest record

Rights in the database: SELECT on section_log, events, venue_parts, schema_steps; SELECT, INSERT, UPDATE, DELETE on feed_items.`
}

// store is one that is opened to be told of.
type store interface {
	feed.Store
	Close() error
}

// Run tells until a signal, or until everything is told.
func (f *Command) Run(c *terminal.Console) (err error) {
	if f.Interval < 10*time.Millisecond {
		return errors.New("--interval must be 10ms or more")
	}
	ctx, restoreSignals := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	log := terminal.NewLogger(c.Err, f.LogFormat, "info")
	from, err := openStore(ctx, f.Store, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	host, err := os.Hostname()
	if err != nil {
		host = "feeder"
	}
	running := feed.Open(feed.Config{Store: from, Logger: log, LookEvery: f.Interval})
	sinks, err := Open(f.To, &Parts{Store: from, Feed: running, Node: host, Logger: log})
	if err != nil {
		running.Close()
		return err
	}
	defer sinks.Close()
	defer running.Close()
	log.Info("telling", "sinks", len(f.To))
	if f.Once {
		return untilDone(ctx, running, from)
	}
	<-ctx.Done()
	return nil
}

// untilDone waits until every sink's cursors stand at the ends of all logs.
func untilDone(ctx context.Context, running *feed.Feed, from feed.Store) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		behind, err := running.Behind(ctx)
		if err != nil || behind == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d logs of sections are not told to their ends", behind)
		case <-tick.C:
		}
	}
}

func openStore(ctx context.Context, address string, log *slog.Logger) (store, error) {
	if folder, is := strings.CutPrefix(address, "pebble:"); is && folder != "" {
		s, err := datafolder.Open(folder, pebblestore.Options{}, log)
		if errors.Is(err, storage.ErrInUse) {
			return nil, terminal.InUse(folder, "it tells by itself, with serve --feed")
		}
		return s, err
	}
	if scheme, _, _ := strings.Cut(address, "://"); scheme != "postgres" && scheme != "postgresql" {
		// not repeated here: nobody knows where its password is
		return nil, errors.New("--store must be a postgres:// address, or pebble:DIR")
	}
	if err := keyfile.CheckStore(address); err != nil {
		return nil, err
	}
	return sqlstore.Open(ctx, address, sqlstore.Options{Name: "holdfast feed",
		Logf: func(format string, args ...any) { log.Warn("store: " + fmt.Sprintf(format, args...)) }})
}
