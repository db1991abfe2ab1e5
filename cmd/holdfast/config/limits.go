package config

import (
	"fmt"
	"net/netip"
	"strings"

	"holdfast/api/limit"
	"holdfast/api/limit/redislimit"
)

// CallLimits is how much one caller may ask for. A rate is in calls a second: a hold, payment, extension, release or
// the opening of a stream counts one, a seat map half, another read a tenth. A burst is how many at once, after a rest;
// 0 is one second's worth. A rate of 0 is no limit. Whoever is over a limit gets 429 with its name and the time to
// wait, and nothing is done. Operators are counted and never refused.
//
// On by default are the limits that no honest buyer meets whatever sells here. What depends on the show and on the
// machine is off: an on-sale is a flood of honest buyers of one event, and refusing by their number would turn away
// just those whom the event is for. What the machine cannot do is refused at its sections, with 503 (Inflight).
type CallLimits struct {
	// BuyerRate is what one buyer may ask for in the long run, in calls a second. Default 10: a person makes one in a
	// second or two, an impatient page with its retries three. Smaller refuses double clicks; larger lets a script
	// cycle through seats. On a database that several nodes share each node counts by itself, unless Redis is given.
	BuyerRate float64 `help:"Calls a second of one buyer; a read counts a tenth. 0 is no limit (${default})." default:"10" placeholder:"RATE" group:"Limits"`
	// BuyerBurst is what one buyer may ask for at once. Default 200: a person never meets it, and neither does a
	// program that tries a sale out; what a script can do for longer is bounded by the rate. Smaller refuses impatient
	// retries; larger only delays the limit.
	BuyerBurst float64 `help:"Calls of one buyer at once (${default})." default:"200" placeholder:"CALLS" group:"Limits"`
	// AddressRate is what one IPv4 address, or IPv6 network of 64 bits, may ask for, in calls a second. Default 1000:
	// carriers put ten thousand buyers behind one address, and each of them makes less than one call in ten seconds
	// over a sale. Smaller refuses whole towns; larger lets one machine take a larger part of what a server can do,
	// some 40,000 a second.
	AddressRate float64 `help:"Calls a second from one address (IPv4, or IPv6 /64). 0 is no limit (${default})." default:"1000" placeholder:"RATE" group:"Limits"`
	// AddressBurst is what one address may ask for at once. Default 5000: the second in which the doors open, for such
	// a carrier.
	AddressBurst float64 `help:"Calls from one address at once (${default})." default:"5000" placeholder:"CALLS" group:"Limits"`
	// EventRate is what all together may ask about one event, in calls a second. Default 0, no limit; with several
	// events on one server it keeps the hottest from starving the others. Smaller than the on-sale's first second
	// refuses honest buyers.
	EventRate float64 `help:"Calls a second about one event. 0 is no limit (${default})." default:"0" placeholder:"RATE" group:"Limits"`
	// EventBurst is what may be asked about one event at once. Default 0: one second's worth.
	EventBurst float64 `help:"Calls about one event at once; 0 is one second's worth (${default})." default:"0" placeholder:"CALLS" group:"Limits"`
	// GlobalRate is what this node answers all together, in calls a second. Default 0, no limit: what a machine can do
	// is measured, not guessed. Set it below the measured figure to keep answers quick while more is asked.
	GlobalRate float64 `help:"Calls a second of all together. 0 is no limit (${default})." default:"0" placeholder:"RATE" group:"Limits"`
	// GlobalBurst is what this node takes at once. Default 0: one second's worth.
	GlobalBurst float64 `help:"Calls of all together at once; 0 is one second's worth (${default})." default:"0" placeholder:"CALLS" group:"Limits"`
	// StreamsMax is how many live maps are sent at once. Default 20000, and never more than three quarters of
	// ConnectionsMax, so that watching does not crowd out buying. Each costs a connection and 3 KB; over it 503.
	StreamsMax int `help:"Live-map streams at once (${default})." default:"20000" placeholder:"N" group:"Limits"`
	// StreamsPerAddress is how many of them one address may have. Default 2000, a tenth of all: many people sit behind
	// one carrier's address, and without a bound one machine takes every stream there is. 0: no bound.
	StreamsPerAddress int `help:"Live-map streams of one address. 0 is no limit (${default})." default:"2000" placeholder:"N" group:"Limits"`
	// StreamsPerBuyer is how many a buyer who says who they are may have. Default 16: one for each open tab. 0: no
	// bound.
	StreamsPerBuyer int `help:"Live-map streams of one buyer who says who they are. 0 is no limit (${default})." default:"16" placeholder:"N" group:"Limits"`
	// Redis is where the nodes of a cluster count calls together: redis://user:password@host:port/database, rediss://
	// with TLS. Default: none, and each node counts what it sees itself, so that n nodes let n times a limit through.
	// Each call that a limit counts then waits for one answer of Redis, 50 ms at most. While Redis is away, nodes count
	// for themselves, and say so in the log and in a metric; nobody is refused because of that. Redis decides nothing
	// else, and needs no disk. A password is better kept in HOLDFAST_REDIS than in the list of processes.
	Redis string `help:"A Redis in which all nodes count calls together. Default: each counts for itself." placeholder:"URL" group:"Limits"`
	// TrustedProxies are the networks of proxies that say in a header whom they speak for. Default: none, and the
	// connection's address counts. Name only what is yours: whoever is in there can be any address.
	TrustedProxies []string `aliases:"trusted-proxy" help:"Networks of proxies whose --client-address-header counts. Default: none." placeholder:"CIDR" group:"Limits"`
	// ClientAddressHeader is the header they write. Default X-Forwarded-For. The other one is never looked at: a proxy
	// that writes one passes the other on as the caller wrote it.
	ClientAddressHeader string `help:"The header in which they say so: X-Forwarded-For or Forwarded (${default})." enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For" placeholder:"NAME" group:"Limits"`
	// UncountedAddresses are networks that meet no limit by address. Default: loopback and private networks. On the
	// internet nobody comes from there, so it is one's own machine, or a proxy that is not among TrustedProxies and
	// stands for everybody: limiting it would limit all buyers together. "none" counts them too.
	UncountedAddresses []string `help:"Networks without limits by address, or none. Default: loopback and private networks." default:"127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10" placeholder:"CIDR" group:"Limits"`
}

