package keys

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// Keys are what makes a process a node: gossip's secret, and a certificate of the cluster's authority. The holder of
// them is that node. Safe for concurrent use.
//
//	ca.pem         every node        the authorities: who is one of us; several while one is being replaced
//	ca-key.pem     in a safe         needed only to add nodes
//	gossip.key     every node        encrypts membership; several lines during a change: the first sends
//	NAME.pem       that node         its certificate, for both ends of a link
//	NAME-key.pem   that node
//
// Reload takes in what has become of the files: handshakes from then on use it, and links that are up stay up.
type Keys struct {
	dir, node string
	ring      *memberlist.Keyring
	now       atomic.Pointer[snapshot]

	reloading sync.Mutex
	seen      [sha256.Size]byte // the files at the last look
	trouble   error             // of the last look; nil: it was taken in
}

// snapshot is the keys of one moment.
type snapshot struct {
	gossip [][]byte // the first one is used to send
	ca     *x509.CertPool
	cert   tls.Certificate
}

const (
	caFile, caKeyFile, gossipFile = "ca.pem", "ca-key.pem", "gossip.key"

	gossipKeyBytes = 32
)

func certFiles(dir, node string) (cert, key string) {
	return filepath.Join(dir, node+".pem"), filepath.Join(dir, node+"-key.pem")
}

// SecretFiles are those of Load' files that nobody else may read.
func SecretFiles(dir, node string) []string {
	_, key := certFiles(dir, node)
	return []string{key, filepath.Join(dir, gossipFile)}
}

// Load reads a node's keys from a directory that Make wrote (ca-key.pem need not be there). Errors name the
// file.
func Load(dir, node string) (*Keys, error) {
	k := &Keys{dir: dir, node: node}
	files, err := k.read()
	if err != nil {
		return nil, err
	}
	fresh, err := k.parse(files)
	if err != nil {
		return nil, err
	}
	if k.ring, err = memberlist.NewKeyring(fresh.gossip, fresh.gossip[0]); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	k.seen = files.sum()
	k.now.Store(fresh)
	return k, nil
}

// keyFiles are the contents of the files, in the order of names.
type keyFiles [4][]byte

const (
	ofAuthority = iota
	ofCert
	ofKey
	ofGossip
)

func (k *Keys) names() [4]string {
	cert, key := certFiles(k.dir, k.node)
	return [4]string{filepath.Join(k.dir, caFile), cert, key, filepath.Join(k.dir, gossipFile)}
}

func (k *Keys) read() (files keyFiles, err error) {
	for i, name := range k.names() {
		if files[i], err = os.ReadFile(name); err != nil {
			return files, fmt.Errorf("cluster: %w", err)
		}
	}
	return files, nil
}

func (f *keyFiles) sum() (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, content := range f {
		fmt.Fprintf(h, "%d:%s", len(content), content)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (k *Keys) parse(files keyFiles) (*snapshot, error) {
	names := k.names()
	fresh := &snapshot{ca: x509.NewCertPool()}
	if !fresh.ca.AppendCertsFromPEM(files[ofAuthority]) {
		return nil, fmt.Errorf("cluster: %s holds no certificate", names[ofAuthority])
	}
	var err error
	if fresh.cert, err = tls.X509KeyPair(files[ofCert], files[ofKey]); err != nil {
		return nil, fmt.Errorf("cluster: %s with %s: %w", names[ofCert], names[ofKey], err)
	}
	// A node whose own certificate the others will refuse is better told so now, by name, than left alone by all of
	// them.
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := fresh.cert.Leaf.Verify(x509.VerifyOptions{Roots: fresh.ca, DNSName: NodeName,
			KeyUsages: []x509.ExtKeyUsage{use}})
		if err != nil {
			return nil, fmt.Errorf("cluster: %s will not be believed by the other nodes: %w", names[ofCert], err)
		}
	}
	if err := CheckNamed(fresh.cert.Leaf, k.node); err != nil {
		return nil, fmt.Errorf("cluster: %s: %w", names[ofCert], err)
	}
	fresh.gossip, err = parseGossipKeys(names[ofGossip], files[ofGossip])
	return fresh, err
}

// SharedName says that the certificate names no node: the holder of a copy can be any node of the cluster.
func (k *Keys) SharedName() bool { return len(certNames(k.now.Load().cert.Leaf)) == 0 }

// Ring is the gossip's keys, as memberlist holds them: Reload changes them in place.
func (k *Keys) Ring() *memberlist.Keyring { return k.ring }

// Validity is from when until when the other nodes believe this one's certificate. Links that exist go on after it; new
// ones fail.
func (k *Keys) Validity() (from, until time.Time) {
	leaf := k.now.Load().cert.Leaf
	return leaf.NotBefore, leaf.NotAfter
}

// Reload reads the files again, and uses them if they have changed and are good. check is asked for each secret file
// first; nil: nothing is asked. An error changes nothing: the keys that counted go on to; the same error comes from
// every look until the files are good.
func (k *Keys) Reload(check func(file string) error) (changed bool, err error) {
	k.reloading.Lock()
	defer k.reloading.Unlock()
	files, err := k.read()
	if err != nil {
		k.trouble = err
		return false, err
	}
	sum := files.sum()
	if sum == k.seen && k.trouble == nil {
		return false, nil
	}
	k.trouble = k.take(files, check)
	if k.trouble != nil {
		return false, k.trouble
	}
	changed, k.seen = sum != k.seen, sum
	return changed, nil
}

func (k *Keys) take(files keyFiles, check func(file string) error) error {
	for _, file := range SecretFiles(k.dir, k.node) {
		if check == nil {
			break
		}
		if err := check(file); err != nil {
			return err
		}
	}
	fresh, err := k.parse(files)
	if err != nil {
		return err
	}
	if err := turnRing(k.ring, fresh.gossip); err != nil {
		return fmt.Errorf("cluster: %s: %w", k.names()[ofGossip], err)
	}
	k.now.Store(fresh)
	return nil
}

// turnRing makes a key ring hold exactly these keys, of which the first is used to send.
func turnRing(ring *memberlist.Keyring, keys [][]byte) error {
	for _, key := range keys {
		if err := ring.AddKey(key); err != nil {
			return err
		}
	}
	if err := ring.UseKey(keys[0]); err != nil {
		return err
	}
	for _, old := range ring.GetKeys() {
		if !slices.ContainsFunc(keys, func(key []byte) bool { return bytes.Equal(key, old) }) {
			if err := ring.RemoveKey(old); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseGossipKeys(file string, text []byte) (keys [][]byte, err error) {
	for number, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err == nil && len(key) != gossipKeyBytes {
			err = fmt.Errorf("%d bytes", len(key))
		}
		if err != nil { // the line itself is a secret
			return nil, fmt.Errorf("cluster: %s, line %d is not %d bytes in base64: %w", file, number+1, gossipKeyBytes,
				err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("cluster: %s: %w", file, errors.New("no key in it"))
	}
	return keys, nil
}

// ServerConfig is for one handshake with a caller. Nobody comes back to an old one: a session that was resumed
// would outlive its certificate.
func (k *Keys) ServerConfig() *tls.Config {
	now := k.now.Load()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{now.cert},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: now.ca,
		SessionTicketsDisabled: true,
	}
}

// ClientConfig is for one handshake with that node.
func (k *Keys) ClientConfig(node string) *tls.Config {
	now := k.now.Load()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{now.cert}, RootCAs: now.ca, ServerName: NodeName,
		VerifyConnection: func(s tls.ConnectionState) error { return CheckNamed(s.PeerCertificates[0], node) },
	}
}
