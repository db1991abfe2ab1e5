package proofofwork

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
)

// What a proof can be refused for.
var (
	ErrForm    = errors.New("proof of work: not a proof")
	ErrExpired = errors.New("proof of work: the puzzle has expired")
	ErrEvent   = errors.New("proof of work: a puzzle of another event or key")
	ErrBuyer   = errors.New("proof of work: a puzzle of another buyer")
	ErrWork    = errors.New("proof of work: the number does not solve the puzzle")
	ErrForged  = errors.New("proof of work: a puzzle that was not issued here")
)

// ErrKeys says that puzzles need one to four keys.
var ErrKeys = errors.New("proof of work: one to four keys are needed")

// KeysMax bounds the keys of Puzzles. A puzzle names no key, so each is tried.
const KeysMax = 4

// MaxNumberMax bounds the difficulty: some minutes of a telephone.
const MaxNumberMax = 50_000_000

// Whose is who joins what: a puzzle is bound to both.
type Whose struct {
	Event [16]byte
	Buyer [16]byte
}

// Puzzles issues puzzles with the newest key, and verifies those of all keys. It is safe for concurrent use.
type Puzzles struct{ keys [][32]byte }

// New makes puzzles of keys, oldest first; ErrKeys. keys is not kept.
func New(keys ...[32]byte) (*Puzzles, error) {
	if len(keys) == 0 || len(keys) > KeysMax {
		return nil, ErrKeys
	}
	return &Puzzles{append([][32]byte(nil), keys...)}, nil
}

// Chance is what a puzzle is drawn from: random bytes, of which nobody knows any before.
type Chance [20]byte

const (
	algorithm   = "SHA-256"
	randomHex   = 24
	expiresText = "?expires="
	boundText   = "&bound="
	boundHex    = 32
	boundHalf   = boundHex / 4 // bytes of each half
	expiresMax  = 11           // digits: the year 5138
	saltMax     = randomHex + len(expiresText) + expiresMax + len(boundText) + boundHex + 1
	numberMax   = 10 // digits
)

// Append appends a puzzle's JSON. expires is in Unix milliseconds, and counts in whole seconds; maxnumber is the
// difficulty, at most MaxNumberMax.
func (p *Puzzles) Append(dst []byte, w *Whose, expires int64, maxnumber uint32, chance *Chance) []byte {
	key, seconds := &p.keys[len(p.keys)-1], uint64(max(0, expires/1000))
	maxnumber = min(maxnumber, MaxNumberMax)
	number := binary.BigEndian.Uint64(chance[12:]) % (uint64(maxnumber) + 1)
	bound := bind(key, w, seconds)
	var buffer [saltMax + numberMax + 20]byte
	salt := hex.AppendEncode(buffer[:0], chance[:12])
	salt = strconv.AppendUint(append(salt, expiresText...), seconds, 10)
	salt = append(hex.AppendEncode(append(salt, boundText...), bound[:]), '&')
	challenge := challengeOf(salt, number)
	signature := sign(key, challenge[:])
	dst = append(append(dst, `{"algorithm":"`+algorithm+`","challenge":"`...), challenge[:]...)
	dst = strconv.AppendUint(append(dst, `","maxnumber":`...), uint64(maxnumber), 10)
	dst = append(append(dst, `,"salt":"`...), salt...)
	dst = hex.AppendEncode(append(dst, `","signature":"`...), signature[:])
	return append(dst, `"}`...)
}

// Verify says whether a proof, Base64 of JSON, solves a puzzle that was issued to whom it is shown for, and has not
// expired at now (Unix milliseconds). It keeps nothing and allocates nothing. The error is one of those above, the
// cheapest to find out first.
func (p *Puzzles) Verify(proof []byte, w *Whose, now int64) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if !s.read(proof) {
		return ErrForm
	}
	if now < 0 || uint64(now/1000) >= s.expires {
		return ErrExpired
	}
	key, err := p.keyOf(w, s)
	if err != nil {
		return err
	}
	if challenge := challengeOf(s.salt, s.number); !equal(challenge[:], s.challenge) {
		return ErrWork
	}
	var claimed [sha256.Size]byte
	signature := sign(key, s.challenge)
	if _, err := hex.Decode(claimed[:], s.signature); err != nil || !equal(claimed[:], signature[:]) {
		return ErrForged
	}
	return nil
}

// keyOf is the key that bound the puzzle to whom it is shown for: ErrEvent, ErrBuyer.
func (p *Puzzles) keyOf(w *Whose, s *scratch) (*[32]byte, error) {
	err := ErrEvent
	for i := range p.keys {
		bound := bind(&p.keys[i], w, s.expires)
		switch {
		case !equal(bound[:boundHalf], s.bound[:boundHalf]):
		case !equal(bound[boundHalf:], s.bound[boundHalf:]):
			err = ErrBuyer
		default:
			return &p.keys[i], nil
		}
	}
	return nil, err
}

// bind is what a puzzle is bound by: first to the event, then to the event and the buyer.
func bind(key *[32]byte, w *Whose, expires uint64) (bound [boundHex / 2]byte) {
	var message [55]byte
	n := copy(message[:], "holdfast/pow/v1")
	n += copy(message[n:], w.Event[:])
	binary.BigEndian.PutUint64(message[n:], expires)
	n += 8
	event := sign(key, message[:n])
	n += copy(message[n:], w.Buyer[:])
	buyer := sign(key, message[:n])
	copy(bound[copy(bound[:], event[:boundHalf]):], buyer[:boundHalf])
	return bound
}

// challengeOf is a puzzle's challenge. It uses the room behind salt.
func challengeOf(salt []byte, number uint64) (text [2 * sha256.Size]byte) {
	sum := sha256.Sum256(strconv.AppendUint(salt, number, 10))
	hex.Encode(text[:], sum[:])
	return text
}

// sign is HMAC-SHA256 (RFC 2104) of at most 64 bytes, on the stack: the library's allocates, and refusals must not.
func sign(key *[32]byte, message []byte) [sha256.Size]byte {
	var inner [2 * sha256.BlockSize]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range key {
		inner[i] ^= b
		outer[i] ^= b
	}
	n := sha256.BlockSize + copy(inner[sha256.BlockSize:], message)
	sum := sha256.Sum256(inner[:n])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
