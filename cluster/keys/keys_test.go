package keys

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func makeKeys(t testing.TB, dir string, names ...string) {
	t.Helper()
	if err := Make(dir, names, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func loadKeys(t testing.TB, dir, name string) *Keys {
	t.Helper()
	k, err := Load(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	makeKeys(t, dir, "a", "b")
	for file, mode := range map[string]os.FileMode{
		"ca.pem": 0o644, "ca-key.pem": 0o600, "gossip.key": 0o600, "a.pem": 0o644, "a-key.pem": 0o600, "b.pem": 0o644,
		"b-key.pem": 0o600,
	} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	before, _ := os.ReadFile(filepath.Join(dir, "a.pem"))
	if err := Make(dir, []string{"c", "a"}, time.Hour); err == nil || !strings.Contains(err.Error(), "a.pem") {
		t.Errorf("overwriting: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "a.pem")); string(after) != string(before) {
		t.Error("a.pem was overwritten")
	}
	if _, err := os.Stat(filepath.Join(dir, "c.pem")); err == nil {
		t.Error("c was made though a was refused")
	}
	for _, names := range [][]string{nil, {""}, {"../x"}, {"a/b"}, {"x", "x"}, {"ca"}, {".hidden"}, {"spa ce"},
		{strings.Repeat("n", 64)}} {
		if err := Make(dir, names, time.Hour); err == nil {
			t.Errorf("names %q were taken", names)
		}
	}
	block, _ := pem.Decode(before)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || cert.VerifyHostname("a") != nil || cert.VerifyHostname(NodeName) != nil || cert.IsCA {
		t.Errorf("%v %v", cert.DNSNames, err)
	}
	if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, "a"); err != nil {
		t.Errorf("a node needs the authority's key: %v", err)
	}
	if err := Make(dir, []string{"d"}, time.Hour); err == nil || !strings.Contains(err.Error(), "ca-key.pem") {
		t.Errorf("an authority without its key was replaced: %v", err)
	}
}

func TestLoadKeysNamesTheFile(t *testing.T) {
	for file, content := range map[string]string{
		"ca.pem": "x", "a.pem": "x", "a-key.pem": "x", "gossip.key": "not base64!", "gossip.key ": "AAAA\n",
		"gossip.key  ": "\n\n",
		"ca.pem ":      "", "gossip.key   ": "",
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
		if _, err := Load(dir, "a"); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(),
			"not base64!") {
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
	if _, err := Load(mine, "a"); err == nil || !strings.Contains(err.Error(), "a.pem") {
		t.Errorf("a certificate of another authority: %v", err)
	}
}

func TestCertificatesAreOfOneNode(t *testing.T) {
	for _, c := range []struct {
		dns        []string
		commonName string
		node       string
		fits       bool
	}{
		{[]string{NodeName, "n1"}, "n1", "n1", true},
		{[]string{NodeName, "n1"}, "n1", "n2", false},
		{[]string{NodeName, "n1"}, "n1", "n11", false},
		{[]string{NodeName, "N1.holdfast.svc"}, "", "n1", true},
		{[]string{NodeName, "n1.holdfast.svc"}, "", "n1.holdfast.svc", true},
		{[]string{NodeName, "n10.holdfast.svc"}, "", "n1", false},
		{[]string{NodeName}, "n1", "n1", true},
		{[]string{NodeName}, "n2", "n1", false},
		{[]string{NodeName, "n1", "n2"}, "", "n2", true},
		{[]string{NodeName}, "", "n1", true}, // of the whole cluster
		{[]string{NodeName}, "The seats of Holdfast", "n1", true},
		{[]string{NodeName}, NodeName, "n1", true},
		{[]string{NodeName, "10.0.0.3"}, "", "10.0.0.3", true},
	} {
		leaf := &x509.Certificate{DNSNames: c.dns}
		leaf.Subject.CommonName = c.commonName
		if err := CheckNamed(leaf, c.node); (err == nil) != c.fits {
			t.Errorf("%v, CN %q, as %s: %v", c.dns, c.commonName, c.node, err)
		}
	}
}

func TestASharedCertificateIsKnownForOne(t *testing.T) {
	dir := t.TempDir()
	makeKeys(t, dir, "a")
	if loadKeys(t, dir, "a").SharedName() {
		t.Error("a certificate of its own passes for a shared one")
	}
	ca, err := openAuthority(dir, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	template := certificate(NodeName, time.Hour)
	template.DNSNames, template.KeyUsage = []string{NodeName}, x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	pair, err := tls.LoadX509KeyPair(certFiles(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(nil, template, ca.cert, pair.Leaf.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	shared := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "a.pem"), shared, 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := Load(dir, "a"); err != nil || !k.SharedName() {
		t.Errorf("%v", err)
	}
}
