package limit

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/valyala/fasthttp"

	"holdfast/api/listen"
	"holdfast/api/wire"
)

// Clients says how the address of a caller is found, for limits by address.
type Clients struct {
	// TrustedProxies are networks whose word counts about whom they speak for. Empty: the connection's own address
	// counts.
	TrustedProxies []netip.Prefix
	// AddressHeader is the one header in which those proxies say so: X-Forwarded-For (default) or Forwarded (RFC 7239).
	// The other is not looked at: a proxy that writes one passes the other on as the caller wrote it.
	AddressHeader string
	// Uncounted are networks whose addresses meet no limit by address: proxies and balancers that say nothing of their
	// callers, and machines of one's own.
	Uncounted []netip.Prefix
}

const headerForwarded = "Forwarded"

// hopsMax bounds the proxies between a caller and this server: a longer list is not read on, and who stands at its end
// so far answers for the rest.
const hopsMax = 32

type clients struct {
	trusted, uncounted []netip.Prefix
	header             []byte
	forwarded          bool
}

func newClients(c *Clients) clients {
	made := clients{trusted: c.TrustedProxies, uncounted: c.Uncounted, header: []byte(fasthttp.HeaderXForwardedFor)}
	if c.AddressHeader == headerForwarded {
		made.header, made.forwarded = []byte(headerForwarded), true
	}
	return made
}

// counted is under whose name the call is counted by address; false: under nobody's. Without proxies that speak for
// others it is the same for all calls of a connection, and found once.
func (c *clients) counted(ctx *fasthttp.RequestCtx) (k key, counted bool) {
	conn, ok := ctx.Conn().(*listen.Conn)
	if !ok || len(c.trusted) > 0 {
		return c.find(ctx)
	}
	if !conn.Caller.Known {
		conn.Caller.Known = true
		conn.Caller.Key, conn.Caller.Counted = c.find(ctx)
	}
	return conn.Caller.Key, conn.Caller.Counted
}

func (c *clients) find(ctx *fasthttp.RequestCtx) (k key, counted bool) {
	address, ok := c.address(ctx)
	if !ok || contains(c.uncounted, address) {
		return k, false
	}
	k = address.As16()
	if address.Is6() {
		clear(k[8:]) // one customer has 2^64 addresses
	}
	return k, true
}

// address is the caller's: the last one that no trusted proxy stands at. A proxy appends whom it heard, so the list is
// trusted from its end, as far as trusted proxies wrote it; what stands before can be anybody's invention.
func (c *clients) address(ctx *fasthttp.RequestCtx) (netip.Addr, bool) {
	tcp, ok := ctx.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	address := tcp.AddrPort().Addr().Unmap().WithZone("")
	if len(c.trusted) == 0 || !contains(c.trusted, address) {
		return address, true
	}
	lines := ctx.Request.Header.PeekAll(string(c.header))
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if hops++; hops > hopsMax {
				return address, true
			}
			var one []byte
			rest, one, more = lastOf(rest)
			said, ok := c.parse(one)
			if !ok {
				return address, true // unknown, or hidden: the proxy that says so answers for it
			}
			if address = said; !contains(c.trusted, address) {
				return address, true
			}
		}
	}
	return address, true
}

// lastOf cuts the last element off a list.
func lastOf(list []byte) (rest, last []byte, more bool) {
	comma := bytes.LastIndexByte(list, ',')
	if comma < 0 {
		return nil, bytes.TrimSpace(list), false
	}
	return list[:comma], bytes.TrimSpace(list[comma+1:]), true
}

// parse reads one element: an address, with or without a port; of Forwarded its "for" parameter.
func (c *clients) parse(element []byte) (netip.Addr, bool) {
	if c.forwarded {
		element = forOf(element)
	}
	element = bytes.Trim(element, `"`)
	if len(element) == 0 || len(element) > 64 {
		return netip.Addr{}, false
	}
	text := wire.Borrow(element)
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Unmap().WithZone(""), true
	}
	if pair, err := netip.ParseAddrPort(text); err == nil {
		return pair.Addr().Unmap().WithZone(""), true
	}
	if element[0] == '[' && element[len(element)-1] == ']' {
		address, err := netip.ParseAddr(text[1 : len(text)-1])
		return address.Unmap().WithZone(""), err == nil
	}
	return netip.Addr{}, false
}

// forOf is the value of "for" in a Forwarded element.
func forOf(element []byte) []byte {
	for len(element) > 0 {
		var pair []byte
		pair, element, _ = bytes.Cut(element, []byte(";"))
		name, value, _ := bytes.Cut(bytes.TrimSpace(pair), []byte("="))
		if bytes.EqualFold(name, []byte("for")) {
			return value
		}
	}
	return nil
}

func contains(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
