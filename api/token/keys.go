package token

import (
	"crypto/ed25519"
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithms, as tokens and key files name them.
const (
	hs256 = "HS256"
	rs256 = "RS256"
	es256 = "ES256"
	eddsa = "EdDSA"
)

// SecretBytesMin is the shortest secret of HS256: shorter ones can be guessed from one token, offline (RFC 7518, 3.2).
const SecretBytesMin = 32

// Key verifies tokens of one algorithm. Make one with Secret, Public or ParseJWKS.
type Key struct {
	// ID is the kid by which tokens name the key; empty: the key may be meant by any token of its algorithm.
	ID        string
	algorithm string
	material  jwt.VerificationKey
}

// Shared says that a holder of the key can sign with it too.
func (k *Key) Shared() bool { return k.algorithm == hs256 }

// Secret makes a key of HS256.
func Secret(secret []byte) (Key, error) {
	if len(secret) < SecretBytesMin {
		return Key{}, errors.New("token: the HS256 secret is shorter than 32 bytes")
	}
	return Key{algorithm: hs256, material: secret}, nil
}

// Public makes a key of EdDSA.
func Public(key ed25519.PublicKey) (Key, error) {
	if len(key) != ed25519.PublicKeySize {
		return Key{}, errors.New("token: the Ed25519 public key has the wrong length")
	}
	return Key{algorithm: eddsa, material: key}, nil
}
