package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/cmd/holdfast/terminal"
)

// Config is everything that can be set about a server: by flag, by HOLDFAST_… in the environment, or in a settings
// file, the first of these that says something; else the default. Each field says its unit, its default and its danger.
type Config struct {
	// Config is a file of JSON or YAML with flag names as keys. An unknown key is an error, never ignored.
	Config kong.ConfigFlag `help:"Settings file, JSON or YAML; flags and HOLDFAST_… win over it." placeholder:"FILE" group:"Where"`

	// Listen is the address of the HTTP server. Default 127.0.0.1:8080: reachable from this machine only, on purpose;
	// there is no TLS here, so anything wider belongs behind a proxy that has it. Port 0 lets the system choose.
	Listen string `help:"Address to serve on (${default})." default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"Where"`
	// Data is the embedded store's folder; made when missing, for its owner alone (0700, files 0600), and what earlier
	// builds left open is closed. One process at a time: a second one is refused. Either this or Store.
	Data string `help:"Folder of the embedded store." placeholder:"DIR" group:"Where"`
	// Store is a PostgreSQL or CockroachDB database, instead of Data. Whoever can read the list of processes sees a
	// password in it: put it into HOLDFAST_STORE, a settings file or a password file (?passfile=). Without
	// sslmode=verify-full anybody on the way can read and write everything. A second node on the same database shares
	// the sections if it is told of the first (see Membership); else it stands by, and takes over when the first has
	// gone.
	Store string `help:"Database instead of --data: postgres://USER@HOST/NAME?sslmode=verify-full. Keep passwords in HOLDFAST_STORE or a passfile." placeholder:"URL" group:"Where"`
	// StateDir is a folder of this node's own, with what it has seen acknowledged in the database: a database that lost
	// records (a failover to a standby that lacked them, a restored copy) is then noticed after a restart too. Default:
	// none, and only nodes that run on notice. Written once a second and at a graceful stop; two nodes never share one.
	// With Data its folder serves.
	StateDir string `help:"Folder of this node's own, where it remembers what the database acknowledged: a database that lost records is noticed after a restart too." placeholder:"DIR" group:"Where"`
	// StoreConnections is how many append statements are under way in the database at once, each on a connection of its
	// own. Default 0: 2 on PostgreSQL, where more make each merged statement smaller and dearer, and 32 on CockroachDB,
	// where more queue where nobody sees it; fewer leave the server idle between commits. The server must admit this
	// many and 8 more from each node.
	StoreConnections int `help:"Append statements under way in the database at once; 8 connections more are for the rest. 0 means 2 on PostgreSQL, 32 on CockroachDB (${default})." default:"0" placeholder:"N" group:"Where"`
	// StoreTimeout is how long one sending of a statement may take before its outcome counts as unknown and it is sent
	// again. Default 2s. Shorter turns a slow commit into doubt, and doubt into refusals; longer keeps buyers waiting
	// on a connection that is dead.
	StoreTimeout time.Duration `help:"Longest wait for the database to answer one statement (${default})." default:"2s" placeholder:"DURATION" group:"Where"`
	// Migrate applies missing schema steps to the database at start. Turn it off for a role that may not change the
	// schema: then the start says so when steps are missing, and holdfast migrate is run by one that may.
	Migrate bool `help:"Apply missing schema steps to the database at start (on unless --no-migrate)." default:"true" negatable:"" group:"Where"`
	Membership
	CallLimits
	WaitingRooms
	Captcha
	Payments
	Connections
	Webhooks
	Feeds
	Mail
	Disk
	Memory

	// DevAuth accepts any name in X-Buyer and the operator key "dev". Anybody can be anybody: on a loopback address
	// only, see DevAuthAnywhere.
	DevAuth bool `help:"Accept X-Buyer: NAME as a buyer and the operator key dev. For trying out only." group:"Who"`
	// TestClock makes a new data folder one for tests: its clock can be put forward, and a hold of ten minutes be over
	// at once. It marks the folder for ever. A folder that was made without it never has such a clock.
	TestClock bool `help:"Make a new data folder whose clock can be put forward (POST /v1/test/clock/advance), for tests for ever; with --dev-auth." group:"Who"`
	// DevAuthAnywhere lets DevAuth serve an address that other machines reach: whoever finds the port is an operator.
	// For a container, whose loopback address nobody outside reaches, while something else keeps strangers out.
	DevAuthAnywhere bool `help:"Allow --dev-auth on an address that other machines reach: they are all operators then." group:"Who"`
	// JWTHS256SecretFile holds the shared secret of the buyers' tokens, 32 bytes or more; shorter ones can be guessed
	// offline. A secret's file has mode 0600, or 0640 and less when root owns it: others are refused. Every token needs
	// an exp, at most 366 days ahead; clocks may differ by 30 s.
	JWTHS256SecretFile string `name:"jwt-hs256-secret-file" env:"HOLDFAST_JWT_HS256_SECRET_FILE" help:"File with the shared secret of buyers' tokens (HS256)." placeholder:"FILE" group:"Who"`
	// JWTEdDSAPublicKeyFile holds the public key of the buyers' tokens, PEM.
	JWTEdDSAPublicKeyFile string `name:"jwt-eddsa-public-key-file" env:"HOLDFAST_JWT_EDDSA_PUBLIC_KEY_FILE" help:"PEM file with the public key of buyers' tokens (EdDSA)." placeholder:"FILE" group:"Who"`
	// JWTJWKSFile holds keys of the buyers' tokens as a JSON Web Key Set (RFC 7517), each with its kid: RSA (RS256), EC
	// P-256 (ES256), OKP Ed25519 (EdDSA), oct (HS256). It is read again every 2 s. To rotate: add the new key, have the
	// issuer sign with it, and take the old one out when its last token has ended; from then on no token of it is
	// believed. A file that turns bad changes nothing and is an ERROR in the log.
	JWTJWKSFile string `name:"jwt-jwks-file" env:"HOLDFAST_JWT_JWKS_FILE" help:"JWKS file with the keys of buyers' tokens (RS256, ES256, EdDSA, HS256), read again when it changes." placeholder:"FILE" group:"Who"`
	// JWTIssuer lists the issuers (iss) whose tokens are believed. Default: iss does not count.
	JWTIssuer []string `name:"jwt-issuer" env:"HOLDFAST_JWT_ISSUER" help:"Believe only tokens with one of these iss." placeholder:"ISSUER" group:"Who"`
	// JWTAudience lists names of this service: a token's aud must hold one of them. Default: aud does not count, which
	// lets in tokens that the same issuer made for another service.
	JWTAudience []string `name:"jwt-audience" env:"HOLDFAST_JWT_AUDIENCE" help:"Believe only tokens whose aud holds one of these." placeholder:"NAME" group:"Who"`
	// SignInURL is where the page sends fans who have no token yet. "{return}" in it is replaced by the page's own
	// address; the shop answers by sending the fan back there with #token=… at the end. Without one the page shows the
	// house to everybody and says that a token is needed.
	SignInURL string `name:"sign-in-url" env:"HOLDFAST_SIGN_IN_URL" help:"Where fans without a token sign in, e.g. https://shop.example/sign-in?to={return}; the shop sends them back with #token=… in the address." placeholder:"URL" group:"Who"`
	// OperatorKeyFile holds the operator's key; whoever has it can create, pause, refund. The file is read again every
	// 2 s, and from then on the new key counts alone. The log calls its owner "operator".
	OperatorKeyFile string `help:"File with the operator's key, read again when it changes." placeholder:"FILE" group:"Who"`
	// OperatorKeysFile holds a key for each operator, in lines of name=key, 16 bytes or more each; # begins a comment.
	// All count. The log says by name who did what. The file is read again every 2 s: to replace a key add a line, and
	// take the old one out when nobody uses it any more. A file that turns bad changes nothing and is an ERROR in the
	// log.
	OperatorKeysFile string `help:"File with operators' keys, a line of name=key each, read again when it changes." placeholder:"FILE" group:"Who"`

	// ScannersKeysFile is OperatorKeysFile for people and devices at the doors: such a key scans tickets, takes the
	// list of tickets along and tells what was let in, and nothing else.
	ScannersKeysFile string `help:"File with keys that only scan tickets, a line of name=key each, read again when it changes." placeholder:"FILE" group:"Who"`

	// Demo opens a stadium for sale at start. It implies DevAuth unless real authentication is configured.
	Demo bool `help:"Open a demonstration event of 40,000 seats. Implies --dev-auth unless real authentication is given." group:"Demonstration"`
	// DemoBuyers is how many simulated buyers shop in this process. Default 0; hundreds make the map dance, tens of
	// thousands cost a processor core.
	DemoBuyers int `help:"Simulated buyers in this process, marked as such (${default})." default:"0" placeholder:"N" group:"Demonstration"`

	// Inflight bounds the requests that one section works on at a time. Default 4096. Smaller refuses (503) earlier
	// under a burst; larger lets waiting grow beyond what buyers wait for. It is the only bound of the queue.
	Inflight int `help:"Requests in flight per section; more are refused with 503 (${default})." default:"4096" placeholder:"N" group:"Limits"`
	// Processors is how many threads run Go code at once (GOMAXPROCS). Default 0: as many as Go finds, those of the
	// machine or of its cgroup, followed while it runs, or what GOMAXPROCS in the environment says. One more than there
	// are makes holds quicker, and refusals at their worst slower; fewer leave room for others on the machine. Many
	// more than there are cost switches and bring nothing.
	Processors int `help:"Threads that run at once (GOMAXPROCS); 0: as many as the machine or its cgroup has (${default})." default:"0" placeholder:"N" group:"Limits"`
	// RequestTimeout is how long a request may wait for the log, in Go's notation. Default 5s. Shorter turns a slow
	// disk into "outcome unknown" answers (safe to repeat with the same key); longer keeps buyers in front of a blank
	// page.
	RequestTimeout time.Duration `help:"Longest wait of a request for its answer (${default})." default:"5s" placeholder:"DURATION" group:"Limits"`
	// ClockStepMax is how far the wall clock may jump. Beyond it nothing is held, sold or ended until the clock is back
	// or has stayed for 30 s: a clock that shows tomorrow for a moment would end every hold. Default 1s. Smaller than
	// what NTP steps by refuses without need; larger ends holds that much too early or too late. 0: any step is
	// believed.
	ClockStepMax time.Duration `help:"Largest jump of the wall clock that is believed at once (${default}); 0: any." default:"1s" placeholder:"DURATION" group:"Limits"`
	// DrainWait is how long a stopping server answers 503 on /readyz and still serves everything else, new connections
	// too, so that a balancer sees it before anybody is turned away. Default 300ms, for one that asks several times a
	// second; set it to more than the time between two of the balancer's questions. Longer only delays the stop. 0:
	// none.
	DrainWait time.Duration `help:"Time between not ready and no longer listening (${default})." default:"300ms" placeholder:"DURATION" group:"Stopping"`
	// ShutdownTimeout is how long a stopping server takes in all, DrainWait included, whatever clients, other nodes and
	// the database do: handing sections over, answering requests in flight and leaving snapshots have a share each.
	// Default 25s, for Kubernetes kills after 30; at least 2s. Shorter never loses what was acknowledged: it cuts off
	// clients that are slow to send or to read, and makes the next start replay more of the log.
	ShutdownTimeout time.Duration `help:"Longest stop in all, --drain-wait included (${default})." default:"25s" placeholder:"DURATION" group:"Stopping"`

	// DebugListen serves Go's profiles (CPU, heap, goroutines) on a second address. Default: off. Loopback only: a
	// profile tells whoever reads it what the server is doing.
	DebugListen string `help:"Loopback address for Go's /debug/pprof. Off by default." placeholder:"HOST:PORT" group:"Logs and profiles"`
	// LogFormat is text for people or json for machines. Logs go to stderr.
	LogFormat string `help:"Log lines as text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT" group:"Logs and profiles"`
	// LogLevel drops lines below it. debug is far too much for an on-sale.
	LogLevel string `help:"debug, info, warn or error (${default})." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" group:"Logs and profiles"`
}

