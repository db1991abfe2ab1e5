package draw

import "errors"

// Published is what everybody may see of a draw.
type Published struct {
	Event    [16]byte
	Entrants uint32
	Root     Hash
	// Round is the beacon's, as the rule fixed it before the lobby opened. 0: there is no independent beacon, and
	// Signature is a value that the operator chose.
	Round     uint64
	Signature []byte
	Previous  []byte // the signature of the round before; only of a chained beacon
	Seed      Hash
}

// Entrant is one leaf, as the log has it: its index is the number.
type Entrant struct {
	Pseudonym [16]byte
	Party     uint8
}

// What a draw can be found guilty of.
var (
	ErrCount     = errors.New("draw: the number of entrants is another than the published one")
	ErrRoot      = errors.New("draw: the entrants do not give the published root: some were dropped, added or swapped")
	ErrSignature = errors.New("draw: the signature is not that of the beacon's round")
	ErrSeed      = errors.New("draw: the published seed does not come from event, entrants, root and signature")
	ErrPath      = errors.New("draw: the path does not lead from this entrant to the published root")
)

// Beacon says whether a signature is that of a round; previous is that of the round before, of which only a chained
// beacon's depend. nil: nobody looks, and the caller says so.
type Beacon func(round uint64, previous, signature []byte) error

// VerifyAll recomputes a draw from all entrants. The error is the first of the above that holds.
func VerifyAll(p *Published, key *[32]byte, entrants []Entrant, beacon Beacon) error {
	if uint32(len(entrants)) != p.Entrants {
		return ErrCount
	}
	var tree Frontier
	for n, e := range entrants {
		tree.Append(Leaf(uint32(n), e.Pseudonym, e.Party, SaltOf(key, uint32(n))))
	}
	if tree.Root() != p.Root {
		return ErrRoot
	}
	return p.verifySeed(beacon)
}

// VerifyOne recomputes one entrant's place, from what that entrant was given.
func VerifyOne(
	p *Published, number uint32, e Entrant, salt Salt, path []Hash, beacon Beacon,
) (place uint32, err error) {
	if !OnPath(p.Root, p.Entrants, number, Leaf(number, e.Pseudonym, e.Party, salt), path) {
		return 0, ErrPath
	}
	if err := p.verifySeed(beacon); err != nil {
		return 0, err
	}
	order := NewPermutation(p.Seed, p.Entrants)
	return order.Place(number), nil
}

func (p *Published) verifySeed(beacon Beacon) error {
	if beacon != nil && p.Round != 0 {
		if err := beacon(p.Round, p.Previous, p.Signature); err != nil {
			return errors.Join(ErrSignature, err)
		}
	}
	if Seed(p.Event, p.Entrants, p.Root, p.Signature) != p.Seed {
		return ErrSeed
	}
	return nil
}
