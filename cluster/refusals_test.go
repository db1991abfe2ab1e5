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

	"holdfast/cluster/keys"
	"holdfast/cluster/refusal"
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

func notified(k *Keys, j *journal) func(*Options) {
	return func(o *Options) { o.Keys, o.Logger = k, slog.New(slog.NewTextHandler(j, nil)) }
}

// noted waits until a node has counted and told a refusal.
func noted(t *testing.T, n *tested, j *journal, want Refusal) {
	t.Helper()
	late := time.After(patience)
	for n.Refusals()[want] == 0 || !strings.Contains(j.String(),
		"port="+want.Port+" side="+want.Side+" reason="+want.Reason) {
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

// knock is what a stranger does, and how that is counted.
type knock struct {
	want Refusal
	at   func(t *testing.T, a *tested)
}

// TestStrangersAtThePortsDoNotPassInSilence: whatever knocks at either port is counted by its kind, and told with its
// address.
func TestStrangersAtThePortsDoNotPassInSilence(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	k, foreign := loadKeys(t, dir, "b").ClientConfig(""), loadKeys(t, other, "b").ClientConfig("")
	claims := func(certs ...tls.Certificate) *tls.Config {
		return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, Certificates: certs}
	}
	for _, c := range []knock{
		{atLink(ReasonNotTLS), func(t *testing.T, a *tested) {
			say(t, "tcp", a.link.Addr(), http)
		}},
		{atLink(refusal.ReasonNoCert), func(_ *testing.T, a *tested) {
			shake(a, claims())
		}},
		{atLink(ReasonAuthority), func(_ *testing.T, a *tested) {
			shake(a, claims(foreign.Certificates...))
		}},
		{atLink(refusal.ReasonExpired), func(t *testing.T, a *tested) {
			shake(a, claims(expired(t, dir)))
		}},
		// a node whose authority is another one
		{atLink(refusal.ReasonRefusedUs), func(_ *testing.T, a *tested) {
			shake(a, &tls.Config{RootCAs: foreign.RootCAs, ServerName: keys.NodeName, NextProtos: []string{"h2"},
				Certificates: k.Certificates})
		}},
		{atGossip(ReasonNotANode), func(t *testing.T, a *tested) {
			say(t, "tcp", a.GossipAddress(), http)
		}},
		{atGossip(ReasonWrongKey), func(t *testing.T, a *tested) {
			_, _ = start(t, "x", with(loadKeys(t, other, "b"))).list.Join([]string{a.GossipAddress()})
		}},
		{atGossip(refusal.ReasonPlaintext), func(t *testing.T, a *tested) {
			_, _ = start(t, "x", nil).list.Join([]string{a.GossipAddress()})
		}},
	} {
		t.Run(strings.Join([]string{c.want.Port, c.want.Side, c.want.Reason}, " "), func(t *testing.T) {
			j := &journal{}
			a := start(t, "a", notified(loadKeys(t, dir, "a"), j))
			c.at(t, a)
			noted(t, a, j, c.want)
			if !strings.Contains(j.String(), "address=127.0.0.1:") {
				t.Errorf("no address in\n%s", j)
			}
			goesOn(t, a)
		})
	}
}

func goesOn(t *testing.T, a *tested) {
	t.Helper()
	if len(a.Troubles()) == 0 {
		t.Error("not among the troubles that go on")
	}
}

func atLink(reason string) Refusal {
	return Refusal{Port: PortLink, Side: SideListener, Reason: reason}
}

func atGossip(reason string) Refusal {
	return Refusal{Port: PortGossip, Side: SideListener, Reason: reason}
}

// shake tries to be a node at the link's port, and hears the answer.
func shake(a *tested, c *tls.Config) {
	conn, err := tls.Dial("tcp", a.link.Addr(), c)
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
	a := start(t, "a", notified(nil, j))
	say(t, "tcp", a.link.Addr(), http)
	noted(t, a, j, Refusal{Port: PortLink, Side: SideListener, Reason: ReasonNotANode})
	say(t, "udp", a.GossipAddress(), "\xf5garbage, sent to whoever listens")
	noted(t, a, j, Refusal{Port: PortGossip, Side: SideListener, Reason: ReasonNotANode})
	say(t, "tcp", a.GossipAddress(), "garbage")
	conn, err := net.Dial("tcp", a.link.Addr())
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	noted(t, a, j, Refusal{Port: PortLink, Side: SideListener, Reason: ReasonSilent})
	if strings.Contains(j.String(),
		"level=WARN msg=\"turned away between nodes\" port=link side=listener reason=silent") {
		t.Error("a health check that says nothing is a warning")
	}
}

// TestBothSidesOfAFailedHandshakeAreTold: the operator may look at either.
func TestBothSidesOfAFailedHandshakeAreTold(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "b")
	// they gossip, and have other authorities
	copyFile(t, filepath.Join(dir, "gossip.key"), filepath.Join(other, "gossip.key"))
	ja, jb := &journal{}, &journal{}
	a := start(t, "a", both(dials, notified(loadKeys(t, dir, "a"), ja)))
	b := start(t, "b", both(answers, notified(loadKeys(t, other, "b"), jb)), a)
	noted(t, a, ja, Refusal{Port: PortLink, Side: SideDialer, Reason: ReasonAuthority})
	noted(t, b, jb, Refusal{Port: PortLink, Side: SideListener, Reason: refusal.ReasonRefusedUs})
	if !strings.Contains(ja.String(), "peer=b") {
		t.Errorf("the other node is not named:\n%s", ja)
	}
}

func both(one, other func(*Options)) func(*Options) { return func(o *Options) { one(o); other(o) } }

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

// TestNobodyIsANodeOfAnotherName: whoever has n2's files is n2 and cannot be n3, whichever of the two ends dials.
func TestNobodyIsANodeOfAnotherName(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir, "a", "b", "c")
	for side, order := range map[string][2]func(*Options){SideDialer: {dials, answers}, SideListener: {answers,
		dials}} {
		ja, jb := &journal{}, &journal{}
		a := start(t, "a", both(order[0], notified(loadKeys(t, dir, "a"), ja)))
		// an honest node would not even start: see TestLoadKeysNamesTheFile
		b := start(t, "b", both(order[1], notified(loadKeys(t, dir, "c"), jb)), a)
		noted(t, a, ja, Refusal{Port: PortLink, Side: side, Reason: refusal.ReasonWrongName})
		if a.Up(b.id()) || b.Up(a.id()) {
			t.Error("a link to a node that shows another's certificate")
		}
		if !strings.Contains(ja.String(), "it is of c, and not of b") {
			t.Errorf("what is wrong is not said:\n%s", ja)
		}
	}
	copyFile(t, filepath.Join(dir, "c.pem"), filepath.Join(dir, "b.pem"))
	copyFile(t, filepath.Join(dir, "c-key.pem"), filepath.Join(dir, "b-key.pem"))
	if _, err := LoadKeys(dir, "b"); err == nil || !strings.Contains(err.Error(), "b.pem") ||
		!strings.Contains(err.Error(), "it is of c") {
		t.Errorf("another node's certificate under this one's name: %v", err)
	}
}

// TestLinesOfMemberlistAreUnderstood holds the words of memberlist's that strangers cause against what is made of them:
// a new version of that library may word them differently.
