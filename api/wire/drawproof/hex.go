package drawproof

import (
	"encoding/hex"
	"errors"
)

type (
	// Hash is 32 bytes, as hexadecimal text.
	Hash [32]byte
	// ID is 16 bytes, as hexadecimal text.
	ID [16]byte
	// Bytes are at most 256, as hexadecimal text.
	Bytes []byte
)

// signatureMax bounds Bytes: twice the longest signature of a beacon.
const signatureMax = 256

var (
	errHex    = errors.New("must be lower-case hexadecimal digits")
	errLength = errors.New("has the wrong length")
)

func unhex(into, text []byte) error {
	if len(text) != 2*len(into) {
		return errLength
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return errHex
		}
	}
	_, err := hex.Decode(into, text)
	return err
}

// MarshalText writes the digits.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads exactly 64 lower-case digits.
func (h *Hash) UnmarshalText(text []byte) error { return unhex(h[:], text) }

// MarshalText writes the digits.
func (i ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, i[:]), nil }

// UnmarshalText reads exactly 32 lower-case digits.
func (i *ID) UnmarshalText(text []byte) error { return unhex(i[:], text) }

// MarshalText writes the digits.
func (b Bytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText reads up to 512 lower-case digits.
func (b *Bytes) UnmarshalText(text []byte) error {
	if len(text) > 2*signatureMax || len(text)%2 != 0 {
		return errLength
	}
	*b = make([]byte, len(text)/2)
	return unhex(*b, text)
}
