package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrAddress: the address is not one of the public Internet's, and such are not allowed.
var ErrAddress = errors.New("webhook: the address is not public")

// global are the only IPv6 addresses that are given out; without is what of them, and of IPv4, leads elsewhere.
var (
	global  = netip.MustParsePrefix("2000::/3")
	without = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// Public says that an address is one of the public Internet's: not of this machine, of a private or shared network, of
// a link, of documentation, multicast or reserved, nor one that has another address inside (v4-mapped ones are judged
// by it; NAT64, 6to4 and Teredo are refused).
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	if a = a.Unmap(); a.Is6() && !global.Contains(a) {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(without, func(p netip.Prefix) bool { return p.Contains(a) })
}

// guard refuses a connection by the very address that is about to be connected to, whatever the name resolved to
// before.
func guard(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !Public(at.Addr()) {
		return fmt.Errorf("%w: %s", ErrAddress, address)
	}
	return nil
}

// URLMax bounds an endpoint's address, in bytes.
const URLMax = 2048

// CheckURL judges an endpoint's address by its text; the answer says what is wrong, empty: nothing.
func CheckURL(text string, private bool) string {
	u, err := url.Parse(text)
	switch {
	case len(text) > URLMax:
		return "is longer than 2048 bytes"
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return "must be an address such as https://shop.example/hooks"
	case u.Scheme != "https" && !(private && u.Scheme == "http"):
		return "must begin with https://"
	case u.User != nil:
		return "must not have a user or a password in it"
	case u.Fragment != "" || strings.Contains(text, "#"):
		return "must not have a fragment"
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		return "must be visible ASCII without spaces"
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !Public(a) {
		return "must not be an address of this machine or of a private network"
	}
	return ""
}

// Times and bounds of one attempt.
const (
	attemptMax     = 15 * time.Second // from the name's look-up to the end of the answer
	connectMax     = 5 * time.Second
	answerHeadMax  = 16 << 10
	answerBodyMax  = 4 << 10 // read and thrown away, so that the connection can be used again
	connsPerHost   = 16
	connsIdle      = 64
	connsIdleFor   = 30 * time.Second
	userAgent      = "Holdfast-Webhooks/1"
	contentTypeOut = "application/cloudevents+json"
)

// newClient makes the client of all endpoints. resolver is for tests; nil: the machine's.
func newClient(private bool, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: connectMax, KeepAlive: connsIdleFor, Resolver: resolver}
	if !private {
		dialer.Control = guard
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: nil, // a proxy of the environment would connect to anything
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout: connectMax, ResponseHeaderTimeout: attemptMax, MaxConnsPerHost: connsPerHost,
			MaxIdleConns: connsIdle, MaxIdleConnsPerHost: connsPerHost, IdleConnTimeout: connsIdleFor,
			MaxResponseHeaderBytes: answerHeadMax, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
