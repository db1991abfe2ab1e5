package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"
)

// Keys are what makes a process a node: gossip's secret, and a certificate of the cluster's authority. Whoever holds
// them is any node.
//
//	ca.pem         every node        the authority: who is one of us
//	ca-key.pem     in a safe         needed only to add nodes
//	gossip.key     every node        encrypts membership; several lines while it is being changed, of which the first is used to send
//	NAME.pem       that node         its certificate, for both ends of a link
//	NAME-key.pem   that node
type Keys struct {
	gossip [][]byte // the first one is used to send
	ca     *x509.CertPool
	cert   tls.Certificate
}

const (
	caFile, caKeyFile, gossipFile = "ca.pem", "ca-key.pem", "gossip.key"

	// nodeName is in every node's certificate. Links are made to addresses that come from gossip and change with every
	// start, so that there is no other name to hold a certificate against: what counts is that this authority signed it
	// for a node.
	nodeName       = "holdfast-node"
	gossipKeyBytes = 32
)

func certFiles(dir, node string) (cert, key string) {
	return filepath.Join(dir, node+".pem"), filepath.Join(dir, node+"-key.pem")
}

// SecretFiles are those of LoadKeys' files that nobody else may read.
func SecretFiles(dir, node string) []string {
	_, key := certFiles(dir, node)
	return []string{key, filepath.Join(dir, gossipFile)}
}

// LoadKeys reads a node's keys from a directory that MakeKeys wrote (ca-key.pem need not be there). Errors name the
// file.
func LoadKeys(dir, node string) (*Keys, error) {
	k := &Keys{ca: x509.NewCertPool()}
	authority, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	if !k.ca.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("cluster: %s holds no certificate", filepath.Join(dir, caFile))
	}
	certFile, keyFile := certFiles(dir, node)
	if k.cert, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		return nil, fmt.Errorf("cluster: %s with %s: %w", certFile, keyFile, err)
	}
	// A node whose own certificate the others will refuse is better told so now, by name, than left alone by all of them.
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := k.cert.Leaf.Verify(x509.VerifyOptions{Roots: k.ca, DNSName: nodeName, KeyUsages: []x509.ExtKeyUsage{use}})
		if err != nil {
			return nil, fmt.Errorf("cluster: %s will not be believed by the other nodes: %w", certFile, err)
		}
	}
	k.gossip, err = readGossipKeys(filepath.Join(dir, gossipFile))
	return k, err
}

// Expires is when the other nodes stop believing this one's certificate. Links that exist go on; new ones fail.
func (k *Keys) Expires() time.Time { return k.cert.Leaf.NotAfter }

func readGossipKeys(file string) (keys [][]byte, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	for number, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err == nil && len(key) != gossipKeyBytes {
			err = fmt.Errorf("%d bytes", len(key))
		}
		if err != nil { // the line itself is a secret
			return nil, fmt.Errorf("cluster: %s, line %d is not %d bytes in base64: %w", file, number+1, gossipKeyBytes, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("cluster: %s: %w", file, errors.New("no key in it"))
	}
	return keys, nil
}

func (k *Keys) serverCredentials() credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{k.cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: k.ca,
	})
}

func (k *Keys) clientCredentials() credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{k.cert}, RootCAs: k.ca, ServerName: nodeName,
	})
}
