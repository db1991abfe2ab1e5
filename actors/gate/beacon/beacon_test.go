package beacon

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/cloudflare/circl/ecc/bls12381"
)

// published are rounds as drand published them.
var published = []struct {
	name                string
	chain               *Chain
	round               uint64
	previous, signature string
}{
	{"quicknet", Quicknet(), 1, "", "b55e7cb2d5c613ee0b2e28d6750aabbb78c39dcc96bd9d38" +
		"c2c2e12198df95571de8e8e402a0cc48871c7089a2b3af4b"},
	{"quicknet", Quicknet(), 1000, "", "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b1957" +
		"6350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"},
	{"quicknet", Quicknet(), 32285085, "", "81dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb6" +
		"7e1879427af9d0310ac0ec6f519271d9a313ee84b378d416"},
	{"default", Default(), 72785, "a609e19a03c2fcc559e8dae14900aaefe517cb55c840f6e69bc8e4f66c8d18e8" +
		"a609685d9917efbfb0c37f058c2de88f13d297c7e19e0ab24813079efe57a182" +
		"554ff054c7638153f9b26a60e7111f71a0ff63d9571704905d3ca6df0b031747",
		"82f5d3d2de4db19d40a6980e8aa37842a0e55d1df06bd68bddc8d60002e8e959" +
			"eb9cfa368b3c1b77d18f02a54fe047b80f0989315f83b12a74fd8679c4f12aae" +
			"86eaf6ab5690b34f1fddd50ee3cc6f6cdf59e95526d5a5d82aaa84fa6f181e42"},
}

// TestPublishedRounds guards P8: the rounds that drand published are accepted, and nothing that differs in anything.
func TestPublishedRounds(t *testing.T) {
	for _, p := range published {
		previous, signature := unhex(p.previous), unhex(p.signature)
		if err := p.chain.Verify(p.round, previous, signature); err != nil {
			t.Errorf("%s round %d: %v", p.name, p.round, err)
		}
		if err := p.chain.Verify(p.round+1, previous, signature); !errors.Is(err, ErrSignature) {
			t.Errorf("%s round %d passes for the next one: %v", p.name, p.round, err)
		}
		for i := range signature {
			bad := bytes.Clone(signature)
			if bad[i] ^= 1 << (i % 8); p.chain.Verify(p.round, previous, bad) == nil {
				t.Errorf("%s round %d with byte %d changed is accepted", p.name, p.round, i)
			}
		}
		for _, bad := range [][]byte{nil, signature[1:], append(bytes.Clone(signature), 0)} {
			if err := p.chain.Verify(p.round, previous, bad); !errors.Is(err, ErrSignature) {
				t.Errorf("%s round %d of %d bytes: %v", p.name, p.round, len(bad), err)
			}
		}
	}
}

// TestSignatureWithTwoForms guards P8: one point in two encodings would be two seeds to choose from.
func TestSignatureWithTwoForms(t *testing.T) {
	var point bls12381.G1
	if err := point.SetBytes(unhex(published[0].signature)); err != nil {
		t.Fatal(err)
	}
	if err := Quicknet().Verify(1, nil, point.Bytes()); !errors.Is(err, ErrSignature) {
		t.Errorf("the uncompressed form of the round: %v", err)
	}
	var infinity bls12381.G1
	infinity.SetIdentity()
	if err := Quicknet().Verify(1, nil, infinity.BytesCompressed()); !errors.Is(err, ErrSignature) {
		t.Errorf("the point at infinity: %v", err)
	}
}

// TestKeyOfAnotherChain guards P8: a key, period or genesis that the chain's hash does not pin verifies nothing.
func TestKeyOfAnotherChain(t *testing.T) {
	signature := unhex(published[0].signature)
	for name, bend := range map[string]func(c *Chain){
		"key":     func(c *Chain) { c.PublicKey[60]++ },
		"period":  func(c *Chain) { c.Period = 30 },
		"genesis": func(c *Chain) { c.Genesis -= 3 },
		"group":   func(c *Chain) { c.Group[0]++ },
		"id":      func(c *Chain) { c.ID = "default" },
		"hash":    func(c *Chain) { c.Hash[0]++ },
	} {
		c := Quicknet()
		if bend(c); !errors.Is(c.Verify(1, nil, signature), ErrHash) {
			t.Errorf("another %s: %v", name, c.Verify(1, nil, signature))
		}
	}
	c := Quicknet()
	if c.Scheme = Chained; !errors.Is(c.Verify(1, signature, signature), ErrKey) {
		t.Error("a key of the other group is taken")
	}
	if c.Scheme = "bls-unchained-on-g1"; !errors.Is(c.Verify(1, nil, signature), ErrScheme) {
		t.Error("a scheme that is not known is taken")
	}
	if err := Default().Verify(1, nil, signature); !errors.Is(err, ErrPrevious) {
		t.Errorf("a chained round without the one before: %v", err)
	}
}

// TestKnownChains guards P8: what is built in is what the hashes pin.
func TestKnownChains(t *testing.T) {
	for _, c := range []*Chain{Quicknet(), Default()} {
		known, some := Known(c.Hash)
		if err := c.CheckHash(); err != nil || !some || known.ID != c.ID {
			t.Errorf("%s: %v, known %v", c.ID, err, some)
		}
	}
	if _, some := Known([32]byte{1}); some {
		t.Error("a chain that nobody runs is known")
	}
}

// TestTimeOfRound guards P8: no round number overflows into a time that has passed.
func TestTimeOfRound(t *testing.T) {
	c := Quicknet()
	if got := c.TimeOf(1); got != 1692803367000 {
		t.Errorf("round 1 at %d", got)
	}
	if got := c.TimeOf(101); got != 1692803667000 {
		t.Errorf("round 101 at %d", got)
	}
	for _, round := range []uint64{0, math.MaxUint64, math.MaxUint64 / 3, math.MaxInt64, math.MaxInt64 / 3} {
		if got := c.TimeOf(round); got != math.MaxInt64 {
			t.Errorf("round %d at %d", round, got)
		}
	}
}
