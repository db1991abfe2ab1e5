package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"holdfast/api"
	"holdfast/api/limit/redislimit"
	"holdfast/cluster"
)

// Connections bounds what connections may cost. Whatever of it runs out costs refusals; the process goes on.
type Connections struct {
	// AdminListen serves /metrics, /healthz, /readyz and every call that wants the operator's key on an address of its
	// own, with 64 connections of its own, so that buyers cannot crowd an operator out. Given, /metrics is 404 on
	// Listen; the operators' calls are answered on both, since the nodes of a cluster are asked by the address of their
	// API. Default: none, and Listen answers everything.
	AdminListen string `help:"A listener of its own for /metrics, health and operators' calls; /metrics is then nowhere else." placeholder:"HOST:PORT" group:"Where"`
	// ConnectionsMax is how many connections may be open at once, live-map streams among them. Default 0: what the
	// limit of open files (ulimit -n) leaves when the store, the cluster and the other listeners have theirs, at most
	// 65,536. Over it connections that are not being served give way (silent ones, idle ones, requests still arriving),
	// and when there are none, newcomers get 503. More than fits is refused at start. Each costs about 12 KiB while
	// busy.
	ConnectionsMax int `help:"Connections at once; over it idle ones give way, then 503. 0: what ulimit -n allows, at most 65536 (${default})." default:"0" placeholder:"N" group:"Connections"`
	// ConnectionsPerAddress is how many of them one address may have, an IPv4 address or an IPv6 /64. Default 0, no
	// bound: a proxy has all of them, and a carrier thousands of buyers. Set it where clients connect directly: some
	// hundreds.
	ConnectionsPerAddress int `help:"Connections of one address; 0: no bound, as behind a proxy (${default})." default:"0" placeholder:"N" group:"Connections"`
	// ReadTimeout is how long a client may take to send one request, and to begin its first. Default 15s; operators'
	// plans may take four times as long. Shorter cuts honest phones off; longer lets whoever sends a byte a second hold
	// a connection that long.
	ReadTimeout time.Duration `help:"Longest time for a client to send one request (${default})." default:"15s" placeholder:"DURATION" group:"Connections"`
	// WriteTimeout is how long a client may take to read one answer, or one piece of a stream. Default 30s.
	WriteTimeout time.Duration `help:"Longest time for a client to read one answer (${default})." default:"30s" placeholder:"DURATION" group:"Connections"`
	// IdleTimeout is how long a connection may be silent between two requests. Default 2m; make it longer than the
	// proxy's, which otherwise sends requests on connections that are just being closed.
	IdleTimeout time.Duration `help:"Longest silence between two requests on a connection (${default})." default:"2m" placeholder:"DURATION" group:"Connections"`
	// HeadBytesMax bounds a request's line and headers; over it 431. Default 8192. It is each busy connection's read
	// buffer, too.
	HeadBytesMax int `help:"Bytes of a request's line and headers (${default})." default:"8192" placeholder:"N" group:"Connections"`
	// BodyMemoryMiB bounds the memory of all bodies over 8 KiB that are arriving or being worked on, in MiB; over it
	// 503. Holds are smaller and do not count. Default 256; operators' plans have as much again.
	BodyMemoryMiB int64 `name:"body-memory-mib" env:"HOLDFAST_BODY_MEMORY_MIB" help:"MiB for all request bodies over 8 KiB at a time (${default})." default:"256" placeholder:"N" group:"Connections"`
}

func (c *Connections) checkConnections() error {
	switch {
	case c.ConnectionsMax < 0 || c.ConnectionsPerAddress < 0:
		return errors.New("--connections-max and --connections-per-address must not be negative; 0 is their default")
	case min(c.ReadTimeout, c.WriteTimeout, c.IdleTimeout) < timeoutMin:
		return fmt.Errorf("--read-timeout, --write-timeout and --idle-timeout must be %v or more: nobody far away "+
			"would be served", timeoutMin)
	case c.HeadBytesMax < 1<<10 || c.HeadBytesMax > 1<<20:
		return errors.New("--head-bytes-max must be from 1024 to 1048576")
	case c.BodyMemoryMiB < 1 || c.BodyMemoryMiB > 1<<20:
		return errors.New("--body-memory-mib must be from 1 to 1048576")
	}
	if c.AdminListen != "" {
		if _, _, err := net.SplitHostPort(c.AdminListen); err != nil {
			return fmt.Errorf("--admin-listen %s: %w", c.AdminListen, err)
		}
	}
	return nil
}

