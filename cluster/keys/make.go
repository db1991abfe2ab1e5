package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authorityLasts: to replace an authority means to touch all nodes at once, so it outlives many rounds of
// certificates.
const authorityLasts = 10 * 365 * 24 * time.Hour

// authority signs nodes' certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Make writes keys for nodes into dir: the authority and gossip's secret if they are not there yet, and a certificate
// for each node. Secrets have mode 0600. Nothing is ever overwritten: a node that has files already is an error, before
// anything is written. validity is of the nodes' certificates; a new authority lasts ten years, or as long as that if
// it is longer, and no certificate outlives it.
func Make(dir string, nodes []string, validity time.Duration) error {
	if err := checkNodes(dir, nodes, validity); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	a, err := openAuthority(dir, validity)
	if err != nil {
		return err
	}
	if err := makeGossipKey(filepath.Join(dir, gossipFile)); err != nil {
		return err
	}
	for _, node := range nodes {
		if err := a.makeNode(dir, node, validity); err != nil {
			return err
		}
	}
	return nil
}

func checkNodes(dir string, nodes []string, validity time.Duration) error {
	if len(nodes) == 0 || validity <= 0 {
		return errors.New("cluster: keys need the names of nodes and a validity above zero")
	}
	seen := map[string]bool{}
	for _, node := range nodes {
		if node != filepath.Base(node) || !validName(node) || node == "ca" || seen[node] {
			return fmt.Errorf("cluster: %q cannot name a node's key files, or is named twice: use letters, digits, "+
				"dots, - and _, and not \"ca\"", node)
		}
		seen[node] = true
		cert, key := certFiles(dir, node)
		for _, file := range []string{cert, key} {
			if _, err := os.Lstat(file); err == nil {
				return fmt.Errorf("cluster: %s exists and is not overwritten: take it away first, or leave %s out",
					file, node)
			}
		}
	}
	return nil
}

func validName(name string) bool {
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return false
		}
	}
	return name != "" && name[0] != '.' && name[0] != '-' && len(name) <= 63
}

// openAuthority reads the one in dir, or makes it if neither of its files is there.
func openAuthority(dir string, validity time.Duration) (*authority, error) {
	certFile, keyFile := filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile)
	_, noCert := os.Lstat(certFile)
	_, noKey := os.Lstat(keyFile)
	if errors.Is(noCert, fs.ErrNotExist) && errors.Is(noKey, fs.ErrNotExist) {
		return makeAuthority(certFile, keyFile, validity)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("cluster: the authority in %s with %s: %w", certFile, keyFile, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("cluster: %s with %s is no authority that was made here", certFile, keyFile)
	}
	return &authority{pair.Leaf, key}, nil
}

func makeAuthority(certFile, keyFile string, validity time.Duration) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	template := certificate("holdfast cluster authority", max(validity, authorityLasts))
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return &authority{cert, key}, writePair(certFile, keyFile, der, key)
}

func (a *authority) makeNode(dir, node string, validity time.Duration) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	template := certificate(node, validity)
	template.DNSNames = []string{NodeName, node}
	if ip := net.ParseIP(node); ip != nil {
		template.DNSNames, template.IPAddresses = []string{NodeName}, []net.IP{ip}
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	certFile, keyFile := certFiles(dir, node)
	return writePair(certFile, keyFile, der, key)
}

// certificate is valid from an hour ago: machines' clocks differ.
func certificate(name string, validity time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // crypto/rand never fails
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"holdfast"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
	}
}

func writePair(certFile, keyFile string, cert []byte, key *ecdsa.PrivateKey) error {
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	if err := writeNew(keyFile, 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})); err != nil {
		return err
	}
	return writeNew(certFile, 0o644, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
}

// makeGossipKey leaves one alone that is there.
func makeGossipKey(file string) error {
	if _, err := os.Lstat(file); err == nil {
		return nil
	}
	key := make([]byte, gossipKeyBytes)
	_, _ = rand.Read(key) // never fails
	return writeNew(file, 0o600, []byte(base64.StdEncoding.EncodeToString(key)+"\n"))
}

// writeNew never replaces a file, and is durable before it returns: keys that are lost take a cluster apart.
func writeNew(file string, mode os.FileMode, content []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("cluster: %s: %w", file, err)
	}
	return nil
}
