// Package presale signs the presale codes that people type, and opens them again (P8). A code is a number that the gate
// has minted; how often the number may be used, when, and whether it was taken back, stands in the gate's log alone.
// So a code that nobody minted is refused without asking anybody.
//
//	Keys.Append(event, number, owner) ──▶ text ──▶ people ──▶ Keys.Open(text, whose) ──▶ number or error
//
// # The bytes
//
// A code is unpadded Base32 (RFC 4648) in groups of eight, with a dash between two. Integers are big-endian:
//
//	head 1: version in the low half, 0x10 if the code is bound to a buyer · first 3 bytes of the event · number 4
//	· of a bound code: owner 5, the first bytes of HMAC-SHA256(key, "holdfast/presale/owner/v1" ‖ event ‖ pseudonym)
//	tag: the first 12 bytes of HMAC-SHA256(key, "holdfast/presale/code/v1" ‖ event ‖ generation ‖ what is before it)
//
// So a code is 32 characters, a bound one 40. Whoever types one is forgiven: case, spaces and dashes do not count, and
// 0, 1 and 8, which Base32 lacks, stand for O, I and B.
//
// # Rejected
//
// Short codes that are looked up: they can be guessed, and each guess asks the gate. Uses and window inside the code:
// they could not be changed, and two places would say them.
package presale

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/place"
)

// What a code can be refused for, told in this order.
var (
	ErrForm   = errors.New("presale: not a code")
	ErrEvent  = errors.New("presale: a code of another event")
	ErrForged = errors.New("presale: a code that was not signed here")
	ErrBuyer  = errors.New("presale: a code of another buyer")
)

const (
	version    = 1
	bound      = 0x10
	eventBytes = 3
	headBytes  = 1 + eventBytes + 4
	ownerBytes = 5
	tagBytes   = 12
	rawMax     = headBytes + ownerBytes + tagBytes
	group      = 8
)

// TextBytesMax is the longest text that is looked at.
const TextBytesMax = 80

// Keys signs codes.
type Keys struct{ key [32]byte }

// New makes keys of a secret that all nodes share.
func New(key [32]byte) *Keys { return &Keys{key} }

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Append appends the text of a code. owner is the only buyer who may use it; nil: everybody may.
func (k *Keys) Append(dst []byte, whose *place.Whose, number codebook.No, owner *gate.Buyer) []byte {
	raw := append(make([]byte, 0, rawMax), version)
	raw = binary.BigEndian.AppendUint32(append(raw, whose.Event[:eventBytes]...), uint32(number))
	if owner != nil {
		raw[0] |= bound
		raw = append(raw, k.owner(whose.Event, owner)...)
	}
	raw = append(raw, k.tag(whose, raw)...)
	text := encoding.AppendEncode(nil, raw)
	for ; len(text) > group; text = text[group:] {
		dst = append(append(dst, text[:group]...), '-')
	}
	return append(dst, text...)
}

// Open gives the number of a code that whose buyer may use. With ErrBuyer the number is told too.
func (k *Keys) Open(text string, whose *place.Whose) (codebook.No, error) {
	var buffer [rawMax]byte
	raw, ok := decode(buffer[:0], text)
	if !ok {
		return 0, ErrForm
	}
	body := raw[:len(raw)-tagBytes]
	number := codebook.No(binary.BigEndian.Uint32(body[1+eventBytes:]))
	switch {
	case [eventBytes]byte(body[1:]) != [eventBytes]byte(whose.Event[:]):
		return 0, ErrEvent
	case !equal(k.tag(whose, body), raw[len(body):]):
		return 0, ErrForged
	case len(body) > headBytes && !equal(k.owner(whose.Event, &whose.Buyer), body[headBytes:]):
		return number, ErrBuyer
	}
	return number, nil
}

// decode reads what people typed. A code has one form once case, spaces, dashes and the digits that Base32 lacks are
// made good.
func decode(raw []byte, text string) ([]byte, bool) {
	if len(text) > TextBytesMax {
		return nil, false
	}
	var plain [TextBytesMax]byte
	n := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c == ' ' || c == '-':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case c == '0':
			c = 'O'
		case c == '1':
			c = 'I'
		case c == '8':
			c = 'B'
		case c == '\r' || c == '\n': // the decoder skips them
			return nil, false
		}
		plain[n] = c
		n++
	}
	if n > encoding.EncodedLen(rawMax) {
		return nil, false
	}
	raw, err := encoding.AppendDecode(raw, plain[:n])
	switch {
	case err != nil || len(raw) == 0:
		return nil, false
	case raw[0] == version && len(raw) == headBytes+tagBytes, raw[0] == version|bound && len(raw) == rawMax:
		return raw, encoding.EncodedLen(len(raw)) == n
	}
	return nil, false
}

func (k *Keys) owner(event [16]byte, buyer *gate.Buyer) []byte {
	mac := hmac.New(sha256.New, k.key[:])
	mac.Write([]byte("holdfast/presale/owner/v1"))
	mac.Write(event[:])
	mac.Write(buyer[:])
	return mac.Sum(nil)[:ownerBytes]
}

func (k *Keys) tag(whose *place.Whose, body []byte) []byte {
	mac := hmac.New(sha256.New, k.key[:])
	mac.Write([]byte("holdfast/presale/code/v1"))
	mac.Write(whose.Event[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, whose.Generation))
	mac.Write(body)
	return mac.Sum(nil)[:tagBytes]
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
