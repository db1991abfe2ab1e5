package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func makeKeys(t testing.TB, dir string, names ...string) {
	t.Helper()
	if err := MakeKeys(dir, names, time.Hour); err != nil {
		t.Fatal(err)
	}
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

func TestKeyFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	makeKeys(t, dir, "a", "b")
	for file, mode := range map[string]os.FileMode{
		"ca.pem": 0o644, "ca-key.pem": 0o600, "gossip.key": 0o600, "a.pem": 0o644, "a-key.pem": 0o600, "b.pem": 0o644, "b-key.pem": 0o600,
	} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	before, _ := os.ReadFile(filepath.Join(dir, "a.pem"))
	if err := MakeKeys(dir, []string{"c", "a"}, time.Hour); err == nil || !strings.Contains(err.Error(), "a.pem") {
		t.Errorf("overwriting: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "a.pem")); string(after) != string(before) {
		t.Error("a.pem was overwritten")
	}
	if _, err := os.Stat(filepath.Join(dir, "c.pem")); err == nil {
		t.Error("c was made though a was refused")
	}
	for _, names := range [][]string{nil, {""}, {"../x"}, {"a/b"}, {"x", "x"}, {"ca"}, {".hidden"}, {"spa ce"}, {strings.Repeat("n", 64)}} {
		if err := MakeKeys(dir, names, time.Hour); err == nil {
			t.Errorf("names %q were taken", names)
		}
	}
	block, _ := pem.Decode(before)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || cert.VerifyHostname("a") != nil || cert.VerifyHostname(nodeName) != nil || cert.IsCA {
		t.Errorf("%v %v", cert.DNSNames, err)
	}
	if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(dir, "a"); err != nil {
		t.Errorf("a node needs the authority's key: %v", err)
	}
	if err := MakeKeys(dir, []string{"d"}, time.Hour); err == nil || !strings.Contains(err.Error(), "ca-key.pem") {
		t.Errorf("an authority without its key was replaced: %v", err)
	}
}

func TestLoadKeysNamesTheFile(t *testing.T) {
	for file, content := range map[string]string{
		"ca.pem": "x", "a.pem": "x", "a-key.pem": "x", "gossip.key": "not base64!", "gossip.key ": "AAAA\n", "gossip.key  ": "\n\n",
		"ca.pem ": "", "gossip.key   ": "",
	} {
		dir := t.TempDir()
		makeKeys(t, dir, "a")
		name := strings.TrimSpace(file)
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := LoadKeys(dir, "a"); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "not base64!") {
			t.Errorf("%s with %q: %v", file, content, err)
		}
	}
	mine, other := t.TempDir(), t.TempDir()
	makeKeys(t, mine, "a")
	makeKeys(t, other, "a")
	for _, file := range []string{"a.pem", "a-key.pem"} {
		b, _ := os.ReadFile(filepath.Join(other, file))
		if err := os.WriteFile(filepath.Join(mine, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadKeys(mine, "a"); err == nil || !strings.Contains(err.Error(), "a.pem") {
		t.Errorf("a certificate of another authority: %v", err)
	}
}

func TestGossipKeysRotate(t *testing.T) {
	old, fresh := t.TempDir(), t.TempDir()
	makeKeys(t, old, "a", "b", "c")
	makeKeys(t, fresh, "x")
	read := func(dir string) string { b, _ := os.ReadFile(filepath.Join(dir, gossipFile)); return string(b) }
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(old, gossipFile), []byte(text), 0o600); err != nil {
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
	if k := loadKeys(t, old, "c"); len(k.now.Load().gossip) != 2 || string(k.now.Load().gossip[1]) != string(a.opts.Keys.now.Load().gossip[0]) {
		t.Error("keys are not in the order of their lines")
	}
	connected(t, b, a, c)
}

// TestLinkRefusesWhoIsNoNode: another authority, no certificate, an expired one, no TLS, an old TLS, a certificate for another purpose.
func TestLinkRefusesWhoIsNoNode(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	k := loadKeys(t, dir, "b").now.Load()
	a := start(t, "a", with(loadKeys(t, dir, "a")))
	base := func() *tls.Config {
		return &tls.Config{RootCAs: k.ca, ServerName: nodeName, Certificates: []tls.Certificate{k.cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13}
	}
	try := func(c *tls.Config) error {
		conn, err := tls.Dial("tcp", a.link.address(), c)
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
		"other authority": func(c *tls.Config) { c.Certificates = []tls.Certificate{loadKeys(t, other, "b").now.Load().cert} },
		"no certificate":  func(c *tls.Config) { c.Certificates = nil },
		"expired":         func(c *tls.Config) { c.Certificates = []tls.Certificate{expired(t, dir)} },
		"TLS 1.2":         func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
		"other server":    func(c *tls.Config) { c.RootCAs = loadKeys(t, other, "b").now.Load().ca },
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
	plain, err := net.Dial("tcp", a.link.address())
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
	ca, err := openAuthority(dir, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.makeNode(dir, "late", -time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(dir, "late"); err == nil || !strings.Contains(err.Error(), "late.pem") || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired certificate was loaded: %v", err)
	}
	cert, key := certFiles(dir, "late")
	pair, err := tls.LoadX509KeyPair(cert, key)
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
		"GossipListen": func(o *Options) { o.GossipListen = "0.0.0.0:0" }, "GossipAdvertise": func(o *Options) { o.GossipAdvertise = "10.1.1.1:1" },
		"PeerListen": func(o *Options) { o.PeerListen = ":0" }, "PeerAdvertise": func(o *Options) { o.PeerAdvertise = "example.org:1" },
		"Join": func(o *Options) { o.Join = []string{"127.0.0.1:1", "10.1.1.1:1"} },
	} {
		o := good
		o.GossipListen, o.PeerListen = "127.0.0.1:0", "127.0.0.1:0"
		change(&o)
		if n, err := Join(t.Context(), o); err == nil || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), "keys") {
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
		"Writer": func(o *Options) { o.Writer = [16]byte{} }, "Name": func(o *Options) { o.Name = "" }, "Handler": func(o *Options) { o.Handler = nil },
		"Window": func(o *Options) { o.Window = 3 }, "DownAfter": func(o *Options) { o.DownAfter = o.KeepAlive },
		"GossipListen": func(o *Options) { o.GossipListen = "nonsense" }, "PeerListen": func(o *Options) { o.PeerListen = "127.0.0.1:x" },
		"GossipAdvertise": func(o *Options) { o.GossipAdvertise = "0.0.0.0:1" }, "PeerAdvertise": func(o *Options) { o.PeerAdvertise = ":1" },
		"Join": func(o *Options) { o.Join = []string{"10.0.0.1:0"} },
	} {
		o := good
		change(&o)
		if _, err := Join(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
