package node

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"

	"holdfast/actors/venue"
	"holdfast/api/token"
	"holdfast/cmd/holdfast/keyfile"
)

// keySet is a JWKS file of token keys, which may change while the server runs.
// The whole file is compared and not its time, see keyfile.Watch.
type keySet struct {
	path    string
	text    []byte // of the last look that counted
	trouble keyfile.Trouble
}

// read reads and checks the file, and gives no keys when nothing has changed. With a shared secret in it the file must
// be as hidden as any secret.
func (k *keySet) read() (text []byte, keys []token.Key, ignored []string, err error) {
	var info fs.FileInfo
	text, err = keyfile.Read(k.path, func(path string, i fs.FileInfo) error {
		info = i
		return keyfile.CheckUnchangeable(path, i)
	})
	if err != nil || k.text != nil && bytes.Equal(text, k.text) {
		return text, nil, nil, err
	}
	if keys, ignored, err = token.ParseJWKS(venue.WithoutMark(text)); err != nil {
		return text, nil, ignored, fmt.Errorf("%s: %w", k.path, err)
	}
	for i := range keys {
		if keys[i].Shared() {
			return text, keys, ignored, keyfile.Check(k.path, info)
		}
	}
	return text, keys, ignored, nil
}

// open reads the file at start, when a bad one is the end.
func (k *keySet) open(log *slog.Logger) ([]token.Key, error) {
	text, keys, ignored, err := k.read()
	if err != nil {
		return nil, err
	}
	k.text = text
	logIgnored(log, k.path, ignored)
	return keys, nil
}

func logIgnored(log *slog.Logger, path string, ignored []string) {
	for _, why := range ignored {
		log.Warn("a key is left out", "file", path, "key", why)
	}
}

// reload gives the file's keys when they have changed. A file that cannot be read or used changes nothing: the keys
// that counted so far go on to.
func (k *keySet) reload(log *slog.Logger) (keys []token.Key, changed bool) {
	text, keys, ignored, err := k.read()
	if err != nil {
		if k.trouble.News(err) {
			log.Error("token keys not reloaded: those that were read before still count", "error", err)
		}
		return nil, false
	}
	k.trouble.News(nil)
	if keys == nil {
		return nil, false
	}
	k.text = text
	logIgnored(log, k.path, ignored)
	ids := []string{}
	for i := range keys {
		ids = append(ids, keys[i].ID)
	}
	log.Info("token keys reloaded", "file", k.path, "kids", ids)
	return keys, true
}

// watchKeys takes in what becomes of the key file, until the node leaves.
func (n *Node) watchKeys(k *keySet) {
	keyfile.Watch(n.left, func() {
		if keys, changed := k.reload(n.log); changed {
			n.server.SetKeys(keys)
		}
	})
}

// openKeySet reads a JWKS file at start. Without one there is no set.
func openKeySet(path string, log *slog.Logger) (set *keySet, keys []token.Key, err error) {
	if path == "" {
		return nil, nil, nil
	}
	set = &keySet{path: path}
	if keys, err = set.open(log); err != nil {
		return nil, nil, fmt.Errorf("--jwt-jwks-file: %w", err)
	}
	return set, keys, nil
}

func readPublicKey(path string) (ed25519.PublicKey, error) {
	if path == "" {
		return nil, nil
	}
	text, err := keyfile.Read(path, keyfile.CheckUnchangeable)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, not an Ed25519 public key", path, parsed)
	}
	return key, nil
}
