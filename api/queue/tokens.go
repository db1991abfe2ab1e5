package queue

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"holdfast/actors/gate/place"
	"holdfast/actors/gate/presale"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/limit"
	"holdfast/api/problem"
	"holdfast/api/proofofwork"
	"holdfast/storage"
)

// Headers by which a place and an admission are brought back.
const (
	PlaceHeader     = "Queue-Place"
	AdmissionHeader = "Queue-Admission"
)

// Keys sign and open tokens, and issue puzzles; each kind has its own.
type Keys struct {
	Places, Admissions *place.Ring
	Proofs             *proofofwork.Puzzles
	Codes              *presale.Keys
}

// complete says that there is a key of each kind.
func (k *Keys) complete() bool {
	return k.Places != nil && k.Admissions != nil && k.Proofs != nil && k.Codes != nil
}

// OrRandom are the keys, or random ones if one is missing.
func (k Keys) OrRandom() Keys {
	if k.complete() {
		return k
	}
	random, err := NewKeys(nil)
	if err != nil {
		panic(err) // of a key of a right length nothing can fail
	}
	return random
}

// keyID is that of the keys that are derived from the store's secret.
const keyID = 1

// NewKeys derives the keys from the store's secret, which all nodes share. Without one (nil) they are random: places of
// this process die with it, and a second join signs the same number again.
func NewKeys(secret []byte) (k Keys, err error) {
	if secret == nil {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // never fails: the runtime aborts instead
	}
	if k.Places, err = ringOf(secret, "holdfast queue place v1"); err != nil {
		return k, err
	}
	if k.Admissions, err = ringOf(secret, "holdfast queue admission v1"); err != nil {
		return k, err
	}
	key, err := keyOf(secret, "holdfast proof of work v1")
	if err != nil {
		return k, err
	}
	if k.Proofs, err = proofofwork.New(key); err != nil {
		return k, err
	}
	if key, err = keyOf(secret, "holdfast presale code v1"); err != nil {
		return k, err
	}
	k.Codes = presale.New(key)
	return k, nil
}

func ringOf(secret []byte, info string) (*place.Ring, error) {
	key, err := keyOf(secret, info)
	if err != nil {
		return nil, err
	}
	return place.NewRing(place.Key{ID: keyID, Secret: key})
}

// keyOf derives one key by domain separation: whoever learns one learns nothing of another.
func keyOf(secret []byte, info string) ([32]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, info, 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("queue: deriving a key: %w", err)
	}
	return [32]byte(key), nil
}

// Refusals that never differ are made once: a flood of them costs no memory (P7).
var (
	placeMissing     = problem.BadField(PlaceHeader, "is missing: POST to the queue gives one")
	placeGarbled     = problem.BadField(PlaceHeader, "is no place as it was given")
	admissionGarbled = problem.BadField(AdmissionHeader, "is no admission as it was given")

	forged, outdated       = &problem.Problem{Kind: problem.TokenForged}, &problem.Problem{Kind: problem.TokenOutdated}
	wrongEvent, wrongBuyer = &problem.Problem{Kind: problem.WrongEvent}, &problem.Problem{Kind: problem.WrongBuyer}
)

// tokenProblem tells what is wrong with a token; garbled is for what is none at all.
func tokenProblem(err error, garbled *problem.Problem) error {
	switch {
	case errors.Is(err, place.ErrForged):
		return forged
	case errors.Is(err, place.ErrKey), errors.Is(err, place.ErrGeneration):
		return outdated
	case errors.Is(err, place.ErrEvent):
		return wrongEvent
	case errors.Is(err, place.ErrBuyer):
		return wrongBuyer
	}
	return garbled
}

// Admit opens the admission that a booking brings. An event without a waiting room asks for none, and what is brought
// is ignored: nil, nil. One whose time is over is no error here: a request that was accepted before must be known
// again (P5), so the section judges it. The hold counts by the event's own limits.
func (h *Handlers) Admit(r *call.Call, id storage.EventID, buyer section.BuyerID, token []byte,
	into *place.Admission) (*place.Admission, error) {
	event, err := h.catalog.Event(id)
	if err != nil || h.engine == nil || event.WaitingRoom == nil {
		return nil, err
	}
	frame, err := h.engine.QueueFrame(id)
	if err != nil {
		return nil, err
	}
	whose := place.Whose{Event: id, Generation: frame.Generation, Buyer: [16]byte(buyer)}
	admission, err := h.cfg.Keys.Admissions.OpenAdmission(token, &whose, h.now())
	if err != nil && !errors.Is(err, place.ErrExpired) {
		return nil, tokenProblem(err, admissionGarbled)
	}
	*into = admission
	return into, h.count(r, id, frame, limit.Holds, buyer)
}
