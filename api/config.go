package api

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"slices"
	"time"

	"holdfast/api/auth"
	"holdfast/api/captcha"
	"holdfast/api/hooks"
	"holdfast/api/limit"
	"holdfast/api/live"
	"holdfast/api/mails"
	"holdfast/api/operate"
	"holdfast/api/queue"
	"holdfast/api/token"
	"holdfast/api/webhook"
	"holdfast/storage"
)

// Config says how the outside behaves. The zero value of a field means its default; New fills them in.
type Config struct {
	// DevAuth accepts "X-Buyer: alice" for any buyer, and the operator key "dev" when no other is set. Danger: in
	// production it lets everybody be anybody.
	DevAuth bool
	// OperatorKey is the bearer key of operators; at least 16 bytes outside dev mode. Empty: no operator calls (but see
	// DevAuth).
	OperatorKey string
	// OperatorKeys are keys with names, besides OperatorKey, which is named "operator"; see CheckOperatorKeys. Each
	// counts, so that one can be replaced while the other is in use; the log says by name who did what.
	// Server.SetOperatorKeys changes them while the server runs.
	OperatorKeys []auth.OperatorKey
	// JWTSecret verifies HS256 tokens; at least 32 bytes. Empty: HS256 is refused.
	JWTSecret []byte
	// JWTPublicKey verifies EdDSA tokens. Nil: EdDSA is refused. With both keys set, each algorithm has its own key.
	JWTPublicKey ed25519.PublicKey
	// SignInURL is where the page sends a fan who has no token: the shop's own sign-in, http or https. SignInReturn in
	// it is replaced by the page's address, escaped; the shop comes back to that address with #token=… at its end.
	// Empty: the page says that a token is needed.
	SignInURL string
	// JWTKeys verify tokens besides, each by its kid; see token.ParseJWKS, and Server.SetKeys for changing them while
	// the server runs.
	JWTKeys []token.Key
	// JWTIssuers and JWTAudiences: a token's iss must be one of the first, its aud hold one of the second. Empty: they
	// do not count, which lets a token in that the same issuer made for another service.
	JWTIssuers, JWTAudiences []string
	// TokenCacheMax bounds the remembered verified tokens (count, default 65,536, about 150 bytes each). Smaller: more
	// signature checks. A remembered token still dies at its exp.
	TokenCacheMax int

	// RequestTimeout bounds one engine call (default 10 s). Too small: answers become "outcome unknown" under a slow
	// store; too large: threads of patience pile up behind a dead one.
	RequestTimeout time.Duration
	// ReadTimeout bounds the reading of one request (default 15 s); WriteTimeout the writing of one answer (default 30
	// s); IdleTimeout a silent keep-alive connection (default 2 min). Too small cuts honest mobile buyers off.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// ConnsPerIPMax bounds connections of one address, an IPv4 address or an IPv6 /64 (default 0, no bound: carriers
	// put thousands of buyers behind one, and a proxy all of them).
	ConnsPerIPMax int
	// ConnsMax bounds connections open at once, streams among them (default 65,536); over it those that are not being
	// served give way, and when there is none, newcomers are refused with 503. Each costs a descriptor, and about 12
	// KiB while busy.
	ConnsMax int
	// BodyBytesMax bounds the memory of all bodies over 8 KiB that are arriving or being worked on (default 256 MiB);
	// over it: 503. Operators' plans have as much again.
	BodyBytesMax int64
	// AdminApart moves /metrics from Serve's listeners to ServeAdmin's.
	AdminApart bool
	// HeaderBytesMax bounds a request's head (default 8 KiB); over it: 431. It is also each connection's read buffer.
	HeaderBytesMax int
	// Limits bound what one buyer, address or event may ask for (default: no bounds). Over one: 429 rate_limited.
	Limits limit.Limits
	// Persons is the key under which limits know buyers; servers that count together need the same. Zero: a random one.
	Persons storage.EventKey

	// StreamsMax bounds the streams of live maps and waiting rooms together (default 20,000); over it: 503. Each costs
	// its connection.
	StreamsMax int
	// StreamFlush is the least time between two flushes of one event's stream (default 20 ms). Larger saves system
	// calls, and makes maps older.
	StreamFlush time.Duration
	// StreamCheckpoint is how often sections that changed get a checkpoint (default 5 s).
	StreamCheckpoint time.Duration
	// StreamHeartbeat is the longest silence on a stream (default 15 s). Over a proxy's idle limit, streams die
	// quietly.
	StreamHeartbeat time.Duration
	// StreamRingBytes is how much of an event's stream is kept for slow and returning clients (default 4 MiB).
	StreamRingBytes int

	// Writable says why nothing can be written at the moment: every mutation is then refused with 503 unavailable and
	// the error's text, before anybody is asked, and reads go on. Asked for each mutation, so it must be quick. Nil: it
	// always can.
	Writable func() error

	// Queue keeps the doors of events with a waiting room. Nil: there are none, and an event that asks for one is
	// refused.
	Queue queue.Engine
	// QueueKeys sign places, admissions, puzzles and presale codes; all nodes need the same, see queue.NewKeys. Zero:
	// random ones, which end with the process.
	QueueKeys queue.Keys
	// QueuePollsPerSecond bounds all polls of one waiting room together, over all nodes (default 20,000): the more
	// wait, the later each is told to ask again. Smaller: people hear of their turn later, but for those near the head.
	QueuePollsPerSecond float64

	// Captcha is asked about joins of events that want that. Nil: an event that wants it is refused, and one that was
	// made on a server that had one gets no joins here (503).
	Captcha *captcha.Service

	// PaymentPage says what the page asks a buyer who pays. The zero value is the sandbox.
	PaymentPage PaymentPage

	// Hooks keeps the operators' webhooks out. Nil: there are none.
	Hooks hooks.Service
	// Changes reads what the logs of an event say. Nil: its call answers 404.
	Changes hooks.Changes
	// Mails sends mails to buyers. Nil: none are sent.
	Mails mails.Service
	// Payments takes the webhooks of payment processors. Nil: their addresses answer 404.
	Payments webhook.Payments
	// Cluster is what the operators' calls under /v1/cluster show and do. Nil: they answer 409 not_clustered.
	Cluster operate.Cluster

	// TestClock is the clock of a store for tests, on a server in dev mode. Nil: its calls answer 409 no_test_clock.
	TestClock operate.TestClock
	// Now is the clock for tokens and, when it is given, for rates, which count on the machine's monotonic clock else.
	// Default time.Now.
	Now func() time.Time
	// Logger gets one line for each error that ends here; never bodies, tokens or keys. Default slog.Default().
	Logger *slog.Logger
}

