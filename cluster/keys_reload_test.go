package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// renew makes new files for a node in place of its old ones.
func renew(t *testing.T, dir, node string, validity time.Duration) {
	t.Helper()
	cert, key := certFiles(dir, node)
	if err := errors.Join(os.Remove(cert), os.Remove(key), MakeKeys(dir, []string{node}, validity)); err != nil {
		t.Fatal(err)
	}
}

// shownBy is the certificate that a node shows at its link's port.
func shownBy(t *testing.T, n *tested, c *tls.Config) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", n.link.Addr(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

// TestNewCertificatesNeedNoRestart: what is in the files is shown at the next handshake, and links that are up stay up.
// What is wrong there changes nothing, and is said at every look until it is mended.
func TestNewCertificatesNeedNoRestart(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir, "a", "b")
	k := loadKeys(t, dir, "a")
	a := start(t, "a", with(k))
	b := start(t, "b", with(loadKeys(t, dir, "b")), a)
	connected(t, a, b)
	asB := loadKeys(t, dir, "b").ClientConfig("a")
	asB.NextProtos = []string{"h2"}
	first := shownBy(t, a, asB)
	if changed, err := k.Reload(nil); changed || err != nil {
		t.Errorf("nothing has changed: %v %v", changed, err)
	}
	renew(t, dir, "a", 2*time.Hour)
	sessions := a.Stats()[0].Sessions
	if changed, err := k.Reload(nil); !changed || err != nil {
		t.Fatalf("not reloaded: %v", err)
	}
	if a.Stats()[0].Sessions != sessions || !a.Up(b.id()) {
		t.Error("the link was broken by it")
	}
	if again := shownBy(t, a, asB); bytes.Equal(again.Raw, first.Raw) {
		t.Error("the old certificate is still shown")
	}
	if _, until := k.Validity(); !until.After(first.NotAfter) {
		t.Errorf("valid until %v", until)
	}
	wrongFilesChangeNothing(t, dir, k)
	renew(t, dir, "a", time.Hour)
	open := errors.New("others can read it")
	if changed, err := k.Reload(func(string) error { return open }); changed || !errors.Is(err, open) {
		t.Errorf("a key that everybody can read: %v %v", changed, err)
	}
}

func wrongFilesChangeNothing(t *testing.T, dir string, k *Keys) {
	t.Helper()
	for file, content := range map[string]string{"a.pem": "half a fi", "a-key.pem": "", "ca.pem": "x",
		"gossip.key": "no key"} {
		path := filepath.Join(dir, file)
		good, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if changed, err := k.Reload(nil); changed || err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: %v %v", file, changed, err)
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		if changed, err := k.Reload(nil); changed || err != nil {
			t.Errorf("%s mended: %v %v", file, changed, err)
		}
	}
}

// TestAnAuthorityIsReplacedWithoutARestart: nodes of the old and of the new one work together while both are in ca.pem.
func TestAnAuthorityIsReplacedWithoutARestart(t *testing.T) {
	old, fresh := t.TempDir(), t.TempDir()
	makeKeys(t, old, "a", "b")
	makeKeys(t, fresh, "b")
	both := filepath.Join(old, "ca.pem")
	for _, file := range []string{"b.pem", "b-key.pem"} {
		copyFile(t, filepath.Join(fresh, file), filepath.Join(old, file))
	}
	if _, err := LoadKeys(old, "b"); err == nil {
		t.Fatal("a certificate of an authority that is not in ca.pem")
	}
	k := loadKeys(t, old, "a")
	a := start(t, "a", with(k))
	mine, err := os.ReadFile(both)
	theirs, err2 := os.ReadFile(filepath.Join(fresh, "ca.pem"))
	if err = errors.Join(err, err2, os.WriteFile(both, append(mine, theirs...), 0o600)); err != nil {
		t.Fatal(err)
	}
	if changed, err := k.Reload(nil); !changed || err != nil {
		t.Fatal(err)
	}
	connected(t, a, start(t, "b", with(loadKeys(t, old, "b")), a))
}

// TestGossipKeysChangeWithoutARestart goes through the three steps of gossip.key on two nodes that run.
func TestGossipKeysChangeWithoutARestart(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	makeKeys(t, dir, "a", "b")
	makeKeys(t, other, "x")
	path := filepath.Join(dir, "gossip.key")
	was, _ := os.ReadFile(path)
	will, err := os.ReadFile(filepath.Join(other, "gossip.key"))
	if err != nil {
		t.Fatal(err)
	}
	ka, kb := loadKeys(t, dir, "a"), loadKeys(t, dir, "b")
	a := start(t, "a", with(ka))
	b := start(t, "b", with(kb), a)
	connected(t, a, b)
	for step, text := range []string{string(was) + string(will), string(will) + string(was), string(will)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, k := range []*Keys{ka, kb} {
			if changed, err := k.Reload(nil); !changed || err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			if _, err := b.list.Join([]string{a.GossipAddress()}); err != nil {
				t.Errorf("step %d: %v", step, err)
			}
		}
	}
	if keys := ka.Ring().GetKeys(); len(keys) != 1 {
		t.Errorf("%d keys are left", len(keys))
	}
}

// TestCertificatesAreOfOneNode holds names against certificates as various authorities write them.
// TestASharedCertificateIsKnownForOne: such clusters go on to work, and are warned.
