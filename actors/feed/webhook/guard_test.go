package webhook

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/feed/envelope"
)

// TestAddressesThatAreNotPublic are every kind that leads to this machine, its network, or into another address.
func TestAddressesThatAreNotPublic(t *testing.T) {
	for _, text := range strings.Fields(`127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1
		172.31.255.255 192.168.0.1 169.254.169.254 169.254.0.1 100.64.0.1 100.127.255.255 192.0.0.1 192.0.0.170
		192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1
		255.255.255.255
		:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
		64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:10::1 2001:20::1 2001:db8::1
		2002:7f00:1::1 2002:a00:1::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 5f00::1
		4000::1 2606:4700::1111%1`) {
		if a := netip.MustParseAddr(text); Public(a) {
			t.Errorf("%s is taken for public", text)
		}
		if err := guard("tcp", net.JoinHostPort(text, "443"), nil); !errors.Is(err, ErrAddress) {
			t.Errorf("a connection to %s: %v", text, err)
		}
	}
	for _, text := range strings.Fields(`93.184.216.34 1.1.1.1 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 11.0.0.1
		2606:4700::1111 2a00:1450:4001::1 ::ffff:93.184.216.34`) {
		if a := netip.MustParseAddr(text); !Public(a) {
			t.Errorf("%s is not taken for public", text)
		}
		if err := guard("tcp", net.JoinHostPort(text, "443"), nil); err != nil {
			t.Errorf("a connection to %s: %v", text, err)
		}
	}
	for _, broken := range []string{"", "localhost:443", "1.1.1.1"} {
		if err := guard("tcp", broken, nil); !errors.Is(err, ErrAddress) {
			t.Errorf("a connection to %q: %v", broken, err)
		}
	}
}

func TestEndpointsAddressesAreJudgedByTheirText(t *testing.T) {
	for text, fine := range map[string]bool{
		"https://shop.example/hooks": true, "https://shop.example:8443/a?b=c": true, "https://93.184.216.34/": true,
		"http://shop.example/": false, "ftp://shop.example/": false, "https://": false, "https:///x": false, "": false,
		"shop.example/hooks": false, "https://user:word@shop.example/": false, "https://user@shop.example/": false,
		"https://shop.example/#x": false, "https://shop.example/#": false, "https://127.0.0.1/": false,
		"https://[::1]/": false, "https://[::ffff:10.0.0.1]/": false, "https://169.254.169.254/latest": false,
		"https://[fe80::1%25eth0]/": false, "https:shop.example": false, "https://shop.example/a b": false,
		"https://shop.exämple/": false, "https://shop.example/" + strings.Repeat("x", URLMax): false,
		"file:///etc/passwd": false, "gopher://shop.example/": false,
	} {
		if why := CheckURL(text, false); (why == "") != fine {
			t.Errorf("%q: %q", text, why)
		}
	}
	for text, fine := range map[string]bool{"http://127.0.0.1:3000/": true, "https://10.0.0.1/": true,
		"http://user:word@127.0.0.1/": false, "file:///etc/passwd": false} {
		if why := CheckURL(text, true); (why == "") != fine {
			t.Errorf("where private ones are allowed %q: %q", text, why)
		}
	}
}

// names is a DNS server of one name: each question is answered with the next address, the last one for ever.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	var asked atomic.Int32
	go func() {
		packet := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			end := 12
			for end < n && packet[end] != 0 {
				end += int(packet[end]) + 1
			}
			question := packet[12 : end+5]
			reply := append([]byte{}, packet[:2]...)
			reply = append(reply, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
			reply = append(reply, question...)
			if binary.BigEndian.Uint16(question[len(question)-4:]) == 1 { // A
				at := min(int(asked.Add(1)), len(answers)) - 1
				reply[7] = 1
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				reply = append(reply, netip.MustParseAddr(answers[at]).AsSlice()...)
			}
			_, _ = server.WriteTo(reply, from) // a test that waits for it fails
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// attemptAt makes one attempt at an address with a client as it serves, or with one that may go anywhere.
func attemptAt(t *testing.T, url string, private bool, resolver *net.Resolver) Outcome {
	t.Helper()
	client := newClient(private, resolver)
	defer client.CloseIdleConnections()
	return send(t.Context(), client, url, [][]byte{{1}}, &envelope.Event{ID: "1"}, time.Now())
}

// TestNamesThatLeadInsideAreRefusedAtTheConnection: a name is not believed for what it was a moment before.
func TestNamesThatLeadInsideAreRefusedAtTheConnection(t *testing.T) {
	var met atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, answers := range map[string][]string{
		"a name of this machine": {"127.0.0.1"}, "a name of a private network": {"10.1.2.3"},
		"the cloud's metadata": {"169.254.169.254"},
	} {
		o := attemptAt(t, "http://shop.example:"+port+"/", false, names(t, answers...))
		if o.Fault != Refused || o.Code != 0 {
			t.Errorf("%s: %v, %d", name, o.Fault, o.Code)
		}
	}
	// The name is a public one when it is looked at, and leads here when it is connected to.
	changing := names(t, "93.184.216.34", "127.0.0.1")
	first, err := changing.LookupNetIP(t.Context(), "ip4", "shop.example")
	if err != nil || len(first) != 1 || !Public(first[0]) {
		t.Fatalf("the first look: %v %v", first, err)
	}
	if o := attemptAt(t, "http://shop.example:"+port+"/", false, changing); o.Fault != Refused {
		t.Errorf("DNS that changes: %v, %d", o.Fault, o.Code)
	}
	if o := attemptAt(t, "http://127.1:"+port+"/", false, nil); o.Fault == NoFault {
		t.Errorf("a short form of 127.0.0.1 is reached")
	}
	if met.Load() != 0 {
		t.Fatalf("what is inside was met %d times", met.Load())
	}
	if o := attemptAt(t, inside.URL, true, nil); o.Fault != NoFault || met.Load() != 1 {
		t.Errorf("where private addresses are allowed: %v", o.Fault)
	}
}

// TestAnswersGainNothing: a redirect leads nowhere, and an answer without end ends.
func TestAnswersGainNothing(t *testing.T) {
	var met atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		from := httptest.NewServer(http.RedirectHandler(target.URL, status))
		if o := attemptAt(t, from.URL, true, nil); o.Fault != Status || o.Code != status {
			t.Errorf("a redirect of %d: %v %d", status, o.Fault, o.Code)
		}
		from.Close()
	}
	if met.Load() != 0 {
		t.Error("a redirect is followed")
	}
	t.Setenv("HTTP_PROXY", target.URL)
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer long.Close()
	if o := attemptAt(t, long.URL, true, nil); o.Fault != NoFault || o.Latency > attemptMax/2 {
		t.Errorf("an answer without end: %v after %v", o.Fault, o.Latency)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	if o := attemptAt(t, closed.URL, true, nil); o.Fault != Unreachable {
		t.Errorf("nobody there: %v", o.Fault)
	}
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // it would complain of us
	tls.StartTLS()
	defer tls.Close()
	if o := attemptAt(t, tls.URL, true, nil); o.Fault != BadTLS {
		t.Errorf("a certificate of nobody's: %v", o.Fault)
	}
}
