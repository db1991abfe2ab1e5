package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/storage"
)

// Options of a store. The zero value is usable.
type Options struct {
	// Migrate applies the schema steps that are missing before the store opens. A role that may not is told so only
	// when a step is missing.
	Migrate bool
	// AppendConcurrency is how many appends may be under way at once, each on a connection of its own. Too few leave
	// the server idle between a commit's sync and the next; too many only queue inside the server, where nobody can see
	// them, and starve the others who use it. Default: concurrencyPostgres or concurrencyCockroach, see there.
	AppendConcurrency int
	// AttemptTimeout bounds one sending of one statement. After it the outcome is unknown and the same append is sent
	// again. Too short turns a slow commit into doubt; too long keeps buyers waiting on a dead connection. Default 2 s.
	// A large snapshot gets a second more for each MiB.
	AttemptTimeout time.Duration
	// Name is shown by the server as application_name. Default "holdfast".
	Name string
	// Isolation is the level of the store's transactions, "read committed" or "serializable". Default: the server's
	// own. The store's promises hold on either.
	Isolation string
	// Logf hears of trouble with the server, one line an incident. Default: nobody.
	Logf func(format string, args ...any)
	// Alarm hears when something begins for which somebody should be woken, and when it ends. Default: Logf.
	Alarm func(Alarm)
	// Migrated hears which schema steps the opening applied; it is not called for none. Default: nobody.
	Migrated func(steps []string)
	// AppendsPatience is how long every append must be refused until the store says so; see Stats.AppendsHealthy.
	// Default 2 s: a restart of the server is shorter.
	AppendsPatience time.Duration
}

// AppendConcurrency by kind of server.
//
// PostgreSQL gets two slots of many records each. What a hold costs its processors is mostly the statement and the
// commit, not the row: with 64 hot sections one slot gathers 42 records a statement, two 25, four 18, eight 14, and the
// server spends 6, 8, 10 and 11 µs on a hold. A second slot fills the time in which the first waits for its sync or for
// the network, and keeps one statement that hangs from holding up every section; a third only splits the records into
// smaller groups. A group of 64 is all that two slots can gather from 64 sections; make bench-sql has the rates, and
// `go test -run '^$' -bench SQLShape ./actors` the other shapes.
//
// CockroachDB gets many slots of one record each: a commit there is a round of consensus, some milliseconds long and
// parallel by range, and one row is one phase. Its own advice is four connections a processor core over all clients; a
// node asks for 32, a share of that on the smallest cluster worth running (three nodes of four cores).
const (
	concurrencyPostgres  = 2
	groupPostgres        = 64
	concurrencyCockroach = 32
	groupCockroach       = 1
)

// connectionsBesides are for everything that is not an append (takeovers, replays, snapshots, heartbeats, catalog):
// were they to queue behind appends, a node in trouble could not even show that it is alive.
const connectionsBesides = 8

const (
	attemptTimeoutDefault = 2 * time.Second
	connectTimeout        = 2 * time.Second
	// idleInTransaction ends the transaction of a client that was paused halfway: its row locks would hold up the
	// successor's takeover.
	idleInTransaction = "5000" // ms
)

// keepalives let PostgreSQL find out within some ten seconds that a client's machine is gone. An extended-protocol
// append commits with its last message; should a line break just before that one, the row stays locked until the server
// notices, and its default is two hours.
var keepalives = map[string]string{"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2",
	"tcp_keepalives_count": "3"}

// Store implements [storage.Store] on a PostgreSQL or CockroachDB server.
type Store struct {
	pool      *pgxpool.Pool
	options   Options
	server    Server
	group     int           // appends in one statement, at most
	appending chan struct{} // a token for each append statement under way
	stats     Stats

	closed atomic.Bool
	mu     sync.Mutex
	// tails are the last entries known to be in the log: once there, an entry is there for ever, so a tail may be old
	// and is never wrong. Guarded by mu.
	tails map[storage.SectionKey]seen
	// births counts the connections made. One may lead to a server that does not know what an older one told; see seen.
	births atomic.Int64
}

var _ storage.Store = (*Store)(nil)

// Server says who is at the other end.
type Server struct {
	Cockroach bool
	Version   string // its own words
}

