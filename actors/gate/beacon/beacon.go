package beacon

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/cloudflare/circl/sign/bls"
)

// The schemes of rounds that can be verified.
const (
	UnchainedG1 = "bls-unchained-g1-rfc9380"
	Chained     = "pedersen-bls-chained"
)

// Lengths in bytes of points as drand writes them.
const (
	g1Bytes = 48
	g2Bytes = 96
)

// Chain is what pins a beacon: drand's /info.
type Chain struct {
	Hash      [32]byte
	Scheme    string // UnchainedG1 or Chained
	PublicKey []byte
	Period    uint32 // seconds between rounds
	Genesis   int64  // Unix seconds of round 1
	Group     [32]byte
	ID        string // the beacon's name; "" and "default" are one
}

// What can be wrong with a chain or with a round of one.
var (
	ErrHash      = errors.New("beacon: the chain's parameters do not give its hash: the key is not this chain's")
	ErrScheme    = errors.New("beacon: rounds of this scheme cannot be verified here")
	ErrKey       = errors.New("beacon: the public key is no point of the scheme's group")
	ErrPrevious  = errors.New("beacon: a chained round is signed with the previous round's signature, which is missing")
	ErrSignature = errors.New("beacon: the signature is not that of the round")
)

// Known gives a chain of drand's main network by its hash: quicknet or default.
func Known(hash [32]byte) (*Chain, bool) {
	for _, c := range [...]*Chain{Quicknet(), Default()} {
		if c.Hash == hash {
			return c, true
		}
	}
	return nil, false
}

// Quicknet is the unchained network with a round every three seconds.
func Quicknet() *Chain {
	return &Chain{
		Hash:   [32]byte(unhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971")),
		Scheme: UnchainedG1, Period: 3, Genesis: 1692803367, ID: "quicknet",
		Group: [32]byte(unhex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e")),
		PublicKey: unhex("83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c" +
			"8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb" +
			"5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"),
	}
}

// Default is the chained network with a round every thirty seconds.
func Default() *Chain {
	return &Chain{
		Hash:   [32]byte(unhex("8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce")),
		Scheme: Chained, Period: 30, Genesis: 1595431050, ID: "default",
		Group: [32]byte(unhex("176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a")),
		PublicKey: unhex("868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5c" +
			"ce96366b5d7a569937c529eeda66c7293784a9402801af31"),
	}
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // a constant of this package
	}
	return b
}

// CheckHash says whether key, period and genesis are those that the chain's hash pins; ErrHash.
func (c *Chain) CheckHash() error {
	b := binary.BigEndian.AppendUint32(nil, c.Period)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Genesis))
	b = append(append(b, c.PublicKey...), c.Group[:]...)
	if c.ID != "default" {
		b = append(b, c.ID...)
	}
	if sha256.Sum256(b) != c.Hash {
		return ErrHash
	}
	return nil
}

// TimeOf is when a round is published, in Unix milliseconds; what is beyond every calendar is the latest moment there
// is. Round 0 has no time.
func (c *Chain) TimeOf(round uint64) int64 {
	const most = math.MaxInt64 / 1000
	if round == 0 || c.Period == 0 || round > most/uint64(c.Period) || c.Genesis < 0 || c.Genesis > most/2 ||
		(round-1)*uint64(c.Period) > most/2 {
		return math.MaxInt64
	}
	return (c.Genesis + int64(round-1)*int64(c.Period)) * 1000
}

// Verify checks a round's signature with the chain's key, after the key with the chain's hash: nil only if both hold.
// previous is the signature of the round before; only a chained scheme looks at it. The errors wrap those above.
func (c *Chain) Verify(round uint64, previous, signature []byte) error {
	if err := c.CheckHash(); err != nil {
		return err
	}
	switch c.Scheme {
	case UnchainedG1:
		return verify[bls.KeyG2SigG1](c.PublicKey, g2Bytes, message(nil, round), signature, g1Bytes)
	case Chained:
		if len(previous) == 0 {
			return ErrPrevious
		}
		return verify[bls.KeyG1SigG2](c.PublicKey, g1Bytes, message(previous, round), signature, g2Bytes)
	}
	return fmt.Errorf("%w: %.40q", ErrScheme, c.Scheme)
}

func message(previous []byte, round uint64) []byte {
	h := sha256.Sum256(binary.BigEndian.AppendUint64(bytes.Clone(previous), round))
	return h[:]
}

// verify holds lengths too: a point has one published form, so that a seed has one value (the uncompressed form of the
// same point would be another seed).
func verify[K bls.KeyGroup](key []byte, keyBytes int, message, signature []byte, signatureBytes int) error {
	var public bls.PublicKey[K]
	if len(key) != keyBytes || public.UnmarshalBinary(key) != nil || !public.Validate() {
		return ErrKey
	}
	if len(signature) != signatureBytes || !bls.Verify(&public, message, signature) {
		return ErrSignature
	}
	return nil
}
