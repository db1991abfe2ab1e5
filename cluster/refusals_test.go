package cluster

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is a log that a test can read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func told(k *Keys, j *journal) func(*Options) {
	return func(o *Options) { o.Keys, o.Logger = k, slog.New(slog.NewTextHandler(j, nil)) }
}

// noted waits until a node has counted and told a refusal.
func noted(t *testing.T, n *tested, j *journal, want Refusal) {
	t.Helper()
	late := time.After(patience)
	for n.Refusals()[want] == 0 || !strings.Contains(j.String(), "port="+want.Port+" side="+want.Side+" reason="+want.Reason) {
		select {
		case <-late:
			t.Fatalf("%v was not noted: %v\n%s", want, n.Refusals(), j)
		case <-time.After(time.Millisecond):
		}
	}
}

func say(t *testing.T, network, address, text string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

const http = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// TestStrangersAtThePortsDoNotPassInSilence: whatever knocks at either port is counted by its kind, and told with its address.
func TestStrangersAtThePortsDoNotPassInSilence(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	k, foreign := loadKeys(t, dir, "b"), loadKeys(t, other, "b")
	for _, c := range []struct {
		want  Refusal
		knock func(t *testing.T, a *tested)
	}{
		{Refusal{PortLink, SideListener, ReasonNotTLS}, func(t *testing.T, a *tested) { say(t, "tcp", a.link.address(), http) }},
		{Refusal{PortLink, SideListener, ReasonNoCert}, func(_ *testing.T, a *tested) {
			shake(a, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		}},
		{Refusal{PortLink, SideListener, ReasonAuthority}, func(_ *testing.T, a *tested) {
			shake(a, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, Certificates: foreign.now.Load().certs()})
		}},
		{Refusal{PortLink, SideListener, ReasonExpired}, func(t *testing.T, a *tested) {
			shake(a, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{expired(t, dir)}})
		}},
		{Refusal{PortLink, SideListener, ReasonRefusedUs}, func(_ *testing.T, a *tested) { // a node whose authority is another one
			shake(a, &tls.Config{RootCAs: foreign.now.Load().ca, ServerName: nodeName, NextProtos: []string{"h2"}, Certificates: k.now.Load().certs()})
		}},
		{Refusal{PortGossip, SideListener, ReasonNotANode}, func(t *testing.T, a *tested) { say(t, "tcp", a.GossipAddress(), http) }},
		{Refusal{PortGossip, SideListener, ReasonWrongKey}, func(t *testing.T, a *tested) {
			x := start(t, "x", with(loadKeys(t, other, "b")))
			_, _ = x.list.Join([]string{a.GossipAddress()}) // refused: that is the test
		}},
		{Refusal{PortGossip, SideListener, ReasonPlaintext}, func(t *testing.T, a *tested) {
			_, _ = start(t, "x", nil).list.Join([]string{a.GossipAddress()}) // likewise
		}},
	} {
		t.Run(strings.Join([]string{c.want.Port, c.want.Side, c.want.Reason}, " "), func(t *testing.T) {
			j := &journal{}
			a := start(t, "a", told(loadKeys(t, dir, "a"), j))
			c.knock(t, a)
			noted(t, a, j, c.want)
			if !strings.Contains(j.String(), "address=127.0.0.1:") {
				t.Errorf("no address in\n%s", j)
			}
			if len(a.Troubles()) == 0 {
				t.Error("not among the troubles that go on")
			}
		})
	}
}

func (k *keyring) certs() []tls.Certificate { return []tls.Certificate{k.cert} }

