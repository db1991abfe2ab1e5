package limit

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

var (
	fuzzedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	fuzzedProxy   = netip.MustParseAddrPort("10.1.1.1:1")
	fuzzedCaller  = netip.MustParseAddr("198.51.100.7")
)

// said is whose address a call counts for that comes from a connection and says something in the header.
func said(c *clients, connection netip.AddrPort, lines ...[]byte) (netip.Addr, bool) {
	ctx := &fasthttp.RequestCtx{}
	ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(connection), nil)
	for _, line := range lines {
		ctx.Request.Header.AddBytesKV(c.header, line)
	}
	return c.address(ctx)
}

// FuzzForwardedAddresses: whatever a caller writes, a caller without a trusted proxy is who the connection says; behind
// one, whoever that proxy names; and never is a caller a trusted proxy's victim by what stands before that.
func FuzzForwardedAddresses(f *testing.F) {
	for _, seed := range []string{"", "198.51.100.1", "1.1.1.1, 10.0.0.1", "for=1.1.1.1;by=x", `for="[2001:db8::1]:9"`,
		"unknown", "_hidden", `for="`, ",,,,", "[::1", "::ffff:1.2.3.4", "fe80::1%eth0", "999.1.1.1", "1.1.1.1:99999",
		strings.Repeat("10.0.0.1,", 1000), "for=for=for=", "\x00", "2001:db8:ffff::1, 10.2.2.2", "127.0.0.1"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, line []byte, forwarded bool) {
		if bytes.ContainsAny(line, "\r\n") {
			return // ends the header
		}
		header, hop := "X-Forwarded-For", fuzzedCaller.String()
		if forwarded {
			header, hop = headerForwarded, "for="+hop
		}
		c := newClients(&Clients{TrustedProxies: fuzzedProxies, AddressHeader: header})
		stranger := netip.MustParseAddrPort("203.0.113.9:1")
		if got, ok := said(&c, stranger, line); !ok || got != stranger.Addr() {
			t.Fatalf("a stranger is %v, %v", got, ok)
		}
		got, ok := said(&c, fuzzedProxy, line)
		if !ok || !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%v, %v", got, ok)
		}
		for _, lines := range [][][]byte{{[]byte(string(line) + "," + hop)}, {line, []byte(hop)},
			{[]byte(string(line) + ", " + hop + " , " + strings.Replace(hop, fuzzedCaller.String(), "10.3.3.3", 1))}} {
			if got, ok := said(&c, fuzzedProxy, lines...); !ok || got != fuzzedCaller {
				t.Fatalf("%q: %v, %v", lines, got, ok)
			}
		}
	})
}

// TestManyHopsAreBounded: of a list longer than any chain of proxies only the end is read.
func TestManyHopsAreBounded(t *testing.T) {
	c := newClients(&Clients{TrustedProxies: fuzzedProxies})
	chain := func(hops int) []byte {
		return []byte(fuzzedCaller.String() + strings.Repeat(", 10.2.2.2", hops))
	}
	if got, _ := said(&c, fuzzedProxy, chain(hopsMax-1)); got != fuzzedCaller {
		t.Errorf("%d hops: %v", hopsMax-1, got)
	}
	if got, _ := said(&c, fuzzedProxy, chain(hopsMax)); got != netip.MustParseAddr("10.2.2.2") {
		t.Errorf("%d hops: %v", hopsMax, got)
	}
}