// LimitConnections carries the settings over to the api. connections comes from descriptors. Live maps get three
// quarters of them at the most, so that watching never crowds out buying.
func (c *Connections) LimitConnections(out *api.Config, connections int) {
	out.ConnsMax, out.ConnsPerIPMax = connections, c.ConnectionsPerAddress
	out.StreamsMax = min(cmp.Or(out.StreamsMax, streamsMax), max(1, connections*3/4))
	out.ReadTimeout, out.WriteTimeout, out.IdleTimeout = c.ReadTimeout, c.WriteTimeout, c.IdleTimeout
	out.HeaderBytesMax, out.BodyBytesMax, out.AdminApart = c.HeadBytesMax, c.BodyMemoryMiB<<20, c.AdminListen != ""
}

const (
	timeoutMin     = 100 * time.Millisecond
	connectionsMax = 64 << 10
	connectionsMin = 8 // fewer are no server
	streamsMax     = 20_000
)

// Descriptors is how the process's open files are shared out.
type Descriptors struct {
	Limit       int
	Store       int // the store's own files and connections
	Connections int // the public listener's
}

// What is kept back from buyers, in descriptors.
const (
	// standard files, the poller, listeners, the ledger, connections being refused or closed
	keptForProcess = 16
	keptForAdmin   = 72                   // --admin-listen's connections, and its own being refused
	KeptForDebug   = 8                    // --debug-listen's
	keptForCluster = 3 * cluster.ConnsMax // at both of its ports, and to its peers
	storeFilesMax  = 1000
	storeFilesMin  = 16
	storeSpareMax  = 32 // files that the embedded store has open beside its tables, while it compacts
	sqlSpare       = 16 // connections to a database beside the appends
)

// ShareDescriptors divides the limit of open files. It is an error when nothing worth the name is left for buyers, or
// less than was asked for.
func (c *Config) ShareDescriptors(limit int) (d Descriptors, err error) {
	d.Limit = limit
	kept := keptForProcess
	if c.AdminListen != "" {
		kept += keptForAdmin
	}
	if c.DebugListen != "" {
		kept += KeptForDebug
	}
	if c.Clustered() {
		kept += keptForCluster
	}
	if c.Redis != "" {
		kept += redislimit.ConnectionsMax
	}
	if c.Store != "" {
		appends := c.StoreConnections
		if appends == 0 {
			appends = 32
		}
		kept += appends + sqlSpare
	} else {
		d.Store = min(storeFilesMax, max(storeFilesMin, limit/4))
		kept += d.Store + min(storeSpareMax, limit/16)
	}
	room := limit - kept
	if room < connectionsMin {
		return d, fmt.Errorf("the limit of open files is %d, and %d of them are needed here: raise it (ulimit -n) to "+
			"%d or more", limit, kept, kept+connectionsMin)
	}
	if c.ConnectionsMax > room {
		return d, fmt.Errorf("--connections-max %d: the limit of open files is %d, which leaves room for %d: raise "+
			"it (ulimit -n) to %d",
			c.ConnectionsMax, limit, room, c.ConnectionsMax+kept)
	}
	d.Connections = c.ConnectionsMax
	if d.Connections == 0 {
		d.Connections = min(room, connectionsMax)
	}
	return d, nil
}

// OpenFilesLimit raises the soft limit of open files to the hard one, and tells it. (Go's os does the same when a
// program starts; here it does not depend on which packages are linked.)
func OpenFilesLimit() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("the limit of open files is not known: %w", err)
	}
	if limit.Cur < limit.Max {
		raised := syscall.Rlimit{Cur: limit.Max, Max: limit.Max}
		// where it is not allowed, the soft limit is what there is
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
			limit.Cur = limit.Max
		}
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// Webhooks is what operators' webhooks may reach.
type Webhooks struct {
	// WebhooksPrivate lets webhooks go to http:// and to addresses of this machine and of private networks. Default
	// off: whoever has an operator's key could have the server ask what only it can reach. For trying out, and where
	// all receivers stand in one network of yours.
	WebhooksPrivate bool `help:"Let webhooks go to http:// addresses, and to this machine and private networks. For trying out." group:"Connections"`
}
