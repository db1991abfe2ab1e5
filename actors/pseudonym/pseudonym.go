// Package pseudonym makes the name under which an event's logs know a buyer (P14).
//
//	storage.EventKey ── New ──▶ Key ── Of(subject) ──▶ section.BuyerID
//	                                   first 16 bytes of HMAC-SHA-256(key, "holdfast pseudonym v1" 0x00 subject)
//
// The subject is whatever a token names its buyer by. One subject has one pseudonym in an event, so that limits,
// idempotency and "my bookings" hold, and another one in every other event, which nobody can match without both keys.
// Once the key is destroyed, nobody can tell whose a pseudonym is, not even who knows the subject.
//
// Making one asks nobody, blocks nobody and allocates nothing: a refused stranger costs no more than that (P7).
//
// # Rejected
//
//   - A table of random pseudonyms: a look-up, and for a stranger a write, before anything is decided (P7).
//   - One key for all events: a person could be followed from show to show, and forgetting one show would forget all.
//   - A key derived from the store's secret and the event's id: a copy of the store could always derive it again.
package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

// domain keeps these MACs apart from others under the same key. It is in every keyed pseudonym: it never changes.
const domain = "holdfast pseudonym v1\x00"

// subjectBytesUsual is what a subject may have without a larger buffer: as much as the API takes.
const subjectBytesUsual = 1024

// Key makes the pseudonyms of one event. Its methods are safe for concurrent use.
type Key struct{ states sync.Pool }

// state is a MAC ready for one subject.
type state struct {
	mac  hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

// New makes the pseudonyms of the event with that key.
func New(key storage.EventKey) *Key {
	k := &Key{}
	k.states.New = func() any {
		s := &state{mac: hmac.New(sha256.New, key[:]), text: make([]byte, 0, len(domain)+subjectBytesUsual)}
		s.mac.Reset() // keeps the keyed state, so that later resets only copy it
		return s
	}
	return k
}

// Of is the pseudonym of a subject. The subject is not kept.
func (k *Key) Of(subject string) section.BuyerID {
	s := k.states.Get().(*state)
	s.text = append(append(s.text[:0], domain...), subject...)
	s.mac.Reset()
	_, _ = s.mac.Write(s.text) // hashes never fail
	buyer := section.BuyerID(s.mac.Sum(s.sum[:0])[:len(section.BuyerID{})])
	clear(s.text)
	k.states.Put(s)
	return buyer
}

// Format hides the key from every verb.
func (*Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(secret)") }
