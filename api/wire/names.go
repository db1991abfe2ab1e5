package wire

import (
	"crypto/sha256"
	"encoding/hex"
)

// The log names nobody: it knows buyers by pseudonyms of the event's own key (P14, package actors/pseudonym), and
// requests by half a SHA-256 of pseudonym and key, made here. Events of before keys know buyers by half a SHA-256 too.
// These are in every log ever written and are what a repeat is recognised by (P5), so they can never change.

// nameBytesUsual is what a name may have without costing an allocation: as much as the API takes.
const nameBytesUsual = 256

const (
	buyerPrefix  = "holdfast buyer\x00"
	operatorName = "holdfast operator"
	walkInPrefix = "holdfast walk-in\x00"
)

// BuyerHash is the pseudonym under which the logs of events of before keys know a buyer. No new event uses it: whoever
// guesses the name can make it.
func BuyerHash(name string) [16]byte {
	text := append(make([]byte, 0, len(buyerPrefix)+nameBytesUsual), buyerPrefix...)
	return half(append(text, name...))
}

// OperatorHash stands for all operators, and is the buyer of what they booked in earlier builds; no buyer's name hashes
// to it.
func OperatorHash() [16]byte { return half([]byte(operatorName)) }

// WalkInHash is the pseudonym of a buyer without a name, for whom an operator makes one booking: another for each
// request, so that a box office is not one buyer who soon has all the seats that one may have.
func WalkInHash(request [16]byte) [16]byte {
	return half(append([]byte(walkInPrefix), request[:]...))
}

// RequestHash names a buyer's request for ever: who asks, and under which key. It leaves out which call it was, so that
// one key on two different calls meets itself and is refused. Keys are at most 128 bytes.
func RequestHash(buyer [16]byte, key []byte) [16]byte { return requestHash('b', &buyer, key) }

// OperatorRequestHash is RequestHash for an operator, whose keys never meet a buyer's.
func OperatorRequestHash(key []byte) [16]byte {
	operator := OperatorHash()
	return requestHash('o', &operator, key)
}

func requestHash(role byte, who *[16]byte, key []byte) [16]byte {
	text := append(make([]byte, 0, 1+len(who)+1+128), role)
	text = append(append(text, who[:]...), 0)
	return half(append(text, key...))
}

func half(text []byte) [16]byte {
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// HashText is the text of any of these in a LogChange: lower-case hexadecimal.
func HashText(id [16]byte) string { return hex.EncodeToString(id[:]) }

// ParseHash reads what HashText writes, and no other form.
func ParseHash(text string) (id [16]byte, ok bool) {
	if len(text) != hex.EncodedLen(len(id)) {
		return id, false
	}
	n, err := hex.Decode(id[:], []byte(text))
	return id, err == nil && n == len(id)
}