func (c *Config) fill() {
	setDefault(&c.TokenCacheMax, 65_536)
	setDefault(&c.RequestTimeout, 10*time.Second)
	setDefault(&c.ReadTimeout, 15*time.Second)
	setDefault(&c.WriteTimeout, 30*time.Second)
	setDefault(&c.IdleTimeout, 2*time.Minute)
	setDefault(&c.ConnsMax, 64<<10)
	setDefault(&c.BodyBytesMax, 256<<20)
	setDefault(&c.HeaderBytesMax, 8<<10)
	setDefault(&c.StreamsMax, 20_000)
	setDefault(&c.StreamFlush, 20*time.Millisecond)
	setDefault(&c.StreamCheckpoint, 5*time.Second)
	setDefault(&c.StreamHeartbeat, 15*time.Second)
	setDefault(&c.StreamRingBytes, 4<<20)
	setDefault(&c.QueuePollsPerSecond, 20_000)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.DevAuth && c.OperatorKey == "" && len(c.OperatorKeys) == 0 {
		c.OperatorKey = operatorDev
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate says what is dangerous or contradictory in a configuration. New does not call it: the owner of the process
// decides whether to start anyway.
func (c *Config) Validate() error {
	var all []error
	if !c.DevAuth && len(c.JWTSecret) == 0 && c.JWTPublicKey == nil && len(c.JWTKeys) == 0 {
		all = append(all, errors.New("api: no way for buyers to identify themselves: set a JWT key, or dev-auth for "+
			"a demo"))
	}
	if len(c.JWTSecret) > 0 {
		_, err := token.Secret(c.JWTSecret)
		all = append(all, err)
	}
	if len(c.JWTPublicKey) > 0 {
		_, err := token.Public(c.JWTPublicKey)
		all = append(all, err)
	}
	if !c.DevAuth {
		all = append(all, auth.CheckOperatorKeys(c.operatorKeys()))
	}
	return errors.Join(append(all, checkSignInURL(c.SignInURL), c.PaymentPage.check())...)
}

// The names of keys that have none of their own.
const (
	operatorUnnamed = "operator" // Config.OperatorKey
	operatorDev     = "dev"      // of dev mode
)

// operatorKeys are all that count.
func (c *Config) operatorKeys() []auth.OperatorKey {
	all := slices.Clone(c.OperatorKeys)
	if c.OperatorKey != "" {
		name := operatorUnnamed
		if c.DevAuth && c.OperatorKey == operatorDev {
			name = operatorDev
		}
		all = append(all, auth.OperatorKey{Name: name, Key: c.OperatorKey})
	}
	return all
}

// authentication is the part of the configuration that says who is believed.
func (c *Config) authentication() *auth.Options {
	return &auth.Options{
		DevAuth: c.DevAuth, CacheMax: c.TokenCacheMax,
		Rules:  token.Rules{Issuers: c.JWTIssuers, Audiences: c.JWTAudiences, Now: c.clock()},
		Secret: c.JWTSecret, Public: c.JWTPublicKey, Listed: c.JWTKeys, Operators: c.operatorKeys(),
		Persons: c.Persons,
	}
}

// streaming is the part of the configuration that says how the live map behaves.
func (c *Config) streaming() live.Config {
	return live.Config{
		Timeout: c.RequestTimeout, WriteTimeout: c.WriteTimeout, StreamsMax: c.StreamsMax,
		Flush: c.StreamFlush, Checkpoint: c.StreamCheckpoint, Heartbeat: c.StreamHeartbeat,
		RingBytes: c.StreamRingBytes,
	}
}

// waitingRooms is the part of the configuration that says how waiting rooms are told of.
func (c *Config) waitingRooms() queue.Config {
	return queue.Config{
		Timeout: c.RequestTimeout, WriteTimeout: c.WriteTimeout, StreamsMax: c.StreamsMax,
		Heartbeat: c.StreamHeartbeat, PollsPerSecond: c.QueuePollsPerSecond, Keys: c.QueueKeys.OrRandom(),
		Captcha: c.Captcha,
		Now:     c.storeClock(), Logger: c.Logger,
	}
}

// clock is the clock for tokens.
func (c *Config) clock() func() time.Time {
	if c.Now != nil {
		return c.Now
	}
	return time.Now
}

// storeClock is the clock that sessions and turns end by.
func (c *Config) storeClock() func() time.Time {
	wall := c.clock()
	if c.TestClock == nil {
		return wall
	}
	return func() time.Time {
		_, ahead, _ := c.TestClock.ClockAhead() // without one there is none to fail
		return wall().Add(ahead)
	}
}