// Open connects to the server at a postgres:// URL and checks that its schema is the one this build needs. ctx bounds
// the opening only.
//
// Errors: the URL's, the network's (wrapping storage.ErrUnavailable), ErrSchema when steps are missing and
// Options.Migrate is not set.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	config, err := configure(address, &o)
	if err != nil {
		return nil, err
	}
	s := &Store{options: o, tails: map[storage.SectionKey]seen{}}
	s.stats.appends.patience = o.AppendsPatience
	if s.server, err = ask(ctx, config.ConnConfig); err != nil {
		return nil, fmt.Errorf("sqlstore: %s: %w: %w", Redacted(address), storage.ErrUnavailable, err)
	}
	s.shape(config)
	if err := prepare(ctx, config.ConnConfig, &s.options, s.server); err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = counter{&s.stats}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	return s, nil
}

// configure reads the address and adds what the store needs on every connection.
func configure(address string, o *Options) (*pgxpool.Config, error) {
	config, err := parseAddress(address)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: the store's address: %w", err)
	}
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, attemptTimeoutDefault)
	o.AppendsPatience = cmp.Or(o.AppendsPatience, appendsPatienceDefault)
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	if o.Alarm == nil {
		o.Alarm = func(a Alarm) { o.Logf("%s", a) }
	}
	if o.Migrated == nil {
		o.Migrated = func([]string) {}
	}
	parameters := config.ConnConfig.RuntimeParams
	setDefault(parameters, "application_name", cmp.Or(o.Name, "holdfast"))
	setDefault(parameters, "idle_in_transaction_session_timeout", idleInTransaction)
	// The server gives up a little after the client has: a statement nobody waits for must not hold locks. An address
	// or a role cannot shorten it: PostgreSQL would cut short a commit's wait for its standbys and call it a success.
	parameters["statement_timeout"] = fmt.Sprint((o.AttemptTimeout + 10*time.Second).Milliseconds())
	if o.Isolation != "" {
		parameters["default_transaction_isolation"] = o.Isolation
	}
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, connectTimeout)
	if config.ConnConfig.ValidateConnect == nil && severalServers(config.ConnConfig) {
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return config, nil
}

// severalServers tells whether the address names more than one. Of those the one that can write is meant, as with
// target_session_attrs=read-write: a standby among them would tell of a log that ends too early, and its section would
// be taken for damaged.
func severalServers(config *pgx.ConnConfig) bool {
	return slices.ContainsFunc(config.Fallbacks, func(other *pgconn.FallbackConfig) bool {
		return other.Host != config.Host || other.Port != config.Port
	})
}

func setDefault(parameters map[string]string, name, value string) {
	if parameters[name] == "" {
		parameters[name] = value
	}
}

// ask connects once to learn what the server is. CockroachDB names itself in its version; there is no other way that
// both answer.
func ask(ctx context.Context, config *pgx.ConnConfig) (server Server, err error) {
	conn, err := pgx.ConnectConfig(ctx, patient(ctx, config))
	if err != nil {
		return server, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if err := conn.QueryRow(ctx, sql("version")).Scan(&server.Version); err != nil {
		return server, err
	}
	server.Cockroach = isCockroach(server.Version)
	return server, nil
}

// shape sizes the pool for the kind of server.
func (s *Store) shape(config *pgxpool.Config) {
	appending, group := concurrencyPostgres, groupPostgres
	if s.server.Cockroach {
		appending, group = concurrencyCockroach, groupCockroach
		// Where a role has it on, every read of a tail would be seconds old.
		config.ConnConfig.RuntimeParams["default_transaction_use_follower_reads"] = "off"
	} else {
		for name, value := range keepalives { // CockroachDB has a cluster setting for it, and probes by default
			setDefault(config.ConnConfig.RuntimeParams, name, value)
		}
		config.AfterConnect = s.born
	}
	appending = cmp.Or(s.options.AppendConcurrency, appending)
	s.group, s.appending = group, make(chan struct{}, appending)
	config.MaxConns = int32(appending + connectionsBesides)
}

// Shape tells how appends travel: how many statements may be under way at once, and how many appends fit into one.
func (s *Store) Shape() (appending, group int) { return cap(s.appending), s.group }

// Server tells what the store speaks to.
func (s *Store) Server() Server { return s.server }

// Stats are the store's counters.
func (s *Store) Stats() *Stats { return &s.stats }

// Close gives the connections back. Later calls answer storage.ErrUnavailable.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.pool.Close()
	}
	return nil
}
