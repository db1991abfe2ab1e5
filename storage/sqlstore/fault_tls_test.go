package sqlstore

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// authority is a certificate authority of a test's own.
type authority struct {
	t        *testing.T
	dir      string
	key      *ecdsa.PrivateKey
	template *x509.Certificate
	rootFile string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), template: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	a.key = a.newKey()
	a.rootFile = a.sign("root.crt", a.template, a.key)
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey) (file string) {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.template, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name, "CERTIFICATE", der)
}

func (a *authority) write(name, kind string, der []byte) (file string) {
	a.t.Helper()
	file = filepath.Join(a.dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// server makes a certificate for a server that is called by the names.
func (a *authority) server(ip net.IP, names ...string) (certFile, keyFile string) {
	a.t.Helper()
	key := a.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: a.template.NotBefore,
		NotAfter: a.template.NotAfter,
		DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	certFile = a.sign("server.crt", template, key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return certFile, a.write("server.key", "PRIVATE KEY", der)
}

const tlsPassword = "correct-horse-battery"

// withTLS adds a password, which no error may repeat, and the TLS settings to an address.
func withTLS(t *testing.T, address, mode, rootFile string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(parsed.User.Username(), tlsPassword)
	query := url.Values{"sslmode": {mode}}
	if rootFile != "" {
		query.Set("sslrootcert", rootFile)
	}
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// TestVerifyFull: the store speaks only to the server whose certificate is in the right name and by the right
// authority.
func TestVerifyFull(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	certFile, keyFile := ours.server(net.IPv4(127, 0, 0, 1))
	address := pgtest.Start(t, pgtest.WithTLS(certFile, keyFile)).Database(t)
	s := openAt(t, withTLS(t, address, "verify-full", ours.rootFile), Options{})
	owner := newFollower(newKey())
	if err := settle(t.Context(), s, owner.next(storage.EntryClaim, "owner")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, address, why string }{
		{"another authority", withTLS(t, address, "verify-full", theirs.rootFile),
			"certificate signed by unknown authority"},
		{"another name", withTLS(t, strings.Replace(address, "127.0.0.1", "localhost", 1), "verify-full",
			ours.rootFile), "localhost"},
		{"no TLS", withTLS(t, address, "disable", ""), "no encryption"},
		{"no such root", withTLS(t, address, "verify-full", ours.rootFile+".gone"), "root.crt.gone"},
		{"no such mode", withTLS(t, address, "verify-fully", ours.rootFile), "sslmode is invalid"},
	} {
		t.Run(c.name, func(t *testing.T) { refusesToOpen(t, c.address, c.why) })
	}
}

func refusesToOpen(t *testing.T, address, why string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := Open(ctx, address, Options{})
	if err == nil {
		_ = s.Close()
		t.Fatal("the store opened")
	}
	if !strings.Contains(err.Error(), why) {
		t.Errorf("the reason is missing, want %q: %v", why, err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), tlsPassword) {
			t.Errorf("the password is told: %v", e)
		}
	}
	if strings.Contains(Redacted(address), tlsPassword) {
		t.Errorf("the password is told: %s", Redacted(address))
	}
}