// shake tries to be a node at the link's port, and hears the answer.
func shake(a *tested, c *tls.Config) {
	conn, err := tls.Dial("tcp", a.link.address(), c)
	if err != nil {
		return // the server says why, and the test looks there
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = conn.Read(make([]byte, 1))
}

// TestForeignTrafficAtPlaintextPortsIsTold: without keys there is no handshake that could fail.
func TestForeignTrafficAtPlaintextPortsIsTold(t *testing.T) {
	j := &journal{}
	a := start(t, "a", told(nil, j))
	say(t, "tcp", a.link.address(), http)
	noted(t, a, j, Refusal{PortLink, SideListener, ReasonNotANode})
	say(t, "udp", a.GossipAddress(), "\xf5garbage, sent to whoever listens")
	noted(t, a, j, Refusal{PortGossip, SideListener, ReasonNotANode})
	say(t, "tcp", a.GossipAddress(), "garbage")
	conn, err := net.Dial("tcp", a.link.address())
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	noted(t, a, j, Refusal{PortLink, SideListener, ReasonSilent})
	if strings.Contains(j.String(), "level=WARN msg=\"turned away between nodes\" port=link side=listener reason=silent") {
		t.Error("a health check that says nothing is a warning")
	}
}

// TestBothSidesOfAFailedHandshakeAreTold: the operator may look at either.
func TestBothSidesOfAFailedHandshakeAreTold(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	for _, file := range []string{gossipFile} { // they gossip, and have other authorities
		copyFile(t, filepath.Join(dir, file), filepath.Join(other, file))
	}
	ja, jb := &journal{}, &journal{}
	a := start(t, "a", told(loadKeys(t, dir, "a"), ja))
	b := start(t, "b", told(loadKeys(t, other, "b"), jb), a)
	for _, n := range []struct {
		node *tested
		log  *journal
	}{{a, ja}, {b, jb}} {
		noted(t, n.node, n.log, Refusal{PortLink, SideDialer, ReasonAuthority})
		noted(t, n.node, n.log, Refusal{PortLink, SideListener, ReasonRefusedUs})
	}
	if !strings.Contains(ja.String(), "peer=b") || !strings.Contains(jb.String(), "peer=a") {
		t.Errorf("the other node is not named:\n%s\n%s", ja, jb)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestNobodyIsANodeOfAnotherName: whoever has n2's files is n2 and cannot be n3, whichever of the two ends looks.
func TestNobodyIsANodeOfAnotherName(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir, "a", "b", "c")
	ja, jb := &journal{}, &journal{}
	a := start(t, "a", told(loadKeys(t, dir, "a"), ja))
	b := start(t, "b", told(loadKeys(t, dir, "c"), jb), a) // an honest node would not even start: see TestLoadKeysNamesTheFile
	noted(t, a, ja, Refusal{PortLink, SideDialer, ReasonWrongName})
	noted(t, a, ja, Refusal{PortLink, SideListener, ReasonWrongName})
	if a.Up(b.id()) || b.Up(a.id()) {
		t.Error("a link to a node that shows another's certificate")
	}
	if !strings.Contains(ja.String(), "it is of c, and not of b") {
		t.Errorf("what is wrong is not said:\n%s", ja)
	}
	copyFile(t, filepath.Join(dir, "c.pem"), filepath.Join(dir, "b.pem"))
	copyFile(t, filepath.Join(dir, "c-key.pem"), filepath.Join(dir, "b-key.pem"))
	if _, err := LoadKeys(dir, "b"); err == nil || !strings.Contains(err.Error(), "b.pem") || !strings.Contains(err.Error(), "it is of c") {
		t.Errorf("another node's certificate under this one's name: %v", err)
	}
}

// TestLinesOfMemberlistAreUnderstood holds the words of memberlist's that strangers cause against what is made of them: a new version of
// that library may word them differently.
func TestLinesOfMemberlistAreUnderstood(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"Decrypt packet failed: No installed keys could decrypt the message from=10.0.0.9:7946", ReasonWrongKey},
		{"failed to receive: Encryption is configured but remote state is not encrypted from=10.0.0.9:7946", ReasonPlaintext},
		{"failed to receive: Remote state is encrypted and encryption is not configured from=10.0.0.9:7946", ReasonWrongKey},
		{"discarding packet with unacceptable label \"\": from=10.0.0.9:7946", ReasonNotANode},
		{"failed to receive and remove the stream label header: EOF from=10.0.0.9:7946", ReasonSilent},
		{"failed to receive: read tcp 10.0.0.1:7946->10.0.0.9:7946: read: connection reset by peer from=10.0.0.9:7946", ReasonSilent},
		{"UDP packet too short (0 bytes) from=10.0.0.9:7946", ReasonNotANode},
		{"Failed to send UDP ping: write udp: network is unreachable", ""},
		{"[INFO] memberlist: Suspect n2 has failed, no acks received", ""},
		{"[WARN] memberlist: Got ping for unexpected node n2 from=10.0.0.9:7946", ""},
		{"[DEBUG] memberlist: Stream connection from=10.0.0.9:7946", ""},
		{"failed to receive: Failed to decode, \"from=1.2.3.4:5 injected\" from=10.0.0.9:7946", ReasonNotANode},
		{"failed to receive and remove the stream label header: cannot decode label; stream has been truncated from=10.0.0.9:7946", ReasonNotANode},
		{"[WARN] memberlist: Was able to connect to n2 over TCP but UDP probes failed, network may be misconfigured", ""},
		{"Push/Pull with n2 failed: dial tcp 10.0.0.9:7946: connect: connection refused", ""},
		{"Conflicting address for n2. Mine: 10.0.0.1:1 Theirs: 10.0.0.9:1 Old state: 0", ""},
		{"msg type (245) not supported from=10.0.0.9:7946", ReasonNotANode},
		{"Received invalid msgType (71) from=10.0.0.9:7946", ReasonNotANode},
		{"[WARN] memberlist: Got invalid checksum for UDP packet: 1, 2", ""},
		{"failed to receive: read tcp 10.0.0.1:7946->10.0.0.9:1: i/o timeout from=10.0.0.9:7946", ReasonSilent},
		{"Failed push/pull merge: Node 'x' protocol version (0) is incompatible: [1, 5] from=10.0.0.9:7946", ""},
		{"failed to receive: No installed keys could decrypt the message from=10.0.0.9:7946", ReasonWrongKey},
		{"[WARN] memberlist: Compound request had 3 truncated messages from=10.0.0.9:7946", ReasonNotANode},
	} {
		line := c.line
		if line[0] != '[' {
			line = "[ERR] memberlist: " + line
		}
		reason, address, _, ok := gossipTrouble(line)
		if reason != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q", line, reason)
		}
		if ok && address != "10.0.0.9:7946" {
			t.Errorf("%s: address %s", line, address)
		}
	}
}
