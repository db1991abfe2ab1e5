package draw

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// Hash is a SHA-256 hash: of a leaf, a node, a root, or a seed.
type Hash [sha256.Size]byte

// Salt keeps a leaf from being guessed by whoever holds a path beside it.
type Salt [16]byte

// SaltOf is the salt of an entrant's leaf, from the gate's secret key.
func SaltOf(key *[32]byte, number uint32) (s Salt) {
	var b [52]byte
	n := copy(b[:], "holdfast/salt/v1")
	n += copy(b[n:], key[:])
	binary.BigEndian.PutUint32(b[n:], number)
	h := sha256.Sum256(b[:])
	copy(s[:], h[:])
	return s
}

// Leaf is the hash that stands for one entrant in the tree.
func Leaf(number uint32, pseudonym [16]byte, party uint8, salt Salt) Hash {
	var b [54]byte
	n := 1 + copy(b[1:], "holdfast/leaf/v1")
	binary.BigEndian.PutUint32(b[n:], number)
	n += 4 + copy(b[n+4:], pseudonym[:])
	b[n] = party
	copy(b[n+1:], salt[:])
	return sha256.Sum256(b[:])
}

func node(left, right *Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Frontier is a growing tree of which only the full subtrees' roots are kept: 32 bytes for each bit of Leaves that is
// set. The zero value is the tree without leaves.
type Frontier struct {
	leaves uint32
	peaks  []Hash // the highest subtree first
}

// ErrFrontier says that peaks and leaves are not of one tree.
var ErrFrontier = errors.New("draw: as many peaks as the number of leaves has bits set are needed")

// RestoreFrontier makes the tree whose Leaves and Peaks are given; ErrFrontier. peaks is not kept.
func RestoreFrontier(leaves uint32, peaks []Hash) (f Frontier, err error) {
	if bits.OnesCount32(leaves) != len(peaks) {
		return f, ErrFrontier
	}
	return Frontier{leaves, append([]Hash(nil), peaks...)}, nil
}

// Leaves is the number of leaves.
func (f *Frontier) Leaves() uint32 { return f.leaves }

// Peaks are the roots of the full subtrees, the highest first. They are the frontier's own.
func (f *Frontier) Peaks() []Hash { return f.peaks }

// Append adds a leaf.
func (f *Frontier) Append(leaf Hash) {
	for merged := f.leaves; merged&1 == 1; merged >>= 1 {
		last := len(f.peaks) - 1
		leaf = node(&f.peaks[last], &leaf)
		f.peaks = f.peaks[:last]
	}
	f.peaks = append(f.peaks, leaf)
	f.leaves++
}

// Root is the root of the tree as it stands.
func (f *Frontier) Root() Hash {
	if f.leaves == 0 {
		return sha256.Sum256(nil)
	}
	root := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		root = node(&f.peaks[i], &root)
	}
	return root
}

// Tree holds every full node, for giving paths: about 64 bytes a leaf.
type Tree struct {
	levels [][]Hash // levels[k][i]: the root of the leaves [i·2^k, (i+1)·2^k)
}

// NewTree makes the tree of all leaves, which are the tree's from here on.
func NewTree(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for level := leaves; len(level) > 1; {
		above := make([]Hash, len(level)/2)
		for i := range above {
			above[i] = node(&level[2*i], &level[2*i+1])
		}
		t.levels = append(t.levels, above)
		level = above
	}
	return t
}

// Root is the tree's root.
func (t *Tree) Root() Hash {
	if len(t.levels[0]) == 0 {
		return sha256.Sum256(nil)
	}
	return t.root(0, uint32(len(t.levels[0])))
}

// root is the root of the leaves [from, from+count), a subtree of RFC 6962.
func (t *Tree) root(from, count uint32) Hash {
	if k := bits.Len32(count) - 1; count == 1<<k {
		return t.levels[k][from>>k]
	}
	k := split(count)
	left, right := t.root(from, k), t.root(from+k, count-k)
	return node(&left, &right)
}

// split is the greatest power of two that is smaller than count, which is 2 or more.
func split(count uint32) uint32 { return 1 << (bits.Len32(count-1) - 1) }

// Path is the siblings of a leaf, from the leaf up. A number that is not in the tree has none.
func (t *Tree) Path(number uint32) []Hash {
	count := uint32(len(t.levels[0]))
	if number >= count {
		return nil
	}
	var down []Hash
	for from := uint32(0); count > 1; {
		k := split(count)
		if number-from < k {
			down, count = append(down, t.root(from+k, count-k)), k
			continue
		}
		down, from, count = append(down, t.root(from, k)), from+k, count-k
	}
	for i, j := 0, len(down)-1; i < j; i, j = i+1, j-1 {
		down[i], down[j] = down[j], down[i]
	}
	return down
}

// OnPath says whether path leads from the leaf of number to the root of a tree of so many leaves (RFC 9162, 2.1.3.2).
func OnPath(root Hash, leaves, number uint32, leaf Hash, path []Hash) bool {
	if number >= leaves {
		return false
	}
	place, last := number, leaves-1
	for i := range path {
		if last == 0 {
			return false
		}
		if place&1 == 1 || place == last {
			leaf = node(&path[i], &leaf)
			for place&1 == 0 && place != 0 {
				place, last = place>>1, last>>1
			}
		} else {
			leaf = node(&leaf, &path[i])
		}
		place, last = place>>1, last>>1
	}
	return last == 0 && leaf == root
}