// demoData is where the demonstration keeps its bookings unless told otherwise.
const demoData = "data/demo"

// Check refuses what cannot work, and resolves what --demo implies.
func (c *Config) Check() error {
	if strings.ContainsFunc(c.NodeName, func(r rune) bool { return terminal.Disturbs(r) || r == '\n' || r == '\t' }) {
		return errors.New("--node-name has a character that cannot be seen: the name is written into logs and shown " +
			"on terminals")
	}
	if err := c.checkWhere(); err != nil {
		return err
	}
	if err := c.checkCluster(); err != nil {
		return err
	}
	if err := c.checkNumbers(); err != nil {
		return err
	}
	if err := c.checkWaitingRooms(); err != nil {
		return err
	}
	if err := c.checkCaptcha(); err != nil {
		return err
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if err := c.checkFeeds(); err != nil {
		return err
	}
	if err := c.checkLimits(); err != nil {
		return err
	}
	if err := c.checkConnections(); err != nil {
		return err
	}
	if err := c.checkDisk(); err != nil {
		return err
	}
	if err := c.checkMemory(); err != nil {
		return err
	}
	if err := c.checkAuth(); err != nil {
		return err
	}
	return c.checkPayments()
}

// checkWhere makes sure that bookings are kept in one place. It never repeats an address: there may be a password in
// it.
func (c *Config) checkWhere() error {
	if c.Data == "" && c.Store == "" && c.Demo {
		c.Data = demoData
	}
	switch {
	case c.Data == "" && c.Store == "":
		return errors.New("--data DIR or --store URL is needed: where bookings are kept")
	case c.Data != "" && c.Store != "":
		return errors.New("--data and --store exclude each other: bookings are kept in one place (is HOLDFAST_STORE " +
			"or HOLDFAST_DATA set?)")
	case strings.Contains(c.Data, "://"):
		return errors.New("--data is a folder of this machine; a database's address goes into --store")
	case c.Store != "" && !strings.HasPrefix(c.Store, "postgres://") && !strings.HasPrefix(c.Store, "postgresql://"):
		return errors.New("--store must begin with postgres://, for PostgreSQL and CockroachDB alike")
	case c.Data != "" && c.StateDir != "":
		return errors.New("--state-dir is for --store: with --data its folder holds what was acknowledged")
	case c.StoreConnections < 0:
		return errors.New("--store-connections must not be negative")
	case c.Store != "" && c.StoreTimeout < 10*time.Millisecond:
		return errors.New("--store-timeout must be 10ms or more: a commit takes about that long")
	}
	return nil
}

// processorsMax is more than any machine has that this was tried on; Go's own bound is the memory.
const processorsMax = 1024

func (c *Config) checkNumbers() error {
	switch {
	case c.Inflight < 1:
		return errors.New("--inflight must be 1 or more: with none no request is ever taken")
	case c.Processors < 0 || c.Processors > processorsMax:
		return fmt.Errorf("--processors must be 1 to %d, or 0 for as many as there are", processorsMax)
	case c.RequestTimeout < 10*time.Millisecond:
		return errors.New("--request-timeout must be 10ms or more: a disk's sync takes about that long")
	case c.ClockStepMax < 0 || c.ClockStepMax > 0 && c.ClockStepMax < 10*time.Millisecond:
		return errors.New("--clock-step-max must be 10ms or more, or 0 to believe any step")
	case c.DrainWait < 0:
		return errors.New("--drain-wait must not be negative")
	case c.ShutdownTimeout < 0:
		return errors.New("--shutdown-timeout must not be negative")
	case c.ShutdownTimeout > 0 && c.DrainWait >= c.ShutdownTimeout:
		return fmt.Errorf("--drain-wait (%v) must be shorter than --shutdown-timeout (%v), which bounds the whole stop",
			c.DrainWait, c.ShutdownTimeout)
	case c.DemoBuyers < 0:
		return errors.New("--demo-buyers must not be negative")
	case c.DemoBuyers > 0 && !c.Demo:
		return errors.New("--demo-buyers needs --demo: simulated buyers never shop in a real event")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	if c.DebugListen != "" && !Loopback(c.DebugListen) {
		return fmt.Errorf("--debug-listen %s: profiles are served on a loopback address only", c.DebugListen)
	}
	return nil
}

func (c *Config) realAuth() bool {
	return c.JWTHS256SecretFile != "" || c.JWTEdDSAPublicKeyFile != "" || c.JWTJWKSFile != ""
}

// checkAuth makes sure that somebody decided who may buy: a server that trusts everybody is never the default.
func (c *Config) checkAuth() error {
	if c.Demo && !c.realAuth() {
		c.DevAuth = true
	}
	switch {
	case c.TestClock && (!c.DevAuth || c.Data == ""):
		return errors.New("--test-clock needs --dev-auth and --data: what others sell from goes by the machine's clock")
	case c.DevAuth && c.realAuth():
		return errors.New("--dev-auth and --jwt-… exclude each other: with both, anybody could be anybody")
	case !c.DevAuth && !c.realAuth():
		return errors.New("who may buy is not configured: give --jwt-jwks-file, --jwt-hs256-secret-file or " +
			"--jwt-eddsa-public-key-file, " +
			"or --dev-auth to try it out on this machine")
	case c.DevAuth && c.ClusterKeys != "":
		return errors.New("--dev-auth in a cluster with keys (--cluster-keys): through this one node anybody would " +
			"be an operator of all of them; " +
			"configure --jwt-… and --operator-key-file, or try it out with --insecure on loopback addresses")
	case c.DevAuth && !c.DevAuthAnywhere && !Loopback(c.Listen):
		return fmt.Errorf("--listen %s with --dev-auth: every machine that reaches the address could book as anybody "+
			"and is an operator; "+
			"listen on 127.0.0.1, configure --jwt-…, or say --dev-auth-anywhere", c.Listen)
	case !c.realAuth() && len(c.JWTIssuer)+len(c.JWTAudience) > 0:
		return errors.New("--jwt-issuer and --jwt-audience need keys of tokens: without them there are no tokens to " +
			"hold against them")
	case slices.Contains(c.JWTIssuer, "") || slices.Contains(c.JWTAudience, ""):
		return errors.New("--jwt-issuer and --jwt-audience must not be empty")
	}
	return nil
}

// Loopback says that an address can be reached from this machine only.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
