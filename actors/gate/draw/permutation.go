package draw

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// rounds of the Feistel network.
const rounds = 12

// Seed is what the draw is made of: known to nobody before the signature is.
func Seed(event [16]byte, entrants uint32, root Hash, signature []byte) Hash {
	b := make([]byte, 0, 72+len(signature))
	b = append(b, "holdfast/seed/v1"...)
	b = append(b, event[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(entrants))
	b = append(b, root[:]...)
	return sha256.Sum256(append(b, signature...))
}

// Permutation gives each entrant a place, and each place an entrant. The zero value is that of no entrants.
type Permutation struct {
	seed    Hash
	n, side uint32
}

// NewPermutation is the draw of so many entrants.
func NewPermutation(seed Hash, entrants uint32) Permutation {
	side := uint32(math.Sqrt(float64(entrants))) / 2 * 2
	for uint64(side)*uint64(side) < uint64(entrants) {
		side += 2
	}
	return Permutation{seed: seed, n: entrants, side: side}
}

// Entrants is how many there are.
func (p *Permutation) Entrants() uint32 { return p.n }

// Place is the place of an entrant: 0 is called first. Whoever joined after the close stands at their own number.
func (p *Permutation) Place(number uint32) uint32 {
	if number >= p.n {
		return number
	}
	v := p.forth(uint64(number))
	for v >= uint64(p.n) {
		v = p.forth(v)
	}
	return uint32(v)
}

// Number is the entrant at a place: the reverse of Place.
func (p *Permutation) Number(place uint32) uint32 {
	if place >= p.n {
		return place
	}
	v := p.back(uint64(place))
	for v >= uint64(p.n) {
		v = p.back(v)
	}
	return uint32(v)
}

func (p *Permutation) forth(v uint64) uint64 {
	side := uint64(p.side)
	l, r := v/side, v%side
	for round := range byte(rounds) {
		l, r = r, (l+p.round(round, r))%side
	}
	return l*side + r
}

func (p *Permutation) back(v uint64) uint64 {
	side := uint64(p.side)
	l, r := v/side, v%side
	for round := rounds - 1; round >= 0; round-- {
		l, r = (r+side-p.round(byte(round), l))%side, l
	}
	return l*side + r
}

// round is the round function f(r, x) of the package comment.
func (p *Permutation) round(r byte, x uint64) uint64 {
	var b [54]byte
	n := copy(b[:], "holdfast/round/v1")
	n += copy(b[n:], p.seed[:])
	b[n] = r
	binary.BigEndian.PutUint32(b[n+1:], uint32(x))
	h := sha256.Sum256(b[:])
	return (uint64(binary.BigEndian.Uint16(h[:]))<<32 | uint64(binary.BigEndian.Uint32(h[2:]))) % uint64(p.side)
}