// checkLimits refuses what cannot work, naming the flag.
func (c *CallLimits) checkLimits() error {
	for _, n := range []struct {
		flag  string
		value float64
	}{
		{"--buyer-rate", c.BuyerRate}, {"--buyer-burst", c.BuyerBurst}, {"--address-rate", c.AddressRate},
		{"--address-burst", c.AddressBurst},
		{"--event-rate", c.EventRate}, {"--event-burst", c.EventBurst}, {"--global-rate", c.GlobalRate},
		{"--global-burst", c.GlobalBurst},
		{"--streams-max", float64(c.StreamsMax)}, {"--streams-per-address", float64(c.StreamsPerAddress)},
		{"--streams-per-buyer", float64(c.StreamsPerBuyer)},
	} {
		if !(n.value >= 0 && n.value <= 1e9) { // NaN is neither
			return fmt.Errorf("%s must be from 0 to 1000000000", n.flag)
		}
	}
	for flag, rate := range map[string]float64{"--buyer-rate": c.BuyerRate, "--address-rate": c.AddressRate,
		"--event-rate": c.EventRate, "--global-rate": c.GlobalRate} {
		if !limit.Valid(rate) {
			return fmt.Errorf("%s must be 0, or 0.000001 or more", flag)
		}
	}
	if c.Redis != "" {
		if _, err := redislimit.Parse(c.Redis); err != nil {
			return fmt.Errorf("--redis: %w", err) // the value may hold a password
		}
	}
	if _, err := networks("--trusted-proxies", c.TrustedProxies); err != nil {
		return err
	}
	_, err := networks("--uncounted-addresses", c.UncountedAddresses)
	return err
}

// Limits are those of a checked config.
func (c *CallLimits) Limits() limit.Limits {
	trusted, _ := networks("", c.TrustedProxies) // checked
	uncounted, _ := networks("", c.UncountedAddresses)
	return limit.Limits{
		Buyer:   limit.Rate{PerSecond: c.BuyerRate, Burst: c.BuyerBurst},
		Address: limit.Rate{PerSecond: c.AddressRate, Burst: c.AddressBurst},
		Event:   limit.Rate{PerSecond: c.EventRate, Burst: c.EventBurst},
		Global:  limit.Rate{PerSecond: c.GlobalRate, Burst: c.GlobalBurst},

		StreamsPerAddress: c.StreamsPerAddress, StreamsPerBuyer: c.StreamsPerBuyer,
		Clients: limit.Clients{TrustedProxies: trusted, AddressHeader: c.ClientAddressHeader, Uncounted: uncounted},
	}
}

// networks reads a list of networks and single addresses; "none" alone is an empty one.
func networks(flag string, texts []string) (all []netip.Prefix, err error) {
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" || text == "none" && len(texts) == 1 {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, notAddress := netip.ParseAddr(text)
			if notAddress != nil {
				return nil, fmt.Errorf("%s: %q is neither a network (10.0.0.0/8) nor an address", flag, text)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, network.Masked())
	}
	return all, nil
}
