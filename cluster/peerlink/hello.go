package peerlink

import (
	"bytes"
	"errors"
	"fmt"

	"holdfast/storage"
)

// A hello is the first message in each direction, the dialer's first:
//
//	"HFPL" | lowest 1 | highest 1 | from 16 | to 16 | store 16 | what a later protocol adds
//
// The session's protocol is the highest that both speak. The bytes up to the store are fixed for ever; a reader ignores
// what follows them, so that a later build may say more to an earlier one.
type hello struct {
	protocol [2]uint8 // lowest, highest
	from, to storage.WriterID
	store    storage.StoreID // zero: the sender does not know
}

const (
	helloMagic = "HFPL"
	helloSize  = len(helloMagic) + 2 + 3*16
	// helloMax bounds what later builds may add.
	helloMax = 4 << 10
)

func (h *hello) append(dst []byte) []byte {
	dst = append(dst, helloMagic...)
	dst = append(dst, h.protocol[0], h.protocol[1])
	dst = append(dst, h.from[:]...)
	dst = append(dst, h.to[:]...)
	return append(dst, h.store[:]...)
}

var errHello = errors.New("no hello of a node's")

func parseHello(b []byte) (h hello, err error) {
	if len(b) < helloSize || len(b) > helloMax || !bytes.HasPrefix(b, []byte(helloMagic)) {
		return hello{}, fmt.Errorf("%w: %d bytes that begin with %.16q", errHello, len(b), b)
	}
	rest := b[len(helloMagic):]
	h.protocol = [2]uint8{rest[0], rest[1]}
	copy(h.from[:], rest[2:])
	copy(h.to[:], rest[18:])
	copy(h.store[:], rest[34:])
	if h.protocol[0] == 0 || h.protocol[0] > h.protocol[1] || h.from == (storage.WriterID{}) {
		return hello{}, fmt.Errorf("%w: protocol %d to %d, writer %x", errHello, rest[0], rest[1], h.from)
	}
	return h, nil
}

// common is the highest protocol that both speak; zero: there is none.
func common(a, b [2]uint8) uint8 {
	high := min(a[1], b[1])
	if high < max(a[0], b[0]) {
		return 0
	}
	return high
}

// otherStore says why the other side is on another store; empty: the store is the same, or one side does not know its
// own.
func otherStore(mine, theirs storage.StoreID) string {
	none := storage.StoreID{}
	if mine == none || theirs == none || mine == theirs {
		return ""
	}
	return fmt.Sprintf("different databases: this node is on store %s, and the other one on store %s", mine, theirs)
}

func otherProtocol(mine, theirs [2]uint8) string {
	return fmt.Sprintf("the other node speaks protocol %d to %d, this build %d to %d", theirs[0], theirs[1], mine[0],
		mine[1])
}
