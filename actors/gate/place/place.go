package place

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"holdfast/actors/gate"
)

// What a token can be refused for.
var (
	ErrForm       = errors.New("place: not a token")
	ErrVersion    = errors.New("place: a token of a version that is not known")
	ErrKind       = errors.New("place: a token of the other kind")
	ErrKey        = errors.New("place: a token of a key that is not known any more")
	ErrForged     = errors.New("place: a token that was not signed here")
	ErrEvent      = errors.New("place: a token of another event")
	ErrGeneration = errors.New("place: a token of an earlier waiting room")
	ErrBuyer      = errors.New("place: a token of another buyer")
	ErrExpired    = errors.New("place: an admission that has ended")
)

const (
	version       = 1
	kindPlace     = 1
	kindAdmission = 2

	headBytes      = 6 // version, kind, key id
	placeBytes     = headBytes + 16 + 4 + 4 + 16
	admissionBytes = placeBytes + 4 + 4 + 8 + 8
	tagBytes       = 16
)

// TokenBytesMax is the longest token, in characters.
const TokenBytesMax = (admissionBytes + tagBytes + 2) / 3 * 4

// Place is what a place's token says.
type Place struct {
	Event      [16]byte
	Generation uint32
	Number     gate.Number
	Buyer      gate.Buyer
}

// Admission is what an admission's token says: the right to place new holds until Until.
type Admission struct {
	Place
	Pool    uint32
	Session gate.SessionNo
	Until   gate.Instant
	Seq     gate.Seq // the record of the gate's log that began the session
}

// Whose is what the request is about: the token must be about the same.
type Whose struct {
	Event      [16]byte
	Generation uint32
	Buyer      gate.Buyer
}

// AppendPlace appends a place's token.
func (r *Ring) AppendPlace(dst []byte, p *Place) []byte {
	var raw [placeBytes + tagBytes]byte
	r.fill(raw[:], kindPlace, p)
	return r.seal(dst, raw[:])
}

// AppendAdmission appends an admission's token.
func (r *Ring) AppendAdmission(dst []byte, a *Admission) []byte {
	var raw [admissionBytes + tagBytes]byte
	r.fill(raw[:], kindAdmission, &a.Place)
	rest := raw[placeBytes:]
	binary.BigEndian.PutUint32(rest, a.Pool)
	binary.BigEndian.PutUint32(rest[4:], uint32(a.Session))
	binary.BigEndian.PutUint64(rest[8:], uint64(a.Until))
	binary.BigEndian.PutUint64(rest[16:], uint64(a.Seq))
	return r.seal(dst, raw[:])
}

func (r *Ring) fill(raw []byte, kind byte, p *Place) {
	raw[0], raw[1] = version, kind
	binary.BigEndian.PutUint32(raw[2:], r.newest().ID)
	copy(raw[headBytes:], p.Event[:])
	binary.BigEndian.PutUint32(raw[headBytes+16:], p.Generation)
	binary.BigEndian.PutUint32(raw[headBytes+20:], uint32(p.Number))
	copy(raw[headBytes+24:], p.Buyer[:])
}

func (r *Ring) seal(dst, raw []byte) []byte {
	body := raw[:len(raw)-tagBytes]
	tag := sign(&r.newest().Secret, body)
	copy(raw[len(body):], tag[:tagBytes])
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// OpenPlace reads a place's token that must be about whose. The errors are those above, but ErrExpired.
func (r *Ring) OpenPlace(token []byte, whose *Whose) (Place, error) {
	var raw [placeBytes + tagBytes]byte
	if err := r.open(raw[:], token, kindPlace); err != nil {
		return Place{}, err
	}
	p := read(raw[:])
	return p, p.of(whose)
}

// Read reads a place's token without looking at its tag: for answers that anybody may have, and that grant nothing.
// Errors: ErrForm, ErrVersion, ErrKind.
func Read(token []byte) (Place, error) {
	var raw [placeBytes + tagBytes]byte
	if err := decode(raw[:], token, kindPlace); err != nil {
		return Place{}, err
	}
	return read(raw[:]), nil
}

// OpenAdmission reads an admission's token that must be about whose, and must not have ended at now.
func (r *Ring) OpenAdmission(token []byte, whose *Whose, now gate.Instant) (Admission, error) {
	var raw [admissionBytes + tagBytes]byte
	if err := r.open(raw[:], token, kindAdmission); err != nil {
		return Admission{}, err
	}
	rest := raw[placeBytes:]
	a := Admission{Place: read(raw[:]), Pool: binary.BigEndian.Uint32(rest),
		Session: gate.SessionNo(binary.BigEndian.Uint32(rest[4:])),
		Until:   gate.Instant(binary.BigEndian.Uint64(rest[8:])), Seq: gate.Seq(binary.BigEndian.Uint64(rest[16:]))}
	if err := a.of(whose); err != nil {
		return a, err
	}
	if now >= a.Until {
		return a, ErrExpired
	}
	return a, nil
}

// strict refuses bits that no encoder writes: one token has one form.
var strict = base64.RawURLEncoding.Strict()

// open decodes a token of a kind into raw, and checks its tag.
func (r *Ring) open(raw, token []byte, kind byte) error {
	if err := decode(raw, token, kind); err != nil {
		return err
	}
	key := r.find(binary.BigEndian.Uint32(raw[2:]))
	if key == nil {
		return ErrKey
	}
	body := raw[:len(raw)-tagBytes]
	if tag := sign(&key.Secret, body); !equal(tag[:tagBytes], raw[len(body):]) {
		return ErrForged
	}
	return nil
}

// decode decodes a token of a kind into raw, which it has to fill.
func decode(raw, token []byte, kind byte) error {
	if len(token) > TokenBytesMax {
		return ErrForm
	}
	var buffer [TokenBytesMax]byte
	n, err := strict.Decode(buffer[:], token)
	switch {
	case err != nil || n < headBytes || strict.EncodedLen(n) != len(token): // the decoder skips line ends
		return ErrForm
	case buffer[0] != version:
		return ErrVersion
	case buffer[1] != kind && (buffer[1] == kindPlace || buffer[1] == kindAdmission):
		return ErrKind
	case buffer[1] != kind || n != len(raw):
		return ErrForm
	}
	copy(raw, buffer[:n])
	return nil
}

func read(raw []byte) (p Place) {
	copy(p.Event[:], raw[headBytes:])
	p.Generation = binary.BigEndian.Uint32(raw[headBytes+16:])
	p.Number = gate.Number(binary.BigEndian.Uint32(raw[headBytes+20:]))
	copy(p.Buyer[:], raw[headBytes+24:])
	return p
}

func (p *Place) of(whose *Whose) error {
	switch {
	case p.Event != whose.Event:
		return ErrEvent
	case p.Generation != whose.Generation:
		return ErrGeneration
	case p.Buyer != whose.Buyer:
		return ErrBuyer
	}
	return nil
}
