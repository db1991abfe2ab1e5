package node

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"holdfast/api/auth"

	"holdfast/actors/venue"
	"holdfast/api/token"
	"holdfast/cmd/holdfast/keyfile"
)

// unnamedOperator is whose key --operator-key-file holds, in the log.
const unnamedOperator = "operator"

// keyFiles are the files that say whose bearer token counts, and may change while the server runs: the operators' keys,
// and the buyers' secret and public key. A JWKS file has rules of its own: see keySet.
type keyFiles struct {
	operator, operators string // --operator-key-file, --operator-keys-file
	scanners            string // --scanners-keys-file
	secret, public      string // --jwt-hs256-secret-file, --jwt-eddsa-public-key-file

	keys    []auth.OperatorKey
	own     ownKeys
	trouble keyfile.Trouble
}

// ownKeys are those that verify tokens without a kid.
type ownKeys struct {
	secret []byte
	public ed25519.PublicKey
}

// readOperators gives the keys of all files, checked together.
func (b *keyFiles) readOperators() (keys []auth.OperatorKey, err error) {
	for _, list := range []struct {
		flag, file string
		role       auth.Role
	}{{"--operator-keys-file", b.operators, auth.FullOperator}, {"--scanners-keys-file", b.scanners, auth.Scanner}} {
		if list.file == "" {
			continue
		}
		text, err := keyfile.Read(list.file, keyfile.Check)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list.flag, err)
		}
		listed, err := parseOperatorKeys(string(venue.WithoutMark(text)), list.role)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", list.flag, list.file, err)
		}
		keys = append(keys, listed...)
	}
	key, err := keyfile.ReadSecret(b.operator, operatorKeyBytesMin)
	if err != nil {
		return nil, fmt.Errorf("--operator-key-file: %w", err)
	}
	if len(key) > 0 {
		keys = append(keys, auth.OperatorKey{Name: unnamedOperator, Key: string(key)})
	}
	return keys, auth.CheckOperatorKeys(keys)
}

const operatorKeyBytesMin = 16

// parseOperatorKeys reads lines of name=key. Empty lines, and those that begin with #, say nothing. Errors give the
// line's number, for the line is a secret.
func parseOperatorKeys(text string, role auth.Role) (keys []auth.OperatorKey, err error) {
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, key, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d is not name=key", i+1)
		}
		keys = append(keys, auth.OperatorKey{Name: strings.TrimSpace(name), Key: strings.TrimSpace(key), Role: role})
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no key: a line of name=key for each operator")
	}
	return keys, nil
}

func (b *keyFiles) readOwn() (own ownKeys, err error) {
	if own.secret, err = keyfile.ReadSecret(b.secret, token.SecretBytesMin); err != nil {
		return own, fmt.Errorf("--jwt-hs256-secret-file: %w", err)
	}
	if own.public, err = readPublicKey(b.public); err != nil {
		return own, fmt.Errorf("--jwt-eddsa-public-key-file: %w", err)
	}
	return own, nil
}

// open reads everything at start, when a bad file is the end.
func (b *keyFiles) open() (err error) {
	if b.keys, err = b.readOperators(); err != nil {
		return err
	}
	b.own, err = b.readOwn()
	return err
}

// changeable says that there is something to look at again. What comes out of a pipe, such as a shell's <(…), comes
// once.
func (b *keyFiles) changeable() bool {
	for _, path := range []*string{&b.operator, &b.operators, &b.scanners, &b.secret, &b.public} {
		if *path != "" && !keyfile.IsRegular(*path) {
			return false
		}
	}
	return b.operator+b.operators+b.scanners+b.secret+b.public != ""
}

// reload takes in what has changed. A file that cannot be read or used changes nothing.
func (b *keyFiles) reload(log *slog.Logger, operators func([]auth.OperatorKey), own func([]byte, ed25519.PublicKey)) {
	keys, err := b.readOperators()
	fresh, err2 := b.readOwn()
	if err = errors.Join(err, err2); err != nil {
		if b.trouble.News(err) {
			log.Error("ALARM: keys were not reloaded: those that were read before still count", "alarm",
				"operator_keys_not_reloaded", "error", err)
		}
		return
	}
	b.trouble.News(nil)
	if !slices.Equal(keys, b.keys) {
		operators(keys)
		log.Info("operators' keys reloaded", "names", operatorNames(keys), "before", operatorNames(b.keys))
		b.keys = keys
	}
	if !reflect.DeepEqual(fresh, b.own) {
		own(fresh.secret, fresh.public)
		log.Info("token keys reloaded: tokens of the one before are not believed any more; a JWKS file holds several " +
			"at once")
		b.own = fresh
	}
}

func operatorNames(keys []auth.OperatorKey) []string {
	names := []string{}
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

// watchKeyFiles looks until the node leaves.
func (n *Node) watchKeyFiles(b *keyFiles) {
	keyfile.Watch(n.left, func() { b.reload(n.log, n.server.SetOperatorKeys, n.server.SetOwnKeys) })
}
