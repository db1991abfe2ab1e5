package place

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
)

// Key signs tokens. The secret is an event's own, or derived from one for the event.
type Key struct {
	ID     uint32
	Secret [32]byte
}

// Ring is the keys that open tokens; the last signs. It is safe for concurrent use, for nothing changes it.
type Ring struct{ keys []Key }

// ErrRing says that keys make no ring: there are none, or two have one id.
var ErrRing = errors.New("place: a ring needs a key, and each key its own id")

// NewRing makes a ring, oldest key first; ErrRing. keys is not kept.
func NewRing(keys ...Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, ErrRing
	}
	r := &Ring{}
	for _, k := range keys {
		if r.find(k.ID) != nil {
			return nil, ErrRing
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func (r *Ring) newest() *Key { return &r.keys[len(r.keys)-1] }

func (r *Ring) find(id uint32) *Key {
	for i := range r.keys {
		if r.keys[i].ID == id {
			return &r.keys[i]
		}
	}
	return nil
}

// domains keep a tag of one kind from being one of the other. All are equally long.
var domains = [...]string{kindPlace: "holdfast/place/v1    ", kindAdmission: "holdfast/admission/v1"}

const (
	domainBytes = 21
	block       = sha256.BlockSize
)

// sign is HMAC-SHA256 (RFC 2104) of the kind's domain and the body, on the stack: the library's allocates, and refusals
// must not.
func sign(secret *[32]byte, body []byte) [sha256.Size]byte {
	var inner [block + domainBytes + admissionBytes]byte
	var outer [block + sha256.Size]byte
	for i := range block {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range secret {
		inner[i] ^= b
		outer[i] ^= b
	}
	n := block + copy(inner[block:], domains[body[1]])
	n += copy(inner[n:], body)
	sum := sha256.Sum256(inner[:n])
	copy(outer[block:], sum[:])
	return sha256.Sum256(outer[:])
}

// equal takes as long whatever differs.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
