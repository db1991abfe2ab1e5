package cluster

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/cluster/keys"
)

func makeKeys(t testing.TB, dir string, names ...string) {
	t.Helper()
	if err := MakeKeys(dir, names, time.Hour); err != nil {
		t.Fatal(err)
	}
}

// makeKeysFor makes a certificate that is valid so long.
func makeKeysFor(t testing.TB, dir, name string, validity time.Duration) {
	t.Helper()
	if err := MakeKeys(dir, []string{name}, validity); err != nil {
		t.Fatal(err)
	}
}

func certFiles(dir, node string) (cert, key string) {
	return filepath.Join(dir, node+".pem"), filepath.Join(dir, node+"-key.pem")
}

func loadKeys(t testing.TB, dir, name string) *Keys {
	t.Helper()
	k, err := LoadKeys(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func with(k *Keys) func(*Options) { return func(o *Options) { o.Keys = k } }

func TestNodesWithKeysWork(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, dir, "10.0.0.3") // added later, by the same authority
	a := start(t, "a", with(loadKeys(t, dir, "a")))
	b := start(t, "b", with(loadKeys(t, dir, "b")), a)
	c := start(t, "10.0.0.3", with(loadKeys(t, dir, "10.0.0.3")), b)
	connected(t, a, b, c)
	a.Send(c.id(), []byte("secret"))
	c.ear.until(t, "a message", func() bool { return c.ear.count(a.id(), "secret") == 1 })
}

func TestGossipKeysRotate(t *testing.T) {
	old, fresh := t.TempDir(), t.TempDir()
	makeKeys(t, old, "a", "b", "c")
	makeKeys(t, fresh, "x")
	read := func(dir string) string { b, _ := os.ReadFile(filepath.Join(dir, "gossip.key")); return string(b) }
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(old, "gossip.key"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was, will := read(old), read(fresh)
	a := start(t, "a", with(loadKeys(t, old, "a"))) // knows the old one
	write(was + will)
	b := start(t, "b", with(loadKeys(t, old, "b")), a) // sends with the old, reads both
	write(will + was)
	c := start(t, "c", with(loadKeys(t, old, "c")), b) // sends with the new
	b.ear.until(t, "c", func() bool { _, there := b.View().Member(c.id()); return there })
	if k := loadKeys(t, old, "c").Ring().GetKeys(); len(k) != 2 ||
		string(k[1]) != string(a.opts.Keys.Ring().GetPrimaryKey()) {
		t.Error("keys are not in the order of their lines")
	}
	connected(t, b, a, c)
}

// TestLinkRefusesWhoIsNoNode: another authority, no certificate, an expired one, no TLS, an old TLS, a certificate for
// another purpose.
func TestLinkRefusesWhoIsNoNode(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	k, foreign := loadKeys(t, dir, "b").ClientConfig(""), loadKeys(t, other, "b").ClientConfig("")
	a := start(t, "a", with(loadKeys(t, dir, "a")))
	base := func() *tls.Config {
		return &tls.Config{RootCAs: k.RootCAs, ServerName: keys.NodeName, Certificates: k.Certificates,
			NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13}
	}
	try := func(c *tls.Config) error {
		conn, err := tls.Dial("tcp", a.link.Addr(), c)
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1)) // the server's settings, or its refusal
		return err
	}
	if err := try(base()); err != nil {
		t.Fatalf("a node is refused: %v", err)
	}
	for name, change := range map[string]func(*tls.Config){
		"other authority": func(c *tls.Config) { c.Certificates = foreign.Certificates },
		"no certificate":  func(c *tls.Config) { c.Certificates = nil },
		"expired":         func(c *tls.Config) { c.Certificates = []tls.Certificate{expired(t, dir)} },
		"TLS 1.2":         func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
		"other server":    func(c *tls.Config) { c.RootCAs = foreign.RootCAs },
		"other name":      func(c *tls.Config) { c.ServerName = "somebody-else" },
	} {
		c := base()
		change(c)
		if err := try(c); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	refusesPlaintext(t, a)
}

func refusesPlaintext(t *testing.T, a *tested) {
	t.Helper()
	plain, err := net.Dial("tcp", a.link.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_ = plain.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(plain, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	answer, err := io.ReadAll(plain)
	if e, slow := err.(net.Error); slow && e.Timeout() || strings.Contains(string(answer), "\x00\x00\x00\x04") {
		t.Errorf("plaintext: %q, %v", answer, err)
	}
}

// expired is a certificate that the authority in dir made for a node whose time is over.
func expired(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	makeKeysFor(t, dir, "late", time.Nanosecond)
	if _, err := LoadKeys(dir, "late"); err == nil || !strings.Contains(err.Error(), "late.pem") ||
		!strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired certificate was loaded: %v", err)
	}
	pair, err := tls.LoadX509KeyPair(certFiles(dir, "late"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// TestWithoutTheKeyNobodyGetsIntoTheCluster: neither with another key nor with none.
func TestWithoutTheKeyNobodyGetsIntoTheCluster(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "x")
	a := start(t, "a", with(loadKeys(t, dir, "a")))
	for name, k := range map[string]*Keys{"other key": loadKeys(t, other, "x"), "none": nil} {
		x := start(t, name, with(k))
		for range 3 {
			if n, err := x.list.Join([]string{a.GossipAddress()}); err == nil {
				t.Errorf("%s: joined %d", name, n)
			}
			if n, err := a.list.Join([]string{x.GossipAddress()}); err == nil {
				t.Errorf("%s: was joined by %d", name, n)
			}
		}
	}
	b := start(t, "b", with(loadKeys(t, dir, "b")), a)
	connected(t, a, b) // of two: nobody else was let in
}

func TestPlaintextIsForLoopbackOnly(t *testing.T) {
	good := start(t, "a", nil).opts
	for field, change := range map[string]func(*Options){
		"GossipListen":    func(o *Options) { o.GossipListen = "0.0.0.0:0" },
		"GossipAdvertise": func(o *Options) { o.GossipAdvertise = "10.1.1.1:1" },
		"PeerListen":      func(o *Options) { o.PeerListen = ":0" },
		"PeerAdvertise":   func(o *Options) { o.PeerAdvertise = "example.org:1" },
		"Join":            func(o *Options) { o.Join = []string{"127.0.0.1:1", "10.1.1.1:1"} },
	} {
		o := good
		o.GossipListen, o.PeerListen = "127.0.0.1:0", "127.0.0.1:0"
		change(&o)
		if n, err := Join(t.Context(), o); err == nil || !strings.Contains(err.Error(), field) ||
			!strings.Contains(err.Error(), "keys") {
			t.Errorf("%s: %v", field, err)
			if err == nil {
				_ = n.Close()
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := start(t, "a", nil).opts
	good.Keys = &Keys{}
	for want, change := range map[string]func(*Options){
		"Writer": func(o *Options) { o.Writer = [16]byte{} }, "Name": func(o *Options) { o.Name = "" },
		"Handler":         func(o *Options) { o.Handler = nil },
		"DownAfter":       func(o *Options) { o.DownAfter = o.KeepAlive },
		"GossipListen":    func(o *Options) { o.GossipListen = "nonsense" },
		"PeerListen":      func(o *Options) { o.PeerListen = "127.0.0.1:x" },
		"GossipAdvertise": func(o *Options) { o.GossipAdvertise = "0.0.0.0:1" },
		"PeerAdvertise":   func(o *Options) { o.PeerAdvertise = ":1" },
		"Join":            func(o *Options) { o.Join = []string{"10.0.0.1:0"} },
	} {
		o := good
		change(&o)
		if _, err := Join(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
